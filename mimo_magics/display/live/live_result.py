"""The items of a result in the live view: one widget, which is sent again when an item is complete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.document.growing_result import GrowingResult


class LiveResult:
    """The widget of the items of one response.

    Args:
        factory: creates it.
        schema: JSON Schema of the value.
    """

    def __init__(self, factory: WidgetFactory, schema: Mapping[str, Any]) -> None:
        self._result = GrowingResult(schema)
        self._has_changes = False
        self.box = factory.html(self._result.html)

    def add(self, value: Any) -> None:
        """Add an item, or replace the fields of one object."""
        self._result.add(value)
        self._has_changes = True

    def paint(self) -> None:
        """Send the changes to the page."""
        if self._has_changes:
            self._has_changes = False
            self.box.value = self._result.html

    def end(self) -> None:
        """Send the rest, because no event follows."""
        self.paint()
