"""Estimated tokens of media, from the first bytes of their data URLs."""

from __future__ import annotations

from math import ceil

from mimo_magics.core.media_size import read_audio_seconds, read_image_size
from mimo_magics.core.media_type import read_data_url
from mimo_magics.core.messages import AudioPart, ImagePart, MediaPart

DEFAULT_MEDIA_TOKENS = 1_000
"""Tokens if they are unknown, as for a web address or a video."""
PIXELS_PER_TOKEN, MIN_IMAGE_TOKENS, MAX_IMAGE_TOKENS = 1_024, 8, 8_192
MAX_IMAGE_PIXELS = PIXELS_PER_TOKEN * MAX_IMAGE_TOKENS
"""Pixels that the model sees of one image. The server scales a larger one down."""
AUDIO_TOKENS_PER_SECOND = 6.25


def estimate_media_tokens(part: MediaPart) -> int:
    """Return the estimated tokens of media, or a default if they are unknown."""
    return find_media_tokens(part) or DEFAULT_MEDIA_TOKENS


def find_media_tokens(part: MediaPart) -> int | None:
    """Return the estimated tokens of an image, by its size, or of audio, by its duration; `None` if they are unknown.

    The tokens of a video are not published.
    """
    data = read_data_url(part.url)
    if data is None:
        return None
    if isinstance(part, ImagePart):
        size = read_image_size(data.head)
        return count_image_tokens(*size) if size else None
    seconds = read_audio_seconds(data.head, data.size) if isinstance(part, AudioPart) else None
    return None if seconds is None else max(1, ceil(AUDIO_TOKENS_PER_SECOND * seconds))


def count_image_tokens(width: int, height: int) -> int:
    """Return the tokens of an image of this size in pixels."""
    return min(max(ceil(width * height / PIXELS_PER_TOKEN), MIN_IMAGE_TOKENS), MAX_IMAGE_TOKENS)
