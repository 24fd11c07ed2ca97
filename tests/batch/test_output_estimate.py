"""The output tokens that a call reserves."""

from __future__ import annotations

from mimo_magics.batch.output_estimate import MIN_SEEN, OutputEstimate


def test_the_default_holds_until_some_replies_have_been_seen() -> None:
    estimate = OutputEstimate(500)
    for _ in range(MIN_SEEN - 1):
        estimate.add(10)
    assert (estimate.tokens, estimate.mean) == (500, 10.0)
    estimate.add(10)
    assert estimate.tokens == 10


def test_nearly_all_replies_are_shorter_than_the_estimate() -> None:
    estimate = OutputEstimate(500)
    for tokens in range(1, 101):
        estimate.add(tokens)
    assert estimate.tokens == 96


def test_old_replies_are_forgotten_but_count_in_the_mean() -> None:
    estimate = OutputEstimate(500)
    for tokens in (*[1_000] * 400, *[10] * 400):
        estimate.add(tokens)
    assert (estimate.tokens, estimate.mean) == (10, 505.0)


def test_there_is_no_mean_without_a_reply() -> None:
    assert OutputEstimate(500).mean is None
