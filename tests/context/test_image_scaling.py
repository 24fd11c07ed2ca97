"""Images are scaled to the pixels that the model sees, upright and without metadata."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from support.media_files import png

from mimo_magics.context.image_scaling import encode_image, fit_image, make_thumbnail
from mimo_magics.core.errors import BadOption
from mimo_magics.core.media_tokens import MAX_IMAGE_PIXELS
from mimo_magics.core.media_type import find_media_type

MANY_BYTES = 40_000_000
GPS = {1: "N", 2: (25.0, 1.0, 2.0)}


def encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def exif(**tags: Any) -> Image.Exif:
    found = Image.Exif()
    for tag, value in tags.items():
        found[int(tag[1:])] = value
    return found


def decode(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "WEBP"])
def test_an_image_within_the_limits_is_the_same_file(file_format: str) -> None:
    data = encode(Image.new("RGB", (40, 30)), file_format)
    assert fit_image(data, "a", MANY_BYTES) == data


@pytest.mark.parametrize(
    ("file_format", "media_type"),
    [
        *(("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")),
        *(("GIF", "image/png"), ("BMP", "image/png")),
    ],
)
def test_a_large_image_is_scaled_to_the_pixels_that_the_model_sees(file_format: str, media_type: str) -> None:
    data = fit_image(encode(Image.new("RGB", (6_000, 2_000), "red"), file_format), "a", MANY_BYTES)
    image = decode(data)
    assert find_media_type(data) == media_type
    assert 0.99 * MAX_IMAGE_PIXELS < image.width * image.height <= MAX_IMAGE_PIXELS
    assert round(image.width / image.height, 2) == 3.0


def test_a_bmp_file_becomes_png() -> None:
    data = fit_image(encode(Image.new("RGB", (40, 30)), "BMP"), "a", MANY_BYTES)
    assert (find_media_type(data), decode(data).size) == ("image/png", (40, 30))


def test_an_image_with_an_orientation_becomes_upright() -> None:
    image = Image.new("RGB", (40, 30), "blue")
    image.paste("red", (0, 0, 20, 30))
    turned = decode(fit_image(encode(image, "JPEG", quality=95, exif=exif(t274=6)), "a", MANY_BYTES))
    red, blue = turned.getpixel((15, 5)), turned.getpixel((15, 35))
    assert (turned.size, dict(turned.getexif())) == ((30, 40), {})
    assert isinstance(red, tuple)
    assert isinstance(blue, tuple)
    assert (red[0] > 200, blue[2] > 200) == (True, True)


@pytest.mark.parametrize("tags", [{"t34853": GPS}, {"t274": 3, "t34853": GPS, "t270": "secret"}])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_position_and_all_other_metadata_are_removed(file_format: str, tags: dict[str, Any]) -> None:
    image = Image.new("RGB", (40, 30))
    options = {"comment": b"secret"} if file_format == "JPEG" else {}
    data = encode(image, file_format, exif=exif(**tags), **options)
    sent = fit_image(data, "a", MANY_BYTES)
    assert decode(data).getexif()
    assert dict(decode(sent).getexif()) == {}
    assert [word for word in (b"secret", b"Exif", b"eXIf", b"EXIF") if word in sent] == []


def test_other_metadata_of_an_image_within_the_limits_stay() -> None:
    data = encode(Image.new("RGB", (40, 30)), "JPEG", exif=exif(t270="a title"))
    assert fit_image(data, "a", MANY_BYTES) == data


def test_an_image_that_stays_too_large_is_scaled_further() -> None:
    noise = Image.effect_noise((600, 600), 100)
    data = fit_image(encode(noise, "PNG"), "a", 20_000)
    assert len(data) <= 20_000
    assert decode(data).width < 300


@pytest.mark.parametrize(
    "mode",
    ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "I", "I;16", "F", "YCbCr", "LAB", "HSV"],
)
def test_an_image_of_every_mode_becomes_a_file(mode: str) -> None:
    data = encode_image(Image.new(mode, (40, 30)), MANY_BYTES)
    assert (find_media_type(data), decode(data).size) == ("image/png", (40, 30))


def test_16_bits_of_gray_are_scaled_and_not_clipped() -> None:
    image = Image.new("I;16", (2, 1), 0x8000)
    assert decode(encode_image(image, MANY_BYTES)).convert("L").getpixel((0, 0)) == 0x80


@pytest.mark.parametrize(
    "data", [png()[:50], png()[:30] + b"\xff" * 40, b"\xff\xd8\xff" + b"\0" * 100, b"text"]
)
def test_a_damaged_image_is_an_error_without_the_words_of_the_library(data: bytes) -> None:
    with pytest.raises(BadOption) as failure:
        fit_image(data, "a", 10)
    assert failure.value.message.startswith("a cannot be read as an image (")
    assert failure.value.hint == "Save it again as PNG or JPEG."


@pytest.mark.parametrize("size", [(4_000, 3_000), (10, 9_000), (3, 3)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "I;16"])
def test_a_thumbnail_is_a_small_jpeg(mode: str, size: tuple[int, int]) -> None:
    data = make_thumbnail(encode(Image.new(mode, size), "PNG"), 20_000)
    assert find_media_type(data) == "image/jpeg"
    assert len(data) <= 20_000
    assert max(decode(data).size) <= 320


def test_a_thumbnail_is_on_white() -> None:
    data = make_thumbnail(encode(Image.new("RGBA", (40, 30), (0, 0, 0, 0)), "PNG"), 20_000)
    assert decode(data).getpixel((20, 15)) == (255, 255, 255)


@pytest.mark.parametrize("data", [b"", b"text", png()[:50], b"<svg/>"])
def test_a_damaged_image_has_no_thumbnail(data: bytes) -> None:
    assert make_thumbnail(data, 20_000) == b""


def test_a_thumbnail_that_stays_too_large_is_left_out() -> None:
    assert make_thumbnail(encode(Image.effect_noise((600, 600), 100), "PNG"), 100) == b""
