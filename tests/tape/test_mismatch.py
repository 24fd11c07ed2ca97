"""The differences between a request and the calls on a tape."""

from typing import Any

import pytest

from mimo_magics.core.text import INVISIBLE_CHARACTERS
from mimo_magics.tape.mismatch import describe_mismatch

BODY = {"messages": [{"content": "hello", "role": "user"}], "model": "mimo-v2-pro", "temperature": 0}
LONG = "It was a dark and stormy night, and the rain fell in torrents, except at times. " * 3


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ({**BODY, "temperature": 1}, "temperature is «1» (recorded: «0»)."),
        ({**BODY, "top_p": 0.5}, "top_p is «0.5» (recorded: missing)."),
        ({"messages": BODY["messages"], "model": "mimo-v2-pro"}, "temperature is missing (recorded: «0»)."),
        (
            {**BODY, "stream": True, "model": "m"},
            "model is «m» (recorded: «mimo-v2-pro»); stream is «True» (recorded: missing).",
        ),
        (
            {**BODY, "messages": []},
            "messages[0] is missing (recorded: «{'content': 'hello', 'role': '…»).",
        ),
        (None, "the body is «None» (recorded: «{'content': 'x'}»)."),
    ],
)
def test_each_difference_from_the_most_similar_call_is_reported(requested: Any, expected: str) -> None:
    recorded = [{"a": 1, "b": 2, "c": 3}, BODY] if requested else [{"content": "x"}]
    assert describe_mismatch(requested, recorded) == expected


def test_the_context_of_the_first_difference_in_a_long_text_is_reported() -> None:
    requested, recorded = {"content": LONG + "A" + LONG}, {"content": LONG + "B" + LONG}
    assert describe_mismatch(requested, [recorded]) == (
        "content is «…in torrents, except at times. AIt was a dark and stormy nigh…» "
        "(recorded: «…in torrents, except at times. BIt was a dark and stormy nigh…»)."
    )


def test_at_most_three_differences_are_reported() -> None:
    phrases = describe_mismatch(dict.fromkeys("abcde", 1), [{}])
    assert phrases.endswith("; c is «1» (recorded: missing); and 2 more.")


def test_a_tape_without_calls_of_this_kind_is_reported() -> None:
    assert describe_mismatch(BODY, []) == "The tape has no call to this endpoint."


@pytest.mark.parametrize(
    "recorded",
    [
        {"\x1b]0;title\x07\u202e": 1},
        {"content": "\x1b[2J\u202e\x9b1m\U000e0041"},
        {"x" * 1_000_000: {"y" * 1_000_000: 1}},
        {"content": "\x07" * 1_000_000},
        {f"name{number}": number for number in range(100_000)},
        {"deep": [[[[[["\u200b"]]]]]]},
    ],
    ids=["name", "value", "long names", "long value", "many", "deep"],
)
def test_quotes_from_a_hostile_tape_are_short_and_harmless(recorded: Any) -> None:
    line = describe_mismatch(BODY, [recorded])
    assert len(line) < 3_000
    assert INVISIBLE_CHARACTERS.findall(line) == []


@pytest.mark.parametrize(
    ("now", "then", "message"),
    [
        (True, 1, "seed is «True» (recorded: «1»)."),
        ("1", 1, "seed is «'1'» (recorded: «1»)."),
        (None, "None", "seed is «None» (recorded: «'None'»)."),
        ("a", "a\u200b", "seed is «a» (recorded: «a⟨U+200B⟩»)."),
    ],
    ids=repr,
)
def test_values_that_look_alike_are_reported_with_their_types(now: Any, then: Any, message: str) -> None:
    assert describe_mismatch({"seed": now}, [{"seed": then}]) == message
