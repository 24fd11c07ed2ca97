"""Bytes become parts of a prompt when their type and size fit."""

from __future__ import annotations

from base64 import b64decode

import pytest
from support.media_files import FILES, OTHER_FILES, png

from mimo_magics.context import image_scaling, media
from mimo_magics.context.media import MAX_DATA_BYTES, media_part, url_part
from mimo_magics.core.errors import BadOption
from mimo_magics.core.media_type import get_media_kind
from mimo_magics.core.messages import AudioPart, ImagePart, VideoPart

SENT_AS_IT_IS = [each for each in FILES if each == "image/png" or not each.startswith("image/")]


@pytest.fixture
def no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that Pillow is not installed."""
    monkeypatch.setattr(image_scaling, "find_spec", lambda _: None)


@pytest.mark.parametrize("media_type", SENT_AS_IT_IS)
def test_a_file_within_the_limits_is_sent_as_it_is(media_type: str) -> None:
    kind = get_media_kind(media_type)
    part = media_part(kind, FILES[media_type], "a.txt")
    head, _, data = part.url.partition(",")
    assert (type(part), part.name, head) == (
        {"image": ImagePart, "audio": AudioPart, "video": VideoPart}[kind],
        "a.txt",
        f"data:{media_type};base64",
    )
    assert b64decode(data) == FILES[media_type]


@pytest.mark.parametrize("kind", ["image", "audio", "video"])
@pytest.mark.parametrize("name", OTHER_FILES)
def test_another_file_is_refused_whatever_its_name_is(kind: str, name: str) -> None:
    with pytest.raises(BadOption) as failure:
        media_part(kind, OTHER_FILES[name], "photo.png")
    assert str(failure.value).startswith("photo.png is not ")


@pytest.mark.parametrize(
    ("kind", "media_type"), [("image", "audio/wav"), ("audio", "video/mp4"), ("video", "image/png")]
)
def test_media_of_another_kind_are_refused(kind: str, media_type: str) -> None:
    with pytest.raises(BadOption, match=r"^a is not "):
        media_part(kind, FILES[media_type], "a")


def test_data_beyond_the_limit_of_the_api_is_refused() -> None:
    with pytest.raises(BadOption) as failure:
        media_part("audio", FILES["audio/wav"] + bytes(MAX_DATA_BYTES), "a.wav")
    assert failure.value.lines == (
        "a.wav has 37.5 MB; the API accepts 37.5 MB of data.",
        "Use a smaller file, or an https URL, which the service fetches.",
    )


@pytest.mark.usefixtures("no_pillow")
def test_without_pillow_an_image_within_the_limits_is_sent_unscaled() -> None:
    assert b64decode(media_part("image", png(4_000, 3_000), "a").url.partition(",")[2]) == png(4_000, 3_000)


@pytest.mark.usefixtures("no_pillow")
def test_without_pillow_a_larger_image_is_an_error_that_names_the_extra() -> None:
    with pytest.raises(BadOption) as failure:
        media_part("image", png() + bytes(MAX_DATA_BYTES), "a")
    assert failure.value.lines == (
        "a is too large to be sent as it is, and Pillow is not installed to scale it.",
        "Run: %pip install 'mimo-magics[media]'",
    )


@pytest.mark.parametrize("width", [60_000, 2**31 - 1])
def test_an_image_that_claims_too_many_pixels_is_not_decoded(width: int) -> None:
    bomb = png().replace(b"\0\0\0\4\0\0\0\3", width.to_bytes(4, "big") * 2)
    with pytest.raises(BadOption, match="pixels; at most 80 million are read"):
        media_part("image", bomb, "bomb.png")


def test_an_image_without_a_size_is_an_error() -> None:
    with pytest.raises(BadOption, match=r"^a cannot be read as an image\.$"):
        media_part("image", FILES["image/jpeg"], "a")


def test_the_name_in_an_error_is_short_and_has_no_invisible_characters() -> None:
    with pytest.raises(BadOption) as failure:
        media_part("image", b"", "\u202e\x1b" + "<b>" * 1_000)
    assert failure.value.message.startswith("⟨U+202E⟩⟨U+001B⟩<b>")
    assert len(failure.value.message) < 200


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/x",
        "https://a.example",
        "HTTPS://a.example:8080/x.png?w=1#f",
        "https://a.example?x=%20",
    ],
)
def test_a_web_address_is_sent_as_it_is(url: str) -> None:
    assert url_part("image", url) == ImagePart(url, url)
    assert url_part("video", url, fps=0.5, media_resolution="max") == VideoPart(url, url, 0.5, "max")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "file:///etc/passwd",
            "ftp://a.example/x",
            "data:image/png;base64,AAAA",
            "javascript:alert(1)",
            "x.png",
            "",
        ),
        *(
            "https://",
            "https:///x",
            "https://a b",
            "https://user:password@a.example/x",
            "https://a.example/圖",
        ),
        *(
            "https://a.example/\n",
            "https://a.example/\x1b",
            "https://a\\b",
            "https://a.example/" + "x" * 9_000,
        ),
    ],
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(BadOption, match="is not an http or https URL"):
        url_part("image", url)


def test_the_limit_is_that_of_base64() -> None:
    assert MAX_DATA_BYTES * 4 / 3 == media.MAX_BASE64_BYTES == 50_000_000
