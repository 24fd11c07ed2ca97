"""Display of untrusted text: control characters and invisible characters are replaced or made visible."""

from __future__ import annotations

import html
import re
import sys
from typing import Literal

CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters except tab and newline, and characters that change the text direction."""

DEFAULT_IGNORABLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Invisible characters: `Default_Ignorable_Code_Point` of Unicode 16, and U+FFF9 to U+FFFB."""

INVISIBLE_CHARACTERS = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029{DEFAULT_IGNORABLE}]")
"""Characters that a page does not show but interprets or preserves."""

MARKS, IDEOGRAPHS = "\u061c\u200c-\u200f", "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
UNJOINED = DEFAULT_IGNORABLE.replace("\ufe0f", "\ufe0e")
"""Characters that no joiner may follow. It may follow the variation selector of an emoji, U+FE0F."""
WELL_FORMED_SEQUENCES = "|".join(
    (
        # The flag of a region: a black flag, up to six tag letters, and the end tag.
        "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f",
        # One direction mark; one joiner after a letter that can be joined, or after an emoji.
        f"(?<![{MARKS}])[\u061c\u200e\u200f](?![{MARKS}])",
        f"(?<=[^\x00-\x7f{UNJOINED}])\u200d(?![{MARKS}])",
        f"(?<=[^\x00-\x7f{DEFAULT_IGNORABLE}])\u200c(?![{MARKS}])",
        # One variation selector after a character that has variants.
        "(?<=[0-9#*\xa9\xae\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f]",
        f"(?<=[\u2200-\u2aff{IDEOGRAPHS}])[\ufe00-\ufe02\U000e0100-\U000e01ef]",
        "(?<=[\u1820-\u18aa])[\u180b-\u180d\u180f]",
        # The filler of an old Korean syllable; the joiner of accents.
        "(?<=[\u1100-\u115e])\u1160|\u115f(?=[\u1161-\u11a2])|(?<=[\u0300-\u034e\u0591-\u05c7])\u034f",
    )
)
"""Valid uses of invisible characters in scripts and emoji."""
SHOWN_CHARACTERS = re.compile(f"(?P<well_formed>{WELL_FORMED_SEQUENCES})|{INVISIBLE_CHARACTERS.pattern}")
UNSEEN_CHARACTERS = re.compile(f"\r|{INVISIBLE_CHARACTERS.pattern}")
UNFINISHED_SEQUENCE = re.compile(
    f"[\u1100-\u115f\u1820-\u18aa\u203c-\u3299\U0001f000-\U0001faff{DEFAULT_IGNORABLE}]{{1,16}}\\Z"
)
"""The end of a text that the next piece may complete to a well-formed sequence."""

LINE_END = re.compile("\r\n?")


def join_surrogates(text: str) -> str:
    """Join surrogate pairs; a lone surrogate becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def replace_control_characters(text: str) -> str:
    """Replace each control character by U+FFFD; CR LF becomes LF."""
    return CONTROL_CHARACTERS.sub("\ufffd", text.replace("\r\n", "\n"))


def escape_invisible_characters(text: str) -> str:
    """Replace invisible characters by their code point, such as ⟨U+202E⟩. Valid scripts and emoji stay.

    All line endings become LF, and surrogate pairs are joined.
    """
    text = LINE_END.sub("\n", join_surrogates(text))
    # The search for one set of characters is much faster than that for all sequences.
    return (
        SHOWN_CHARACTERS.sub(_escape_unless_well_formed, text) if INVISIBLE_CHARACTERS.search(text) else text
    )


def escape_every_invisible_character(text: str) -> str:
    """Replace every invisible character by its code point, also in scripts and emoji, and each carriage return.

    Use it for text on which the user decides, such as the arguments of a tool call.
    """
    return UNSEEN_CHARACTERS.sub(_escape_each, join_surrogates(text))


def replace_unencodable_characters(
    text: str, errors: Literal["replace", "backslashreplace"] = "replace"
) -> str:
    """Return a text that standard output can encode. A pipe on Windows has the code page of the system.

    Args:
        text: the text to write.
        errors: the treatment of characters that the encoding lacks, as for `str.encode`.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    handler = getattr(sys.stdout, "errors", None) or "strict"
    if _is_encodable(text, encoding, handler):
        return text
    lacking = {each for each in set(text) if not _is_encodable(each, encoding, handler)}
    return text.translate({ord(each): each.encode("ascii", errors).decode() for each in lacking})


def _is_encodable(text: str, encoding: str, handler: str) -> bool:
    try:
        text.encode(encoding, handler)
    except UnicodeEncodeError:
        return False
    except LookupError:
        # A replaced stream may have the name of an unknown encoding.
        return True
    return True


def quote(text: str, max_chars: int) -> str:
    """Return untrusted text as a short quote without invisible characters."""
    shown = escape_every_invisible_character(text[:max_chars])
    return shown if len(text) <= max_chars and len(shown) <= max_chars else f"{shown[:max_chars]}…"


def quote_value(value: object, max_chars: int) -> str:
    """Return the `repr` of a value as a short quote, or its type if `repr` fails."""
    try:
        return quote(repr(value), max_chars)
    except Exception:  # noqa: BLE001  `repr` is code of the user, or the nesting is too deep
        return type(value).__name__


def split_unfinished_sequence(text: str) -> tuple[str, str]:
    """Split off the end of a streamed text if the next piece may belong to its last character."""
    match = UNFINISHED_SEQUENCE.search(text)
    return (text[: match.start()], match[0]) if match else (text, "")


def escape_html(text: str) -> str:
    """Return untrusted text as HTML that shows all of its characters and contains no markup."""
    return html.escape(escape_invisible_characters(text))


def _escape_unless_well_formed(match: re.Match[str]) -> str:
    return match[0] if match["well_formed"] else _escape_each(match)


def _escape_each(match: re.Match[str]) -> str:
    return "".join(f"⟨U+{ord(character):04X}⟩" for character in match[0])
