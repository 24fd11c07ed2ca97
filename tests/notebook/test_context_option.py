"""The option `--context`."""

import re

import pytest

from mimo_magics.notebook.context_option import CellSelection, parse_selection


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ("none", CellSelection()),
        ("last", CellSelection("last")),
        ("above", CellSelection("above")),
        ("errors", CellSelection("errors")),
        ("cells=3", CellSelection("cells", (3,))),
        ("cells=5,1-3,2", CellSelection("cells", (1, 2, 3, 5))),
    ],
)
def test_a_value_selects_cells(text: str, selection: CellSelection) -> None:
    assert parse_selection(text) == selection


@pytest.mark.parametrize(
    "text", ["", "all", "cells", "cells=", "cells=3-1", "cells=1-", "cells=a", "cells=1-99999"]
)
def test_another_value_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_selection(text)
