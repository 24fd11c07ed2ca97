"""The renderer for unattended runs: it shows the document when the turn is over."""

from __future__ import annotations

from typing import Any

from mimo_magics.core.renderer_protocol import Document, SilentRenderer
from mimo_magics.display.output import display_bundle


class FinalRenderer(SilentRenderer):
    """Shows one plain `display_data` at the end (nbclient, nbval, papermill)."""

    def finish(self, document: Document, metadata: dict[str, Any]) -> None:
        """Show the document."""
        display_bundle(document.to_bundle(), metadata)
