"""Estimated tokens of an image or audio, from the first bytes of its data URL.

No library reads the sizes: they are a few bytes at known places of an untrusted file.
"""

from __future__ import annotations

import binascii
import re
import struct
from math import ceil

from mimo_magics.core.messages import AudioPart, ImagePart

DEFAULT_MEDIA_TOKENS = 1_000
"""Tokens if the size is unknown, as for a web address."""
PIXELS_PER_TOKEN, MIN_IMAGE_TOKENS, MAX_IMAGE_TOKENS = 1_024, 8, 8_192
AUDIO_TOKENS_PER_SECOND = 6.25
MAX_HEADER_CHARS = 87_384
"""Characters of base64 to decode: 64 kB, as color profiles and previews may precede the size of an image."""
BASE64_TABLE = str.maketrans("-_", "+/", " \t\r\n")
DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)

JPEG_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG segments that begin with the size of the image."""


def estimate_media_tokens(part: ImagePart | AudioPart) -> int:
    """Return the estimated tokens of an image, by its size, or of audio, by its duration."""
    match = DATA_URL.match(part.url)
    if match is None:
        return DEFAULT_MEDIA_TOKENS
    header = _decode_header(part.url, match.end())
    try:
        if isinstance(part, ImagePart):
            width, height = _read_image_size(header)
            return min(max(ceil(width * height / PIXELS_PER_TOKEN), MIN_IMAGE_TOKENS), MAX_IMAGE_TOKENS)
        byte_count = (len(part.url) - match.end()) * 3 / 4
        return max(1, ceil(AUDIO_TOKENS_PER_SECOND * byte_count / _read_wav_byte_rate(header)))
    except (ValueError, struct.error):
        return DEFAULT_MEDIA_TOKENS


def _decode_header(url: str, start: int) -> bytes:
    """Return the decoded beginning of the data; empty if it is not base64."""
    text = url[start : start + MAX_HEADER_CHARS].translate(BASE64_TABLE)
    try:
        return binascii.a2b_base64(text[: len(text) // 4 * 4])
    except ValueError:
        return b""


def _read_image_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels.

    Raises:
        ValueError, struct.error: they cannot be read.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        size: tuple[int, int] = struct.unpack_from(">II", data, 16)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        size = struct.unpack_from("<HH", data, 6)
    elif data.startswith(b"\xff\xd8"):
        size = _read_jpeg_size(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        size = _read_webp_size(data)
    else:
        raise ValueError("an unknown image format")
    if 0 in size:
        raise ValueError("an image without a size")
    return size


def _read_jpeg_size(data: bytes) -> tuple[int, int]:
    place = 2
    while True:
        while data[place + 1 : place + 2] == b"\xff":  # fill bytes
            place += 1
        start, marker, length = struct.unpack_from(">BBH", data, place)
        if start != 0xFF or length < 2:
            raise ValueError("not a segment")
        if marker in JPEG_FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        place += 2 + length


def _read_webp_size(data: bytes) -> tuple[int, int]:
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X" if len(data) >= 30:
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    raise ValueError("an unknown WebP format")


def _read_wav_byte_rate(data: bytes) -> int:
    """Return the bytes per second of a WAV file.

    Raises:
        ValueError, struct.error: they cannot be read.
    """
    if not (data.startswith(b"RIFF") and data[8:12] == b"WAVE"):
        raise ValueError("not a WAV file")
    place = 12
    while data[place : place + 4] != b"fmt ":
        (length,) = struct.unpack_from("<I", data, place + 4)
        place += 8 + length + length % 2
    (byte_rate,) = struct.unpack_from("<I", data, place + 16)
    if not byte_rate:
        raise ValueError("audio without a byte rate")
    return int(byte_rate)
