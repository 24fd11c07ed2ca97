"""The size of an image in pixels and the duration of audio, from the first bytes of a file.

No library reads them: they are a few bytes at known places of an untrusted file.
"""

from __future__ import annotations

import struct

from mimo_magics.core.media_type import find_media_type

JPEG_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG segments that begin with the size of the image."""
MP3_BIT_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""Kilobits per second of MPEG 1, by the index in a frame from 1. A file with a variable rate is estimated by its first frame."""
MP3_LOW_BIT_RATES = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""The same for MPEG 2."""


def read_image_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of an image in pixels; `None` if they cannot be read."""
    try:
        size = _read_image_size(data)
    except (ValueError, struct.error):
        return None
    return None if 0 in size else size


def read_audio_seconds(head: bytes, size: int) -> float | None:
    """Return the duration of WAV, FLAC or MP3; `None` for other formats, or if it cannot be read.

    Args:
        head: the beginning of the file.
        size: bytes of the whole file.
    """
    try:
        match find_media_type(head):
            case "audio/wav":
                return size / _read_wav_byte_rate(head)
            case "audio/flac":
                return _read_flac_seconds(head)
            case "audio/mpeg":
                return _read_mp3_seconds(head, size)
    except (ValueError, struct.error, IndexError, ZeroDivisionError):
        pass
    return None


def _read_image_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels.

    Raises:
        ValueError, struct.error: they cannot be read.
    """
    match find_media_type(data):
        case "image/png":
            width, height = struct.unpack_from(">II", data, 16)
        case "image/gif":
            width, height = struct.unpack_from("<HH", data, 6)
        case "image/jpeg":
            width, height = _read_jpeg_size(data)
        case "image/webp":
            width, height = _read_webp_size(data)
        case "image/bmp":
            width, height = _read_bmp_size(data)
        case _:
            raise ValueError("an unknown image format")
    return width, height


def _read_bmp_size(data: bytes) -> tuple[int, int]:
    is_old = data[14] == 12
    width, height = struct.unpack_from("<HH" if is_old else "<ii", data, 18)
    # A height below 0 means that the rows begin at the top.
    return max(width, 0), abs(height)


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


def _read_flac_seconds(data: bytes) -> float | None:
    bits = int.from_bytes(data[18:26], "big")
    rate, samples = bits >> 44, bits & (1 << 36) - 1
    return samples / rate if samples else None


def _read_mp3_seconds(data: bytes, size: int) -> float:
    start = 0
    if data.startswith(b"ID3"):
        # Each byte of the length has seven bits.
        start = 10 + sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(data[6:10])))
    header = data[start : start + 4]
    if find_media_type(header) != "audio/mpeg" or header.startswith(b"ID3"):
        raise ValueError("no frame follows the tag")
    rates = MP3_BIT_RATES if header[1] & 0x08 else MP3_LOW_BIT_RATES
    return max(size - start, 0) * 8 / (rates[(header[2] >> 4) - 1] * 1_000)
