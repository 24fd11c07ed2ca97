"""The context of a prompt in the document: one quiet line, which unfolds to the exact texts that were sent.

The names and texts may come from a notebook of somebody else. They are escaped, and the HTML is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.media_label import media_label
from mimo_magics.core.messages import ContextPart
from mimo_magics.core.text import escape_html
from mimo_magics.document.details import details_html
from mimo_magics.document.media_html import MediaItem, media_html

MAX_NAMED_ITEMS = 6
"""Items in the line."""
MAX_LISTED_ITEMS = 50
"""Items below the line."""
MAX_TEXT_CHARS = 100_000
"""Characters of all texts below the line, so that a saved reply stays small."""
MIN_SHOWN_COST = 0.0001


def context_line(items: Sequence[ContextItem]) -> str:
    """Return the context of a prompt as one line; empty without context."""
    if not items:
        return ""
    labels = [translate(item.label) for item in items[:MAX_NAMED_ITEMS]]
    if more := len(items) - MAX_NAMED_ITEMS if len(items) > MAX_NAMED_ITEMS else 0:
        labels.append(translate("{count} more", count=more))
    return translate("Context: {items}", items=" · ".join(labels))


def context_html(items: Sequence[ContextItem]) -> str:
    """Return the line with the texts that it unfolds to, and the pictures below it; empty without context."""
    if not items:
        return ""
    pictures = media_html(
        MediaItem(media_label(item.part), item.thumbnail)
        for item in items[:MAX_LISTED_ITEMS]
        if item.thumbnail and not isinstance(item.part, ContextPart)
    )
    return f"{_line_html(items)}{pictures}"


def _line_html(items: Sequence[ContextItem]) -> str:
    return details_html(context_line(items), "".join(_iter_item_html(items)), is_quiet=True)


def _iter_item_html(items: Sequence[ContextItem]) -> Iterator[str]:
    rest = MAX_TEXT_CHARS
    for item in items[:MAX_LISTED_ITEMS]:
        yield _paragraph_html(describe_item(item))
        if text := item.text[:rest]:
            yield f'<pre dir="auto">{escape_html(text)}</pre>'
        if omitted := len(item.text) - len(text):
            yield _paragraph_html(translate("{count:,} more characters were sent.", count=omitted))
        rest -= len(text)
    if omitted := len(items) - MAX_LISTED_ITEMS if len(items) > MAX_LISTED_ITEMS else 0:
        yield _paragraph_html(translate("{count} more", count=omitted))


def _paragraph_html(line: str) -> str:
    return f'<p dir="auto">{escape_html(line)}</p>'


def describe_item(item: ContextItem) -> str:
    """Return an item with its size, tokens and cost."""
    is_text = isinstance(item.part, ContextPart)
    parts = (
        translate(item.label),
        translate("about {tokens:,} tokens", tokens=item.tokens) if is_text and item.tokens else "",
        translate(_cost_text(item.cost)) if item.cost else "",
    )
    return " · ".join(filter(None, parts))


def _cost_text(cost: float) -> str:
    if cost < MIN_SHOWN_COST:
        return Translatable("under ${cents}", cents=MIN_SHOWN_COST)
    return Translatable("about ${cost:.4f}", cost=cost)
