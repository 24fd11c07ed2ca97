"""The cells of the notebook that go before a prompt: as parts for the model, and as notices for the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mimo_magics.client import endpoint
from mimo_magics.context.notebook_cell import BUDGET_FACTOR, MAX_IMAGES, RenderedCells, render_cells
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Part
from mimo_magics.core.models import accepts_images
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.context_option import CellSelection
from mimo_magics.notebook.kernel.notebook_cells import SelectedCells

SelectCells = Callable[[CellSelection], SelectedCells]
"""Returns the cells that an option selects."""


def select_no_cells(_: CellSelection) -> SelectedCells:
    """Return no cells, where there is no notebook."""
    return SelectedCells()


@dataclass(frozen=True, slots=True)
class CellContext:
    """What goes before a prompt."""

    parts: tuple[Part, ...] = ()
    notices: tuple[str, ...] = ()


def build_cell_context(selected: SelectedCells, settings: Settings, models: Iterable[str]) -> CellContext:
    """Return cells as they are sent, within the budget and with what the settings share.

    Args:
        selected: the cells.
        settings: the settings of the turn.
        models: the models that receive the prompt; by default that of the settings.
    """
    names = tuple(models) or (settings.model or endpoint.resolve_service(settings).model,)
    unable = next((name for name in names if not accepts_images(name)), "")
    cells = render_cells(selected.cells, settings.value_budget, settings.share, accepts_images=not unable)
    return CellContext(cells.parts, (*selected.notices, *_iter_notices(cells, settings, unable)))


def _iter_notices(cells: RenderedCells, settings: Settings, unable: str) -> Iterator[str]:
    if not cells.cells:
        yield Translatable("--context: there is no such cell, so none was sent.")
    if cells.omitted_cells:
        yield Translatable(
            "--context: the {count} oldest cells were not sent, because all cells together may have {limit:,} bytes. "
            "%mimo_config value_budget={larger} allows more.",
            count=cells.omitted_cells,
            limit=BUDGET_FACTOR * settings.value_budget,
            larger=2 * settings.value_budget,
        )
    if cells.omitted_images:
        reason: Any = Translatable("at most {count} are sent", count=MAX_IMAGES)
        if settings.share == "schema":
            reason = "share=schema"
        elif unable:
            reason = Translatable("{model} does not accept images", model=unable)
        yield Translatable(
            "--context: pictures not sent: {count} ({reason}).", count=cells.omitted_images, reason=reason
        )
