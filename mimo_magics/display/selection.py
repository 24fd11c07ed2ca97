"""What a person sees: a surface shows the events of a turn and leaves a document behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mimo_magics.core.i18n import say
from mimo_magics.core.renderer_protocol import Cell, ComparingSurface, Place, Surface
from mimo_magics.core.settings import Settings

if TYPE_CHECKING:  # a surface imports what it needs when it is chosen
    from mimo_magics.document.reply import Look


def choose(place: Place, settings: Settings, cell: Cell | None = None) -> Surface:
    """Choose the surface for a turn.

    Args:
        place: where its cell runs.
        settings: how the person wants it.
        cell: the cell, if it awaits and shows nothing else.
    """
    if settings.quiet:
        from mimo_magics.display.silent import SilentSurface

        return SilentSurface()
    if place == "terminal":
        return _in_terminal(settings)
    from mimo_magics.document.reply import Look

    look = Look(settings.format, settings.remote_images)
    if place == "front end":
        return _in_front_end(look, cell, live=settings.live)
    from mimo_magics.display.final import FinalSurface

    return FinalSurface(look)


def _in_front_end(look: Look, cell: Cell | None, *, live: bool) -> Surface:
    if cell and live:
        from mimo_magics.display.live.live_renderer import LiveSurface

        return LiveSurface(look, cell)
    from mimo_magics.display.static import StaticSurface

    return StaticSurface(look, alone=bool(cell))


def _in_terminal(settings: Settings) -> Surface:
    if find_spec("rich") and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from mimo_magics.display.rich_terminal import LaidOutSurface

        return LaidOutSurface(settings.format)
    from mimo_magics.display.terminal import TerminalSurface

    return TerminalSurface()


def choose_for_comparison(
    place: Place,
    settings: Settings,
    titles: Sequence[str],
    cell: Cell | None = None,
    *,
    at_once: int | None = None,
) -> ComparingSurface:
    """Choose the surface for a comparison.

    Args:
        place: where its cell runs.
        settings: how the person wants it.
        titles: what sets each reply apart from the others.
        cell: the cell, if it awaits and shows nothing else.
        at_once: how many are asked at a time, in their order; all of them unless it is said.
    """
    from mimo_magics.display.comparison import (
        ComparingAtTheEnd,
        ComparingInPlace,
        ComparingInTerminal,
        ComparingSilently,
    )
    from mimo_magics.display.comparison_progress import Tally

    if settings.quiet:
        return ComparingSilently()
    if place == "unattended":
        return ComparingAtTheEnd()
    tally = Tally(tuple(map(say, titles)), at_once)
    if place == "terminal":
        return ComparingInTerminal(tally)
    if cell and settings.live:
        from mimo_magics.display.live.comparison_view import ComparingLive
        from mimo_magics.document.reply import Look

        return ComparingLive(Look(settings.format, settings.remote_images), tally, cell)
    return ComparingInPlace(tally)
