"""Notebooks, documents and pages as text, and files that were made to exhaust a reader."""

from __future__ import annotations

import io
import json
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from matplotlib.figure import Figure
from pypdf import PdfWriter
from pypdf.generic import NameObject, StreamObject

from mimo_magics.context.file_readers import READERS
from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import ContextPart

BUDGET = 20_000
Write = Callable[[bytes], Path]


def read(kind: str, data: bytes, budget: int = BUDGET) -> ContextPart:
    return READERS[kind](io.BytesIO(data), "x", budget, "sample")


def error_of(kind: str, data: bytes) -> tuple[str, str]:
    with pytest.raises(BadOption) as caught:
        read(kind, data)
    return caught.value.message, caught.value.hint


def pdf(*texts: str) -> bytes:
    writer = PdfWriter()
    for text in texts:
        figure, page = Figure(figsize=(4, 2)), io.BytesIO()
        figure.text(0.1, 0.5, text)
        figure.savefig(page, format="pdf")
        writer.append(page)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def notebook(*cells: dict[str, Any]) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


def test_a_notebook_is_its_cells_with_outputs_and_without_pictures() -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]},
        {"output_type": "execute_result", "data": {"text/html": "<b>", "text/plain": ["3"]}},
        {"output_type": "display_data", "data": {"image/png": "iVBOR", "text/plain": "<Figure>"}},
        {"output_type": "display_data", "data": {"image/png": "iVBOR"}},
        {
            "output_type": "error",
            "ename": "ValueError",
            "evalue": "no",
            "traceback": ["\x1b[31mValueError\x1b[0m: no"],
        },
    ]
    data = notebook(
        {"cell_type": "markdown", "source": ["# Tides\n", "of a port"]},
        {"cell_type": "code", "source": "1 + 2", "outputs": outputs},
    )
    rendered = read("notebook", data)
    assert rendered.text == (
        "[Cell 1, markdown]\n# Tides\nof a port\n\n[Cell 2, code]\n1 + 2\n[Output]\none\ntwo\n[Output]\n3\n[Output]\n"
        "<Figure>\n[Output]\n(image/png, not included)\n[Output]\nValueError: no"
    )
    assert rendered.detail == "notebook, 2 cells"
    assert "iVBOR" not in rendered.text


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"cells": 3}', b'{"cells": [3]}', b"[" * 100_000, b"\0"])
def test_a_notebook_that_is_none_is_an_error(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError, RecursionError)):
        read("notebook", data)


def test_a_pdf_is_the_text_of_its_pages() -> None:
    rendered = read("PDF", pdf("High tide at noon", "Low tide at six"))
    assert rendered.text == "[Page 1]\nHigh tide at noon\n\n[Page 2]\nLow tide at six"
    assert (rendered.kind, rendered.detail) == ("PDF", "PDF, 2 pages")


def test_a_pdf_ends_where_the_budget_is_full() -> None:
    rendered = read("PDF", pdf("High tide " * 10, "Low tide", "Third"), 40)
    assert rendered.detail == "PDF, the first 1 of 3 pages"


def test_a_pdf_without_text_or_with_a_password_is_an_error() -> None:
    empty, locked = PdfWriter(), PdfWriter()
    outputs = io.BytesIO(), io.BytesIO()
    empty.add_blank_page(100, 100)
    locked.add_blank_page(100, 100)
    locked.encrypt("secret", algorithm="RC4-128")
    empty.write(outputs[0])
    locked.write(outputs[1])
    assert error_of("PDF", outputs[0].getvalue()) == (
        "'x' contains no text; it may be a scan.",
        "Send its pages as images with --image.",
    )
    assert error_of("PDF", outputs[1].getvalue()) == (
        "'x' is protected by a password.",
        "Save a copy without a password.",
    )


def test_a_word_document_is_its_headings_paragraphs_and_tables() -> None:
    document, output = docx.Document(), io.BytesIO()
    document.add_heading("Tides", 2)
    document.add_paragraph("High at noon.")
    cells = document.add_table(1, 2).rows[0].cells
    cells[0].text, cells[1].text = "port", "15 m\nat noon"
    document.save(output)
    assert read("Word document", output.getvalue()).text == (
        "## Tides\n\nHigh at noon.\n\nport\t15 m at noon"
    )


def test_a_page_is_its_text_without_scripts() -> None:
    page = """<!doctype html><head><title>T</title><style>x{}</style></head><body><h1>Ports &amp; tides</h1>
        <p>One <b>two</b>\n three<br>four <img alt="a chart" src="x"></p><ul><li>a<li>b</ul>
        <table><tr><td>1</td><td>2</td></tr><tr><th>3<th>4</table><script>if (1 < 2) evil("</p>")</script>
        <svg><svg><text>no</text></svg><text>no</text></svg><pre>  x\n    y</pre><!-- canary -->"""
    assert read("HTML", page.encode()).text == (
        "# Ports & tides\n\nOne two three\nfour a chart\n\n- a\n- b\n\n\t1\t2\n\t3\t4\n\n  x\n    y"
    )


@pytest.mark.parametrize(
    ("kind", "package", "fact"),
    [
        ("PDF", "pypdf", "Reading a PDF requires the package pypdf."),
        ("Word document", "docx", "Reading a Word document requires the package python-docx."),
    ],
)
def test_a_missing_package_names_the_extra(
    kind: str, package: str, fact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert error_of(kind, b"") == (fact, "Run: %pip install 'mimo-magics[files]'")


def test_a_docx_that_unpacks_to_300_mb_is_refused() -> None:
    output = io.BytesIO()
    with (
        zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w") as part,
    ):
        for _ in range(300):
            part.write(bytes(10**6))
    assert len(output.getvalue()) < 400_000
    assert error_of("Word document", output.getvalue())[0] == "'x' is larger than 200 MB."


def test_a_pdf_page_that_unpacks_to_300_mb_is_not_read_as_a_whole() -> None:
    packer, output, writer = zlib.compressobj(9), io.BytesIO(), PdfWriter()
    content = StreamObject()
    content._data = b"".join([*(packer.compress(b"q Q " * 250_000) for _ in range(300)), packer.flush()])
    content[NameObject("/Filter")] = NameObject("/FlateDecode")
    page = writer.add_blank_page(100, 100)
    page[NameObject("/Contents")] = writer._add_object(content)
    writer.write(output)
    assert len(output.getvalue()) < 600_000
    with pytest.raises(Exception, match=r"[Ll]imit|contains no text"):
        read("PDF", output.getvalue())


def test_a_page_with_deep_nesting_is_read() -> None:
    text = read("HTML", b"<div>" * 200_000 + b"x" + b"</div>" * 200_000).text
    assert text == "x"
