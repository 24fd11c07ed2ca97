"""The renderer for unattended runs: it shows the document when the turn is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import SilentRenderer
from mimo_magics.display.output import display_bundle
from mimo_magics.document.reply import DisplayOptions, reply_bundle


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
