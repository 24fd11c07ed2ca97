"""The usage of a session: tokens and costs of each turn, as rows, as a data frame and as a table with bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from mimo_magics.core.messages import Usage
from mimo_magics.core.text import replace_unencodable_characters
from mimo_magics.session.data_frame import build_frame
from mimo_magics.session.history import History
from mimo_magics.session.limits.unrecorded_calls import UnrecordedCalls
from mimo_magics.session.limits.usage_rows import UsageRow, build_usage_rows
from mimo_magics.session.limits.usage_table import usage_bundle

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The usage of a session, which displays itself as a table."""

    rows: tuple[UsageRow, ...]
    """The turns of the current branch, then those of other branches, then the calls that no turn holds."""

    @property
    def total(self) -> Usage:
        """Tokens of all calls."""
        return reduce(add, (row.usage for row in self.rows), Usage())

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame with a row for each turn, and one for the calls that no turn holds.

        The columns are the numbers of the turn and of its branch, the prompt, the model, the tokens of input, cached
        input, output and reasoning, the cost in US dollars, whether the cost uses a price of yours, whether the reply
        was reused, and the time.

        Raises:
            BadOption: pandas is not installed.
        """
        frame = build_frame(map(_build_frame_row, self.rows))
        # Numbers stay integers where one is missing.
        return frame.astype({"turn": "Int64", "branch": "Int64"}) if self.rows else frame

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        bundle = usage_bundle(self.rows)
        return {**bundle, "text/plain": replace_unencodable_characters(bundle["text/plain"])}

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]


def build_usage_report(
    history: History, prices: Mapping[str, Any] = {}, unrecorded: UnrecordedCalls = UnrecordedCalls()
) -> UsageReport:
    """Return the usage of a session. Arguments and errors are those of `build_usage_rows`."""
    return UsageReport(build_usage_rows(history, prices, unrecorded))


def _build_frame_row(row: UsageRow) -> dict[str, Any]:
    return {
        "turn": row.turn,
        "branch": row.branch,
        "prompt": row.prompt,
        "model": row.model,
        "input": row.usage.input,
        "cached": row.usage.cached,
        "output": row.usage.output,
        "reasoning": row.usage.reasoning,
        "cost": row.cost,
        "own_price": row.uses_own_price,
        "reused": row.is_cached,
        "time": _read_time(row.created_at),
    }


def _read_time(seconds: float | None) -> datetime | None:
    """Return a time of a file, which may be out of range."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
