"""The valid items of a list while the reply streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mimo_magics.session.structured.item_splitter import ItemSplitter
from mimo_magics.session.structured.reading import read_item_text
from mimo_magics.session.structured.schema import ResultSchema
from mimo_magics.session.structured.validation import ValidItem


class ItemStream:
    """Takes the text of a reply piece by piece and yields the items that are complete and fit the schema."""

    def __init__(self, schema: ResultSchema) -> None:
        self._schema = schema
        self._splitter = ItemSplitter(schema.item_properties)

    def feed(self, text: str) -> Iterator[Any]:
        """Yield the objects that this piece completes. Numbers and texts in a list are complete with their delimiter."""
        for item in self.feed_items(text):
            yield item.value

    def feed_items(self, text: str) -> Iterator[ValidItem]:
        """Yield the same with their JSON."""
        for source in self._splitter.feed(text):
            item = read_item_text(source, self._schema)
            if isinstance(item, ValidItem):
                yield item
