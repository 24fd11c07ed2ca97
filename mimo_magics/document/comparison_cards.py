"""The document of a comparison: replies side by side in an HTML table, and one below the other in plain text."""

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
"""Columns of one row. Narrower columns are hard to read."""


@dataclass(frozen=True, slots=True)
class Column:
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
        return translate(self.column.note) or ("" if self.column.reply else translate("No reply."))


def comparison_bundle(
    columns: Iterable[Column], *, display_options: DisplayOptions = DisplayOptions(), caption: str = ""
) -> dict[str, str]:
    """Return a comparison as a MIME bundle.

    Args:
        columns: the replies. They are numbered from 1.
        display_options: how to show them.
        caption: a sentence below them.
    """
    replies = [_NumberedColumn(*each) for each in enumerate(columns, 1)]
    return {
        "text/html": wrap_html(_render_table(replies, display_options) + small_html(translate(caption))),
        "text/plain": replace_control_characters(
            "\n\n".join((*map(_render_text, replies), *filter(None, [translate(caption)])))
        ),
    }


def _render_table(replies: Sequence[_NumberedColumn], display_options: DisplayOptions) -> str:
    """Return a table with a body for each band of replies, so that Jupyter stripes all bands in the same way."""
    bands = "".join(
        f"<tbody>{''.join(_render_rows(band, display_options))}</tbody>" for band in _split_bands(replies)
    )
    return f"<table>{bands}</table>"


def _split_bands(replies: Sequence[_NumberedColumn]) -> Iterator[Sequence[_NumberedColumn]]:
    """Yield the smallest number of bands, of nearly equal width."""
    width = ceil(len(replies) / ceil(len(replies) / MAX_COLUMNS)) if replies else 1
    yield from (replies[start : start + width] for start in range(0, len(replies), width))


def _render_rows(band: Sequence[_NumberedColumn], display_options: DisplayOptions) -> Iterator[str]:
    yield _render_row("th", (escape_html(each.heading) for each in band), f' width="{100 // MAX_COLUMNS}%"')
    yield _render_row("td", (_render_reply(each, display_options) for each in band))
    yield _render_row("td", (small_html(each.metrics) for each in band))


def _render_row(tag: str, cells: Iterable[str], attributes: str = "") -> str:
    """Return a table row. A `div` aligns the content, because JupyterLab's CSS overrides the alignment of a cell."""
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
    """Yield the reasoning as a Markdown quotation, the text, and the notes."""
    if reply:
        yield from (f"> {line}" for line in reply.reasoning.strip().splitlines())
        yield reply.text.strip()
        yield from (f"⚠ {translate(note)}" for note in reply.notes)
