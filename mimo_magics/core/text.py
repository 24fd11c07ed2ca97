"""Text of a stranger, for whatever shows text: what acts unseen there is taken out, or made visible."""

from __future__ import annotations

import html
import re
import sys
from typing import Literal

CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls but tab and line end, and what turns the direction of reading."""

DEFAULT_IGNORABLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Characters that are drawn as nothing: `Default_Ignorable_Code_Point` of Unicode 16, and U+FFF9 to U+FFFB."""

INVISIBLE_CHARACTERS = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029{DEFAULT_IGNORABLE}]")
"""What a page does not show but obeys or keeps."""

MARKS, IDEOGRAPHS = "\u061c\u200c-\u200f", "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
UNJOINED = DEFAULT_IGNORABLE.replace("\ufe0f", "\ufe0e")
"""What no joiner follows; an emoji's own selector, U+FE0F, may have one behind it."""
WELL_FORMED_SEQUENCES = "|".join(
    (
        # the flag of a region: a black flag, up to six tag letters, and the tag that ends it
        "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f",
        # one mark of direction; one joiner behind a letter that may be joined, or an emoji
        f"(?<![{MARKS}])[\u061c\u200e\u200f](?![{MARKS}])",
        f"(?<=[^\x00-\x7f{UNJOINED}])\u200d(?![{MARKS}])",
        f"(?<=[^\x00-\x7f{DEFAULT_IGNORABLE}])\u200c(?![{MARKS}])",
        # one variation selector behind a character that has variants
        "(?<=[0-9#*\xa9\xae\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f]",
        f"(?<=[\u2200-\u2aff{IDEOGRAPHS}])[\ufe00-\ufe02\U000e0100-\U000e01ef]",
        "(?<=[\u1820-\u18aa])[\u180b-\u180d\u180f]",
        # the filler of an old Korean syllable; the joiner of accents
        "(?<=[\u1100-\u115e])\u1160|\u115f(?=[\u1161-\u11a2])|(?<=[\u0300-\u034e\u0591-\u05c7])\u034f",
    )
)
"""How scripts and emoji are written with such characters."""
SHOWN_CHARACTERS = re.compile(f"(?P<well_formed>{WELL_FORMED_SEQUENCES})|{INVISIBLE_CHARACTERS.pattern}")
UNSEEN_CHARACTERS = re.compile(f"\r|{INVISIBLE_CHARACTERS.pattern}")
UNFINISHED_SEQUENCE = re.compile(
    f"[\u1100-\u115f\u1820-\u18aa\u203c-\u3299\U0001f000-\U0001faff{DEFAULT_IGNORABLE}]{{1,16}}\\Z"
)
"""The end of a text that a next piece may still make a well-formed sequence."""

LINE_END = re.compile("\r\n?")


def join_surrogates(text: str) -> str:
    """Join characters whose two halves came apart; a half that stays alone becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def replace_control_characters(text: str) -> str:
    """Put U+FFFD, character for character, where a terminal would obey; CR LF becomes LF."""
    return CONTROL_CHARACTERS.sub("\ufffd", text.replace("\r\n", "\n"))


def escape_invisible_characters(text: str) -> str:
    """Spell out what a page would obey or hide, such as ⟨U+202E⟩; scripts and emoji stay as they are written.

    Each kind of line end becomes the usual one, and characters whose halves came apart are whole again.
    """
    text = LINE_END.sub("\n", join_surrogates(text))
    # one set of characters is searched for much faster than all the sequences
    return SHOWN_CHARACTERS.sub(_spell_out, text) if INVISIBLE_CHARACTERS.search(text) else text


def escape_every_invisible_character(text: str) -> str:
    """Spell out every character that is not seen, in scripts and emoji too, and each carriage return.

    For what a person decides on, such as the arguments of a tool call.
    """
    return UNSEEN_CHARACTERS.sub(_spell_out_each, join_surrogates(text))


def replace_unencodable_characters(
    text: str, errors: Literal["replace", "backslashreplace"] = "replace"
) -> str:
    """Return a text as the standard output can carry it: a pipe on Windows has the code page of the system.

    Args:
        text: what is to be written there.
        errors: what becomes of a character that its encoding lacks, as for `str.encode`.
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
    except LookupError:  # a stream of somebody else, which names no encoding that there is
        return True
    return True


def quote(text: str, max_chars: int) -> str:
    """Return a stranger's text as a message quotes it: short, and with nothing unseen in it."""
    shown = escape_every_invisible_character(text[:max_chars])
    return shown if len(text) <= max_chars and len(shown) <= max_chars else f"{shown[:max_chars]}…"


def quote_value(value: object, max_chars: int) -> str:
    """Return a value of any type as a message quotes it; its type, where Python cannot write it."""
    try:
        return quote(repr(value), max_chars)
    except Exception:  # noqa: BLE001  code of the person's own, or a value nested too deeply
        return type(value).__name__


def split_unfinished_sequence(text: str) -> tuple[str, str]:
    """Split off the end of a text that is still coming, where the next piece may belong to its last character."""
    match = UNFINISHED_SEQUENCE.search(text)
    return (text[: match.start()], match[0]) if match else (text, "")


def escape_html(text: str) -> str:
    """Return a stranger's text as HTML that shows all of it and does nothing."""
    return html.escape(escape_invisible_characters(text))


def _spell_out(match: re.Match[str]) -> str:
    return match[0] if match["well_formed"] else _spell_out_each(match)


def _spell_out_each(match: re.Match[str]) -> str:
    return "".join(f"⟨U+{ord(character):04X}⟩" for character in match[0])
