"""The size of a text, and the cut of a longer one."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from mimo_magics.context import budget
from mimo_magics.context.budget import clean, count_bytes, truncate


@given(st.text(st.characters() | st.sampled_from("\r\n\0")), st.integers(2, 10))
def test_a_text_is_counted_in_chunks_as_in_one_piece(text: str, size: int) -> None:
    size_at_once = count_bytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "CHUNK_CHARS", size)
        assert count_bytes(text) == size_at_once


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_size_is_that_of_the_cleaned_text(text: str) -> None:
    assert count_bytes(text) == len(clean(text).encode())


def test_a_short_text_is_complete() -> None:
    assert truncate("a\r\nb", 200) == "a\nb"
