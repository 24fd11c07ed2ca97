"""Types and functions for tests of tool schemas."""

import json  # noqa: F401  an annotation of `taking` may name it as text
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

from pydantic import BaseModel, Field
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12


class Unit(Enum):
    METRES = "m/s"
    KNOTS = "kn"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: int
    title: str = "here"
    tags: list[str] = field(default_factory=list)


class Circle(BaseModel):
    """All around."""

    kind: Literal["circle"] = "circle"
    radius: Annotated[float, Field(gt=0, description="in metres")]


class Square(BaseModel):
    kind: Literal["square"] = "square"
    side: float
    corner: Point | None = None


class Row(TypedDict):
    title: str
    count: NotRequired[int]


class Pair(NamedTuple):
    a: int
    b: str


Shape = Annotated[Circle | Square, Field(discriminator="kind")]


def taking(hint: Any, **default: Any) -> Any:
    """Return a function with one parameter of this type."""

    def function(value: Any = None) -> None: ...

    function.__annotations__ = {"value": hint}
    function.__defaults__ = tuple(default.values()) or None
    return function


def wind(place: str, days: int = 3, unit: Unit = Unit.METRES, raw=None) -> list[float]:
    """Tell the wind of the coming days.

    Speeds are means of an hour.

    Args:
        place: Where, in English.
        days (int, optional): How many,
            today among them.
        unit: Of the speeds.

    Returns:
        One speed for each hour.
    """
    return []
