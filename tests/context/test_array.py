"""Arrays and tensors: shape, type, range and some values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mimo_magics.context.value import render_value, summarize
from mimo_magics.core.settings import Share


def text_of(value: Any, budget: int = 20_000, share: Share = "sample") -> str:
    return summarize(value, budget, share).text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([1, 2, 2]), "shape 3, int64\nStatistics: 2 (2), 1 (1)\nValues:\n[1, 2, 2]"),
        (np.array(5.0), "shape (), float64\nValues:\n5.0"),
        (np.array([]), "shape 0, float64"),
        (np.zeros((2, 0)), "shape 2 x 0, float64"),
        (
            np.array([1.5, np.nan], "f4"),
            "shape 2, float32\nStatistics: 1.5 (1); 1 missing\nValues:\n[1.5, null]",
        ),
        (
            np.array([0.1, 0.2], "f4"),
            "shape 2, float32\nStatistics: 0.1 to 0.2, mean 0.15\nValues:\n[0.1, 0.2]",
        ),
        (np.array([True, False]), "shape 2, bool\nStatistics: true 1, false 1\nValues:\n[true, false]"),
        (
            np.array(["a", "a,b"]),
            'shape 2, string\nStatistics: 2 distinct, 1 to 3 characters\nValues:\n["a", "a,b"]',
        ),
        (np.array([1j]), "shape 1, complex128\nValues:\n[1j]"),
        (np.array([3600], "m8[s]"), "shape 1, duration\nValues:\n[1:00:00]"),
        (
            np.ma.array([1, 2], mask=[0, 1]),
            "shape 2, int64\nStatistics: 1 (1); 1 missing\nValues:\n[1, null]",
        ),
    ],
)
def test_an_array_is_described(value: Any, text: str) -> None:
    assert text_of(value) == f"numpy ndarray, {text}".replace("int64", str(np.dtype(int)))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_is_described_like_an_array() -> None:
    assert text_of(np.matrix([[1, 2], [2, 2]])) == text_of(np.array([[1, 2], [2, 2]]))


def test_a_large_array_shows_its_corners() -> None:
    assert text_of(np.arange(10**6).reshape(1000, 1000)).endswith(
        " …,\n [997000, 997001, 997002, …, 997997, 997998, 997999],\n"
        " [998000, 998001, 998002, …, 998997, 998998, 998999],\n"
        " [999000, 999001, 999002, …, 999997, 999998, 999999]]"
    )


@pytest.mark.parametrize("shape", [(10,) * 4, (3,) * 8, (100_000, 1), (1, 100_000), (2_000, 2_000)])
@pytest.mark.parametrize("budget", [200, 2_000, 20_000])
@pytest.mark.parametrize("share", ["schema", "sample", "full"])
def test_an_array_of_any_shape_fits(shape: tuple[int, ...], budget: int, share: Share) -> None:
    rendered = render_value("a", np.ones(shape), budget, share)
    assert rendered.size <= budget
    assert "cannot be shown" not in rendered.text


def test_full_sends_as_many_values_as_fit() -> None:
    assert text_of(np.arange(1000), share="full").endswith(", 998, 999]")
    assert "…" not in text_of(np.arange(1000), share="full")
    cut = text_of(np.arange(100_000), share="full")
    assert 6_000 < len(cut) <= 20_000
    assert "…" in cut


def test_an_array_without_contiguous_memory_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    broadcast = np.broadcast_to(np.arange(10), (10**9, 10))
    assert text_of(broadcast).startswith(
        "numpy ndarray, shape 1,000,000,000 x 10, int64\nStatistics (a sample"
    )


def test_the_label_tells_the_shape() -> None:
    assert (
        render_value("a", np.zeros((300, 200)), 20_000, "sample").label == "a 300 x 200, type and 36 values"
    )
