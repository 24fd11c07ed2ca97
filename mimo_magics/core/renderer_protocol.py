"""The protocol of renderers: what shows a turn or a comparison while it runs and when it is over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Protocol

from mimo_magics.core.events import Event
from mimo_magics.core.messages import Reply, Timing, Usage

DisplayTarget = Literal["front end", "unattended", "terminal"]
"""Where a cell runs: in a notebook that a user watches, in a notebook run without a user, or in IPython in a terminal."""


class TurnMeter(Protocol):
    """What a turn measures while it runs. It may be read from any thread."""

    @property
    def timing(self) -> Timing:
        """The times until now."""

    @property
    def usage(self) -> Usage:
        """The token usage of all requests until now, estimated where the server has not reported it."""


class Document(Protocol):
    """What remains in the output when a turn or a comparison is over."""

    @property
    def replies(self) -> Sequence[Reply]:
        """The replies that it shows."""

    @property
    def notices(self) -> Sequence[str]:
        """The notices about the turn, which are not part of the reply."""

    @property
    def is_plain(self) -> bool:
        """Whether it shows only the text, because the user interrupted its rendering."""

    def to_bundle(self, open_groups: Collection[int] = (), /) -> dict[str, str]:
        """Return the document as a MIME bundle.

        Args:
            open_groups: numbers of the groups of reasoning and tool calls, from 0, that are unfolded.
        """


class Renderer(Protocol):
    """Shows the reply of a turn, or the replies of a comparison. It paints in the thread that calls it."""

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        """Receive the meter of each reply, by its number, before the first event; from any thread.

        A reply that has not started yet has no meter. It is added to the mapping later.
        """

    async def has_buttons(self) -> bool:
        """Return whether it shows buttons for approvals. Wait until that is known."""

    def show(self, event: Event, number: int = 0) -> None:
        """Show an event of the reply with this number."""

    def tick(self) -> None:
        """Show what is not shown yet. It is called about ten times a second, with or without events."""

    def finish(self, document: Document, metadata: dict[str, Any]) -> None:
        """Leave the document in the output, with this metadata."""

    def clear(self) -> None:
        """Leave nothing in the output: the call failed before the first token."""


class SilentRenderer:
    """Shows nothing."""

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        """Do nothing."""

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event, number: int = 0) -> None:
        """Ignore the event."""

    def tick(self) -> None:
        """Do nothing."""

    def finish(self, document: Document, metadata: dict[str, Any]) -> None:
        """Leave nothing."""

    def clear(self) -> None:
        """Do nothing."""


class CellControl(Protocol):
    """The running cell that a renderer belongs to."""

    def stop(self) -> None:
        """Cancel the turn; from any thread."""

    def insert(self, code: str) -> None:
        """Insert a new cell with this code below."""
