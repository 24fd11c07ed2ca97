"""The complete items of a result while the reply streams: the last rows that fit, and their count."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from mimo_magics.core.i18n import translate
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.result_table import MAX_CELL_CHARS, build_table, cell_text, scrollable_html

MAX_SHOWN_ROWS = 8
"""Rows that are repainted with each frame."""
MAX_LINE_CHARS = 200


class GrowingResult:
    """Collects the items of one response.

    Args:
        schema: JSON Schema of the value: of an array, or of one object.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self.is_list = schema.get("type") == "array"
        self.count = 0
        """Number of complete items."""
        self._items: deque[Any] = deque(maxlen=MAX_SHOWN_ROWS)
        self._fields: Any = {}

    def add(self, value: Any) -> None:
        """Add an item, or replace the fields of one object."""
        if self.is_list:
            self.count += 1
            self._items.append(value)
        else:
            self._fields = value

    @property
    def html(self) -> str:
        """The last items as a table, and the count; for one object its fields."""
        bundle = build_table(self._schema, self._value).to_bundle() if self._value else None
        shown = scrollable_html(bundle["text/html"]) if bundle else ""
        return shown + small_html(self.status)

    @property
    def text(self) -> str:
        """The same as plain text."""
        table = build_table(self._schema, self._value).to_bundle()["text/plain"] if self._value else ""
        return "\n".join(filter(None, (table, self.status)))

    @property
    def status(self) -> str:
        """The number of complete items of a list."""
        if not self.is_list:
            return "" if self._fields else translate("Reading the result …")
        return translate("1 item so far" if self.count == 1 else "{count:,} items so far", count=self.count)

    @property
    def _value(self) -> Any:
        return list(self._items) if self.is_list else self._fields


def item_line(value: Any) -> str:
    """Return an item on one line, for a terminal."""
    cells = value.values() if isinstance(value, Mapping) else [value]
    return " · ".join(cell_text(each, MAX_CELL_CHARS) for each in cells)[:MAX_LINE_CHARS]
