"""The options `--image`, `--audio` and `--video`: files, web addresses and variables as parts of the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from mimo_magics.context.media import KIND_TEXTS, media_part, shorten_name, url_part
from mimo_magics.context.media_file import read_media_file
from mimo_magics.context.picture import find_media
from mimo_magics.context.prompt_references import find_variable
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import MediaPart, Part, TextPart
from mimo_magics.core.settings import Share
from mimo_magics.notebook.cell_files import UNTYPED_CONTENT, download_file
from mimo_magics.session.attachments import NOT_SHARED, SHARE_ADVICE

SentPrompt = str | tuple[Part, ...]
"""A prompt, as parts if it has values of variables or media."""
KINDS = ("image", "audio", "video")
VIDEO_OPTIONS = ("fps", "media_resolution")
MEDIA_OPTIONS = (*KINDS, *VIDEO_OPTIONS)
"""Names of the options, as argparse has them."""
FPS_RANGE = (0.1, 10.0)
URL_START = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?://|[^\\/])")
"""A scheme of two letters or more: `C:` begins a path."""


def as_parts(prompt: SentPrompt) -> tuple[Part, ...]:
    """Return a prompt as parts."""
    return (TextPart(prompt),) if isinstance(prompt, str) else prompt


def add_media(
    prompt: SentPrompt | None,
    options: Mapping[str, Any],
    variables: Mapping[str, Any],
    share: Share,
    *,
    fetches: bool = False,
) -> tuple[Part, ...]:
    """Return a prompt with media before it.

    Args:
        prompt: the prompt; `None` continues the last reply.
        options: the values of `MEDIA_OPTIONS` that the cell has.
        variables: the variables for the prompt.
        share: with `schema`, only web addresses are sent.
        fetches: whether to download web addresses here, instead of sending them.

    Raises:
        BadOption: a file or variable cannot be sent, `--fps` is out of range, or there is no prompt.
    """
    if prompt is None:
        raise BadOption(
            Translatable("A reply is continued without images, audio and video."),
            Translatable("Write a prompt instead."),
        )
    video_options = {name: options[name] for name in VIDEO_OPTIONS if name in options}
    _check_video_options(video_options, has_video="video" in options)
    media = (
        _find_part(kind, place, variables, share, video_options if kind == "video" else {}, fetches=fetches)
        for kind in KINDS
        for place in options.get(kind, ())
    )
    return (*media, *as_parts(prompt))


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
    kind: str,
    place: str,
    variables: Mapping[str, Any],
    share: Share,
    options: Mapping[str, Any],
    *,
    fetches: bool,
) -> MediaPart:
    if URL_START.match(place) and not fetches:
        return url_part(kind, place, **options)
    if share == "schema":
        raise BadOption(
            Translatable("{why}: {what}.", why=NOT_SHARED, what=shorten_name(place)), SHARE_ADVICE
        )
    found, value = find_variable(place, variables)
    if found and not isinstance(value, str | PurePath):
        return _from_variable(kind, place, value)
    address = str(value) if found else place
    if not URL_START.match(address):
        return read_media_file(kind, value if found else place, **options)
    if not fetches:
        return url_part(kind, address, **options)
    download = download_file(address, (f"{kind}/", *UNTYPED_CONTENT))
    return media_part(kind, download.data, address, **options)


def _from_variable(kind: str, name: str, value: Any) -> MediaPart:
    # A `Speech` has its audio in `bytes`.
    data = getattr(value, "bytes", None)
    part = find_media(name, data if isinstance(data, bytes) else value)
    if part is None or part.type != kind:
        raise BadOption(
            Translatable("{name} is not {kind}.", name=shorten_name(name), kind=KIND_TEXTS[kind]),
            Translatable("For a file of that name, write ./{name}.", name=shorten_name(name)),
        )
    return part
