"""What a renderer is, for those who drive one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mimo_magics.core.events import Event
from mimo_magics.core.messages import Reply

if TYPE_CHECKING:  # a renderer imports what it needs when it is chosen
    pass


DisplayTarget = Literal["front end", "unattended", "terminal"]
"""Where a cell runs: where a person watches a notebook, where nobody does, or in IPython in a terminal."""


class Renderer(Protocol):
    """A way to show one turn. It paints in the thread that calls it."""

    async def has_buttons(self) -> bool:
        """Tell whether it shows buttons to approve tool calls, once that is known; if not, the user is asked otherwise."""

    def show(self, event: Event) -> None:
        """Show what happens."""

    def tick(self) -> None:
        """Show what is still to be shown; called some ten times a second, whether something comes or not."""

    def finish(
        self, reply: Reply, record: dict[str, Any], *, notices: Sequence[str] = (), is_plain: bool = False
    ) -> None:
        """Leave the document of the reply, with the turn's record in the output's metadata.

        Args:
            reply: what to show.
            record: what the notebook keeps.
            notices: quiet lines about the turn, shown beside the reply.
            is_plain: show the words only, as the person stopped a document that took too long.
        """

    def clear(self) -> None:
        """Leave nothing: the call failed before anything came."""


class SilentRenderer:
    """Show nothing."""

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Ignore the event."""

    def tick(self) -> None:
        """Do nothing."""

    def finish(
        self, reply: Reply, record: dict[str, Any], *, notices: Sequence[str] = (), is_plain: bool = False
    ) -> None:
        """Leave nothing."""

    def clear(self) -> None:
        """Do nothing."""


class CellControl(Protocol):
    """The cell that a renderer shows something in, as long as it runs."""

    def stop(self) -> None:
        """End the turn; from any thread."""

    def insert(self, code: str) -> None:
        """Put code into a new cell below."""


class ComparisonRenderer(Protocol):
    """A way to show one comparison. The numbers of replies begin with 0."""

    def show(self, number: int, event: Event) -> None:
        """Show what happens to one of the replies."""

    def end_reply(self, number: int, note: str = "") -> None:
        """Show that one of them is over; `note` says why it failed, if it did."""

    def tick(self) -> None:
        """Show what is still to be shown; called some ten times a second, whether something comes or not."""

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Leave the document, a MIME bundle, with these metadata of the output."""

    def clear(self) -> None:
        """Leave nothing: nothing came."""
