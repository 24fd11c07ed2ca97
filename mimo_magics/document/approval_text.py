"""A tool call as a person sees it before deciding on it: all of it, and nothing that cannot be seen.

A reading view may be lossy; this one is complete. What the tool gets is the parsed JSON, so that is what is shown:
dumped anew, with each invisible character spelled out and long runs of blanks counted.
"""

from __future__ import annotations

import re

from mimo_magics.core.i18n import translate
from mimo_magics.core.messages import ToolCall
from mimo_magics.core.text import escape_every_invisible_character
from mimo_magics.document.json_text import format_json

MAX_PAGE_CHARS = 1_500
MAX_PAGE_LINES = 30
"""What is in view at a time; the rest has to be opened."""
BLANK_RUN = re.compile(
    r"(?<=\S)[ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]{4,}|[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]+"
)
"""Blanks that push what stands behind them out of view; the indent of a line is ours."""
MARK_RUN = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4,}")
"""Accents in a pile, which cover the lines above and below."""
LINE_RUN = re.compile(r"\n{3,}")


def arguments_text(arguments: str) -> str:
    """Return the arguments of a call as canonical JSON; text that is no JSON as it is, with the same marks."""
    text = LINE_RUN.sub(_count_lines, format_json(arguments or "{}"))  # JSON has no empty lines
    text = MARK_RUN.sub(_spell_out_marks, escape_every_invisible_character(text))
    return BLANK_RUN.sub(_count_blanks, text)


def call_text(call: ToolCall) -> str:
    """Return the name and all arguments of a call."""
    return f"{escape_every_invisible_character(call.name)} {arguments_text(call.arguments)}"


def split_pages(text: str) -> list[str]:
    """Split a text into what is in view at a time; there is one page at least."""
    pages = []
    while (page := _first_page(text)) != text:
        pages.append(page)
        text = text[len(page) :]
    return [*pages, text]


def more_text(rest: str) -> str:
    """Say how much is not in view."""
    return translate("{count:,} more characters", count=len(rest))


def _first_page(text: str) -> str:
    """Return as much as is in view: whole lines, where they are not too long."""
    page = "".join(text[:MAX_PAGE_CHARS].splitlines(keepends=True)[:MAX_PAGE_LINES])
    end = page.rfind("\n") + 1
    return page[:end] if len(page) < len(text) and end > MAX_PAGE_CHARS // 2 else page


def _count_blanks(match: re.Match[str]) -> str:
    return translate("⟨blanks: {count}⟩", count=len(match[0])) if match[0] != "\t" else "⟨U+0009⟩"


def _spell_out_marks(match: re.Match[str]) -> str:
    return "".join(f"⟨U+{ord(mark):04X}⟩" for mark in match[0])


def _count_lines(match: re.Match[str]) -> str:
    return "\n" + translate("⟨empty lines: {count}⟩", count=len(match[0]) - 1) + "\n"
