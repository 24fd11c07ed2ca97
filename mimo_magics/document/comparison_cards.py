"""Replies to one prompt side by side: as an HTML table, and as text one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from mimo_magics.core.i18n import translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.document.reply import (
    DisplayOptions,
    footer,
    reply_body_html,
    small_html,
    total_time,
    wrap_html,
)

MAX_COLUMNS = 3
"""Replies beside each other at the most; what is narrower is hard to read."""


@dataclass(frozen=True, slots=True)
class Column:
    """One of the replies."""

    title: str
    """What sets it apart from the others."""
    reply: Reply | None = None
    """What came of it; `None` when nothing did."""
    note: str = ""
    """Why it is not whole, or not there."""
    notices: Sequence[str] = ()
    """Quiet lines about its turn."""


@dataclass(frozen=True, slots=True)
class _NumberedColumn:
    """A reply with its number."""

    number: int
    column: Column

    @property
    def heading(self) -> str:
        return f"{self.number} · {translate(self.column.title)}"

    @property
    def metrics(self) -> str:
        reply = self.column.reply
        return " · ".join(filter(None, (footer(reply), total_time(reply)))) if reply else ""

    @property
    def note(self) -> str:
        return translate(self.column.note) or ("" if self.column.reply else translate("Nothing came."))


def comparison_bundle(
    columns: Iterable[Column], *, display_options: DisplayOptions = DisplayOptions(), caption: str = ""
) -> dict[str, str]:
    """Return replies as Jupyter's MIME bundle.

    Args:
        columns: the replies, in the order of their numbers, which begin with 1.
        display_options: how to show them.
        caption: a sentence beneath them.
    """
    replies = [_NumberedColumn(*each) for each in enumerate(columns, 1)]
    return {
        "text/html": wrap_html(_render_table(replies, display_options) + small_html(translate(caption))),
        "text/plain": replace_control_characters(
            "\n\n".join((*map(_render_text, replies), *filter(None, [translate(caption)])))
        ),
    }


def _render_table(replies: Sequence[_NumberedColumn], display_options: DisplayOptions) -> str:
    """Return bands of replies. Each is a body of its own, so that Jupyter shades the rows of all alike."""
    bands = "".join(
        f"<tbody>{''.join(_render_rows(band, display_options))}</tbody>" for band in _split_bands(replies)
    )
    return f"<table>{bands}</table>"


def _split_bands(replies: Sequence[_NumberedColumn]) -> Iterator[Sequence[_NumberedColumn]]:
    """Yield as few bands as can be, of about the same width."""
    width = ceil(len(replies) / ceil(len(replies) / MAX_COLUMNS)) if replies else 1
    yield from (replies[start : start + width] for start in range(0, len(replies), width))


def _render_rows(band: Sequence[_NumberedColumn], display_options: DisplayOptions) -> Iterator[str]:
    yield _render_row("th", (escape_html(each.heading) for each in band), f' width="{100 // MAX_COLUMNS}%"')
    yield _render_row("td", (_render_reply(each, display_options) for each in band))
    yield _render_row("td", (small_html(each.metrics) for each in band))


def _render_row(tag: str, cells: Iterable[str], attributes: str = "") -> str:
    """Return a row. What a cell holds is aligned inside it: JupyterLab's own style of cells would win."""
    inner = (
        f'<{tag}{attributes} valign="top" style="vertical-align: top"><div align="left">{cell}</div></{tag}>'
        for cell in cells
    )
    return f"<tr>{''.join(inner)}</tr>"


def _render_reply(entry: _NumberedColumn, display_options: DisplayOptions) -> str:
    note = f'<p dir="auto"><em>{escape_html(entry.note)}</em></p>' if entry.note else ""
    reply, notices = entry.column.reply, entry.column.notices
    return note + (wrap_html(reply_body_html(reply, display_options, notices=notices)) if reply else "")


def _render_text(entry: _NumberedColumn) -> str:
    return "\n".join(
        filter(None, (entry.heading, entry.note, *_iter_text_lines(entry.column.reply), entry.metrics))
    )


def _iter_text_lines(reply: Reply | None) -> Iterator[str]:
    """Yield what a model thought, as a quotation in Markdown, what it said, and what there is to say of it."""
    if reply:
        yield from (f"> {line}" for line in reply.reasoning.strip().splitlines())
        yield reply.text.strip()
        yield from (f"⚠ {translate(note)}" for note in reply.notes)
