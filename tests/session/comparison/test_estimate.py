"""The estimated cost of a comparison."""

from __future__ import annotations

import pytest

from mimo_magics.core.i18n import translate
from mimo_magics.session.comparison.estimate import EXPECTED_OUTPUT_TOKENS, Estimate, estimate_spending
from mimo_magics.session.limits.budget import Budget, Spending
from mimo_magics.session.session import Session


def test_the_calls_add_up_and_those_without_a_price_are_counted() -> None:
    calls = [Spending(1_000, 0.25), Spending(2_000, None), Spending(3_000, 0.5)]
    assert Estimate.from_spending(calls) == Estimate(6_000, 0.75, priced_calls=2, unpriced_calls=1)


@pytest.mark.parametrize(
    ("budget", "exceeded"),
    [
        (Budget(5_999, "tokens"), True),
        (Budget(6_000, "tokens"), False),
        (Budget(0.7, "USD"), True),
        (Budget(0.75, "USD"), False),
    ],
)
def test_an_estimate_exceeds_a_budget_in_its_own_unit(budget: Budget, exceeded: bool) -> None:
    assert Estimate(6_000, 0.75, priced_calls=2, unpriced_calls=1).exceeds(budget) is exceeded


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(6_000, 0.0, 0, 2), "6,000 tokens"),
        (Estimate(6_000, 0.75, 2, 0), "6,000 tokens, 0.75 USD"),
        (Estimate(6_000, 0.75, 2, 1), "6,000 tokens, 0.75 USD and 1 call of unknown price"),
        (Estimate(6_000, 0.75, 2, 3), "6,000 tokens, 0.75 USD and 3 calls of unknown price"),
    ],
)
def test_an_estimate_names_calls_of_unknown_price(estimate: Estimate, text: str) -> None:
    assert translate(estimate.text) == text


@pytest.mark.parametrize(
    ("options", "output"),
    [({}, EXPECTED_OUTPUT_TOKENS), ({"max_tokens": 100}, 100), ({"max_tokens": 5_000}, 2_000)],
)
def test_a_call_is_expected_to_fill_its_limit_up_to_a_usual_reply(
    options: dict[str, int], output: int
) -> None:
    draft = Session(preset="mimo-v2", model="mimo-v2-pro", system="none", **options).draft("Hello")
    assert estimate_spending(draft).tokens == draft.tokens + output
