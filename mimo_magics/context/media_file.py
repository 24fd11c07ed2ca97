"""Images, audio and video from files and web addresses, as parts of a prompt.

session.ask([Image.from_file("plot.png"), "What does the plot show?"])
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mimo_magics.context.media import check_size, media_part, shorten_name, url_part
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import AudioPart, ImagePart, MediaPart, VideoPart
from mimo_magics.core.regular_file import NotARegularFile, open_regular_file

MAX_FILE_BYTES = 200_000_000
"""Bytes of a file that are read. A larger image is not scaled."""


class Image:
    """Images for a prompt."""

    @staticmethod
    def from_file(path: str | Path) -> ImagePart:
        """Return a file as an image: PNG, JPEG, GIF, WebP or BMP, whatever its name. A large one is scaled.

        Raises:
            BadOption: the file cannot be read, is another one, or is beyond the limits of the API.
        """
        part = read_media_file("image", path)
        assert isinstance(part, ImagePart)
        return part

    @staticmethod
    def from_url(url: str) -> ImagePart:
        """Return an http or https URL as an image. The service fetches it.

        Raises:
            BadOption: it is another URL.
        """
        part = url_part("image", url)
        assert isinstance(part, ImagePart)
        return part


class Audio:
    """Audio for a prompt."""

    @staticmethod
    def from_file(path: str | Path) -> AudioPart:
        """Return a file as audio: MP3, WAV, FLAC, M4A or OGG, whatever its name.

        Raises:
            BadOption: the file cannot be read, is another one, or is beyond the limits of the API.
        """
        part = read_media_file("audio", path)
        assert isinstance(part, AudioPart)
        return part

    @staticmethod
    def from_url(url: str) -> AudioPart:
        """Return an http or https URL as audio. The service fetches it.

        Raises:
            BadOption: it is another URL.
        """
        part = url_part("audio", url)
        assert isinstance(part, AudioPart)
        return part


class Video:
    """Videos for a prompt."""

    @staticmethod
    def from_file(path: str | Path, *, fps: float | None = None, media_resolution: str = "") -> VideoPart:
        """Return a file as a video: MP4, MOV, AVI or WMV, whatever its name.

        Args:
            path: the file.
            fps: frames per second that the model sees, 0.1 to 10. The default is that of the service: 2.
            media_resolution: `default` or `max`.

        Raises:
            BadOption: the file cannot be read, is another one, or is beyond the limits of the API.
        """
        part = read_media_file("video", path, **_video_options(fps, media_resolution))
        assert isinstance(part, VideoPart)
        return part

    @staticmethod
    def from_url(url: str, *, fps: float | None = None, media_resolution: str = "") -> VideoPart:
        """Return an http or https URL as a video. The service fetches it. Arguments are those of `from_file`.

        Raises:
            BadOption: it is another URL.
        """
        part = url_part("video", url, **_video_options(fps, media_resolution))
        assert isinstance(part, VideoPart)
        return part


def _video_options(fps: float | None, media_resolution: str) -> dict[str, Any]:
    return {"fps": fps, "media_resolution": media_resolution}


def read_media_file(kind: str, path: str | Path, **options: Any) -> MediaPart:
    """Return a file as a part of a prompt. Arguments and errors are those of `media_part`."""
    place = Path(path).expanduser()
    return media_part(kind, _read(place, kind), place.name, **options)


def _read(path: Path, kind: str) -> bytes:
    """Return the bytes of a regular file. A pipe or a device could be endless.

    Raises:
        BadOption: it cannot be read, or is too large.
    """
    name = shorten_name(str(path))
    try:
        with open_regular_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            if kind != "image" or size > MAX_FILE_BYTES:
                check_size(size, name)
            return file.read(size)
    except (NotARegularFile, IsADirectoryError):
        reason: object = Translatable("it is not a file")
    except (FileNotFoundError, NotADirectoryError):
        raise BadOption(
            Translatable("The file {name} does not exist.", name=repr(name)),
            Translatable("Check the path. A relative path starts in the working folder of the kernel."),
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
    raise BadOption(
        Translatable("{name} cannot be read: {reason}.", name=name, reason=reason),
        Translatable("Check the path. A relative path starts in the working folder of the kernel."),
    )
