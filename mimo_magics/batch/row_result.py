"""The result of one row: a value or an error, never an exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mimo_magics.core.messages import Usage

REPLY_COLUMN = "reply"
"""The column of results that are not objects."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row."""

    index: int
    """Place of the row in the input, from 0."""
    value: Any = None
    """The text of the reply; with a schema the validated value. `None` after an error."""
    data: Any = None
    """The value as JSON."""
    text: str = ""
    """What the model wrote, also if it does not fit the schema."""
    error: str = ""
    """Why there is no value; empty if there is one."""
    usage: Usage = Usage()
    """Tokens of all requests of the row; none for a row that equals an earlier one."""
    usd: float | None = 0.0
    """Estimated cost in US dollars; `None` if the price is unknown."""
    seconds: float = 0.0
    """Duration of the calls, without waits for the limits of the service."""
    is_reused: bool = False
    """Whether the result was in the store, or is that of an equal row."""

    @property
    def tokens(self) -> int:
        """Tokens of input and output."""
        return self.usage.input + self.usage.output

    @property
    def fields(self) -> dict[str, Any]:
        """The columns of the value: the fields of an object, else `reply`. Empty after an error."""
        if self.error:
            return {}
        return dict(self.data) if isinstance(self.data, dict) else {REPLY_COLUMN: self.data}
