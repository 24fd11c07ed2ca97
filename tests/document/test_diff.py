"""The difference of two texts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

import pytest
from hypothesis import given, strategies as st
from markdown_it import MarkdownIt
from support.hostile import HOSTILE
from support.read_html import find_harm

from mimo_magics.core.text import CONTROL_CHARACTERS
from mimo_magics.document import diff, styles
from mimo_magics.document.diff import MAX_DIFF_ITEMS, diff_bundle

DELETED, INSERTED = ' style="background:#f443"', ' style="background:#2a63"'
HEAD = (
    '<div class="mimo-reply jp-RenderedHTMLCommon mathjax_ignore tex2jax_ignore">'
    f"<p><del{DELETED}>1 · a</del> <ins{INSERTED}>2 · b</ins></p>"
)
PROSE, CODE = (
    '<div dir="auto" style="white-space:pre-wrap">',
    '<pre style="margin:0"><code style="white-space:pre">',
)


def bundle_of(one: str, other: str) -> dict[str, str]:
    return diff_bundle(("1 · a", one), ("2 · b", other))


def diff_blocks(one: str, other: str) -> str:
    """Return the blocks of a diff. The colors of the marks are left out."""
    shown = bundle_of(one, other)["text/html"].replace(styles.PRINT_RULE, "")
    assert shown.startswith(HEAD)
    assert shown.endswith("</div>")
    blocks = shown.removeprefix(HEAD).removesuffix("</div>")
    return blocks.replace(f"<del{DELETED}>", "<del>").replace(f"<ins{INSERTED}>", "<ins>")


def diff_html(one: str, other: str) -> str:
    """Return the diff of texts without code."""
    blocks = diff_blocks(one, other)
    assert blocks.startswith(PROSE)
    assert blocks.endswith("</div>")
    return blocks.removeprefix(PROSE).removesuffix("</div>")


def test_deleted_and_inserted_words_are_diff_html() -> None:
    assert diff_html("The quick brown fox\n  jumps.", "The quick red fox\n  jumps high.") == (
        "The quick <del>brown</del><ins>red</ins> fox\n  jumps<ins> high</ins>.\n"
    )


def test_unchanged_lines_are_not_diff_html() -> None:
    assert (
        diff_html("one\n\ntwo\nthree\n", "one\n\ntwo\n2.5\nthree") == "one&#10;\ntwo\n<ins>2.5\n</ins>three\n"
    )


def test_code_is_set_as_code() -> None:
    one = "Like this:\n\n```python\nx = 1\n\ny = 2\n```\nDone."
    other = "Like this:\n\n```python\nx = 3\n\ny = 2\n```\nReady."
    assert diff_blocks(one, other) == (
        f"{PROSE}Like this:&#10;\n</div>"
        f"{CODE}```python\nx = <del>1</del><ins>3</ins>&#10;\ny = 2\n```\n</code></pre>"
        f"{PROSE}<del>Done</del><ins>Ready</ins>.\n</div>"
    )


def test_new_code_between_changed_lines_has_its_own_block() -> None:
    assert diff_blocks("One\nTwo", "Three\n```\nx\n```") == (
        f"{PROSE}<del>One\nTwo\n</del><ins>Three\n</ins></div>{CODE}<ins>```\nx\n```\n</ins></code></pre>"
    )


def test_code_in_place_of_prose_is_inserted_after_it() -> None:
    assert diff_blocks("One.", "```\nx\n```") == (
        f"{PROSE}<del>One.\n</del></div>{CODE}<ins>```\nx\n```\n</ins></code></pre>"
    )


def test_each_character_of_a_script_without_spaces_is_a_word() -> None:
    assert diff_html("今天天气很好。", "今天天气不好。") == "今天天气<del>很</del><ins>不</ins>好。\n"


def test_lines_with_little_in_common_are_replaced_as_a_whole() -> None:
    one, other = "It was a dark and stormy night.", "Call me Ishmael, a sailor."
    assert diff_html(one, other) == f"<del>{one}\n</del><ins>{other}\n</ins>"


def test_the_plain_text_is_a_unified_diff() -> None:
    assert bundle_of("one\ntwo\nthree", "one\n2\nthree\nfour\n")["text/plain"].splitlines() == [
        "--- 1 · a",
        "+++ 2 · b",
        "@@ -1,3 +1,4 @@",
        " one",
        "-two",
        "+2",
        " three",
        "+four",
    ]


def test_windows_line_ends_are_not_a_difference() -> None:
    assert bundle_of("one\r\ntwo", "one\r\n2\r\n")["text/plain"].splitlines()[3:] == [" one", "-two", "+2"]


@pytest.mark.parametrize("other", ["Yes.", "\n\nYes.\n", "Yes.\r\n"])
def test_identical_texts_are_reported_in_a_sentence(other: str) -> None:
    shown = bundle_of("Yes.", other)
    assert shown["text/plain"] == "1 · a and 2 · b are identical."
    assert shown["text/plain"] in shown["text/html"]


TEXTS = st.lists(st.sampled_from([*"ab 今\n.<&", "\n```\n", "\n    "]), max_size=60).map("".join)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_restored_from_a_diff(one: str, other: str) -> None:
    shown = bundle_of(one, other)
    if "are identical" in shown["text/plain"]:
        assert one.strip("\n") == other.strip("\n")
        return
    blocks = shown["text/html"].replace(styles.PRINT_RULE, "").removeprefix(HEAD)
    page = re.sub("</?(div|pre|code)[^>]*>", "", blocks)
    lines = shown["text/plain"].split("\n")[3:]
    for text, removed_tag, mark in ((one, "ins", "-"), (other, "del", "+")):
        left = re.sub(f"<{removed_tag} .*?</{removed_tag}>", "", page, flags=re.DOTALL)
        expected = text.strip("\n") + "\n"
        assert html.unescape(re.sub("</?(ins|del)[^>]*>", "", left)) == expected
        assert "".join(f"{line[1:]}\n" for line in lines if line[0] in f" {mark}") == expected


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Return the lengths of the sequences that are compared."""
    sizes = []

    class Counting(SequenceMatcher):
        def __init__(self, junk: Any, one: Any, other: Any) -> None:
            sizes.extend((len(one), len(other)))
            super().__init__(junk, one, other)

    monkeypatch.setattr(diff, "SequenceMatcher", Counting)
    return sizes


LONG = 100_000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (" ".join(f"a{n}" for n in range(LONG)), " ".join(f"b{n}" for n in range(LONG))),
        ("\n".join(f"a{n}" for n in range(LONG)), "\n".join(f"b{n}" for n in range(LONG))),
        ("a\n" * LONG + "b", "b\n" + "a\n" * LONG),
        ("x " * LONG + "\n" + "y " * LONG, "y " * LONG + "\n" + "x " * LONG),
    ],
    ids=["words", "lines", "the same line", "the same word"],
)
def test_the_number_of_compared_items_is_limited(one: str, other: str, sizes: list[int]) -> None:
    shown = bundle_of(one, other)
    assert max(sizes, default=0) <= MAX_DIFF_ITEMS
    assert sum(sizes) <= len(one) + len(other)
    assert len(shown["text/html"]) <= 3 * (len(one) + len(other))


def test_a_changed_word_is_found_in_long_similar_texts(sizes: list[int]) -> None:
    lines = [f"line {n} of many" for n in range(LONG)]
    changed = [*lines[:500], "line 500 of some", *lines[501:]]
    assert "line 500 of <del>many</del><ins>some</ins>\n" in diff_blocks("\n".join(lines), "\n".join(changed))
    assert max(sizes) < 10


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_harmless(name: str) -> None:
    text = HOSTILE[name]
    for one, other in (((text, text), ("b", f"x {text}")), (("a", text[1:]), (text, text))):
        shown = diff_bundle(one, other)
        assert find_harm(shown["text/html"]) == []
        assert [token.type for token in MarkdownIt("commonmark").parse(shown["text/html"])] == ["html_block"]
        assert not CONTROL_CHARACTERS.search(shown["text/plain"])


def test_invisible_characters_are_shown() -> None:
    assert diff_html("a\u202eb", "ab") == "<del>a⟨U+202E⟩b\n</del><ins>ab\n</ins>"
