"""Data frames of results. pandas is optional, and is imported when a frame is built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable

if TYPE_CHECKING:
    import pandas as pd


def build_frame(rows: Iterable[Mapping[str, Any]], index: range | None = None) -> pd.DataFrame:
    """Return a data frame of these rows.

    Raises:
        BadOption: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise BadOption(Translatable("pandas is not installed."), "pip install pandas") from None
    return pd.DataFrame([*rows], index=index)
