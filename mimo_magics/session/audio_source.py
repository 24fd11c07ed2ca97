"""Audio that a user wants to send: read from a file or from a value, checked, and written as a data URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from mimo_magics.core.audio import AudioInfo, identify_audio
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.media_type import build_data_url
from mimo_magics.core.regular_file import open_regular_file
from mimo_magics.core.settings import Share
from mimo_magics.core.text import quote
from mimo_magics.core.working_folder import absolute_path

MAX_ENCODED_BYTES = 10_000_000
"""Limit of the API for audio as base64."""
MAX_AUDIO_BYTES = MAX_ENCODED_BYTES // 4 * 3
MAX_NAME_CHARS = 80


@dataclass(frozen=True, slots=True)
class AudioSource:
    """Audio that was checked."""

    name: str
    """Where it comes from, for messages."""
    data: bytes = field(repr=False)
    info: AudioInfo

    @property
    def url(self) -> str:
        """The audio as a data URL."""
        return build_data_url(self.info.mime_type, self.data)

    @property
    def digest(self) -> str:
        """A short hash of the content."""
        return sha256(self.data).hexdigest()[:16]


def read_audio(source: Any, share: Share) -> AudioSource:
    """Return the audio of a path, of bytes, or of a value with audio, such as a `Speech` or an `Audio` of IPython.

    Raises:
        BadOption: the setting `share` does not allow it, the file cannot be read, or it is not WAV or MP3 within the
            limit of the API.
    """
    if share == "schema":
        raise BadOption(
            Translatable("share=schema sends no content of files and values, so this audio was not sent."),
            Translatable("To send it: %mimo_config share=sample"),
        )
    name, data = _read_path(source) if isinstance(source, str | Path) else _read_value(source)
    if len(data) > MAX_AUDIO_BYTES:
        raise BadOption(
            Translatable(
                "{name} is larger than {most:.1f} MB, the limit of the API.",
                name=name,
                most=MAX_AUDIO_BYTES / 1e6,
            ),
            Translatable("Split it, or convert it to MP3."),
        )
    info = identify_audio(data)
    if info is None:
        raise BadOption(
            Translatable("{name} is not a complete WAV or MP3 file.", name=name),
            Translatable("Convert it first, for example: ffmpeg -i INPUT output.mp3"),
        )
    return AudioSource(name, data, info)


def _read_path(path: str | Path) -> tuple[str, bytes]:
    """Return the name and the first bytes of a file: enough to see that it is too large."""
    name = quote(str(path), MAX_NAME_CHARS)
    try:
        with open_regular_file(absolute_path(Path(path).expanduser())) as file:
            return name, file.read(MAX_AUDIO_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadOption(
            Translatable("{name} cannot be read: {reason}.", name=name, reason=reason),
            Translatable("Write the path of a WAV or MP3 file, or the name of a variable."),
        ) from None


def _read_value(value: Any) -> tuple[str, bytes]:
    """Return the name and the bytes of a value. `Audio` of IPython has them in `data`."""
    name = type(value).__name__
    for candidate in (value, getattr(value, "bytes", None), getattr(value, "data", None)):
        if isinstance(candidate, bytes | bytearray | memoryview):
            return name, bytes(candidate)
    raise BadOption(
        Translatable("A value of the type {name} has no audio.", name=quote(name, MAX_NAME_CHARS)),
        Translatable("Use a path, bytes, the value of %mimo_speak, or an IPython.display.Audio."),
    )
