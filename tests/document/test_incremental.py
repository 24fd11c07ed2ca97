"""Streamed Markdown, split into finished blocks."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from mimo_magics.document.incremental import MAX_BLOCK_CHARS, Block, BlockSplitter
from mimo_magics.document.markdown import to_html

REPLY = r"""# Title

A paragraph of *two*
lines, with $x^2$ and $5.

- one
- two
  - nested

1. first

2. second, loose

- [ ] open: https://x.org/a_(b).
- [x] closed

> A quotation
> of two lines, see https://x.org/?q=1

| a | b |
|---|---|
| 1 | 2 |

```python
def f():

    return "blank lines are no end"
```

$$
\int_0^1 x\,dx
$$

\[ y^2 \]

Setext
======

---

你好，世界。🙂
"""


def streamed(deltas: list[str]) -> tuple[list[Block], str]:
    """Return the blocks that were finished, and the rest."""
    blocks, finished = BlockSplitter(), []
    for delta in deltas:
        blocks.feed(delta)
        finished += blocks.pop_finished()[0]
    return finished, blocks.flush()


def shown(finished: list[Block], rest: str) -> str:
    return "".join(to_html(source) for source in [*(block.source for block in finished), rest])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_the_blocks_have_the_same_html_as_the_whole_text(size: int) -> None:
    deltas = [REPLY[start : start + size] for start in range(0, len(REPLY), size)]
    assert shown(*streamed(deltas)) == to_html(REPLY)


def test_a_block_is_finished_when_the_next_one_starts() -> None:
    blocks = BlockSplitter()
    blocks.feed("- One.\n\nTwo")
    assert blocks.pop_finished() == ([], "- One.\n\nTwo")
    blocks.feed(".\n")
    assert blocks.pop_finished() == ([Block("- One.\n\n")], "Two.\n")
    assert blocks.pop_finished() == ([], "Two.\n")
    assert blocks.flush() == "Two.\n"


@pytest.mark.parametrize("source", ["One.\n", "$$\nx\n$$\n", "# One\n", "|a|\n|-|\n|b|\n"])
def test_a_blank_line_finishes_a_block_that_cannot_continue(source: str) -> None:
    blocks = BlockSplitter(source)
    assert blocks.pop_finished() == ([], source)
    blocks.feed("\nT")
    assert blocks.pop_finished() == ([Block(source + "\n")], "T")


@pytest.mark.parametrize("source", ["```\nx\n\ny\n```\n", "~~~~\n```\n~~~~~ \n", "```\n\n   ```\n"])
def test_a_closing_fence_finishes_a_code_block(source: str) -> None:
    blocks = BlockSplitter(source[:-1])
    assert blocks.pop_finished() == ([], source[:-1])
    blocks.feed("\nT")
    assert blocks.pop_finished() == ([Block(source)], "T")


@pytest.mark.parametrize(
    "source", ["```\n", "````\n```\n", "```\n    ```\n", "```\n``` x\n", "- ```\n  ```\n"]
)
def test_another_line_does_not_finish_a_code_block(source: str) -> None:
    assert BlockSplitter(source).pop_finished() == ([], source)


@pytest.mark.parametrize("source", ["- One.\n", "> One.\n", "    x\n", "```\nx\n", "1. One.\n"])
def test_a_blank_line_does_not_finish_a_block_that_may_continue(source: str) -> None:
    blocks = BlockSplitter(f"{source}\n")
    assert blocks.pop_finished() == ([], f"{source}\n")


LONG = {
    "code": ("```python\n" + "x = 1  # it continues\n" * 1_000 + "```\n", "pre"),
    "one line of code": ("```\n" + "x = 1; " * 3_000 + "\n```\n", "pre"),
    "list": ("- it continues\n" * 1_000, "ul"),
    "numbers": ("".join(f"{number}. it continues\n" for number in range(1, 1_001)), "ol"),
    "table": ("| a | b |\n|---|---|\n" + "| it | continues |\n" * 1_000, "table"),
    "paragraph": ("It continues. " * 1_000, "p"),
    "no spaces": ("x" * 20_000, "p"),
    "quotation": ("> It continues.\n" * 1_000, "blockquote"),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_block_is_split_into_blocks_of_its_kind(name: str) -> None:
    text, tag = LONG[name]
    blocks, finished = BlockSplitter(), []
    for start in range(0, len(text), 100):
        blocks.feed(text[start : start + 100])
        parts, tail = blocks.pop_finished()
        assert len(tail) <= MAX_BLOCK_CHARS
        finished += parts
    html = [to_html(block.source) for block in finished]
    assert len(html) >= 3
    assert {re.match(r"<(\w+)", part)[1] for part in html} == {tag}


@pytest.mark.parametrize("name", sorted(set(LONG) - {"no spaces"}))
def test_a_split_block_is_complete(name: str) -> None:
    text, _ = LONG[name]
    finished, rest = streamed([text[start : start + 777] for start in range(0, len(text), 777)])
    words = re.sub("<[^>]*>", " ", shown(finished, rest)).split()
    assert sum(word.startswith("continues") for word in words) == text.count("continues")
    assert words.count("x") == text.count("x =")


def test_a_split_list_continues_its_numbers() -> None:
    text, _ = LONG["numbers"]
    finished, rest = streamed([text[start : start + 500] for start in range(0, len(text), 500)])
    starts = [int(found) for found in re.findall(r'<ol start="(\d+)"', shown(finished, rest))]
    assert starts == sorted(starts)
    assert len(starts) > 3


@given(st.lists(st.text("ab`*_-#>|[]()$\\ \n\t1.~🙂é你", max_size=12), max_size=40))
def test_no_character_is_lost_or_repeated(deltas: list[str]) -> None:
    finished, rest = streamed(deltas)
    text = "".join(block.source for block in finished) + rest
    assert without_blank_lines(text) == without_blank_lines("".join(deltas))


def without_blank_lines(text: str) -> str:
    """Return a text with single blank lines. More of them between blocks have no effect and may be dropped."""
    return re.sub("\n{3,}", "\n\n", text.strip("\n"))


@pytest.mark.thorough
@given(st.integers(1, 400), st.sampled_from(["```a", "> ", "- ", "1. ", "|a|\n|-|\n|", "    ", "", "~~~\n"]))
def test_every_long_block_is_split(count: int, head: str) -> None:
    blocks = BlockSplitter(f"{head}" + "word `x` **y**\n| " * count * 10)
    _, tail = blocks.pop_finished()
    assert len(tail) <= MAX_BLOCK_CHARS


@pytest.mark.parametrize("emoji", ["🙂", "👩‍👩‍👧‍👦", "🇹🇼", "👍🏽", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_an_emoji_is_shown_when_it_is_complete(emoji: str) -> None:
    blocks = BlockSplitter("你好 ")
    tails = []
    for delta in [*emoji, "。"]:
        blocks.feed(delta)
        tails.append(blocks.pop_finished()[1])
    assert set(tails) == {"你好 ", f"你好 {emoji}。"}


def test_a_surrogate_waits_for_its_other_half() -> None:
    blocks = BlockSplitter("a\ud83d")
    assert blocks.pop_finished() == ([], "a")
