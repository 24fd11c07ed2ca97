"""The files of a prompt: each value of `--file` as a part for the model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mimo_magics.context.file import render_data, render_file
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ContextPart, Part, TextPart
from mimo_magics.core.settings import Settings
from mimo_magics.core.text import quote

if TYPE_CHECKING:  # imported on first use
    from mimo_magics.client.fetch import Download

MAX_FILES = 50
MAX_DOWNLOAD_BYTES = 50_000_000
SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/x-ipynb+json": ".ipynb",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
"""Kinds of files by the content type. With any other type the path of the URL decides."""
UNTYPED_CONTENT = ("application/octet-stream", "binary/octet-stream")
"""Content types of servers that do not know the type."""
CONTENT_TYPES = (
    *SUFFIXES,
    "text/",
    "application/json",
    "application/xml",
    "application/yaml",
    *UNTYPED_CONTENT,
)
"""Content types of the files that are downloaded."""
MAX_URL_CHARS = 200
URL_PATTERN = re.compile(r"https?://", re.IGNORECASE)


def add_files(
    prompt: str | tuple[Part, ...] | None, paths: Iterable[str], settings: Settings, *, fetches: bool
) -> str | tuple[Part, ...] | None:
    """Return a prompt with files after it.

    Args:
        prompt: the prompt; `None` continues the last reply.
        paths: paths of files, and URLs.
        settings: the settings of the turn, with the budget and what is shared.
        fetches: whether to download what a URL names.

    Raises:
        BadOption: a file cannot be read, a URL may not be downloaded, or there is no prompt.
    """
    files = tuple(_read(path, settings, fetches=fetches) for path in _check_count(list(paths)))
    if not files:
        return prompt
    if prompt is None:
        raise BadOption(
            Translatable("%mimo continue takes no files."), Translatable("Send them with a prompt instead.")
        )
    texts: tuple[Part, ...] = (TextPart(prompt),) if isinstance(prompt, str) else prompt
    return (*texts, *(replace(file, text=f"\n\n{file.text}") for file in files))


def _check_count(paths: list[str]) -> list[str]:
    if len(paths) > MAX_FILES:
        raise BadOption(
            Translatable("{count} files are too many.", count=len(paths)),
            Translatable("Send at most {count} files with a prompt.", count=MAX_FILES),
        )
    return paths


def _read(path: str, settings: Settings, *, fetches: bool) -> ContextPart:
    if not URL_PATTERN.match(path):
        return render_file(path, settings.value_budget, settings.share)
    if not fetches:
        raise BadOption(
            Translatable("{url!r} is a URL.", url=quote(path, MAX_URL_CHARS)),
            Translatable("Add --fetch to download it here and send its text."),
        )
    download = download_file(path, CONTENT_TYPES)
    name, suffix = quote(path, MAX_URL_CHARS), _find_suffix(download.url, download.content_type)
    return render_data(name, download.data, suffix, settings.value_budget, settings.share)


def download_file(url: str, content_types: Sequence[str]) -> Download:
    """Download a file from a public address.

    Args:
        url: an http or https URL.
        content_types: beginnings of the accepted content types.

    Raises:
        BadOption: the URL is not public, or cannot be downloaded within the limits.
    """
    # A prompt without a URL needs no client.
    from mimo_magics.client import portal
    from mimo_magics.client.fetch import fetch

    return portal.run_async(partial(fetch, url, content_types, MAX_DOWNLOAD_BYTES))


def _find_suffix(url: str, content_type: str) -> str:
    """Return the end of a file name for this kind of content: by its type, else by the path of the URL."""
    return SUFFIXES.get(content_type) or PurePosixPath(urlsplit(url).path).suffix
