"""The thumbnail of an image in a prompt."""

from __future__ import annotations

from base64 import b64encode

import pytest
from support.media_files import png

from mimo_magics.context import image_scaling
from mimo_magics.context.thumbnail import make_thumbnail_url
from mimo_magics.core.messages import AudioPart, ImagePart, MediaPart
from mimo_magics.document.media_html import is_thumbnail


def data_url(data: bytes) -> str:
    return f"data:image/png;base64,{b64encode(data).decode()}"


def test_an_image_has_a_small_jpeg_that_the_document_accepts() -> None:
    url = make_thumbnail_url(ImagePart(data_url(png(640, 480))))
    assert url.startswith("data:image/jpeg;base64,")
    assert len(url) < 27_000
    assert is_thumbnail(url)


def test_without_pillow_a_small_image_is_its_own_thumbnail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_scaling, "find_spec", lambda _: None)
    assert make_thumbnail_url(ImagePart(data_url(png()))) == data_url(png())
    assert make_thumbnail_url(ImagePart(data_url(png() + bytes(20_000)))) == ""


@pytest.mark.parametrize(
    "part",
    [
        ImagePart("https://a.example/x.png"),
        ImagePart(data_url(b"<svg onload=alert(1)>")),
        ImagePart(data_url(png())[:-9] + "!"),
        ImagePart(data_url(png().replace(b"\0\0\0\4\0\0\0\3", b"\x7f\xff\xff\xff" * 2))),
        ImagePart("data:image/png;base64,\ud800"),
        ImagePart(""),
        AudioPart(data_url(png())),
    ],
)
def test_other_parts_have_none(part: MediaPart) -> None:
    assert make_thumbnail_url(part) == ""
