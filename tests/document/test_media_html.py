"""The media of a prompt in the document. Records are untrusted, so data URLs are checked."""

from __future__ import annotations

from base64 import b64encode

import pytest
from support.media_files import FILES, OTHER_FILES, png

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.messages import ImagePart, Message, Reply, TextPart
from mimo_magics.document.media_html import MediaItem, is_thumbnail, media_html
from mimo_magics.document.reply import ReplyDocument


def data_url(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def test_the_label_of_a_thumbnail_is_its_alternative_text() -> None:
    html = media_html([MediaItem("plot.png 640x480, about 300 tokens", data_url(png()))])
    assert f'<img src="{data_url(png())}" alt="plot.png 640x480, about 300 tokens"' in html
    assert "<small" not in html


def test_media_without_a_thumbnail_have_their_label() -> None:
    html = media_html([MediaItem("bell.wav 1.0 s, about 7 tokens")])
    assert "<img" not in html
    assert "bell.wav 1.0 s, about 7 tokens" in html


def test_no_media_have_no_html() -> None:
    assert media_html([]) == ""


def test_a_hostile_label_is_text() -> None:
    html = media_html([MediaItem('"><script>alert(1)</script>\u202e\x1b', data_url(png()))])
    assert "<script" not in html
    assert html.count('"') == html.replace("&quot;", "").count('"')
    assert [mark for mark in ("\u202e", "\x1b") if mark in html] == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://a.example/x.png",
        "javascript:alert(1)",
        data_url(OTHER_FILES["SVG"], "image/svg+xml"),
        data_url(OTHER_FILES["SVG"]),
        data_url(OTHER_FILES["HTML"], "text/html"),
        data_url(FILES["image/bmp"], "image/bmp"),
        data_url(png(), "image/gif"),
        data_url(FILES["image/gif"]),
        data_url(png()) + '" onerror="alert(1)',
        data_url(png()) + "\n",
        data_url(png() + bytes(30_000)),
        data_url(png().replace(b"\0\0\0\4\0\0\0\3", b"\x7f\xff\xff\xff" * 2)),
        "data:image/png;base64,",
        "data:image/png," + "A" * 40,
        "data:image/png;base64,\ud800",
    ],
)
def test_another_url_is_not_shown(url: str) -> None:
    assert not is_thumbnail(url)
    assert "<img" not in media_html([MediaItem("x", url)])


def test_the_document_shows_them_above_the_reply() -> None:
    reply = Reply(Message("assistant", (TextPart("A **tide**."),)), stop="end")
    url = data_url(png())
    html = ReplyDocument(reply, context=(ContextItem(ImagePart(url), thumbnail=url),)).to_bundle()[
        "text/html"
    ]
    assert html.index("<img") < html.index("<strong>tide</strong>")


def test_an_image_of_a_model_is_not_widened_by_it() -> None:
    text = f"![x]({data_url(png())}) <img src='{data_url(png())}'>"
    reply = Reply(Message("assistant", (TextPart(text),)), stop="end")
    assert "<img" not in ReplyDocument(reply).to_bundle()["text/html"]
