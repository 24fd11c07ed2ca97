"""How `map` goes about its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mimo_magics.batch.batch_run import DEFAULT_AT_ONCE, MAX_AT_ONCE, RunOptions
from mimo_magics.batch.rate_window import RateLimits
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.session.row_store_path import get_row_store_path


@dataclass(frozen=True, slots=True)
class MapOptions:
    """How `map` goes about its rows."""

    at_once: int = DEFAULT_AT_ONCE
    """The most calls at once."""
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    """The rate limits; by default those that the service documents."""
    store: str | Path | None = None
    """The file of the results; by default one beside the notebook, or `rows.mimo.sqlite`. `:memory:` saves none."""
    out: str | Path | None = None
    """The file of the output, if the rows are in a file."""

    def build(self) -> RunOptions:
        """Return the options of a run.

        Raises:
            BadOption: a number is not valid.
        """
        limits = (self.requests_per_minute, self.tokens_per_minute)
        for name, value, highest in (
            ("at_once", self.at_once, MAX_AT_ONCE),
            ("requests_per_minute", limits[0], None),
            ("tokens_per_minute", limits[1], None),
        ):
            if value is not None and (value < 1 or (highest and value > highest)):
                raise BadOption(
                    Translatable("{name} must not be {value}.", name=name, value=value),
                    Translatable("Use a number from 1 to {most:,}.", most=highest or 10**9),
                )
        store = get_row_store_path() if self.store is None else self.store
        return RunOptions(self.at_once, RateLimits(*limits) if any(limits) else None, store)


def split_options(options: Mapping[str, Any]) -> tuple[MapOptions, dict[str, Any]]:
    """Return the options of a run, and the other ones, which are settings."""
    own = {name: value for name, value in options.items() if name in MapOptions.__slots__}
    return MapOptions(**own), {name: value for name, value in options.items() if name not in own}
