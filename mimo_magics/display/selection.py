"""What a person sees: a renderer shows the events of a turn and leaves a document behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython

from mimo_magics.core.i18n import translate
from mimo_magics.core.renderer_protocol import (
    CellControl,
    ComparisonRenderer,
    DisplayTarget,
    Renderer,
    SilentRenderer,
)
from mimo_magics.core.settings import Settings

if TYPE_CHECKING:  # a renderer imports what it needs when it is chosen
    from mimo_magics.document.reply import DisplayOptions


def choose_renderer(target: DisplayTarget, settings: Settings, cell: CellControl | None = None) -> Renderer:
    """Choose the renderer for a turn.

    Args:
        target: where its cell runs.
        settings: how the person wants it.
        cell: the cell, if it awaits and shows nothing else.
    """
    if settings.quiet:
        return SilentRenderer()
    if target == "terminal":
        return _choose_for_terminal(settings)
    from mimo_magics.document.reply import DisplayOptions

    display_options = DisplayOptions(settings.format, settings.remote_images)
    if target == "front end":
        return _choose_for_front_end(display_options, cell, live=settings.live)
    from mimo_magics.display.final import FinalRenderer

    return FinalRenderer(display_options)


def _choose_for_front_end(
    display_options: DisplayOptions, cell: CellControl | None, *, live: bool
) -> Renderer:
    if cell and live:
        from mimo_magics.display.live.live_renderer import LiveRenderer

        return LiveRenderer(display_options, cell)
    from mimo_magics.display.static import StaticRenderer

    return StaticRenderer(display_options, is_only_output=bool(cell))


def _choose_for_terminal(settings: Settings) -> Renderer:
    if find_spec("rich") and _is_real_terminal():
        from mimo_magics.display.rich_terminal import RichTerminalRenderer

        return RichTerminalRenderer(settings.format)
    from mimo_magics.display.terminal import TerminalRenderer

    return TerminalRenderer()


def _is_real_terminal() -> bool:
    """Tell whether frames can be painted. The stream of a kernel may say that it is a terminal: it is none."""
    return (
        getattr(get_ipython(), "kernel", None) is None
        and sys.stdout.isatty()
        and (sys.stdout.encoding or "").lower().startswith("utf")
        and os.environ.get("TERM") != "dumb"
    )


def choose_comparison_renderer(
    target: DisplayTarget,
    settings: Settings,
    titles: Sequence[str],
    cell: CellControl | None = None,
    *,
    at_once: int | None = None,
) -> ComparisonRenderer:
    """Choose the renderer for a comparison.

    Args:
        target: where its cell runs.
        settings: how the person wants it.
        titles: what sets each reply apart from the others.
        cell: the cell, if it awaits and shows nothing else.
        at_once: how many are asked at a time, in their order; all of them unless it is said.
    """
    from mimo_magics.display.comparison import (
        FinalComparisonRenderer,
        SilentComparisonRenderer,
        StaticComparisonRenderer,
        TerminalComparisonRenderer,
    )
    from mimo_magics.display.comparison_progress import ComparisonProgress

    if settings.quiet:
        return SilentComparisonRenderer()
    if target == "unattended":
        return FinalComparisonRenderer()
    progress = ComparisonProgress(tuple(map(translate, titles)), at_once)
    if target == "terminal":
        return TerminalComparisonRenderer(progress)
    if cell and settings.live:
        from mimo_magics.display.live.comparison_view import LiveComparisonRenderer
        from mimo_magics.document.reply import DisplayOptions

        return LiveComparisonRenderer(DisplayOptions(settings.format, settings.remote_images), progress, cell)
    return StaticComparisonRenderer(progress)
