"""Replies to one prompt side by side: as an HTML table, and as text one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from mimo_magics.core.i18n import say
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.document.reply import Look, body, enclosed, footer, small, whole_time

ABREAST = 3
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


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A reply with its number."""

    number: int
    column: Column

    @property
    def head(self) -> str:
        return f"{self.number} · {say(self.column.title)}"

    @property
    def figures(self) -> str:
        reply = self.column.reply
        return " · ".join(filter(None, (footer(reply), whole_time(reply)))) if reply else ""

    @property
    def note(self) -> str:
        return say(self.column.note) or ("" if self.column.reply else say("Nothing came."))


def bundle(columns: Iterable[Column], *, look: Look = Look(), caption: str = "") -> dict[str, str]:
    """Return replies as Jupyter's MIME bundle.

    Args:
        columns: the replies, in the order of their numbers, which begin with 1.
        look: how to show them.
        caption: a sentence beneath them.
    """
    replies = [_Numbered(*each) for each in enumerate(columns, 1)]
    return {
        "text/html": enclosed(_table(replies, look) + small(say(caption))),
        "text/plain": replace_control_characters(
            "\n\n".join((*map(_text, replies), *filter(None, [say(caption)])))
        ),
    }


def _table(replies: Sequence[_Numbered], look: Look) -> str:
    """Return bands of replies. Each is a body of its own, so that Jupyter shades the rows of all alike."""
    bands = "".join(f"<tbody>{''.join(_rows(band, look))}</tbody>" for band in _bands(replies))
    return f"<table>{bands}</table>"


def _bands(replies: Sequence[_Numbered]) -> Iterator[Sequence[_Numbered]]:
    """Yield as few bands as can be, of about the same width."""
    width = ceil(len(replies) / ceil(len(replies) / ABREAST)) if replies else 1
    yield from (replies[start : start + width] for start in range(0, len(replies), width))


def _rows(band: Sequence[_Numbered], look: Look) -> Iterator[str]:
    yield _row("th", (escape_html(each.head) for each in band), f' width="{100 // ABREAST}%"')
    yield _row("td", (_answer(each, look) for each in band))
    yield _row("td", (small(each.figures) for each in band))


def _row(tag: str, cells: Iterable[str], more: str = "") -> str:
    """Return a row. What a cell holds is aligned inside it: JupyterLab's own style of cells would win."""
    inner = (
        f'<{tag}{more} valign="top" style="vertical-align: top"><div align="left">{cell}</div></{tag}>'
        for cell in cells
    )
    return f"<tr>{''.join(inner)}</tr>"


def _answer(reply: _Numbered, look: Look) -> str:
    note = f'<p dir="auto"><em>{escape_html(reply.note)}</em></p>' if reply.note else ""
    return note + (enclosed(body(reply.column.reply, look)) if reply.column.reply else "")


def _text(reply: _Numbered) -> str:
    return "\n".join(filter(None, (reply.head, reply.note, *_words(reply.column.reply), reply.figures)))


def _words(reply: Reply | None) -> Iterator[str]:
    """Yield what a model thought, as a quotation in Markdown, what it said, and what there is to say of it."""
    if reply:
        yield from (f"> {line}" for line in reply.reasoning.strip().splitlines())
        yield reply.text.strip()
        yield from (f"⚠ {say(note)}" for note in reply.notes)
