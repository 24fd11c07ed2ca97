"""Suggestions for a mistyped word."""

import pytest

from mimo_magics.core.suggest import did_you_mean

WORDS = ["temperature", "top_p", "timeout", "thinking"]
FALLBACK = "There are four."


@pytest.mark.parametrize(
    ("word", "suggested"),
    [
        ("temprature", "temperature"),
        ("top-p", "top_p"),
        ("temp", "temperature"),
        ("thi", "thinking"),
        ("thinking", "thinking"),
    ],
)
def test_the_most_similar_word_is_suggested(word: str, suggested: str) -> None:
    assert did_you_mean(word, WORDS, FALLBACK) == f"Did you mean {suggested}?"


def test_a_word_that_begins_with_the_input_is_preferred_to_a_similar_one() -> None:
    assert did_you_mean("temp", ["tempo", "temperature"], FALLBACK) == "Did you mean tempo?"
    assert did_you_mean("mode", ["node", "model_of_the_service"], FALLBACK) == (
        "Did you mean model_of_the_service?"
    )


@pytest.mark.parametrize("word", ["", "t", "th", "xyz"])
def test_without_a_similar_word_the_fallback_is_returned(word: str) -> None:
    assert did_you_mean(word, WORDS, FALLBACK) == FALLBACK


def test_without_candidates_the_fallback_is_returned() -> None:
    assert did_you_mean("temp", (), FALLBACK) == FALLBACK
