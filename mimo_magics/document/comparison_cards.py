"""The document of a comparison: a summary table and a card for each reply; in plain text the replies in a column.

The cards need no table and no script. They stay in place where styles are removed: one below the other, with rules
between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.i18n import translatables, translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.pricing import PRICES_AS_OF
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.document import styles
from mimo_magics.document.context_html import context_html
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.reply import (
    DisplayOptions,
    footer,
    reply_body_html,
    reply_plain_text,
    stop_text,
    total_time,
    wrap_html,
)
from mimo_magics.document.result_table import count_items
from mimo_magics.document.table import table_bundle

MAX_HEADING_CHARS = 200
"""Limit of the settings in the heading of a card, such as a system prompt."""
MAX_TITLE_CHARS = 40
"""Limit of the settings in the summary."""
MAX_FIRST_WORDS_CHARS = 20
"""Limit of the first words of a reply in the summary."""
SUMMARY_HEADERS = translatables(
    "", "tokens in → out", "seconds", "USD", "valid items", "errors", "first words"
)
MARKUP = re.compile(r"`{3,}\w*|[*`]+|(?:^|(?<=\s))(?:#+|[>|-])\s")
"""Marks of Markdown, which are left out of the first words."""
UNKNOWN = "–"
CARD_SEPARATOR = f'<hr style="{styles.HIDDEN}">'


@dataclass(frozen=True, slots=True)
class Card:
    """One reply of a comparison."""

    title: str
    """The settings in which it differs from the other replies."""
    reply: Reply | None = None
    """The reply, complete or not; `None` if nothing arrived."""
    note: str = ""
    """The reason if the reply is incomplete or missing."""
    notices: Sequence[str] = ()
    """Quiet lines about its turn."""


@dataclass(frozen=True, slots=True)
class _NumberedCard:
    """A card with its number."""

    number: int
    card: Card

    @property
    def heading(self) -> str:
        return card_heading(self.number, self.card.title)

    @property
    def metrics(self) -> str:
        reply = self.card.reply
        return " · ".join(filter(None, (footer(reply), total_time(reply)))) if reply else ""

    @property
    def note(self) -> str:
        """The reason why the reply is missing or did not end normally."""
        reply = self.card.reply
        return translate(self.card.note) or (stop_text(reply) if reply else translate("No reply."))

    @property
    def first_words(self) -> str:
        text = self.card.reply.text if self.card.reply else self.note
        return _truncate(MARKUP.sub("", text[: 4 * MAX_FIRST_WORDS_CHARS]), MAX_FIRST_WORDS_CHARS)


def comparison_bundle(
    cards: Iterable[Card],
    *,
    display_options: DisplayOptions = DisplayOptions(),
    caption: str = "",
    context: Sequence[ContextItem] = (),
) -> dict[str, str]:
    """Return a comparison as a MIME bundle.

    Args:
        cards: the replies. They are numbered from 1.
        display_options: how to show them.
        caption: a sentence below them.
        context: the context of the prompt, shown once above them.
    """
    replies = [_NumberedCard(*each) for each in enumerate(cards, 1)]
    footer_line = " · ".join(filter(None, (*_describe_models(replies), translate(caption))))
    grid = _render_grid(replies, display_options)
    html = context_html(context) + _render_summary(replies) + grid + small_html(footer_line)
    text = "\n\n".join(filter(None, (*map(_render_text, replies), translate(caption))))
    return {"text/html": wrap_html(html), "text/plain": replace_control_characters(text)}


def card_heading(number: int, title: str) -> str:
    """Return the number of a reply and its settings, on one line of limited length."""
    return f"{number} · {_truncate(translate(title), MAX_HEADING_CHARS)}"


def _describe_models(replies: Sequence[_NumberedCard]) -> Iterator[str]:
    """Yield the models, and the date of their prices if a cost is known."""
    found = [each.card.reply for each in replies if each.card.reply]
    yield from dict.fromkeys(reply.model for reply in found)
    if any(reply.cost for reply in found):
        yield translate("prices of {prices_as_of}", prices_as_of=PRICES_AS_OF)


def _render_summary(replies: Sequence[_NumberedCard]) -> str:
    """Return a table with a row for each reply, without the columns that have no values."""
    rows = [_summary_cells(each) for each in replies]
    columns = [
        column
        for column in zip(SUMMARY_HEADERS, *rows, strict=True)
        if any(cell != UNKNOWN for cell in column[1:])
    ]
    head, *body = zip(*columns, strict=True)
    return table_bundle(head, body, numeric_columns=SUMMARY_HEADERS[1:-1])["text/html"]


def _summary_cells(entry: _NumberedCard) -> tuple[str, ...]:
    reply = entry.card.reply
    usage, timing, cost = (reply.usage, reply.timing, reply.cost) if reply else (None, None, None)
    return (
        _truncate(entry.heading, MAX_TITLE_CHARS),
        f"{usage.input:,} → {usage.output:,}" if usage else UNKNOWN,
        f"{timing.total:.1f}" if timing else UNKNOWN,
        f"{cost:.4f}" if cost else UNKNOWN,
        *(
            (f"{count_items(reply):,}", f"{len(reply.errors):,}")
            if reply and reply.result
            else (UNKNOWN,) * 2
        ),
        entry.first_words,
    )


def _truncate(text: str, max_chars: int) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text[: 4 * max_chars].split())
    return line if len(line) <= max_chars else f"{line[:max_chars]}…"


def _render_grid(replies: Sequence[_NumberedCard], display_options: DisplayOptions) -> str:
    cards = CARD_SEPARATOR.join(_render_card(each, display_options) for each in replies)
    return f'<div style="{styles.CARD_GRID}">{cards}</div>'


def _render_card(entry: _NumberedCard, display_options: DisplayOptions) -> str:
    heading = f"<p><strong>{escape_html(entry.heading)}</strong></p>"
    note = f'<p dir="auto"><em>{escape_html(entry.note)}</em></p>' if entry.note else ""
    reply, notices = entry.card.reply, entry.card.notices
    options = replace(display_options, has_code_numbers=False)
    body = reply_body_html(reply, options, notices=notices) if reply else ""
    return f'<div style="{styles.CARD}">{heading}{note}{body}</div>'


def _render_text(entry: _NumberedCard) -> str:
    return "\n".join(
        filter(None, (entry.heading, entry.note, *_iter_text_lines(entry.card.reply), entry.metrics))
    )


def _iter_text_lines(reply: Reply | None) -> Iterator[str]:
    """Yield the reasoning as a Markdown quotation, the text, and the notes."""
    if reply:
        yield from (f"> {line}" for line in reply.reasoning.strip().splitlines())
        yield reply_plain_text(reply).strip() if reply.result else reply.text.strip()
        yield from (f"⚠ {translate(note)}" for note in reply.notes)
