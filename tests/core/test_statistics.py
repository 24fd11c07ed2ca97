"""Intervals, paired tests and agreement, compared with statsmodels 0.15.0 and scikit-learn 1.9.1."""

from __future__ import annotations

from itertools import chain, repeat

import pytest

from mimo_magics.core.statistics import (
    Agreement,
    Interval,
    PairedTest,
    Rate,
    cohen_kappa,
    mcnemar_test,
    wilson_interval,
)

INTERVALS = [
    (0, 1, 0.0, 0.7934506856227627),
    (1, 1, 0.2065493143772374, 1.0),
    (0, 20, 0.0, 0.1611251580528194),
    (20, 20, 0.8388748419471804, 1.0),
    (1, 20, 0.008881448800795402, 0.2361311934467421),
    (12, 20, 0.3865815007622531, 0.781193467627183),
    (17, 20, 0.639581135259243, 0.9476312541037833),
    (99, 100, 0.9455138038212946, 0.9982325679358593),
    (500, 1000, 0.4690696003681042, 0.5309303996318958),
    (3, 7, 0.15821985525146964, 0.7495416354723428),
]
"""Successes, count, and `proportion_confint(…, alpha=0.05, method="wilson")` of statsmodels."""
P_VALUES = [
    (0, 0, 1.0),
    (1, 0, 1.0),
    (3, 7, 0.34375),
    (0, 6, 0.03125),
    (10, 10, 1.0),
    (25, 9, 0.00904118549078703),
    (200, 150, 0.008720036530555947),
    (1000, 1200, 2.1817026407914194e-05),
]
"""Pairs in which only the first or only the second is a success, and `mcnemar(…, exact=True)` of statsmodels."""
KAPPAS = [
    (20, 5, 10, 15, 0.4),
    (10, 0, 0, 10, 1.0),
    (0, 10, 10, 0, -1.0),
    (45, 15, 25, 15, 0.13043478260869568),
    (8, 1, 0, 1, 0.6153846153846154),
    (1, 0, 1, 0, 0.0),
    (9, 1, 1, 0, -0.10000000000000009),
]
"""Items that both, only the first, only the second and no rater accepts, and `cohen_kappa_score` of scikit-learn."""


def pairs(both: int, only_first: int, only_second: int, neither: int) -> list[tuple[bool, bool]]:
    counts = {(True, True): both, (True, False): only_first, (False, True): only_second}
    return [*chain(*(repeat(pair, count) for pair, count in counts.items())), *[(False, False)] * neither]


@pytest.mark.parametrize(("successes", "count", "low", "high"), INTERVALS)
def test_the_wilson_interval_equals_that_of_statsmodels(
    successes: int, count: int, low: float, high: float
) -> None:
    interval = wilson_interval(successes, count)
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-9, abs=1e-12)
    assert Rate(successes, count).interval == interval


def test_the_interval_has_the_given_confidence() -> None:
    interval = wilson_interval(12, 20, 0.9)
    assert (interval.low, interval.high) == pytest.approx((0.4185558502932586, 0.7576125822345484))


def test_nothing_counted_says_nothing() -> None:
    assert wilson_interval(0, 0) == Interval(0.0, 1.0)
    assert Rate(0, 0).share is None
    assert Rate(3, 4).share == 0.75


def test_the_ends_are_exact() -> None:
    assert [wilson_interval(0, count).low for count in range(1, 200)] == [0.0] * 199
    assert [wilson_interval(count, count).high for count in range(1, 200)] == [1.0] * 199


@pytest.mark.parametrize(("successes", "count"), [(3, 2), (-1, 2), (0, -1)])
def test_a_number_that_is_no_share_is_refused(successes: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"{successes} of {count} is not a share"):
        wilson_interval(successes, count)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_number_that_is_no_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="is not between 0 and 1"):
        wilson_interval(1, 2, confidence)


@pytest.mark.parametrize(("only_first", "only_second", "p_value"), P_VALUES)
def test_the_exact_mcnemar_test_equals_that_of_statsmodels(
    only_first: int, only_second: int, p_value: float
) -> None:
    test = mcnemar_test(pairs(5, only_first, only_second, 7))
    assert test == PairedTest(only_first, only_second, pytest.approx(p_value, rel=1e-9))


@pytest.mark.parametrize(("both", "only_first", "only_second", "neither", "kappa"), KAPPAS)
def test_kappa_equals_that_of_scikit_learn(
    both: int, only_first: int, only_second: int, neither: int, kappa: float
) -> None:
    agreement = cohen_kappa(pairs(both, only_first, only_second, neither))
    count = both + only_first + only_second + neither
    assert agreement == Agreement(count, both + neither, pytest.approx(kappa, abs=1e-12))


@pytest.mark.parametrize("rated", [[], [(True, True)] * 5, [(False, False)] * 2])
def test_kappa_is_not_defined_without_two_ratings(rated: list[tuple[bool, bool]]) -> None:
    assert cohen_kappa(rated) == Agreement(len(rated), len(rated), None)
