"""One output when the reply is whole: for runs that nobody watches (nbclient, nbval, papermill)."""

from __future__ import annotations

from typing import Any

from IPython.display import display

from mimo_magics.core.events import Event
from mimo_magics.core.messages import Reply
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import Look


class FinalSurface:
    """Shows nothing on the way, so that the saved output is one plain `display_data`."""

    def __init__(self, look: Look = Look()) -> None:
        self._look = look

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Let the event pass."""

    def tick(self) -> None:
        """Nothing waits to be shown."""

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Show the document."""
        display(reply_document.bundle(reply, look=self._look), raw=True, metadata={"mimo": record})

    def clear(self) -> None:
        """Nothing was shown."""
