"""Images scaled to the pixels that the model sees, and small ones for the document. Pillow is optional: the extra `media`.

An image within the limits is sent as it is. One that is scaled, that is turned by its EXIF orientation, or that holds a GPS position
is encoded again, without its metadata.
"""

from __future__ import annotations

import math
from contextlib import suppress
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.media_tokens import MAX_IMAGE_PIXELS

MAX_PIXELS = 80_000_000
"""Pixels of an image that is decoded: 240 MB. A file of a few kilobytes can claim many more."""
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
ORIENTATION_TAG, GPS_TAG = 0x0112, 0x8825
UPRIGHT = 1
QUALITY = 90
PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
MAX_ATTEMPTS = 6
SHRINK_FACTOR = 0.5
"""The pixels of the next attempt, if a scaled image still has too many bytes."""
THUMBNAIL_SIZES = ((320, 70), (200, 60), (120, 40))
"""Pixels of the longer side, and quality, until a thumbnail is small enough."""


def is_available() -> bool:
    """Return whether Pillow is installed."""
    return find_spec("PIL") is not None


def missing_pillow(name: str) -> BadOption:
    """Return the error for an image that must be scaled where Pillow is not installed."""
    return BadOption(
        Translatable(
            "{name} is too large to be sent as it is, and Pillow is not installed to scale it.", name=name
        ),
        Translatable("Run: %pip install 'mimo-magics[media]'"),
    )


def unreadable_image(name: str, error: Exception | None = None) -> BadOption:
    """Return the error for an image that cannot be decoded. The message of a library may contain any text."""
    reason = f" ({type(error).__name__})" if error else ""
    return BadOption(
        Translatable("{name} cannot be read as an image{reason}.", name=name, reason=reason),
        Translatable("Save it again as PNG or JPEG."),
    )


def check_pixels(width: int, height: int, name: str) -> None:
    """Check that an image is not too large to be decoded.

    Raises:
        BadOption: it has too many pixels.
    """
    if width * height > MAX_PIXELS:
        raise BadOption(
            Translatable(
                "{name} has {width:,} x {height:,} pixels; at most {limit} million are read.",
                name=name,
                width=width,
                height=height,
                limit=MAX_PIXELS // 1_000_000,
            ),
            Translatable("Scale it down first."),
        )


def fit_image(data: bytes, name: str, max_bytes: int) -> bytes:
    """Return an image file within the limits: the same bytes, or an image that is scaled, upright and without metadata.

    Raises:
        BadOption: the image cannot be decoded, or has too many pixels.
    """
    from PIL import Image

    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            check_pixels(*image.size, name)
            exif = image.getexif()
            is_turned = exif.get(ORIENTATION_TAG, UPRIGHT) != UPRIGHT
            fits = len(data) <= max_bytes and image.width * image.height <= MAX_IMAGE_PIXELS
            # A BMP file is not compressed, and the Anthropic format does not name its type.
            if fits and not is_turned and GPS_TAG not in exif and image.format != "BMP":
                return data
            return encode_image(image, max_bytes)
    except BadOption:
        raise
    except Exception as error:  # noqa: BLE001  the decoders of Pillow raise many errors
        raise unreadable_image(name, error) from None


def encode_image(image: Any, max_bytes: int) -> bytes:
    """Return an image of Pillow as a file within the limits: upright, without metadata, in its format or as PNG.

    Raises:
        Exception: the image cannot be decoded or encoded.
    """
    file_format = image.format if image.format in ("JPEG", "WEBP") else "PNG"
    pixels = float(MAX_IMAGE_PIXELS)
    for _ in range(MAX_ATTEMPTS):
        data = _save(_scale(image, pixels), file_format, QUALITY)
        if len(data) <= max_bytes:
            break
        pixels = min(pixels, image.width * image.height) * SHRINK_FACTOR
    return data


def make_thumbnail(data: bytes, max_bytes: int) -> bytes:
    """Return a small JPEG of an image on white; empty if it cannot be made.

    The data is untrusted: its pixels must have been checked.
    """
    from PIL import Image

    with suppress(Exception), Image.open(BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            return b""
        # A JPEG is decoded at a fraction of its size.
        image.draft("RGB", (THUMBNAIL_SIZES[0][0],) * 2)
        for side, quality in THUMBNAIL_SIZES:
            small = _scale(image, MAX_IMAGE_PIXELS, side)
            thumbnail = _save(_on_white(small), "JPEG", quality)
            if len(thumbnail) <= max_bytes:
                return thumbnail
    return b""


def _scale(image: Any, pixels: float, side: int | None = None) -> Any:
    """Return an upright copy with at most so many pixels, and at most so many on its longer side."""
    from PIL import Image, ImageOps

    factor = min(1.0, math.sqrt(pixels / max(image.width * image.height, 1)))
    if side:
        factor = min(factor, side / max(image.size))
    copy = image.copy()
    if copy.mode not in PNG_MODES or copy.mode in ("1", "P"):
        copy = _to_color(copy)
    if factor < 1:
        size = (max(1, int(image.width * factor)), max(1, int(image.height * factor)))
        copy = copy.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return ImageOps.exif_transpose(copy) or copy


def _to_color(image: Any) -> Any:
    """Return an image in a mode that every format of ours has."""
    if image.mode.startswith("I;16"):
        # A conversion would clip the values instead of scaling them.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    has_alpha = "transparency" in image.info or image.mode in ("PA", "La", "RGBa")
    return image.convert("RGBA" if has_alpha else "RGB")


def _on_white(image: Any) -> Any:
    from PIL import Image

    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _save(image: Any, file_format: str, quality: int) -> bytes:
    if file_format == "JPEG" and image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    # These would be written into the file: comments, positions, previews.
    image.info = {}
    file = BytesIO()
    image.save(file, file_format, quality=quality)
    return file.getvalue()
