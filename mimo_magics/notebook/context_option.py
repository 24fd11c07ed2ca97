"""The option `--context`: which cells of the notebook a prompt sends. Independent of IPython."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

SelectionKind = Literal["none", "last", "above", "errors", "cells"]
KINDS: tuple[SelectionKind, ...] = ("last", "above", "errors", "none")
"""The values of the option without `cells=…`."""
RANGES_PATTERN = re.compile(r"cells=(\d{1,6}(?:-\d{1,6})?(?:,\d{1,6}(?:-\d{1,6})?)*)")
MAX_CELLS = 1_000


@dataclass(frozen=True, slots=True)
class CellSelection:
    """The cells that a prompt sends."""

    kind: SelectionKind = "none"
    numbers: tuple[int, ...] = ()
    """The numbers between brackets beside the cells, in rising order, for `cells`."""


NO_CELLS = CellSelection()


def parse_selection(text: str) -> CellSelection:
    """Parse a value of `--context`, such as `above` or `cells=1-3,5`.

    Raises:
        ValueError: it has another form.
    """
    for kind in KINDS:
        if text == kind:
            return CellSelection(kind)
    match = RANGES_PATTERN.fullmatch(text)
    if not match:
        raise ValueError(text)
    numbers: set[int] = set()
    for part in match[1].split(","):
        low, _, high = part.partition("-")
        numbers.update(range(int(low), min(int(high or low), int(low) + MAX_CELLS) + 1))
    if not 0 < len(numbers) <= MAX_CELLS:
        raise ValueError(text)
    return CellSelection("cells", tuple(sorted(numbers)))
