"""A small picture of an image in a prompt, for the document."""

from __future__ import annotations

from base64 import b64decode

from mimo_magics.context import image_scaling
from mimo_magics.context.media import MAX_BASE64_BYTES
from mimo_magics.core.media_size import read_image_size
from mimo_magics.core.media_type import DATA_URL_PATTERN, build_data_url, find_media_type
from mimo_magics.core.messages import ImagePart, MediaPart

MAX_THUMBNAIL_BYTES = 20_000


def make_thumbnail_url(part: MediaPart) -> str:
    """Return a data URL with a small picture; empty if there is none, as for a web address.

    Without Pillow, it is the image itself if it is small. The data is untrusted: its type and size are checked.
    """
    match = DATA_URL_PATTERN.match(part.url) if isinstance(part, ImagePart) else None
    if match is None or len(part.url) > MAX_BASE64_BYTES + match.end():
        return ""
    try:
        data = b64decode(part.url[match.end() :], validate=True)
    except ValueError:
        return ""
    if read_image_size(data) is None:
        return ""
    if image_scaling.is_available():
        data = image_scaling.make_thumbnail(data, MAX_THUMBNAIL_BYTES)
    media_type = find_media_type(data)
    return build_data_url(media_type, data) if 0 < len(data) <= MAX_THUMBNAIL_BYTES else ""
