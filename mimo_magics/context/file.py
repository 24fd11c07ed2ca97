"""A file as text for a model, within a budget of bytes.

Text files are decoded here. Tables, notebooks and documents are read by `context/file_process` in a process of its own,
because their formats can decompress to any size and their parsers cannot be interrupted. Only regular files are read:
a pipe or a device could block or never end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePath
from tempfile import TemporaryFile
from typing import BinaryIO

from mimo_magics.context.budget import build_omission_note, clean, count_bytes, keep_head_and_tail, truncate
from mimo_magics.context.encoding import NotText, UnknownEncoding, decode_text, detect_encoding
from mimo_magics.context.file_process import read_in_process
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ContextPart
from mimo_magics.core.regular_file import NotARegularFile, open_regular_file
from mimo_magics.core.settings import Share
from mimo_magics.core.text import quote

TEXT_FACTOR = 10
"""The budget of a document or a text file is this many times that of a value. A table has the budget of a value."""
KINDS = {
    ".csv": "CSV",
    ".tsv": "TSV",
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".ipynb": "notebook",
    ".pdf": "PDF",
    ".docx": "Word document",
    ".html": "HTML",
    ".htm": "HTML",
    ".xhtml": "HTML",
}
"""Kinds of files by the end of the name. All others are text."""
TABLE_KINDS = ("CSV", "TSV", "Parquet")
MAX_NAME_CHARS = 200
NOT_SHARED = "Its content is not shared."


def render_file(path: str, max_bytes: int, share: Share) -> ContextPart:
    """Return a file as it is sent.

    Args:
        path: of the file, as the user typed it.
        max_bytes: the budget of a value.
        share: `schema` for the columns of a table, and no content of other files.

    Raises:
        BadOption: the file cannot be read.
    """
    with _open_file(path) as file:
        return _render(_shown_name(path), file, PurePath(path).suffix, max_bytes, share)


def render_data(name: str, data: bytes, suffix: str, max_bytes: int, share: Share) -> ContextPart:
    """Return the content of a file as it is sent.

    Args:
        name: the name of the file for the model.
        data: the content.
        suffix: the end of a file name for this kind of content, such as `.html`.
        max_bytes: the budget of a value.
        share: what may be sent of it.
    """
    with TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return _render(name, file, suffix, max_bytes, share)


def _render(name: str, file: BinaryIO, suffix: str, max_bytes: int, share: Share) -> ContextPart:
    kind, size = KINDS.get(suffix.lower(), "text"), os.fstat(file.fileno()).st_size
    shown = quote(name, MAX_NAME_CHARS)
    if kind in TABLE_KINDS:
        rendered = read_in_process(file, shown, kind, max_bytes, share)
    elif share == "schema":
        text = f"{size:,} bytes. {NOT_SHARED}"
        rendered = ContextPart(
            text, kind=kind, detail=Translatable("{kind}, name only", kind=kind), whole_size=count_bytes(text)
        )
    elif kind == "text":
        rendered = _read_text(file, shown, size, TEXT_FACTOR * max_bytes)
    else:
        rendered = read_in_process(file, shown, kind, TEXT_FACTOR * max_bytes, share)
    return _name_file(name, rendered)


def _name_file(name: str, rendered: ContextPart) -> ContextPart:
    """Return the text with a line that names the file, and a line at the end."""
    title = json.dumps(clean(name), ensure_ascii=False)
    text = f"File {title} ({rendered.detail}):\n{rendered.text.strip()}\nEnd of file {title}."
    added_bytes = count_bytes(text) - rendered.size
    return replace(rendered, name=name, text=text, whole_size=rendered.whole_size + max(added_bytes, 0))


def _read_text(file: BinaryIO, name: str, size: int, max_bytes: int) -> ContextPart:
    """Return a text file. Of a long one only both ends are read."""
    # A character has at most four bytes in any encoding, and one in UTF-8 if it is ASCII.
    head = file.read(4 * max_bytes + 4)
    try:
        encoding = detect_encoding(head)
    except NotText:
        raise BadOption(
            Translatable("{name} is not a text file.", name=repr(name)),
            Translatable("Use --image, --audio or --video for media. Load other data, and insert the value."),
        ) from None
    except UnknownEncoding:
        raise BadOption(
            Translatable("{name} is not UTF-8 text.", name=repr(name)),
            Translatable("To detect its encoding: %pip install 'mimo-magics[files]'"),
        ) from None
    is_utf_8 = encoding.startswith("utf-8")
    detail = Translatable("text") if is_utf_8 else Translatable("text, {encoding}", encoding=encoding)
    text = decode_text(head, encoding)
    if len(head) == size or not size:
        return ContextPart(
            truncate(text, max_bytes), kind="text", detail=detail, whole_size=count_bytes(text)
        )
    tail = _read_tail(file, size, 4 * max_bytes, encoding)
    text = keep_head_and_tail(text[:max_bytes], tail[-max_bytes:], max_bytes, build_omission_note(size))
    return ContextPart(text, kind="text", detail=detail, whole_size=size)


def _read_tail(file: BinaryIO, size: int, max_bytes: int, encoding: str) -> str:
    # The units of UTF-16 and UTF-32 begin at multiples of their size.
    start = max(size - max_bytes, file.tell()) // 4 * 4
    file.seek(start)
    wide = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}
    return decode_text(file.read(max_bytes + 4), wide.get(encoding, encoding))


@contextmanager
def _open_file(path: str) -> Iterator[BinaryIO]:
    """Open a file, and refuse what is not a regular file.

    Raises:
        BadOption: the file cannot be opened.
    """
    name = repr(quote(path, MAX_NAME_CHARS))
    try:
        with open_regular_file(Path(path).expanduser()) as file:
            yield file
    except (FileNotFoundError, NotADirectoryError):
        raise BadOption(
            Translatable("The file {name} does not exist.", name=name),
            Translatable("Check the path. A relative path starts in the working folder of the kernel."),
        ) from None
    except IsADirectoryError:
        raise BadOption(
            Translatable("{name} is a folder.", name=name),
            Translatable("Name its files, each with --file."),
        ) from None
    except NotARegularFile:
        raise BadOption(
            Translatable("{name} is not a regular file.", name=name),
            Translatable("Save its content to a file first."),
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadOption(
            Translatable("{name} cannot be read: {reason}.", name=name, reason=reason),
            Translatable("Check the path and its permissions."),
        ) from None


def _shown_name(path: str) -> str:
    """Return the name for the model: as typed, but without the folders of an absolute path."""
    return PurePath(path).name if path.startswith("~") or PurePath(path).is_absolute() else path
