"""The type of media by its first bytes. A file name, and what a data URL claims, are not trusted."""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Literal

MediaKind = Literal["image", "audio", "video"]

IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")
AUDIO_TYPES = ("audio/mpeg", "audio/wav", "audio/flac", "audio/mp4", "audio/ogg")
VIDEO_TYPES = ("video/mp4", "video/quicktime", "video/x-msvideo", "video/x-ms-wmv")

HEAD_CHARS = 87_384
"""Characters of base64 that are decoded for a type or a size: 64 kB, as color profiles may precede the size of an image."""
DATA_URL_PATTERN = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
BASE64_TABLE = str.maketrans("-_", "+/", " \t\r\n")

PREFIXES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"fLaC": "audio/flac",
    b"OggS": "audio/ogg",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c": "video/x-ms-wmv",
}
RIFF_TYPES = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
BRAND_TYPES = {b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"qt  ": "video/quicktime"}
"""Types of ISO media files by their main brand. All other brands of video files are MP4."""
VIDEO_BRAND_PATTERN = re.compile(rb"isom|iso\d|mp4\d|avc1|M4V.|dash|MSNV|3gp.")
BMP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)
MP3_PATTERN = re.compile(rb"ID3[\x02-\x04].|\xff[\xf2\xf3\xfa\xfb][\x10-\xeb]", re.DOTALL)
"""A tag with its version, or a frame: layer 3 of MPEG 1 or 2 with a bit rate."""


@dataclass(frozen=True, slots=True)
class DataUrl:
    """The beginning of a data URL, decoded."""

    head: bytes
    """The first 64 kB; empty if it is not base64."""
    size: int
    """Bytes of the whole data, approximately."""


def find_media_type(data: bytes) -> str:
    """Return the MIME type of an image, audio or a video by its first bytes; empty for anything else."""
    for prefix, media_type in PREFIXES.items():
        if data.startswith(prefix):
            return media_type
    if data.startswith(b"RIFF"):
        return RIFF_TYPES.get(data[8:12], "")
    if data[4:8] == b"ftyp":
        is_video = VIDEO_BRAND_PATTERN.match(data, 8)
        return BRAND_TYPES.get(data[8:12], "video/mp4" if is_video else "")
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in BMP_HEADER_SIZES:
        return "image/bmp"
    return "audio/mpeg" if MP3_PATTERN.match(data) else ""


def get_media_kind(media_type: str) -> str:
    """Return `image`, `audio` or `video`; empty for no type."""
    return media_type.partition("/")[0]


def build_data_url(media_type: str, data: bytes) -> str:
    """Return data as a data URL in base64."""
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def read_data_url(url: str) -> DataUrl | None:
    """Decode the beginning of a data URL; `None` for any other URL."""
    match = DATA_URL_PATTERN.match(url)
    if match is None:
        return None
    text = url[match.end() : match.end() + HEAD_CHARS].translate(BASE64_TABLE)
    try:
        head = binascii.a2b_base64(text[: len(text) // 4 * 4])
    except ValueError:
        head = b""
    return DataUrl(head, (len(url) - match.end()) * 3 // 4)
