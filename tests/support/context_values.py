"""Values of every kind for prompts, and the fixed texts that a model receives for them.

`python -m support.context_values` prints the names of the texts that differ with the installed libraries, and
`python -m support.context_values --write` writes them again, for a review.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from support.paths import ROOT

TEXTS = ROOT / "tests" / "context" / "texts"
BUDGET = 4_000
SHARES = ("schema", "sample", "full")
ROWS = 30
CITIES = ["Taipei", "Oslo, Norge", 'the "Bay"', "高雄"]


class Color(enum.Enum):
    RED = "red"


class Point(NamedTuple):
    x: int
    y: float


@dataclass
class Report:
    """A report with a frame."""

    title: str
    points: list[Point]
    table: Any = None
    secret: str = field(default="sk-secret", repr=False)

    def mean(self, *, weights: list[float] | None = None, precision: int = 2) -> float:
        """Return the mean of all points."""
        return round(sum(point.y for point in self.points), precision)


class Portfolio:
    def _ai_repr_(self, **kwargs: Any) -> dict[str, Any]:
        return {"text/plain": f"a portfolio of 3 funds, multimodal={kwargs['multimodal']}", "image/png": b""}


class Sensor:
    def __repr__(self) -> str:
        return "Sensor(port='Keelung')"


def columns() -> dict[str, list[Any]]:
    """Return the columns of a frame, with missing values."""
    start = datetime(2024, 1, 1, 8, 30)  # noqa: DTZ001  a column without a time zone
    return {
        "id": list(range(ROWS)),
        "city": [CITIES[row % 4] if row % 7 else None for row in range(ROWS)],
        "price": [row / 7 if row % 5 else None for row in range(ROWS)],
        "sold": [row % 3 == 0 for row in range(ROWS)],
        "when": [start + timedelta(days=row) for row in range(ROWS)],
        "note": [f"note {row}: " + "a long text " * row for row in range(ROWS)],
    }


def pandas_frame() -> Any:
    import pandas as pd

    frame = pd.DataFrame(columns())
    frame["size"] = pd.Series([["S", "M", "L"][row % 3] for row in range(ROWS)], dtype="category")
    frame["count"] = pd.Series([row if row % 2 else None for row in range(ROWS)], dtype="Int64")
    frame["local"] = frame["when"].dt.tz_localize("Asia/Taipei")
    frame["took"] = [timedelta(seconds=90 * row) for row in range(ROWS)]
    frame["cost"] = [Decimal(row) / 4 for row in range(ROWS)]
    frame["tags"] = [["a", "b"][: row % 3] for row in range(ROWS)]
    frame["mixed"] = [[1, "x", Sensor()][row % 3] for row in range(ROWS)]
    frame["ratio"] = frame["price"].astype("float32")
    return frame


def polars_frame() -> Any:
    import polars as pl

    frame = pl.DataFrame(columns())
    return frame.with_columns(
        pl.Series("size", [["S", "M", "L"][row % 3] for row in range(ROWS)], dtype=pl.Categorical),
        pl.Series("local", frame["when"]).dt.replace_time_zone("Asia/Taipei"),
        pl.Series("took", [timedelta(seconds=90 * row) for row in range(ROWS)]),
        pl.Series("tags", [["a", "b"][: row % 3] for row in range(ROWS)]),
        pl.Series("ratio", frame["price"].cast(pl.Float32)),
    )


def arrow_table() -> Any:
    import pyarrow as pa

    halves = [
        pa.table({name: values[part] for name, values in columns().items()})
        for part in (slice(11), slice(11, None))
    ]
    table = pa.concat_tables(halves)
    table = table.append_column(
        "ns", pa.chunked_array([[10**9 * row for row in range(ROWS)]], pa.timestamp("ns", "UTC"))
    )
    table = table.append_column("kind", pa.array(["x", "y"] * 15).dictionary_encode())
    return table.append_column("pair", pa.array([{"a": row, "b": None} for row in range(ROWS)]))


def multi_index_series() -> Any:
    import pandas as pd

    index = pd.MultiIndex.from_product([["north", "south"], [2023, 2024, 2025]], names=["region", "year"])
    return pd.Series([1.5, None, 2.5, 3.0, 4.25, -1.0], index=index, name="level")


def small_pandas_frame() -> Any:
    import pandas as pd

    return pd.DataFrame({"a": [1, 2], "b": ["x", None]})


def wide_pandas_frame() -> Any:
    import pandas as pd

    return pd.DataFrame({f"column {number}": [number, number + 1] for number in range(60)})


def matrix() -> Any:
    import numpy as np

    return np.arange(400.0).reshape(20, 20)


def dates_array() -> Any:
    import numpy as np

    return np.array(["2024-01-01", "NaT", "2025-06-30T12:00:00"], dtype="datetime64[ns]")


def raised() -> Exception:
    try:
        {}["missing key"]
    except KeyError as error:
        error.__traceback__ = None
        return error
    raise AssertionError


def reply() -> Any:
    from mimo_magics.core.messages import Message, Reply, TextPart

    return Reply(Message("assistant", (TextPart("High tide is at noon."),)))


def pydantic_model() -> Any:
    from pydantic import BaseModel, SecretStr

    class Ship(BaseModel):
        name: str
        launched: date
        password: SecretStr = SecretStr("sk-secret")

    return Ship(name="Keelung", launched=date(2026, 1, 2))


def recursive_dict() -> Any:
    value: dict[str, Any] = {"name": "root"}
    value["self"] = value
    return value


VALUES: dict[str, Callable[[], Any]] = {
    "pandas_frame": pandas_frame,
    "pandas_frame_small": small_pandas_frame,
    "pandas_frame_wide": wide_pandas_frame,
    "pandas_series": multi_index_series,
    "pandas_index": lambda: pandas_frame().columns,
    "polars_frame": polars_frame,
    "polars_series": lambda: polars_frame()["city"],
    "polars_lazy": lambda: polars_frame().lazy(),
    "arrow_table": arrow_table,
    "arrow_array": lambda: arrow_table().column("price"),
    "numpy_matrix": matrix,
    "numpy_dates": dates_array,
    "dict_of_frames": lambda: {"orders": small_pandas_frame(), "rates": matrix()},
    "dataclass_with_frame": lambda: Report("Tides", [Point(1, 2.5)], small_pandas_frame()),
    "nested": lambda: {
        "rows": [{"port": "基隆", "depth": 15.5}] * 3,
        "when": date(2026, 1, 2),
        "kind": Color.RED,
    },
    "long_list": lambda: [f"{number}: {'a long text ' * 40}" for number in range(1_000)],
    "recursive_dict": recursive_dict,
    "pydantic_model": pydantic_model,
    "function": lambda: Report.mean,
    "class": lambda: Report,
    "builtin": lambda: divmod,
    "module": lambda: sys.modules["colorsys"],
    "error": raised,
    "reply": reply,
    "own_text": Portfolio,
    "object": Sensor,
    "plain_object": object,
    "bytes": lambda: "潮\n".encode() * 2,
    "date": lambda: datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    "path": lambda: PurePosixPath("/data/tides.csv"),
    "enum": lambda: Color.RED,
    "number": lambda: 2.5,
    "none": lambda: None,
    "string": lambda: "as it is {x}\n" * 3,
}
"""The values, by the name of their texts."""


def render(name: str, share: str) -> str:
    """Return the text of a value and its label, as one text."""
    import colorsys  # noqa: F401  a small module of the standard library

    from mimo_magics.context.value import render_value

    rendered = render_value("x", VALUES[name](), BUDGET, share)  # type: ignore[arg-type]
    return f"{rendered.text}\n\n[{rendered.kind}] {rendered.label}\n"


def texts() -> Iterator[tuple[Path, str]]:
    """Yield the file of each text, and the text with the installed libraries."""
    for name in VALUES:
        for share in SHARES:
            yield TEXTS / f"{name}.{share}.txt", render(name, share)


def main() -> None:
    """Write the texts, or print those that differ."""
    for file, text in texts():
        if "--write" in sys.argv:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        elif not file.is_file() or file.read_text(encoding="utf-8") != text:
            print(f"--- {file.name}\n{text}")


if __name__ == "__main__":
    # The names of the classes contain that of their module, which is not `__main__` in the tests.
    from support import context_values  # noqa: PLW0406  the module of that name

    context_values.main()
