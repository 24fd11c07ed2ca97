"""A word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from mimo_magics.core.i18n import Words


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Advise the known word that was probably meant: the one it begins, else the one most like it."""
    known = list(known)
    begun = [each for each in known if len(word) > 2 and each.startswith(word)]
    near = begun or get_close_matches(word, known, 1)
    return Words("Did you mean {word}?", word=near[0]) if near else otherwise
