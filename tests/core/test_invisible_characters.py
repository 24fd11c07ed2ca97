"""Invisible characters are escaped, except in valid scripts and emoji."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.text import (
    DEFAULT_IGNORABLE,
    escape_every_invisible_character,
    escape_invisible_characters,
    split_unfinished_sequence,
)

TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "rm -rf ~")
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
WELL_FORMED = [
    SCOTLAND,
    "👨‍👩‍👧",  # a family, with joiners
    "❤️‍🔥",
    "1️⃣",
    "☎︎",
    "می‌خواهم",  # Persian, with a non-joiner
    "क्‍ष",  # Hindi, with a joiner
    "C++\u200e (שפה)",
    "葛\U000e0100城",  # an ideograph and its variant
    "ᠠ᠋",
    "ᄀ\u1160ᆨ",
]
HIDDEN = {
    "tag letters behind a flag": "\U0001f3f4" + TAGS,
    "a flag without an end": SCOTLAND[:-1],
    "variation selectors behind an emoji": "😀" + "\ufe0f\ufe0e\U000e0101",
    "a variation selector behind a letter": "a\ufe0f",
    "joiners between letters": "a\u200db\u200cc",
    "a run of joiners": "क\u200d\u200c\u200d",
    "marks of direction": "a\u200e\u200f\u200eb",
    "Korean fillers": "a\u3164b\uffa0c\u115f",
    "a joiner of accents": "a\u034fb",
    "a soft hyphen": "pass\xadword",
    "music": "\U0001d173\U0001d17a",
    "shorthand": "\U0001bca0",
    "an override": "a\u202egpj.exe",
    "a line of another kind": "a\u2028b",
}


@pytest.mark.parametrize("text", WELL_FORMED)
def test_valid_sequences_in_scripts_and_emoji_stay(text: str) -> None:
    assert escape_invisible_characters(text) == text


@pytest.mark.parametrize("text", HIDDEN.values(), ids=[*HIDDEN])
def test_hidden_characters_are_escaped(text: str) -> None:
    assert "⟨U+" in escape_invisible_characters(text)


@given(
    st.text(
        alphabet=st.sampled_from("\U0001f3f4😀a葛" + TAGS + "\ufe0f\u200d\u200c\U000e0100\u202e"), max_size=30
    )
)
def test_no_sequence_of_invisible_characters_remains(text: str) -> None:
    """Each visible character has at most one invisible one, except the flag of a region."""
    shown = escape_invisible_characters(text).replace(SCOTLAND, "")
    shown = shown.replace("\ufe0f\u200d", "\u200d")  # which emoji are joined with
    assert not any(is_invisible(one) and is_invisible(two) for one, two in pairwise(shown))


@given(st.text(max_size=60))
def test_arguments_contain_no_invisible_characters(text: str) -> None:
    shown = escape_every_invisible_character(text)
    hidden = [
        char for char in shown if is_invisible(char) or unicodedata.category(char) in ("Cc", "Zl", "Zp")
    ]
    assert set(hidden) <= {"\n", "\t"}


def is_invisible(character: str) -> bool:
    return escape_every_invisible_character(character) != character


def test_the_default_ignorable_characters_are_those_of_unicode() -> None:
    """Only format characters without a glyph count; Arabic number signs have one."""
    drawn = {
        0x110BD,
        0x110CD,
        *range(0x600, 0x606),
        0x6DD,
        0x70F,
        0x890,
        0x891,
        0x8E2,
        *range(0x13430, 0x13440),
    }
    formats = {number for number in range(0x110000) if unicodedata.category(chr(number)) == "Cf"} - drawn
    assert [hex(number) for number in sorted(formats) if not is_invisible(chr(number))] == []
    assert is_invisible(DEFAULT_IGNORABLE[0])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello", ("Hello", "")),
        ("Hi 👨", ("Hi ", "👨")),
        ("Hi 👨\u200d", ("Hi ", "👨\u200d")),
        ("x\ufe0f", ("x", "\ufe0f")),
    ],
)
def test_an_unfinished_sequence_is_held_back(text: str, parts: tuple[str, str]) -> None:
    assert split_unfinished_sequence(text) == parts
