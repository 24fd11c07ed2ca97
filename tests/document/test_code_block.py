"""Code blocks as HTML: the head with number and language, and the code."""

import re

import pytest
from support.hostile import HOSTILE
from support.read_html import find_harm

from mimo_magics.core.messages import Message, Reply, TextPart, ToolCall, ToolResult
from mimo_magics.document.code_block import code_block_html
from mimo_magics.document.markdown import to_html
from mimo_magics.document.reply import reply_html
from mimo_magics.document.sanitizer import sanitize_html


def heads(html: str) -> list[str]:
    """Return the text of the head of each code block; empty if it has none."""
    return re.findall(r'<div style="margin[^>]*>(?:<div style="padding[^>]*>([^<]*)</div>)?<pre', html)


def test_a_code_block_has_a_head_with_number_and_language() -> None:
    assert code_block_html("a < 1\n", "text", 2) == (
        '<div style="margin:0 0 1em;border:1px solid #8886">'
        '<div style="padding:0.25em 0.75em;background:#8882;font-size:85%">2 · text</div>'
        '<pre class="highlight" tabindex="0" style="margin:0;padding:0.5em 0.75em;overflow-x:auto;user-select:all">'
        '<code style="white-space:pre">a &lt; 1\n</code></pre></div>'
    )


@pytest.mark.parametrize(
    ("language", "number", "head"),
    [("python", 2, "2 · python"), ("", 3, "3"), ("c++", 1, "1 · c++"), ("F#", 1, "1 · F#")],
)
def test_a_head_shows_what_is_known(language: str, number: int, head: str) -> None:
    assert heads(code_block_html("x", language, number)) == [head]


@pytest.mark.parametrize(
    "language", ["x" * 21, "<b>", "a\u202eb", "&#x202e;a", "中文", "\x1b[31m", "two words", '"onclick="x']
)
def test_a_head_names_no_language_that_could_deceive(language: str) -> None:
    assert heads(code_block_html("x", language, 1)) == ["1"]


def test_a_part_of_a_code_block_has_no_head() -> None:
    assert heads(code_block_html("x", "python", 1, has_head=False)) == [""]
    source = "```python\nx\n```\n\n```sql\ny\n```"
    assert heads(to_html(source, code_number=4, continues_code=True)) == ["", "4 · sql"]


def test_code_blocks_are_numbered_in_their_order_nested_ones_too() -> None:
    source = "```python\na\n```\n\n- two:\n\n  ```sh\n  b\n  ```\n\n      c\n\n> ```\n> d\n> ```"
    assert heads(to_html(source, code_number=1)) == ["1 · python", "2 · sh", "3", "4"]


def test_a_code_block_without_a_number_is_plain_and_scrolls() -> None:
    block = '<pre class="highlight" tabindex="0" style="margin:0 0 1em;overflow-x:auto"><code style="white-space:pre">x\n</code></pre>'
    assert code_block_html("x\n", "text") == block
    assert to_html("```text\nx\n```") == f"{block}\n"


def test_the_punctuation_of_a_plain_block_has_no_elements() -> None:
    code = '<span class="nb">max</span>([<span class="mi">1</span>])\n'
    assert f">{code}<" in code_block_html("max([1])\n", "python")
    assert f">{code}<" not in code_block_html("max([1])\n", "python", 1)


def test_the_numbers_continue_after_a_tool_call() -> None:
    block = TextPart("```python\na\n```")
    parts = (block, ToolCall("1", "clock"), ToolResult("1", "clock", "12"), TextPart("So:"), block)
    assert heads(reply_html(Reply(Message("assistant", parts)))) == ["1 · python", "2 · python"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_fence_is_harmless(name: str) -> None:
    line = " ".join(HOSTILE[name].split()).replace("`", "'")
    for text in (line, f"{line}\nx\n```"):
        assert find_harm(to_html(f"```{text}", code_number=1)) == []


def test_other_styles_are_removed() -> None:
    dirty = '<div style="position:fixed">x</div><pre style="margin:0;position:fixed">y</pre><p style="margin:0">z</p>'
    assert sanitize_html(dirty) == "<div>x</div><pre>y</pre><p>z</p>"
