"""The readers of notebooks and documents, which run in a process of their own. Libraries are imported on use."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser
from time import monotonic
from typing import Any, BinaryIO

from mimo_magics.context.budget import count_bytes, truncate
from mimo_magics.context.encoding import decode_text, detect_encoding
from mimo_magics.context.table_file import read_csv, read_parquet
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ContextPart
from mimo_magics.core.settings import Share

MAX_FILE_BYTES = 50_000_000
"""Bytes of a file that is read as a whole."""
MAX_UNPACKED_BYTES = 200_000_000
"""Bytes of all parts of a docx, unpacked."""
MAX_PAGES = 500
MAX_PDF_SECONDS = 15.0
"""Seconds after which the pages that are read are sent without the others."""
MAX_OUTPUT_BYTES = 4_000
"""Budget of one output of a notebook."""
INSTALL_HINT = Translatable("Run: %pip install 'mimo-magics[files]'")
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
BLANK_LINES = re.compile(r"\n{3,}")
SPACES = re.compile(r"[ \t\r\n\f]+")
SKIPPED_TAGS = frozenset({"script", "style", "template", "noscript", "svg", "head", "iframe", "object"})
BLOCK_TAGS = re.compile(
    "address|article|aside|blockquote|body|br|caption|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form"
    "|header|hr|li|main|nav|ol|p|pre|section|summary|table|tr|ul"
)
CELL_TAGS = frozenset({"td", "th"})
HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}


def _build_document(kind: str, text: str, max_bytes: int, detail: Translatable) -> ContextPart:
    lines = (line.rstrip() for line in text.split("\n"))
    text = BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
    return ContextPart(truncate(text, max_bytes), kind=kind, detail=detail, whole_size=count_bytes(text))


def _read_all(file: BinaryIO, name: str) -> bytes:
    data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise BadOption(
            Translatable("{name!r} is larger than {size:,.0f} MB.", name=name, size=MAX_FILE_BYTES / 1e6),
            Translatable("Send a part of the file, or insert its content as a value."),
        )
    return data


def read_notebook(file: BinaryIO, name: str, max_bytes: int, _: Share) -> ContextPart:
    """Return the cells of a notebook with their outputs as text, without pictures."""
    cells = json.loads(_read_all(file, name))["cells"]
    text = "\n\n".join(_cell_text(number, cell) for number, cell in enumerate(cells, 1))
    count = len(cells)
    detail = Translatable("notebook, 1 cell" if count == 1 else "notebook, {count:,} cells", count=count)
    return _build_document("notebook", text, max_bytes, detail)


def _cell_text(number: int, cell: Any) -> str:
    outputs = [_output_text(each) for each in cell.get("outputs", ())]
    title = f"[Cell {number}, {str(cell.get('cell_type'))[:20]}]"
    shown = [truncate(each, MAX_OUTPUT_BYTES) for each in outputs if each]
    return "\n".join((title, _join(cell.get("source", "")), *(f"[Output]\n{each}" for each in shown)))


def _output_text(output: Any) -> str:
    match output:
        case {"output_type": "stream", "text": text}:
            return _join(text).strip()
        case {"output_type": "error", "traceback": lines, "ename": kind, "evalue": value}:
            return ESCAPE_SEQUENCE.sub("", _join(lines, "\n")) or f"{kind}: {value}"
        case {"data": {"text/markdown": text}} | {"data": {"text/plain": text}}:
            return _join(text)
        case {"data": {**kinds}}:
            return f"({', '.join(map(str, kinds))}, not included)"
    return ""


def _join(text: str | list[str], separator: str = "") -> str:
    return text if isinstance(text, str) else separator.join(text)


def read_pdf(file: BinaryIO, name: str, max_bytes: int, _: Share) -> ContextPart:
    """Return the text of the pages of a PDF."""
    try:
        from pypdf import PdfReader
    except ImportError:
        raise BadOption(
            Translatable("Reading a PDF requires the package {package}.", package="pypdf"), INSTALL_HINT
        ) from None
    reader = PdfReader(file)
    if reader.is_encrypted and not reader.decrypt(""):
        raise BadOption(
            Translatable("{name!r} is protected by a password.", name=name),
            Translatable("Save a copy without a password."),
        )
    pages = list(_iter_pages(reader.pages, 2 * max_bytes))
    if not any(map(str.strip, pages)):
        raise BadOption(
            Translatable("{name!r} contains no text; it may be a scan.", name=name),
            Translatable("Send its pages as images with --image."),
        )
    text = "\n\n".join(f"[Page {number}]\n{page}" for number, page in enumerate(pages, 1))
    return _build_document("PDF", text, max_bytes, _describe_pages(len(pages), len(reader.pages)))


def _describe_pages(count: int, total: int) -> Translatable:
    if count < total:
        return Translatable("PDF, the first {count:,} of {total:,} pages", count=count, total=total)
    return Translatable("PDF, 1 page" if count == 1 else "PDF, {count:,} pages", count=count)


def _iter_pages(pages: Any, max_bytes: int) -> Iterator[str]:
    """Yield the texts of the pages, up to the limits."""
    deadline, size = monotonic() + MAX_PDF_SECONDS, 0
    for number in range(min(len(pages), MAX_PAGES)):
        text = str(pages[number].extract_text())
        yield text
        size += len(text)
        if size > max_bytes or monotonic() > deadline:
            return


def read_docx(file: BinaryIO, name: str, max_bytes: int, _: Share) -> ContextPart:
    """Return the paragraphs and tables of a Word document."""
    try:
        from docx import Document
    except ImportError:
        raise BadOption(
            Translatable("Reading a Word document requires the package {package}.", package="python-docx"),
            INSTALL_HINT,
        ) from None
    # No part can unpack to more than the archive declares.
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(each.file_size for each in archive.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise BadOption(
            Translatable("{name!r} is larger than {size:,.0f} MB.", name=name, size=MAX_UNPACKED_BYTES / 1e6),
            Translatable("Send a part of the file, or insert its content as a value."),
        )
    file.seek(0)
    text = "\n\n".join(_iter_docx_blocks(Document(file)))
    return _build_document("Word document", text, max_bytes, Translatable("Word document"))


def _iter_docx_blocks(document: Any) -> Iterator[str]:
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            yield "\n".join("\t".join(SPACES.sub(" ", cell.text) for cell in row.cells) for row in block.rows)
            continue
        match re.fullmatch(r"Heading ([1-6])", str(block.style.name if block.style else "")):
            case None:
                yield block.text
            case heading:
                yield f"{'#' * int(heading[1])} {block.text}"


def read_html(file: BinaryIO, name: str, max_bytes: int, _: Share) -> ContextPart:
    """Return the text of a page, without scripts and styles."""
    data = _read_all(file, name)
    parser = _PageText()
    parser.feed(decode_text(data, detect_encoding(data)))
    parser.close()
    return _build_document("HTML", parser.text, max_bytes, Translatable("HTML"))


class _PageText(HTMLParser):
    """Collects the text of a page. Blocks are lines, and cells of a table are separated by tabs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._skipped = ""
        """The element whose content is skipped."""
        self._skipped_depth = 0
        self._pre_depth = 0

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped:
            self._skipped_depth += tag == self._skipped
        elif tag in SKIPPED_TAGS:
            self._skipped, self._skipped_depth = tag, 1
        elif tag in HEADINGS:
            self._pieces.append(f"\n\n{HEADINGS[tag]} ")
        elif tag in CELL_TAGS:
            self._pieces.append("\t")
        elif BLOCK_TAGS.fullmatch(tag):
            self._pieces.append("\n- " if tag == "li" else "\n")
        if alternative := dict(attrs).get("alt"):
            self._pieces.append(alternative)
        self._pre_depth += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._skipped_depth -= tag == self._skipped
            self._skipped = self._skipped if self._skipped_depth else ""
        elif tag in HEADINGS or (BLOCK_TAGS.fullmatch(tag) and tag not in ("li", "tr")):
            self._pieces.append("\n")
        self._pre_depth = max(self._pre_depth - (tag == "pre"), 0)

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._pieces.append(data if self._pre_depth else SPACES.sub(" ", data))


READERS: dict[str, Callable[[BinaryIO, str, int, Share], ContextPart]] = {
    "CSV": partial(read_csv, kind="CSV"),
    "TSV": partial(read_csv, kind="TSV"),
    "Parquet": read_parquet,
    "notebook": read_notebook,
    "PDF": read_pdf,
    "Word document": read_docx,
    "HTML": read_html,
}
"""The readers by the kind of the file."""
