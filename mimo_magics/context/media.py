"""Images, audio and video for a prompt, from bytes that are checked: their type, their size and their pixels.

The limits are those of the API. The type comes from the first bytes: a file name and a MIME type are not trusted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mimo_magics.context import image_scaling
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.media_size import read_image_size
from mimo_magics.core.media_type import build_data_url, find_media_type, get_media_kind
from mimo_magics.core.messages import AudioPart, ImagePart, MediaPart, VideoPart
from mimo_magics.core.text import quote

MAX_BASE64_BYTES = 50_000_000
"""Limit of the API for the data of an image, of audio or of a video, as base64."""
MAX_DATA_BYTES = MAX_BASE64_BYTES // 4 * 3
MAX_URL_CHARS = 8_000
MAX_NAME_CHARS = 60
URL_PATTERN = re.compile(r"https?://[^\s/?#\\@\"<>]+(?:[/?#][!-~]*)?", re.IGNORECASE)
"""A web address without a password. Other characters than ASCII must be percent-encoded."""

PART_TYPES: Mapping[str, type[MediaPart]] = {"image": ImagePart, "audio": AudioPart, "video": VideoPart}
KIND_TEXTS = {
    "image": Translatable("an image (PNG, JPEG, GIF, WebP or BMP)"),
    "audio": Translatable("audio (MP3, WAV, FLAC, M4A or OGG)"),
    "video": Translatable("a video (MP4, MOV, AVI or WMV)"),
}


def media_part(kind: str, data: bytes, name: str, **options: Any) -> MediaPart:
    """Return bytes as a part of a prompt. A large image is scaled to the pixels that the model sees.

    Args:
        kind: `image`, `audio` or `video`.
        data: the whole file.
        name: what the user calls it.
        options: `fps` and `media_resolution` of a video.

    Raises:
        BadOption: the bytes are of another type, too large, or an image that cannot be read.
    """
    if get_media_kind(find_media_type(data)) != kind:
        raise BadOption(
            Translatable("{name} is not {kind}.", name=shorten_name(name), kind=KIND_TEXTS[kind]),
            Translatable("The first bytes of a file decide, not its name."),
        )
    if kind == "image":
        data = _fit_image(data, name)
    check_size(len(data), name)
    # The type may have changed with the scaling.
    url = build_data_url(find_media_type(data), data)
    return PART_TYPES[kind](url, name, **options)


def url_part(kind: str, url: str, **options: Any) -> MediaPart:
    """Return a web address as a part of a prompt. The service fetches it.

    Raises:
        BadOption: it is not an http or https URL.
    """
    if len(url) > MAX_URL_CHARS or not URL_PATTERN.fullmatch(url):
        raise BadOption(
            Translatable("{url} is not an http or https URL.", url=shorten_name(url)),
            Translatable("Percent-encode blanks and non-ASCII characters, and leave out passwords."),
        )
    return PART_TYPES[kind](url, url, **options)


def check_size(size: int, name: str) -> None:
    """Check that so many bytes can be sent.

    Raises:
        BadOption: they are more than the API accepts.
    """
    if size > MAX_DATA_BYTES:
        raise BadOption(
            Translatable(
                "{name} has {size:.1f} MB; the API accepts {limit:.1f} MB of data.",
                name=shorten_name(name),
                size=size / 1e6,
                limit=MAX_DATA_BYTES / 1e6,
            ),
            Translatable("Use a smaller file, or an https URL, which the service fetches."),
        )


def shorten_name(name: str) -> str:
    """Return a name for a message, without invisible characters."""
    return quote(name, MAX_NAME_CHARS)


def _fit_image(data: bytes, name: str) -> bytes:
    size = read_image_size(data)
    if size is None:
        raise image_scaling.unreadable_image(shorten_name(name))
    image_scaling.check_pixels(*size, shorten_name(name))
    if image_scaling.is_available():
        return image_scaling.fit_image(data, shorten_name(name), MAX_DATA_BYTES)
    if len(data) > MAX_DATA_BYTES:
        raise image_scaling.missing_pillow(shorten_name(name))
    return data
