"""Budgets and spending."""

from math import inf

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import Usage
from mimo_magics.session.limits.budget import Budget, Spending, describe_spending, is_exceeded


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("2 USD", 2, "USD"),
        ("$2", 2, "USD"),
        ("$ 2.50", 2.5, "USD"),
        ("0.05 usd", 0.05, "USD"),
        (".05USD", 0.05, "USD"),
        ("1,250.75 USD", 1_250.75, "USD"),
        ("$1k", 1_000, "USD"),
        ("200k tokens", 200_000, "tokens"),
        ("1.5M tokens", 1_500_000, "tokens"),
        ("2.3k tokens", 2_300, "tokens"),
        ("5000 tokens", 5_000, "tokens"),
        ("  5,000   TOKENS ", 5_000, "tokens"),
        ("1 token", 1, "tokens"),
    ],
)
def test_common_notations_of_amounts_are_parsed(text: str, amount: float, unit: str) -> None:
    assert Budget.parse(text) == Budget(amount, unit)


@pytest.mark.parametrize(
    "text",
    [
        *("", "USD", "$", "tokens", "much", "NaN USD", "inf tokens", "2 EUR", "2 USD tokens"),
        *("200k", "2", "1.5M", "0 USD", "$0", "0.0k tokens", "-2 USD", "$-2", "2 USD a day"),
        *(
            "$2 USD",
            "$2 tokens",
            "2,5 USD",
            "1,00,000 tokens",
            "0,500 USD",
            "1e3 tokens",
            "٣ USD",
            "2 µ tokens",
        ),
        *("9" * 400 + " USD", "0." + "0" * 400 + "1 USD"),
    ],
)
def test_an_amount_must_be_above_0_and_have_a_unit(text: str) -> None:
    with pytest.raises(BadOption) as refusal:
        Budget.parse(text)
    assert (str(refusal.value), refusal.value.hint) == (
        f"A budget must be an amount, not {text!r}.",
        "Examples: 2 USD, 200k tokens.",
    )


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        (Budget(2.0, "USD"), "2 USD"),
        (Budget(0.05, "USD"), "0.05 USD"),
        (Budget(0.00001, "USD"), "0.00001 USD"),
        (Budget(1_500_000.0, "tokens"), "1,500,000 tokens"),
    ],
)
def test_a_budget_has_a_readable_text(budget: Budget, text: str) -> None:
    assert str(budget) == text


@given(st.floats(min_value=0, exclude_min=True, allow_infinity=False), st.sampled_from(["USD", "tokens"]))
def test_the_text_of_a_budget_can_be_parsed(amount: float, unit: str) -> None:
    assert Budget.parse(str(Budget(amount, unit))) == Budget(amount, unit)


@given(st.text(max_size=20) | st.from_regex(r"\A[$]?[0-9.,]{1,6}[kM]?( tokens| USD)?\Z"))
def test_any_text_is_a_budget_or_refused(text: str) -> None:
    try:
        amount = Budget.parse(text).amount
    except BadOption:
        return
    assert 0 < amount < inf


def test_spendings_add_up() -> None:
    assert Spending(10, 0.5) + Spending(5, 0.25) == Spending(15, 0.75)
    assert sum([Spending(1, 1.0), Spending(2, 2.0)], Spending()) == Spending(3, 3.0)


def test_a_sum_with_an_unknown_price_is_unknown() -> None:
    assert Spending(10, 0.5) + Spending(5, None) == Spending(15, None)
    assert Spending(10, None) + Spending(5, 0.5) == Spending(15, None)


@pytest.mark.parametrize(
    ("usage", "service", "model", "used"),
    [
        (Usage(1_000_000, 1_000_000), "mimo-v2", "mimo-v2-flash", Spending(2_000_000, 0.43)),
        (Usage(10, 5), "other", "mine", Spending(15, 0.0002)),
        (Usage(10, 5), "other", "someone-elses", Spending(15, None)),
        (Usage(10, 5), "local", "mimo-local", Spending(15, 0.0)),
        (Usage(), "other", "someone-elses", Spending()),
    ],
)
def test_tokens_have_their_price_and_the_embedded_model_is_free(
    usage: Usage, service: str, model: str, used: Spending
) -> None:
    assert Spending.from_usage(usage, service, model, {"mine": [10, 0, 20]}) == used


@pytest.mark.parametrize(
    ("budget", "used", "is_reached"),
    [
        (Budget(100, "tokens"), Spending(99, 9.0), False),
        (Budget(100, "tokens"), Spending(100, 0.0), True),
        (Budget(100, "tokens"), Spending(101, None), True),
        (Budget(2, "USD"), Spending(10**9, 1.99), False),
        (Budget(2, "USD"), Spending(1, 2.0), True),
        (Budget(0.5, "USD"), Spending(1, 0.6), True),
    ],
)
def test_a_budget_is_exceeded_when_it_is_used_up(budget: Budget, used: Spending, is_reached: bool) -> None:
    assert is_exceeded(budget, used, "m") is is_reached


def test_a_budget_in_dollars_requires_a_price() -> None:
    with pytest.raises(BadOption) as refusal:
        is_exceeded(Budget(2, "USD"), Spending(5, None), "my-model")
    assert (str(refusal.value), refusal.value.hint) == (
        "No price is known for my-model, so a budget in USD cannot be checked.",
        "Set its price with %mimo_config prices='{\"my-model\": [1, 0.1, 3]}', or set a budget in tokens.",
    )


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(200_000, "tokens"), "Used 201,234 of the budget of 200,000 tokens."),
        (Budget(2, "USD"), "Used 2.0123 of the budget of 2 USD."),
    ],
)
def test_the_used_part_of_a_budget_is_described(budget: Budget, words: str) -> None:
    assert describe_spending(budget, Spending(201_234, 2.01234)) == words
