"""Growing Markdown, by the messages to the page."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from support.widget_page import PageConnection, text

from mimo_magics.display.live.code_cells import CodeCells
from mimo_magics.display.live.streaming_markdown import CLASSES, StreamingMarkdown
from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.document.incremental import MAX_BLOCK_CHARS
from mimo_magics.document.markdown import to_html
from mimo_magics.document.reply import DisplayOptions


def grow(wire: PageConnection, source: str, size: int) -> list[str]:
    """Feed a text in pieces of this size. Return the HTML of its widgets, in order."""
    wire.messages.clear()
    growing = StreamingMarkdown(WidgetFactory())
    for start in range(0, len(source), size):
        growing.feed(source[start : start + size])
        growing.paint()
    growing.end()
    *pages, tail = growing.box.children
    return [*(child.value for page in pages for child in page.children), tail.value]


def bare(html: str) -> str:
    return re.sub(
        r'<div class="mathjax_ignore tex2jax_ignore">(.*?)</div>(?=<div class="mathjax_ignore|$)',
        r"\1",
        html,
        flags=re.DOTALL,
    )


def classed(html: str) -> str:
    """Return the HTML of a document with classes instead of the styles of code blocks."""
    for style, class_attribute in CLASSES.items():
        html = html.replace(f' style="{style}"', class_attribute)
    return html


@pytest.mark.thorough
@pytest.mark.parametrize("size", [1, 20, 400])
def test_the_whole_text_is_shown_at_the_end(wire: PageConnection, size: int) -> None:
    source = text(3_000)
    shown = grow(wire, source, size)
    assert "".join(map(bare, shown)) == classed(to_html(source))


@pytest.mark.thorough
def test_bytes_sent_are_proportional_to_the_length(wire: PageConnection) -> None:
    sent = []
    for length in (8_000, 80_000):
        grow(wire, text(length), 1_000)
        sent.append(wire.sent)
    assert sent[1] / sent[0] <= 11
    assert sent[1] <= 600_000


def test_no_message_is_large(wire: PageConnection) -> None:
    grow(wire, text(20_000), 100)
    assert max(len(json.dumps(data)) for _, _, data in wire.messages) < 8_000


def test_math_is_sent_once_and_to_a_widget_that_typesets_it(wire: PageConnection) -> None:
    grow(wire, text(5_000), 50)
    kinds = {id_: state.get("_model_name") for id_, state in wire.states.items()}
    marked = [
        (kind, kinds[id_])
        for kind, id_, data in wire.messages
        if "x^3$</span>" in str(data["state"].get("value"))
        and not str(data["state"]["value"]).startswith("<p")
    ]
    assert marked == [("comm_open", "HTMLMathModel")]


@pytest.mark.thorough
@pytest.mark.parametrize("source", ["```python\n" + "x = 1\n" * 4_000, "word " * 5_000, "- item\n" * 3_000])
def test_an_endless_block_is_not_sent_repeatedly(wire: PageConnection, source: str) -> None:
    grow(wire, source, 100)
    assert max(map(len, wire.values())) < 12 * MAX_BLOCK_CHARS
    assert wire.sent < 60 * len(source)


@pytest.mark.parametrize(("form", "html"), [("text", "*a* &lt;b&gt;"), ("json", '{"*a*": ')])
def test_a_reply_in_another_format_grows_as_plain_text(wire: PageConnection, form: Any, html: str) -> None:
    growing = StreamingMarkdown(WidgetFactory(), DisplayOptions(form))
    growing.feed("*a* <b>" if form == "text" else '{"*a*": 1}')
    growing.paint()
    assert (
        re.sub(r"</?span[^>]*>", "", growing.box.children[-1].value)
        .replace("&quot;", '"')
        .startswith(f'<pre class="highlight"><code>{html}')
    )


def heads(wire: PageConnection) -> list[str]:
    """Return the heads of the code blocks that the page shows."""
    shown = "".join(state["value"] for state in wire.states.values() if isinstance(state.get("value"), str))
    return re.findall(r'class="mimo-head">([^<]*)<', shown)


LONG_CODE = "".join(f"value_{number} = {number}\n" for number in range(200))


@pytest.mark.parametrize("size", [3, 50, 5_000])
@pytest.mark.parametrize("has_buttons", [True, False])
def test_a_code_block_in_parts_has_one_head(wire: PageConnection, size: int, has_buttons: bool) -> None:
    factory = WidgetFactory()
    cells = CodeCells(factory) if has_buttons else None
    growing = StreamingMarkdown(factory, first_number=3, code_cells=cells)
    source = f"```python\n{LONG_CODE}```\n\nAnd:\n\n```sh\nls\n```\n\n- so:\n\n  ```\n  x\n  ```\n"
    for start in range(0, len(source), size):
        growing.feed(source[start : start + size])
        growing.paint()
    growing.end()
    assert heads(wire) == ["3 · python", "4 · sh", "5"]
    assert growing.code_blocks == [LONG_CODE, "ls\n", "x\n"]


def test_code_of_reasoning_has_no_number(wire: PageConnection) -> None:
    growing = StreamingMarkdown(WidgetFactory())
    growing.feed("```python\nx\n```\n\n```\ny\n```\n")
    growing.paint()
    assert heads(wire) == []


def test_an_open_formula_is_marked_so_that_the_page_can_hide_it_beside_the_typeset_one(
    wire: PageConnection,
) -> None:
    growing = StreamingMarkdown(WidgetFactory())
    tails = []
    for piece in ("So:\n\n", "$$\nx^2", "\n$$\n\n", "It"):
        growing.feed(piece)
        growing.paint()
        tails.append(growing.box.children[-1].value)
    assert tails == ["", '<div class="mimo-formula"><p>$$\nx^2</p>\n</div>', "", "<p>It</p>\n"]
