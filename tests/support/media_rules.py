"""The rules of MiMo's API for images, audio and video, by its documentation and observation, independent of this package.

The numbers are sections of the API notes of the project: 3.2 messages of the first ones, 1.3 media of the second ones.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from typing import Any

DATA_URL = re.compile(r"data:(?P<type>[a-z]+/[a-z0-9.+-]+);base64,(?P<data>[A-Za-z0-9+/=]*)")
MAX_BASE64 = 50_000_000
MAGIC = {
    "image": (rb"\x89PNG\r\n\x1a\n", rb"\xff\xd8\xff", rb"GIF8[79]a", rb"RIFF....WEBP", rb"BM"),
    "audio": (rb"ID3", rb"\xff[\xe0-\xff]", rb"RIFF....WAVE", rb"fLaC", rb"OggS", rb"....ftypM4A "),
    "video": (rb"....ftyp", rb"....moov", rb"RIFF....AVI ", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
}
PARTS = {
    "image_url": ("image", "image_url", "url"),
    "input_audio": ("audio", "input_audio", "data"),
    "video_url": ("video", "video_url", "url"),
}
"""Kind of media, and the place of the URL, by the type of a part in the OpenAI format."""
TEXT_ONLY = "No endpoints found that support image input"
TEXT_MODELS = ("mimo-v2-pro", "mimo-v2-flash", "mimo-v2.5-pro")


def find_media_fault(body: dict[str, Any], api: str) -> str:
    """Return the reason for a refusal of the media of a request; empty for none."""
    return next((_openai if api == "openai" else _anthropic)(body), "")


def list_seen_media(body: dict[str, Any], api: str) -> list[tuple[str, str]]:
    """Return what the model receives: the kinds and URLs of the media. The Anthropic format drops all but images (1.3)."""
    return [(kind, url) for kind, url, _ in _find(body, api) if api == "openai" or kind == "image"]


def _find(body: dict[str, Any], api: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for message in body["messages"]:
        for part in message["content"] if isinstance(message["content"], list) else ():
            if api == "openai" and part["type"] in PARTS:
                kind, outer, inner = PARTS[part["type"]]
                yield kind, part[outer][inner], part
            elif api == "anthropic" and "source" in part:
                source = part["source"]
                is_url = source["type"] == "url"
                url = source["url"] if is_url else f"data:{source['media_type']};base64,{source['data']}"
                yield part["type"], url, part


def _openai(body: dict[str, Any]) -> Iterator[str]:
    for message in body["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else []
        if parts and message["role"] != "user":
            yield "`text` is not set"
        if any(part["type"] in PARTS for part in parts):
            if not any(part["type"] == "text" and part["text"] for part in parts):
                yield "`text` is not set"  # 3.2
            if body["model"] in TEXT_MODELS:
                yield TEXT_ONLY
        for part in parts:
            if part["type"] not in ("text", *PARTS):
                yield "file type is not supported"  # 1.3
    for kind, url, part in _find(body, "openai"):
        yield from _url(kind, url)
        if not 0.1 <= part.get("fps", 2) <= 10 or part.get("media_resolution", "max") not in (
            "default",
            "max",
        ):
            yield "invalid video options"


def _anthropic(body: dict[str, Any]) -> Iterator[str]:
    for message in body["messages"]:
        blocks = message["content"] if isinstance(message["content"], list) else []
        types = [block["type"] for block in blocks]
        if "image" in types and "text" not in types:
            yield "`text` is not set"
        if "image" in types and body["model"] in TEXT_MODELS:
            yield TEXT_ONLY
    for kind, url, _ in _find(body, "anthropic"):
        if kind == "image":
            yield from _url(kind, url)


def _url(kind: str, url: str) -> Iterator[str]:
    if url.startswith(("http://", "https://")):
        return
    match = DATA_URL.fullmatch(url)
    if match is None:
        yield f"invalid {kind} url"
        return
    if len(match["data"]) > MAX_BASE64:
        yield f"{kind} is too large"
    try:
        head = b64decode(match["data"][:4_000], validate=True)
    except Error:
        head = b""
    if not any(re.match(magic, head, re.DOTALL) for magic in MAGIC[kind]):
        yield f"invalid {kind} format"
    if not match["type"].startswith(f"{kind}/"):
        yield f"invalid {kind} type"
