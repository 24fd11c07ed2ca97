"""The options `--image`, `--audio` and `--video`: files, web addresses and variables as parts of the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from mimo_magics.context.media import KIND_TEXTS, shorten_name, url_part
from mimo_magics.context.media_file import read_media_file
from mimo_magics.context.picture import find_media
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import MediaPart
from mimo_magics.core.settings import Share
from mimo_magics.notebook.cell_variables import find_variable

KINDS = ("image", "audio", "video")
VIDEO_OPTIONS = ("fps", "media_resolution")
FPS_RANGE = (0.1, 10.0)
URL_START = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?://|[^\\/])")
"""A scheme of two letters or more: `C:` begins a path."""


def take_media(options: dict[str, Any], variables: Mapping[str, Any], share: Share) -> tuple[MediaPart, ...]:
    """Remove the options for media from those of a cell, and return their parts.

    Args:
        options: the options of the cell by name; those for media are removed.
        variables: the variables for the prompt.
        share: with `schema`, only web addresses are sent.

    Raises:
        BadOption: a file or variable cannot be sent, or `--fps` is out of range.
    """
    places = {kind: options.pop(kind, ()) for kind in KINDS}
    video_options = {name: options.pop(name) for name in VIDEO_OPTIONS if name in options}
    _check_video_options(video_options, has_video=bool(places["video"]))
    return tuple(
        _find_part(kind, place, variables, share, video_options if kind == "video" else {})
        for kind in KINDS
        for place in places[kind]
    )


def _check_video_options(options: Mapping[str, Any], *, has_video: bool) -> None:
    if options and not has_video:
        flag = f"--{next(iter(options)).replace('_', '-')}"
        raise BadOption(
            Translatable("{flag} needs a video.", flag=flag), Translatable("Add --video PATH or --video URL.")
        )
    low, high = FPS_RANGE
    if not low <= options.get("fps", low) <= high:
        raise BadOption(
            Translatable("Invalid value {text!r} for {name}.", text=str(options["fps"]), name="--fps"),
            Translatable("Use a number of frames per second from 0.1 to 10."),
        )


def _find_part(
    kind: str, place: str, variables: Mapping[str, Any], share: Share, options: Mapping[str, Any]
) -> MediaPart:
    if URL_START.match(place):
        return url_part(kind, place, **options)
    if share == "schema":
        raise BadOption(
            Translatable("share=schema sends no images, audio or video: {name}", name=shorten_name(place)),
            Translatable("Remove them, or share them for this prompt: --share sample"),
        )
    found, value = find_variable(place, variables)
    if found and not isinstance(value, str | PurePath):
        return _from_variable(kind, place, value)
    if found and URL_START.match(str(value)):
        return url_part(kind, str(value), **options)
    return read_media_file(kind, value if found else place, **options)


def _from_variable(kind: str, name: str, value: Any) -> MediaPart:
    part = find_media(name, value)
    if part is None or part.type != kind:
        raise BadOption(
            Translatable("{name} is not {kind}.", name=shorten_name(name), kind=KIND_TEXTS[kind]),
            Translatable("A file of that name is ./{name}.", name=shorten_name(name)),
        )
    return part
