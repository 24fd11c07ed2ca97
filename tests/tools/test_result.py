"""The result of a tool as text for the model."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from mimo_magics.core.settings import Share
from mimo_magics.tools.result import MAX_RESULT_BYTES, as_text, share_results

CANARY = "canary-7261"


class Markdown:
    def _repr_markdown_(self) -> str:
        return ""


@pytest.mark.parametrize("value", [None, "", " \n\t ", "\u3000", "\r\n", Markdown(), " " * 1_000_000])
def test_an_empty_result_becomes_a_note(value: object) -> None:
    assert as_text(value) == "(no output)"


@pytest.mark.parametrize("share", ["sample", "full"])
def test_a_frame_has_as_many_rows_as_fit(share: Share) -> None:
    with share_results(share):
        text = as_text(pd.DataFrame({"n": range(100), "m": 0}))
    assert text.endswith("All rows as CSV:\nn,m\n" + "\n".join(f"{number},0" for number in range(100)))


def test_a_long_string_keeps_its_head_and_its_tail() -> None:
    text = as_text("x" * 100_000)
    assert len(text.encode()) <= MAX_RESULT_BYTES
    assert "bytes left out" in text


@pytest.mark.parametrize(
    "build",
    [
        lambda: pd.DataFrame({"a": [CANARY]}, index=[CANARY]),
        lambda: {CANARY: [CANARY]},
        lambda: [{"a": CANARY}],
        lambda: ValueError(CANARY),
        lambda: (number for number in (CANARY,)),
    ],
)
def test_values_of_data_are_not_sent_with_share_schema(build: Callable[[], Any]) -> None:
    with share_results("schema"):
        hidden = as_text(build())
    assert CANARY not in hidden


@pytest.mark.parametrize(("value", "text"), [("text", "text"), (3, "3"), (2.5, "2.5"), (True, "true")])
def test_a_string_or_a_number_that_a_tool_returns_is_sent(value: object, text: str) -> None:
    with share_results("schema"):
        assert as_text(value) == text
