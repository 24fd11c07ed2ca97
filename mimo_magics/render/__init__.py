"""What a person sees: a surface shows the events of a turn and leaves a document behind."""

from __future__ import annotations

from typing import Any, Protocol

from mimo_magics.events import Event
from mimo_magics.messages import Reply


class Surface(Protocol):
    """A way to show one turn. It paints in the thread that calls it."""

    def show(self, event: Event) -> None:
        """Show what happens."""

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Leave the document of the reply, with the turn's record in the output's metadata."""

    def clear(self) -> None:
        """Leave nothing: the call failed before anything came."""


def choose(*, watched: bool) -> Surface:
    """Choose the surface: one that grows where a person watches a front end, else one output at the end."""
    if watched:
        from mimo_magics.render.static import StaticSurface

        return StaticSurface()
    from mimo_magics.render.final import FinalSurface

    return FinalSurface()
