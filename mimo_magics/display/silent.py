"""Nothing: the reply is only the value of its cell (`--quiet`)."""

from __future__ import annotations

from typing import Any

from mimo_magics.core.events import Event
from mimo_magics.core.messages import Reply


class SilentRenderer:
    """Shows nothing at all."""

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Let the event pass."""

    def tick(self) -> None:
        """Nothing waits to be shown."""

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Leave nothing."""

    def clear(self) -> None:
        """Nothing was shown."""
