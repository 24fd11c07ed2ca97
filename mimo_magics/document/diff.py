"""How two texts differ: word by word where that can be told, line by line where they are long."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from html import escape
from io import StringIO

from mimo_magics.core.i18n import say
from mimo_magics.core.text import escape_html, escape_invisible_characters, replace_control_characters
from mimo_magics.document.reply import enclosed

MOST = 4_000
"""Lines, or words of changed lines, from which on they are not held against each other: the work may grow with the
square of their number. What is the same at the beginning and at the end does not count."""

ALIKE = 1 / 3
"""Share of the words that two stretches have in common, below which they are read one after the other."""

CJK = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Letters of scripts that put no blank between words: each is a word."""
WORDS = re.compile(rf"[{CJK}]|[^\W{CJK}]+|\s+|[^\w\s]")

Change = tuple[Sequence[str], Sequence[str]]
"""What stands in the one in the place of what stands in the other; the same where they agree."""


def bundle(one: tuple[str, str], other: tuple[str, str]) -> dict[str, str]:
    """Return the difference as Jupyter's MIME bundle.

    Args:
        one: title and text of one.
        other: title and text of the other.
    """
    titles, texts = zip(one, other, strict=True)
    before, after = map(_lines, texts)
    if before == after:
        told = say("There is no difference between {one} and {other}.", one=titles[0], other=titles[1])
        return {
            "text/html": enclosed(f"<p>{escape_html(told)}</p>"),
            "text/plain": replace_control_characters(told),
        }
    changes = list(_changes(before, after))
    head = f"<p><del>{escape_html(titles[0])}</del> <ins>{escape_html(titles[1])}</ins></p>"
    html = f'{head}<pre style="white-space: pre-wrap">{"".join(map(_by_words, changes))}</pre>'
    return {"text/html": enclosed(html), "text/plain": "\n".join(_unified(titles, changes))}


def _lines(text: str) -> list[str]:
    r"""Split a text, of which blank lines around it are no part, at each \n and nowhere else."""
    return list(StringIO(escape_invisible_characters(text).strip("\n") + "\n"))


def _changes(
    one: Sequence[str], other: Sequence[str], is_junk: Callable[[str], bool] | None = None
) -> Iterator[Change]:
    """Yield runs that are the same and runs that are not, in their order."""
    head = _alike(one, other)
    yield one[:head], one[:head]
    one, other = one[head:], other[head:]
    tail = _alike(one[::-1], other[::-1])
    yield from _between(one[: len(one) - tail], other[: len(other) - tail], is_junk)
    yield one[len(one) - tail :], one[len(one) - tail :]


def _between(
    one: Sequence[str], other: Sequence[str], is_junk: Callable[[str], bool] | None
) -> Iterator[Change]:
    if max(len(one), len(other)) > MOST:
        yield one, other
        return
    for _, start, end, other_start, other_end in SequenceMatcher(is_junk, one, other).get_opcodes():
        yield one[start:end], other[other_start:other_end]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many of the first are the same in both."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (each, its) in pairs if each != its), min(len(one), len(other)))


def _by_words(change: Change) -> str:
    """Return lines as HTML, with what differs in them marked."""
    one, other = map("".join, change)
    if one == other:
        return escape(one)
    words = WORDS.findall(one), WORDS.findall(other)
    changes = list(_changes(*words, str.isspace))
    same = sum(map(_words, (each for each, its in changes if each == its)))
    is_alike = 2 * same >= ALIKE * sum(map(_words, words))
    return "".join(map(_marked, changes)) if is_alike else _marked(change)


def _words(pieces: Sequence[str]) -> int:
    return sum(not piece.isspace() for piece in pieces)


def _marked(change: Change) -> str:
    one, other = map("".join, change)
    if one == other:
        return escape(one)
    gone = f"<del>{escape(one)}</del>" if one else ""
    return gone + (f"<ins>{escape(other)}</ins>" if other else "")


def _unified(titles: Sequence[str], changes: Sequence[Change]) -> Iterator[str]:
    """Yield the lines of a unified diff, with all that surrounds what differs."""
    lengths = [sum(map(len, each)) for each in zip(*changes, strict=True)]
    yield from (
        f"{mark} {replace_control_characters(title)}"
        for mark, title in zip(("---", "+++"), titles, strict=True)
    )
    yield "@@ -1,{} +1,{} @@".format(*lengths)
    for one, other in changes:
        sides = ((" ", one),) if one == other else (("-", one), ("+", other))
        yield from (
            mark + replace_control_characters(line.rstrip("\n")) for mark, lines in sides for line in lines
        )
