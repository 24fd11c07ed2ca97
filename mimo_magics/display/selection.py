"""What a person sees: a surface shows the events of a turn and leaves a document behind."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mimo_magics.core.events import Event
from mimo_magics.core.messages import Reply
from mimo_magics.core.settings import Settings

if TYPE_CHECKING:  # a surface imports what it needs when it is chosen
    from mimo_magics.document.reply import Look

Place = Literal["front end", "unattended", "terminal"]
"""Where a cell runs: where a person watches a notebook, where nobody does, or in IPython in a terminal."""


class Surface(Protocol):
    """A way to show one turn. It paints in the thread that calls it."""

    async def has_buttons(self) -> bool:
        """Tell whether it shows buttons to approve tool calls, once that is known; if not, the user is asked otherwise."""

    def show(self, event: Event) -> None:
        """Show what happens."""

    def tick(self) -> None:
        """Show what is still to be shown; called some ten times a second, whether something comes or not."""

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Leave the document of the reply, with the turn's record in the output's metadata."""

    def clear(self) -> None:
        """Leave nothing: the call failed before anything came."""


class Cell(Protocol):
    """The cell that a surface shows something in, as long as it runs."""

    def stop(self) -> None:
        """End the turn; from any thread."""

    def insert(self, code: str) -> None:
        """Put code into a new cell below."""


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
