"""One output of a cell, which can be updated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from IPython.display import display, update_display

from mimo_magics.core.text import replace_unencodable_characters


def display_bundle(bundle: Mapping[str, Any], metadata: dict[str, Any] | None = None) -> None:
    """Show a MIME bundle. A terminal prints its text, without the characters that the standard output cannot encode."""
    display(_make_encodable(bundle), raw=True, metadata=metadata or {})


def _make_encodable(bundle: Mapping[str, Any]) -> dict[str, Any]:
    text = {name: replace_unencodable_characters(bundle[name]) for name in ("text/plain",) if name in bundle}
    return {**bundle, **text}


class Output:
    """An output of the running cell. The first update creates it."""

    def __init__(self) -> None:
        self._display_id = ""

    @property
    def is_displayed(self) -> bool:
        """Whether the output exists."""
        return bool(self._display_id)

    def update(self, bundle: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        """Replace the content by a MIME bundle."""
        bundle = _make_encodable(bundle)
        if self._display_id:
            update_display(bundle, display_id=self._display_id, raw=True, metadata=metadata or {})
        else:
            self._display_id = uuid4().hex
            display(bundle, display_id=self._display_id, raw=True, metadata=metadata or {})

    def clear(self) -> None:
        """Empty the output, if it exists."""
        if self._display_id:
            self.update({"text/plain": ""})
