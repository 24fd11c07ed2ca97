"""Variables and choices for tests of completion."""

from collections import defaultdict
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pandas as pd

from mimo_magics.core.settings import Settings
from mimo_magics.notebook.completion.choices import Choices
from mimo_magics.notebook.completion.matcher import complete


@dataclass(frozen=True, slots=True)
class Slotted:
    inner: Any


class Booby:
    """An object whose properties must not be read."""

    plain = SimpleNamespace(leaf=1)

    @property
    def trap(self) -> None:
        raise AssertionError

    def method(self) -> None: ...


class Trapped(dict[str, Any]):
    def __missing__(self, key: str) -> None:
        raise AssertionError


class Broken:
    def __dir__(self) -> list[str]:
        raise RuntimeError


def clock() -> None: ...


VARIABLES = {
    "city": "Tokyo",
    "count": 3,
    "clock": clock,
    "_hidden": 1,
    "__never": 1,
    "booby": Booby(),
    "slotted": Slotted(SimpleNamespace(deep=1)),
    "rows": [{"first name": SimpleNamespace(x=1), "it's": 2, "{": 3, 4: 5}],
    "filled": defaultdict(dict, a={}),
    "trapped": Trapped(a=1),
    "broken": Broken(),
    "frame": pd.DataFrame({"town": [1], "year": [2]}),
}


CHOICES = Choices(Settings(), VARIABLES, sessions=("main", "my trip"), tools=("weather",))


def offered_texts(text: str, choices: Choices = CHOICES) -> list[str]:
    found = complete(text, choices)
    assert found
    return [each.text for each in found.candidates]


def completed_texts(text: str) -> list[str]:
    """Return the text with each candidate inserted."""
    found = complete(text, CHOICES)
    assert found
    assert text.endswith(found.fragment)
    return [f"{text.removesuffix(found.fragment)}{each.text}" for each in found.candidates]
