"""The choice of a renderer, by where the cell runs and by the settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from mimo_magics.core.i18n import translate
from mimo_magics.core.renderer_protocol import (
    CellControl,
    DisplayTarget,
    Renderer,
    SilentRenderer,
)
from mimo_magics.core.settings import Settings

# Each renderer is imported when it is chosen: `%load_ext` imports none of them.
if TYPE_CHECKING:
    from mimo_magics.display.comparison_progress import ComparisonProgress


def choose_renderer(
    target: DisplayTarget,
    settings: Settings,
    cell: CellControl | None = None,
    *,
    titles: Sequence[str] = (),
    has_columns: bool = True,
) -> Renderer:
    """Choose the renderer for a turn or a comparison.

    Args:
        target: where the cell runs.
        settings: the settings of the turn.
        cell: the cell, if it awaits and has no other output.
        titles: the titles of the replies of a comparison; none for a turn.
        has_columns: whether a live view shows these replies, and not only their number.
    """
    if settings.quiet:
        return SilentRenderer()
    if target == "unattended":
        from mimo_magics.display.final import FinalRenderer

        return FinalRenderer()
    if target == "terminal":
        return _choose_for_terminal(settings, titles)
    return _choose_for_front_end(settings, cell, titles, has_columns=has_columns)


def choose_run_renderer(
    target: DisplayTarget, settings: Settings, cell: CellControl | None = None
) -> Renderer:
    """Choose the renderer for a run over many rows. Arguments are those of `choose_renderer`."""
    if settings.quiet:
        return SilentRenderer()
    if target == "unattended":
        from mimo_magics.display.final import FinalRenderer

        return FinalRenderer()
    if target == "terminal":
        from mimo_magics.display.terminal_run import TerminalRunRenderer

        return TerminalRunRenderer(has_bar=is_real_terminal())
    from mimo_magics.display.run_status import RunStatus
    from mimo_magics.display.static import StatusRenderer

    status = RunStatus()
    fallback = StatusRenderer(status)
    if not (cell and settings.live):
        return fallback
    from mimo_magics.display.live.live_renderer import LiveRenderer
    from mimo_magics.display.live.run_view import RunView

    return LiveRenderer(fallback, partial(RunView, status, cell))


def _choose_for_front_end(
    settings: Settings, cell: CellControl | None, titles: Sequence[str], *, has_columns: bool
) -> Renderer:
    from mimo_magics.display.progress import ReplyProgress
    from mimo_magics.display.static import StaticRenderer, StatusRenderer
    from mimo_magics.document.reply import DisplayOptions

    display_options = DisplayOptions.from_settings(settings)
    progress = _create_comparison_progress(titles) if titles else ReplyProgress()
    fallback = (
        StatusRenderer(progress)
        if titles
        else StaticRenderer(progress, display_options, is_only_output=bool(cell))
    )
    if not (cell and settings.live):
        return fallback
    from mimo_magics.display.live.comparison_view import ComparisonView
    from mimo_magics.display.live.live_renderer import LiveRenderer
    from mimo_magics.display.live.view import ReplyView

    view_class: Any = partial(ComparisonView, has_columns=has_columns) if titles else ReplyView
    return LiveRenderer(fallback, partial(view_class, display_options, progress, cell))


def _create_comparison_progress(titles: Sequence[str]) -> ComparisonProgress:
    from mimo_magics.display.comparison_progress import ComparisonProgress

    return ComparisonProgress([*map(translate, titles)])


def _choose_for_terminal(settings: Settings, titles: Sequence[str]) -> Renderer:
    if titles:
        from mimo_magics.display.terminal import TerminalComparisonRenderer

        return TerminalComparisonRenderer(_create_comparison_progress(titles))
    if find_spec("rich") and is_real_terminal():
        from mimo_magics.display.rich_terminal import RichTerminalRenderer

        return RichTerminalRenderer(settings.format)
    from mimo_magics.display.terminal import TerminalRenderer

    return TerminalRenderer()


def is_real_terminal() -> bool:
    """Return whether the output is a terminal that can repaint. The stream of a kernel may claim to be one."""
    return (
        getattr(get_ipython(), "kernel", None) is None
        and sys.stdout.isatty()
        and (sys.stdout.encoding or "").lower().startswith("utf")
        and os.environ.get("TERM") != "dumb"
    )
