"""One output when the reply is whole: for runs that nobody watches (nbclient, nbval, papermill)."""

from __future__ import annotations

from typing import Any

from IPython.display import display

from mimo_magics.core.events import Event
from mimo_magics.core.messages import Reply
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import DisplayOptions


class FinalRenderer:
    """Shows nothing on the way, so that the saved output is one plain `display_data`."""

    def __init__(self, display_options: DisplayOptions = DisplayOptions()) -> None:
        self._display_options = display_options

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Let the event pass."""

    def tick(self) -> None:
        """Nothing waits to be shown."""

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Show the document."""
        display(
            reply_document.reply_bundle(reply, display_options=self._display_options),
            raw=True,
            metadata={"mimo": record},
        )

    def clear(self) -> None:
        """Nothing was shown."""
