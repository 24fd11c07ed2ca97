"""Suggestions for misspelled words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from mimo_magics.core.i18n import Translatable


def did_you_mean(word: str, candidates: Iterable[str], fallback: str) -> str:
    """Return «Did you mean …?» with the candidate that starts with the word or resembles it most, else the fallback."""
    candidates = list(candidates)
    prefix_matches = [each for each in candidates if len(word) > 2 and each.startswith(word)]
    matches = prefix_matches or get_close_matches(word, candidates, 1)
    return Translatable("Did you mean {word}?", word=matches[0]) if matches else fallback
