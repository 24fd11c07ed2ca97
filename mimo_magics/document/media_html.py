"""The media of a prompt in the document: thumbnails of images, and the names, sizes and tokens of the others.

The `<img>` elements are written here, and not by the Markdown of a model, whose allow-list has no data URLs. A data URL is checked
before it is written, because it may come from a notebook of somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mimo_magics.core.i18n import translate
from mimo_magics.core.media_size import read_image_size
from mimo_magics.core.media_type import find_media_type, read_data_url
from mimo_magics.core.text import escape_html

MAX_URL_CHARS = 30_000
MAX_SIDE = 4_096
"""Pixels of a side. A few kilobytes can claim more pixels than a browser has memory for."""
THUMBNAIL_PATTERN = re.compile(r"data:(image/(?:png|jpeg|webp|gif));base64,[A-Za-z0-9+/]+={0,2}")
ROW_STYLE = "display:flex;flex-wrap:wrap;gap:0.5em 1em;align-items:flex-start;margin:0 0 0.5em"
ITEM_STYLE = "max-width:16em;overflow-wrap:break-word"
IMAGE_STYLE = "display:block;max-width:12em;max-height:8em;margin:0"


@dataclass(frozen=True, slots=True)
class MediaItem:
    """An image, audio or a video of a prompt, as it is shown."""

    label: str
    """Name, size and tokens."""
    thumbnail: str = ""
    """A data URL; empty if there is none."""


def media_html(items: Iterable[MediaItem]) -> str:
    """Return the media of a prompt as HTML; empty without media."""
    inner = "".join(f'<div style="{ITEM_STYLE}">{_item_html(item)}</div>' for item in items)
    return f'<div style="{ROW_STYLE}">{inner}</div>' if inner else ""


def is_thumbnail(url: str) -> bool:
    """Return whether a URL holds a small image of the type that it claims: PNG, JPEG, WebP or GIF, never SVG."""
    match = THUMBNAIL_PATTERN.fullmatch(url) if len(url) <= MAX_URL_CHARS else None
    data = read_data_url(url) if match else None
    if match is None or data is None or find_media_type(data.head) != match[1]:
        return False
    size = read_image_size(data.head)
    return size is not None and max(size) <= MAX_SIDE


def _item_html(item: MediaItem) -> str:
    label = escape_html(translate(item.label))
    if is_thumbnail(item.thumbnail):
        return f'<img src="{item.thumbnail}" alt="{label}" title="{label}" style="{IMAGE_STYLE}">'
    return f'<small dir="auto">{label}</small>'
