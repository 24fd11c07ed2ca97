"""Media in a few words for the user: name, size and estimated tokens."""

from __future__ import annotations

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.media_size import read_audio_seconds, read_image_size
from mimo_magics.core.media_tokens import find_media_tokens
from mimo_magics.core.media_type import read_data_url
from mimo_magics.core.messages import AudioPart, ImagePart, MediaPart
from mimo_magics.core.text import quote

MAX_NAME_CHARS = 60
KIND_NAMES = {
    "image": Translatable("image"),
    "audio": Translatable("audio"),
    "video": Translatable("video"),
}


def media_label(part: MediaPart) -> str:
    """Return media in a few words, such as `plot.png 640x480, about 300 tokens`."""
    tokens = find_media_tokens(part)
    return Translatable(
        "{name} {size}, {tokens}" if (size := _size_text(part)) else "{name}, {tokens}",
        name=media_name(part),
        size=size,
        tokens=Translatable("tokens unknown")
        if tokens is None
        else Translatable("about {tokens:,} tokens", tokens=tokens),
    )


def media_name(part: MediaPart) -> str:
    """Return what the user calls it, without invisible characters, or its kind."""
    return quote(part.name, MAX_NAME_CHARS) if part.name else KIND_NAMES[part.type]


def _size_text(part: MediaPart) -> str:
    data = read_data_url(part.url)
    if data is None:
        return ""
    if isinstance(part, ImagePart) and (size := read_image_size(data.head)):
        return f"{size[0]}x{size[1]}"
    if isinstance(part, AudioPart) and (seconds := read_audio_seconds(data.head, data.size)) is not None:
        return f"{seconds:.1f} s"
    return f"{data.size / 1e6:.1f} MB"
