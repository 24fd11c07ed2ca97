"""The summary of a run: totals, labels, numbers and lengths."""

from __future__ import annotations

from typing import Any

import pytest

from mimo_magics.batch.row_result import RowResult
from mimo_magics.batch.run_document import build_document
from mimo_magics.batch.summary import MAX_LABELS, RunSummary
from mimo_magics.core.errors import BudgetExceeded
from mimo_magics.core.messages import Usage


def summarize(values: list[Any], **fields: Any) -> RunSummary:
    summary = RunSummary()
    for place, value in enumerate(values):
        summary.add(RowResult(place, value, value, **fields), {"text": f"row {place}"})
    return summary


def bars(values: list[Any]) -> list[str]:
    text = build_document(summarize(values), 1.0, None)["text/plain"]
    table = text.split("\n\n")[1].splitlines()[1:]
    return [" ".join(line.split()[1:-1]) for line in table]


def test_few_short_values_are_labels() -> None:
    assert bars(["a", "b", "a", "a"]) == ["a 3", "b 1"]


def test_many_texts_are_a_histogram_of_their_lengths() -> None:
    found = bars(["x" * length for length in range(1, 61)])
    assert len(found) == 6
    assert found[0] == "1 – 10.8333 characters 10"


def test_many_numbers_are_a_histogram() -> None:
    assert bars([{"n": number} for number in range(60)])[0] == "0 – 9.83333 10"


def test_numbers_that_are_not_finite_and_objects_are_counted_without_harm() -> None:
    summary = summarize([{"n": float("nan")}, {"n": float("inf")}, {"n": [1]}, {"n": {"a": 1}}, {"n": None}])
    assert summary.columns["n"].labels.total() == 5
    assert build_document(summary, 1.0, None)["text/plain"]


def test_memory_for_labels_is_limited() -> None:
    summary = summarize([f"value {number}" for number in range(MAX_LABELS * 3)])
    counts = summary.columns["reply"]
    assert (counts.has_labels, len(counts.labels), len(counts.numbers)) == (False, 0, MAX_LABELS * 3)


def test_failures_are_first_and_their_errors_are_counted() -> None:
    summary = summarize(["a"])
    for place in (1, 2):
        summary.add(RowResult(place, error="no luck", usage=Usage(5, 0)), {"text": f"row {place}"})
    lines = build_document(summary, 2.0, BudgetExceeded("Used up.", "Raise it."))["text/plain"].splitlines()
    assert lines[:4] == [
        "1 of 3 rows have a value, 2 failed",
        "10 → 0 tokens · 2.0 s",
        "The run stopped: Used up. Raise it.",
        "✗ 2 × no luck",
    ]
    table = [line.split()[0] for line in lines if "row " in line and line[:3].strip().isdigit()]
    assert table == ["2", "3", "1"]


@pytest.mark.parametrize(("usd", "shown"), [(0.5, " · 0.5000 USD"), (None, ""), (0.0, "")])
def test_an_unknown_price_is_not_shown(usd: float | None, shown: str) -> None:
    line = build_document(summarize(["a"], usd=usd), 1.0, None)["text/plain"].splitlines()[1]
    assert line == f"0 → 0 tokens{shown} · 1.0 s"
