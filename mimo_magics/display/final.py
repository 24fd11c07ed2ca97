"""Renderers that show nothing while a turn runs: for runs that nobody watches, and for `--quiet`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mimo_magics.core.events import Event
from mimo_magics.core.messages import Reply
from mimo_magics.display.output import display_bundle
from mimo_magics.document.reply import DisplayOptions, reply_bundle


class SilentRenderer:
    """Shows nothing at all: the reply is only the value of its cell (`--quiet`)."""

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Let the event pass."""

    def tick(self) -> None:
        """Nothing waits to be shown."""

    def finish(
        self, reply: Reply, record: dict[str, Any], *, notices: Sequence[str] = (), is_plain: bool = False
    ) -> None:
        """Leave nothing."""

    def clear(self) -> None:
        """Nothing was shown."""


class FinalRenderer(SilentRenderer):
    """Shows one output when the reply is whole, a plain `display_data` (nbclient, nbval, papermill)."""

    def __init__(self, display_options: DisplayOptions = DisplayOptions()) -> None:
        self._display_options = display_options

    def finish(
        self, reply: Reply, record: dict[str, Any], *, notices: Sequence[str] = (), is_plain: bool = False
    ) -> None:
        """Show the document."""
        options = replace(self._display_options, is_plain=is_plain)
        bundle = reply_bundle(reply, display_options=options, notices=notices)
        display_bundle(bundle, {"mimo": record})
