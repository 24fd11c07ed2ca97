"""The difference of two Markdown texts: by words, or by lines if the texts are long. Code is set as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from html import escape
from io import StringIO
from itertools import chain, groupby, zip_longest

from mimo_magics.core.i18n import translate
from mimo_magics.core.text import escape_html, escape_invisible_characters, replace_control_characters
from mimo_magics.document import styles
from mimo_magics.document.markdown import code_lines
from mimo_magics.document.reply import wrap_html

MAX_DIFF_ITEMS = 4_000
"""Lines, or words of changed lines, up to which two texts are compared: the time may grow with the square of their
number. A common beginning and end do not count."""

MIN_SIMILARITY = 1 / 3
"""Share of common words. Below it, a change is shown as one deletion and one insertion."""

CJK = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Characters of scripts without spaces. Each counts as a word."""
MARK_STYLES = {"del": styles.DELETED, "ins": styles.INSERTED}
WORD_PATTERN = re.compile(rf"[{CJK}]|[^\W{CJK}]+|\s+|[^\w\s]")

Change = tuple[Sequence[str], Sequence[str]]
"""A part of the first text, and the part of the other text in its place. Unchanged parts are equal."""
Section = tuple[bool, Sequence[str]]
"""Whether lines are code, and the lines."""


def diff_bundle(one: tuple[str, str], other: tuple[str, str]) -> dict[str, str]:
    """Return the difference as a MIME bundle.

    Args:
        one: title and text of the first.
        other: title and text of the other.
    """
    titles, texts = zip(one, other, strict=True)
    before, after = map(_split_lines, texts)
    if before == after:
        text = translate("{one} and {other} are identical.", one=titles[0], other=titles[1])
        return {
            "text/html": wrap_html(f"<p>{escape_html(text)}</p>"),
            "text/plain": replace_control_characters(text),
        }
    changes = list(_iter_changes(before, after))
    head = f"<p>{_mark('del', escape_html(titles[0]))} {_mark('ins', escape_html(titles[1]))}</p>"
    blocks = groupby(_iter_sections(changes, (before, after)), lambda pair: pair[0])
    html = "".join(_render_block((each for _, each in block), is_code=is_code) for is_code, block in blocks)
    return {
        "text/html": wrap_html(head + html),
        "text/plain": "\n".join(_iter_unified_diff(titles, changes)),
    }


def _iter_sections(
    changes: Iterable[Change], texts: tuple[Sequence[str], Sequence[str]]
) -> Iterator[tuple[bool, Change]]:
    """Split the changes into code and prose."""
    numbers = [code_lines("".join(lines)) for lines in texts]
    starts = [0, 0]
    for change in changes:
        one, other = (
            _split_by_kind(lines, start, code)
            for lines, start, code in zip(change, starts, numbers, strict=True)
        )
        starts = [start + len(lines) for start, lines in zip(starts, change, strict=True)]
        if change[0] == change[1]:
            yield from ((is_code, (lines, lines)) for is_code, lines in one)
        elif one and other and one[0][0] != other[0][0]:
            yield from chain(_pair_sections(one, ()), _pair_sections((), other))
        else:
            yield from _pair_sections(one, other)


def _split_by_kind(lines: Sequence[str], start: int, code: Container[int]) -> list[Section]:
    runs = groupby(enumerate(lines, start), lambda pair: pair[0] in code)
    return [(is_code, [line for _, line in run]) for is_code, run in runs]


def _pair_sections(one: Sequence[Section], other: Sequence[Section]) -> Iterator[tuple[bool, Change]]:
    """Yield sections in pairs. Code and prose alternate, so both of a pair are of the same kind."""
    for each, its in zip_longest(one, other):
        is_code = (each or its)[0]
        yield is_code, (each[1] if each else (), its[1] if its else ())


def _render_block(changes: Iterable[Change], *, is_code: bool) -> str:
    inner = "".join(map(_render_change, changes))
    return (
        f'<pre style="{styles.TIGHT}"><code style="{styles.CODE}">{inner}</code></pre>'
        if is_code
        else f'<div dir="auto" style="{styles.PROSE}">{inner}</div>'
    )


def _split_lines(text: str) -> list[str]:
    r"""Split a text at each \n, without the blank lines before and after it. `splitlines` splits at more."""
    return list(StringIO(escape_invisible_characters(text).strip("\n") + "\n"))


def _iter_changes(
    one: Sequence[str], other: Sequence[str], is_junk: Callable[[str], bool] | None = None
) -> Iterator[Change]:
    """Yield the unchanged and the changed parts, in order."""
    prefix_length = _common_prefix_length(one, other)
    yield one[:prefix_length], one[:prefix_length]
    one, other = one[prefix_length:], other[prefix_length:]
    suffix_length = _common_prefix_length(one[::-1], other[::-1])
    yield from _iter_middle_changes(
        one[: len(one) - suffix_length], other[: len(other) - suffix_length], is_junk
    )
    yield one[len(one) - suffix_length :], one[len(one) - suffix_length :]


def _iter_middle_changes(
    one: Sequence[str], other: Sequence[str], is_junk: Callable[[str], bool] | None
) -> Iterator[Change]:
    if max(len(one), len(other)) > MAX_DIFF_ITEMS:
        yield one, other
        return
    for _, start, end, other_start, other_end in SequenceMatcher(is_junk, one, other).get_opcodes():
        yield one[start:end], other[other_start:other_end]


def _common_prefix_length(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the common beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (each, its) in pairs if each != its), min(len(one), len(other)))


def _render_change(change: Change) -> str:
    """Return lines as HTML, with the changes marked."""
    one, other = map("".join, change)
    if one == other:
        return escape(one)
    words = WORD_PATTERN.findall(one), WORD_PATTERN.findall(other)
    changes = list(_iter_changes(*words, str.isspace))
    common_words = sum(map(_count_words, (each for each, its in changes if each == its)))
    is_alike = 2 * common_words >= MIN_SIMILARITY * sum(map(_count_words, words))
    return "".join(map(_mark_change, changes)) if is_alike else _mark_change(change)


def _count_words(words: Sequence[str]) -> int:
    return sum(not word.isspace() for word in words)


def _mark_change(change: Change) -> str:
    one, other = map("".join, change)
    if one == other:
        return escape(one)
    return _mark("del", escape(one)) + _mark("ins", escape(other))


def _mark(tag: str, inner: str) -> str:
    return f'<{tag} style="{MARK_STYLES[tag]}">{inner}</{tag}>' if inner else ""


def _iter_unified_diff(titles: Sequence[str], changes: Sequence[Change]) -> Iterator[str]:
    """Yield the lines of a unified diff, with all unchanged lines as context."""
    lengths = [sum(map(len, each)) for each in zip(*changes, strict=True)]
    yield from (
        f"{mark} {replace_control_characters(title)}"
        for mark, title in zip(("---", "+++"), titles, strict=True)
    )
    yield "@@ -1,{} +1,{} @@".format(*lengths)
    for one, other in changes:
        sides = ((" ", one),) if one == other else (("-", one), ("+", other))
        yield from (
            mark + replace_control_characters(line).rstrip("\n") for mark, lines in sides for line in lines
        )
