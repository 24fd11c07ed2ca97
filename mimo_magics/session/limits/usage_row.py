"""The usage of one turn."""

from __future__ import annotations

from dataclasses import dataclass

from mimo_magics.core.messages import Usage


@dataclass(frozen=True, slots=True)
class UsageRow:
    """The usage of one turn, or of all calls that no turn holds."""

    turn: int | None
    """Number on the current branch, as in `%mimo_session show`; `None` for other turns."""
    branch: int | None
    """Number among all turns, for `Session.switch`; `None` for calls that no turn holds."""
    prompt: str
    model: str
    usage: Usage
    cost: float | None
    """Estimated cost in US dollars; `None` if the price is unknown."""
    is_cost_partial: bool = False
    """Whether the cost lacks calls without a known price."""
    uses_own_price: bool = False
    """Whether the price is one of the setting `prices`."""
    is_cached: bool = False
    """Whether the reply was cached."""
    created_at: float | None = None
    """When the prompt was sent, in seconds since 1970."""
