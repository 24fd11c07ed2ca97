"""The outputs of a notebook cell as text, and their pictures."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from mimo_magics.context.cell_output import find_error, find_image, read_text
from mimo_magics.core.messages import ImagePart

PNG = b64encode(b"\x89PNG\r\n\x1a\nrest").decode()
JPEG = b64encode(b"\xff\xd8\xffrest").decode()
FIGURE = "<Figure size 640x480 with 1 Axes>"


def shown(**data: object) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {name.replace("_", "/", 1): data[name] for name in data}}


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"output_type": "stream", "text": ["one\n", "two\n"]}, "one\ntwo"),
        ({"output_type": "stream", "text": "\x1b[31mred\x1b[0m \x1b]0;title\x07end"}, "red end"),
        ({"output_type": "stream", "text": "\r10%\r50%\r100%\ndone\r\n"}, "100%\ndone"),
        ({"output_type": "error", "traceback": ["\x1b[0;31mValueError\x1b[0m", "no"]}, "ValueError\nno"),
        (shown(text_plain="   a\n0  1"), "   a\n0  1"),
        (shown(text_plain=FIGURE, image_png=PNG), ""),
        (shown(text_plain="<Styler at 0x7f>", text_html="<table><tr><td>1</td></tr></table>"), "1"),
        (shown(text_plain="<Markdown object>", text_markdown="**bold**"), "**bold**"),
        (shown(text_plain="<object at 0x7f>"), "<object at 0x7f>"),
        (shown(text_plain=5, text_html=["<table>", None]), ""),
        ({"output_type": "display_data", "data": "not an object"}, ""),
        ({"output_type": "stream", "text": {"a": 1}}, ""),
        ({}, ""),
    ],
)
def test_an_output_has_the_text_that_its_reader_sees(output: dict[str, Any], text: str) -> None:
    assert read_text(output) == text


@pytest.mark.parametrize(
    ("output", "url"),
    [
        (shown(image_png=PNG), f"data:image/png;base64,{PNG}"),
        (shown(image_png=[PNG[:4], f"{PNG[4:]}\n"]), f"data:image/png;base64,{PNG}"),
        (shown(image_jpeg=JPEG), f"data:image/jpeg;base64,{JPEG}"),
    ],
)
def test_png_and_jpeg_are_pictures(output: dict[str, Any], url: str) -> None:
    assert find_image(output) == ImagePart(url)


@pytest.mark.parametrize(
    "output",
    [
        shown(image_png=JPEG),
        shown(image_png="not base64!"),
        shown(image_png=b64encode(b"<svg onload='x'>").decode()),
        shown(text_plain="x"),
        {"output_type": "display_data", "data": {"image/svg+xml": "<svg/>"}},
        {"output_type": "display_data", "data": ["image/png"]},
        {"output_type": "stream", "text": "x"},
    ],
)
def test_nothing_else_is_a_picture(output: dict[str, Any]) -> None:
    assert find_image(output) is None


@pytest.mark.parametrize(
    ("name", "found"),
    [("ValueError", "ValueError"), ("a.B", "a.B"), ("secret value 42", "an error"), (None, "an error")],
)
def test_an_error_is_its_type(name: object, found: str) -> None:
    assert find_error([{"output_type": "stream"}, {"output_type": "error", "ename": name}]) == found
    assert find_error([{"output_type": "stream", "ename": name}]) == ""
