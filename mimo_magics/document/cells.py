"""Cells of a table that are more than a text: a text on one line, and a number with a bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.text import escape_html, escape_invisible_characters

TRACK_COLOR = "rgba(128,128,128,0.2)"
BAR_CHARS = 10
"""Characters of the longest bar in plain text."""
BAR_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
MAX_TITLE_CHARS = 200
"""Characters of the whole text that a shortened cell has as its tooltip."""


class Cell(Protocol):
    """A cell with a form of its own in HTML."""

    @property
    def text(self) -> str:
        """The cell in plain text."""

    @property
    def html(self) -> str:
        """The cell as HTML. A style in it survives the sanitizers of Jupyter, or the cell is readable without it."""


@dataclass(frozen=True, slots=True)
class OneLine:
    """A text on one line, shortened. The whole text is its tooltip."""

    value: str
    max_chars: int

    @property
    def text(self) -> str:
        """The first characters of the text."""
        line = self._line
        return line if len(line) <= self.max_chars else f"{line[: self.max_chars - 1].rstrip()}…"

    @property
    def html(self) -> str:
        """The first characters, without a line break."""
        text, line = self.text, self._line
        title = f' title="{escape_html(line)}"' if line != text else ""
        return f'<span style="white-space:nowrap"{title}>{escape_html(text)}</span>'

    @property
    def _line(self) -> str:
        text = translate(self.value) if isinstance(self.value, Translatable) else self.value
        return escape_invisible_characters(" ".join(text[:MAX_TITLE_CHARS].split()))


@dataclass(frozen=True, slots=True)
class Bar:
    """A number with a bar for its share of the largest one."""

    number: str
    share: float | None = None
    """From 0 to 1; `None` shows no bar. A share above 0 is always visible."""
    color: str = ""

    @property
    def text(self) -> str:
        """The number, and a bar of block characters."""
        share = self.share or 0.0
        eighths = max(round(share * BAR_CHARS * 8), 1 if share else 0)
        bar = "█" * (eighths // 8) + BAR_EIGHTHS[eighths % 8]
        return f"{self.number} {bar:{BAR_CHARS}}"

    @property
    def html(self) -> str:
        """A bar on its track, and the number beside it."""
        number = f'<div style="min-width:4.2em;text-align:right;white-space:nowrap">{escape_html(self.number)}</div>'
        if self.share is None:
            return number
        width = max(round(self.share * 100, 1), 1 if self.share else 0)
        bar = f'<div style="width:{width:g}%;height:0.8em;background:{self.color}"></div>'
        track = f'<div style="width:4em;background:{TRACK_COLOR}">{bar}</div>'
        return f'<div style="display:flex;align-items:center;justify-content:flex-end;gap:0.4em">{track}{number}</div>'
