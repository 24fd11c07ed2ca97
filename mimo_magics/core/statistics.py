"""Statistics of pass rates: an interval for a rate, a test for paired results, and the agreement of two raters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of successes."""

    successes: int
    count: int

    @property
    def share(self) -> float | None:
        """The share from 0 to 1; `None` if nothing was counted."""
        return self.successes / self.count if self.count else None

    @property
    def interval(self) -> Interval:
        """The 95 % Wilson interval."""
        return wilson_interval(self.successes, self.count)


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval of a share."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedTest:
    """The result of McNemar's test."""

    only_first: int
    """Pairs in which only the first is a success."""
    only_second: int
    """Pairs in which only the second is a success."""
    p_value: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two raters agree."""

    count: int
    """Number of the items that both rated."""
    agreed: int
    """Number of the items with equal ratings."""
    kappa: float | None
    """Cohen's kappa; `None` where it is not defined."""


def wilson_interval(successes: int, count: int, confidence: float = 0.95) -> Interval:
    """Return the Wilson score interval of a share, without continuity correction. Without a count it is 0 to 1.

    Source: E. B. Wilson, «Probable inference, the law of succession, and statistical inference», Journal of the American
    Statistical Association 22 (1927), 209-212; L. D. Brown, T. T. Cai and A. DasGupta, «Interval estimation for a
    binomial proportion», Statistical Science 16 (2001), 101-133, formula (4).

    Raises:
        ValueError: there are more successes than the count, a negative number, or a confidence outside of 0 to 1.
    """
    if not 0 <= successes <= count:
        raise ValueError(f"{successes} of {count} is not a share.")
    if not 0 < confidence < 1:
        raise ValueError(f"{confidence} is not between 0 and 1.")
    if not count:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, scale = successes / count, 1 + z**2 / count
    center = (share + z**2 / (2 * count)) / scale
    half_width = z * sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / scale
    # At the ends, the formula gives 0 and 1 but for rounding.
    low = 0.0 if successes == 0 else max(center - half_width, 0.0)
    high = 1.0 if successes == count else min(center + half_width, 1.0)
    return Interval(low, high)


def mcnemar_test(pairs: Iterable[tuple[bool, bool]]) -> PairedTest:
    """Return the exact McNemar test of paired results: the two-sided binomial test of the pairs that differ.

    The p-value is twice the tail of the binomial distribution with probability 1/2, and at most 1.

    Source: Q. McNemar, «Note on the sampling error of the difference between correlated proportions or percentages»,
    Psychometrika 12 (1947), 153-157; A. Agresti, «Categorical Data Analysis», 2nd ed. (2002), section 10.1.
    """
    different = [first for first, second in pairs if bool(first) != bool(second)]
    only_first = sum(map(bool, different))
    only_second = len(different) - only_first
    tail = sum(comb(len(different), each) for each in range(min(only_first, only_second) + 1))
    # The division of whole numbers is correct for any count, where a power of 1/2 is 0.
    return PairedTest(only_first, only_second, min(1.0, 2 * tail / 2 ** len(different)))


def cohen_kappa(pairs: Iterable[tuple[bool, bool]]) -> Agreement:
    """Return the agreement of two raters with two categories: Cohen's kappa, unweighted.

    Kappa is 1 for full agreement and 0 for that of chance. It is not defined without items, or where both raters gave
    all items the same rating.

    Source: J. Cohen, «A coefficient of agreement for nominal scales», Educational and Psychological Measurement 20
    (1960), 37-46, formula (1).
    """
    rated = [(bool(first), bool(second)) for first, second in pairs]
    count, agreed = len(rated), sum(first == second for first, second in rated)
    positive_first = sum(first for first, _ in rated)
    positive_second = sum(second for _, second in rated)
    # All terms are multiplied by the square of the count, so that chance is a whole number.
    chance = positive_first * positive_second + (count - positive_first) * (count - positive_second)
    if chance == count**2:
        return Agreement(count, agreed, None)
    return Agreement(count, agreed, (agreed * count - chance) / (count**2 - chance))
