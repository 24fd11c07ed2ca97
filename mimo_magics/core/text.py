"""Text of a stranger, for whatever shows text: what acts unseen there is taken out, or made visible."""

from __future__ import annotations

import html
import re

from mimo_magics.core.messages import join_surrogates

CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls but tab and line end, and what turns the direction of reading."""

INVISIBLE_CHARACTERS = re.compile(
    "\U0001f3f4[\U000e0020-\U000e007f]+"  # flags of regions are spelled in unseen letters: they may stay
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""What a page does not show but obeys or keeps: controls, overrides of direction, joints without width, tags.

Marks that Arabic, Hebrew, Indic scripts and emoji are written with (U+200C to U+200F) are no such characters.
"""


LINE_END = re.compile("\r\n?")


def replace_control_characters(text: str) -> str:
    """Put U+FFFD, character for character, where a terminal would obey; the length stays."""
    return CONTROL_CHARACTERS.sub("\ufffd", text)


def escape_invisible_characters(text: str) -> str:
    """Spell out what a page would obey or hide, such as ⟨U+202E⟩.

    Each kind of line end becomes the usual one, and characters whose halves came apart are whole again.
    """
    return INVISIBLE_CHARACTERS.sub(_spell_out, LINE_END.sub("\n", join_surrogates(text)))


def escape_html(text: str) -> str:
    """Return a stranger's text as HTML that shows all of it and does nothing."""
    return html.escape(escape_invisible_characters(text))


def _spell_out(match: re.Match[str]) -> str:
    characters = match[0]
    return characters if len(characters) > 1 else f"⟨U+{ord(characters):04X}⟩"
