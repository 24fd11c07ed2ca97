"""The cells of the notebook before a prompt, and the notices about them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from mimo_magics.context.notebook_cell import NotebookCell
from mimo_magics.core.messages import ContextPart, ImagePart
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.cell_context import build_cell_context
from mimo_magics.notebook.kernel.notebook_cells import SelectedCells

PLOT = {"data": {"image/png": b64encode(b"\x89PNG\r\n\x1a\n").decode()}}
PLOTTED = NotebookCell("plot()", 1, (PLOT,))


def test_cells_and_their_pictures_are_parts() -> None:
    context = build_cell_context(SelectedCells((PLOTTED,), ("first",)), Settings(model="mimo-v2-omni"), ())
    assert [type(part) for part in context.parts] == [ContextPart, ImagePart]
    assert context.notices == ("first",)


@pytest.mark.parametrize(
    ("settings", "models", "reason"),
    [
        ({"model": "mimo-v2-pro"}, (), "mimo-v2-pro does not accept images"),
        ({}, (), "mimo-v2-pro does not accept images"),
        ({"model": "mimo-v2-omni"}, ("mimo-v2-omni", "mimo-v2-pro"), "mimo-v2-pro does not accept images"),
        ({"model": "mimo-v2-omni", "share": "schema"}, (), "share=schema"),
    ],
)
def test_pictures_that_are_not_sent_are_reported(
    settings: dict[str, Any], models: tuple[str, ...], reason: str
) -> None:
    context = build_cell_context(SelectedCells((PLOTTED,)), Settings(**settings), models)
    assert [type(part) for part in context.parts] == [ContextPart]
    assert context.notices == (f"--context: pictures not sent: 1 ({reason}).",)


def test_more_pictures_than_the_limit_are_reported() -> None:
    cell = NotebookCell("plot()", 1, (PLOT,) * 10)
    context = build_cell_context(SelectedCells((cell,)), Settings(model="mimo-v2-omni"), ())
    assert context.notices == ("--context: pictures not sent: 2 (at most 8 are sent).",)


def test_cells_that_do_not_fit_are_reported() -> None:
    cells = tuple(NotebookCell("x" * 900, number) for number in range(4))
    context = build_cell_context(SelectedCells(cells), Settings(value_budget=1_000), ())
    assert context.notices == (
        "--context: the 2 oldest cells were not sent, because all cells together may have 2,000 bytes. "
        "%mimo_config value_budget=2000 allows more.",
    )


def test_a_selection_without_cells_is_reported() -> None:
    context = build_cell_context(SelectedCells(), Settings(), ())
    assert context.notices == ("--context: there is no such cell, so none was sent.",)
