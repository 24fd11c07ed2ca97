"""References to images, audio and video that a session file or a turn record does not contain.

Long data URLs would make these files large, so the reference takes their place. It has the hash of the data, its type
and its size: `media:sha256-HASH;image/png;123456`. `session/storage/media_folder` keeps the data. A part that keeps its
reference because the data is missing is replaced by text in a request.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.media_type import build_data_url
from mimo_magics.core.messages import MediaPart, Message, Part, TextPart
from mimo_magics.session.history import History

MAX_INLINE_CHARS = 65_536
"""Length of a data URL that session files and turn records contain."""
MAX_MEDIA_BYTES = 100_000_000
EXTENSIONS: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    "video/x-ms-wmv": "wmv",
}
"""The types that are kept in files, with the ends of their names."""
DATA_URL_PATTERN = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,")
REFERENCE_PATTERN = re.compile(r"media:sha256-([0-9a-f]{64});([a-z]+/[a-z0-9.+-]+);([0-9]{1,9})")
MISSING_TEXT = "\n(Media of this prompt is missing: its file was not found.)\n"


@dataclass(frozen=True, slots=True)
class MediaReference:
    """A reference to data in a file."""

    digest: str
    """SHA-256 of the data, in hexadecimal digits."""
    media_type: str
    size: int

    def __str__(self) -> str:
        return f"media:sha256-{self.digest};{self.media_type};{self.size}"

    @property
    def file_name(self) -> str:
        """The name of the file with the data. Nothing in it was chosen by the author of a notebook or a session file."""
        return f"{self.digest}.{EXTENSIONS[self.media_type]}"

    def build_url(self, data: bytes) -> str:
        """Return the data URL of the data."""
        return build_data_url(self.media_type, data)


def find_reference(url: str, part_type: str) -> MediaReference | None:
    """Return the reference that a part of this type has in place of its data, if it is valid."""
    match = REFERENCE_PATTERN.fullmatch(url)
    if not match or match[2] not in EXTENSIONS or match[2].partition("/")[0] != part_type:
        return None
    size = int(match[3])
    return MediaReference(match[1], match[2], size) if size <= MAX_MEDIA_BYTES else None


def split_data_url(url: str) -> tuple[MediaReference, bytes] | None:
    """Return the reference and the data of a long data URL; `None` for a URL that stays as it is."""
    match = DATA_URL_PATTERN.match(url)
    if len(url) <= MAX_INLINE_CHARS or not match or match[1] not in EXTENSIONS:
        return None
    try:
        data = b64decode(url[match.end() :], validate=True)
    except ValueError:
        return None
    # The data must give the same URL again, because equal turns have equal parts.
    if len(data) > MAX_MEDIA_BYTES or build_data_url(match[1], data) != url:
        return None
    return MediaReference(sha256(data).hexdigest(), match[1], len(data)), data


def replace_urls(message: Message, replace_url: Callable[[str, str], str]) -> Message:
    """Return a prompt with other URLs of its media. The function gets a URL and the type of its part."""
    if not any(isinstance(part, MediaPart) for part in message.parts):
        return message
    parts = tuple(
        replace(part, url=replace_url(part.url, part.type)) if isinstance(part, MediaPart) else part
        for part in message.parts
    )
    return replace(message, parts=parts)


def replace_history_urls(history: History, replace_url: Callable[[str, str], str]) -> History:
    """Return a history with other URLs of the media in its prompts."""
    turns = [(turn, replace_urls(turn.prompt, replace_url)) for turn in history.all_turns]
    if all(turn.prompt is prompt for turn, prompt in turns):
        return history
    return replace(
        history,
        all_turns=tuple(
            turn if turn.prompt is prompt else replace(turn, prompt=prompt) for turn, prompt in turns
        ),
    )


def shorten_url(url: str, _: str = "") -> str:
    """Return the reference for a long data URL, and any other URL as it is."""
    found = split_data_url(url)
    return str(found[0]) if found else url


def replace_missing_media(messages: Sequence[Message]) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Replace media whose data is missing by text for the model, and return a line about them for the user."""
    count = sum(map(_is_missing, (part for message in messages for part in message.parts)))
    if not count:
        return tuple(messages), ()
    replaced = tuple(
        replace(
            message,
            parts=tuple(TextPart(MISSING_TEXT) if _is_missing(part) else part for part in message.parts),
        )
        for message in messages
    )
    note = Translatable(
        "Images, audio and video whose files are missing: {count}. They were not sent.", count=count
    )
    return replaced, (note,)


def _is_missing(part: Part) -> bool:
    return isinstance(part, MediaPart) and part.url.startswith("media:")
