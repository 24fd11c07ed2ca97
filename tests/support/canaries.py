"""Values with a canary in every place where data can be: in cells, labels, names, categories, defaults and texts."""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from matplotlib.figure import Figure
from PIL import Image
from pydantic import BaseModel, ConfigDict, RootModel

NUMBER = 726_172_617
CANARY = f"canary-{NUMBER}"
BYTES = CANARY.encode()
FOUND = re.compile(r"canary|7.?261.?72|7\.26")


class Loud:
    """An object whose every text has the canary."""

    def __repr__(self) -> str:
        return CANARY

    __str__ = _repr_markdown_ = _repr_html_ = __repr__

    def _ai_repr_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": CANARY}


class LoudFrame(pd.DataFrame):
    _repr_markdown_ = Loud.__repr__

    def _ai_repr_(self, **_: Any) -> str:
        return CANARY


@dataclass
class Report:
    table: Any
    title: str = CANARY


class Pair(NamedTuple):
    first: Any
    second: Any


class Model(BaseModel):
    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True)
    table: Any
    names: dict[str, int]


def raised() -> Exception:
    try:
        raise ValueError(CANARY) from KeyError(CANARY)  # noqa: TRY301
    except ValueError as error:
        error.add_note(CANARY)
        return error


def with_default(value: Any = (CANARY, NUMBER)) -> Any:
    """Return the value."""
    return value


def recursive_list() -> list[Any]:
    found: list[Any] = [CANARY]
    found.append(found)
    return found


def function_of_data(value: str) -> Any:
    namespace = {"value": value}
    exec("def function(parameter=value): pass", namespace)
    return namespace["function"]


FRAME = pd.DataFrame(
    {
        "text": [CANARY, CANARY],
        "number": [NUMBER, NUMBER],
        "real": [NUMBER / 1e8, 1.0],
        "when": pd.to_datetime([NUMBER] * 2, unit="s"),
        "kind": pd.Categorical([CANARY, CANARY]),
        "list": [[CANARY], [NUMBER]],
        "object": [Loud(), Loud()],
        "bytes": [BYTES, BYTES],
    },
    index=pd.Index([CANARY, f"{CANARY} 2"], name="label"),
)
POLARS = pl.DataFrame(
    {
        "text": [CANARY],
        "number": [NUMBER],
        "list": [[CANARY]],
        "struct": [{"a": CANARY}],
        "kind": pl.Series([CANARY], dtype=pl.Categorical),
        "enum": pl.Series([CANARY], dtype=pl.Enum([CANARY])),
        "object": pl.Series([Loud()], dtype=pl.Object),
    }
)
ARROW = pa.table(
    {
        "text": [CANARY],
        "number": [NUMBER],
        "kind": pa.array([CANARY]).dictionary_encode(),
        "struct": [{"a": CANARY}],
        "bytes": [BYTES],
    },
    metadata={"note": CANARY},
)
VALUES: dict[str, Callable[[], Any]] = {
    "pandas frame": lambda: FRAME,
    "pandas frame that speaks for itself": lambda: LoudFrame(FRAME),
    "pandas multi-index": lambda: FRAME.set_index(["text", "number"]),
    "pandas series": lambda: FRAME["text"],
    "pandas row, which is named by its label": lambda: FRAME.iloc[0],
    "pandas index": lambda: FRAME.index,
    "pandas interval": lambda: pd.Series(pd.IntervalIndex.from_breaks([0, NUMBER])),
    "pandas categorical": lambda: FRAME["kind"],
    "pandas array": lambda: FRAME["kind"].array,
    "pandas group-by": lambda: FRAME.groupby("text"),
    "pandas groups": lambda: dict(list(FRAME.groupby("text"))),
    "polars frame": lambda: POLARS,
    "polars lazy frame": lambda: POLARS.lazy().filter(pl.col("text") == CANARY),
    "polars series": lambda: POLARS["enum"],
    "polars expression": lambda: pl.col("text") == CANARY,
    "polars type": lambda: pl.Enum([CANARY]),
    "arrow table": lambda: ARROW,
    "arrow batch": lambda: ARROW.to_batches()[0],
    "arrow chunked array": lambda: ARROW["kind"],
    "arrow array": lambda: pa.array([{"a": CANARY}]),
    "arrow scalar": lambda: pa.scalar(CANARY),
    "array of numbers": lambda: np.array([NUMBER]),
    "array of strings": lambda: np.array([[CANARY]]),
    "array of objects": lambda: np.array([Loud(), CANARY], dtype=object),
    "array of records": lambda: np.array([(NUMBER, CANARY)], dtype=[("a", "i8"), ("b", "U30")]),
    "masked array": lambda: np.ma.array([NUMBER], mask=[False], fill_value=NUMBER),
    "dict of frames": lambda: {CANARY: FRAME, "b": POLARS, "c": ARROW},
    "nested": lambda: {"a": [{"b": (FRAME, {CANARY: {CANARY}})}, deque([CANARY])]},
    "ordered and default dicts": lambda: [OrderedDict({CANARY: 1}), defaultdict(list, {CANARY: [NUMBER]})],
    "numbers": lambda: [NUMBER, float(NUMBER), NUMBER / 1e8],
    "views": lambda: ({CANARY: 1}.keys(), {CANARY: CANARY}.values(), {CANARY: 1}.items()),
    "proxy": lambda: MappingProxyType({CANARY: CANARY}),
    "namespace": lambda: SimpleNamespace(name=CANARY),
    "dataclass with a frame": lambda: Report(FRAME),
    "dataclass of a function": lambda: make_dataclass("Row", ["a"])(Report(POLARS)),
    "named tuple": lambda: Pair(CANARY, FRAME),
    "pydantic": lambda: Model(table=FRAME, names={CANARY: 1}, **{CANARY: CANARY}),
    "pydantic root": lambda: RootModel[list[str]]([CANARY]),
    "object": Loud,
    "objects": lambda: [Loud(), {"a": Loud()}],
    "error": raised,
    "errors": lambda: [raised(), ExceptionGroup(CANARY, [raised()])],
    "bytes": lambda: [BYTES, bytearray(BYTES), memoryview(BYTES)],
    "iterator": lambda: iter([CANARY]),
    "figure": lambda: Figure().suptitle(CANARY).figure,
    "image": lambda: Image.new("RGB", (NUMBER % 89, 1)),
    "default of a function": lambda: {"f": with_default},
    "recursive": recursive_list,
    "function without source": lambda: function_of_data(CANARY),
    "range": lambda: range(NUMBER),
    "slice": lambda: slice(CANARY, NUMBER),
}
