"""The context of a prompt in the document: one quiet line that unfolds to the exact texts."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

from PIL import Image
from support.hostile import HOSTILE

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.messages import ContextPart, ImagePart
from mimo_magics.document import styles
from mimo_magics.document.context_html import (
    MAX_LISTED_ITEMS,
    MAX_NAMED_ITEMS,
    MAX_TEXT_CHARS,
    context_html,
    context_line,
)

FRAME = ContextItem(ContextPart("a,b\n1,<2>\n", "df", "", "1 x 2", 4_200_000), 450, 0.0012)


def item(text: str, name: str = "x") -> ContextItem:
    return ContextItem(ContextPart(text, name, "str", "str", len(text)))


def png() -> str:
    file = BytesIO()
    Image.new("RGB", (4, 3)).save(file, "png")
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def test_a_prompt_without_context_has_no_line() -> None:
    assert (context_line(()), context_html(())) == ("", "")


def test_the_line_unfolds_to_the_exact_text() -> None:
    line = "Context: df 1 x 2, 0.1 of 4,200 kB"
    assert context_line([FRAME]) == line
    assert context_html([FRAME]) == (
        f'<details><summary dir="auto" style="{styles.QUIET}">{line}</summary>'
        '<p dir="auto">df 1 x 2, 0.1 of 4,200 kB · about 450 tokens · about $0.0012</p>'
        '<pre dir="auto">a,b\n1,&lt;2&gt;\n</pre></details>'
    )


def test_a_picture_is_in_the_line_and_below_it() -> None:
    picture = ContextItem(ImagePart(png(), "fig"), 8, thumbnail=png())
    html = context_html([FRAME, picture])
    assert "· fig 4x3, about 8 tokens</summary>" in html
    assert html.index("</details>") < html.index(f'<img src="{png()}"')


def test_many_items_are_counted() -> None:
    items = [item(str(number), f"v{number}") for number in range(MAX_LISTED_ITEMS + 4)]
    assert context_line(items).endswith(f" · {len(items) - MAX_NAMED_ITEMS} more")
    assert context_html(items).count("<pre") == MAX_LISTED_ITEMS
    assert "4 more</p></details>" in context_html(items)


def test_long_texts_are_bounded_together() -> None:
    html = context_html([item("a" * (MAX_TEXT_CHARS - 1)), item("b" * 11)])
    assert html.count("a" * 100) == MAX_TEXT_CHARS // 100 - 1
    assert '<pre dir="auto">b</pre>' in html
    assert "10 more characters were sent." in html


def test_hostile_names_and_texts_are_escaped() -> None:
    for hostile in HOSTILE.values():
        hostile_part = ContextPart(hostile, hostile, hostile, hostile, 1)
        html = context_html([ContextItem(hostile_part, thumbnail=f'x" onerror="{hostile}')])
        allowed = ("details", "summary", "small", "pre", "p")
        rest = html
        for tag in allowed:
            rest = rest.replace(f"</{tag}>", "").replace(f"<{tag}>", "").replace(f"<{tag} ", "")
        assert "<" not in rest
        assert not any(character in html for character in "\u202e\x1b\x00")
