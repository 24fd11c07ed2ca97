"""The clipboard of a terminal. A program asks for it by the escape sequence OSC 52, also over SSH."""

from __future__ import annotations

import sys
from base64 import b64encode

from mimo_magics.core.text import join_surrogates, replace_control_characters

MAX_ENCODED_CHARS = 100_000
"""Length of the encoded text up to which terminals accept it."""


def copy_to_clipboard(text: str) -> bool:
    """Ask the terminal to copy a text, and return whether it was short enough.

    A terminal that does not support this ignores it. Control characters are replaced: they could do harm where the
    user pastes.
    """
    encoded = b64encode(join_surrogates(replace_control_characters(text)).encode()).decode()
    if len(encoded) > MAX_ENCODED_CHARS:
        return False
    sys.stdout.write(f"\x1b]52;c;{encoded}\x07")
    sys.stdout.flush()
    return True
