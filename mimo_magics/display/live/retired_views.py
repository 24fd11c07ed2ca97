"""Widgets that their documents took the place of.

A page that was reloaded on the way never gets the document, but has the widgets as long as they live.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

MAX_RETIRED_VIEWS = 8


class Closable(Protocol):
    """Widgets of a cell."""

    def close(self) -> None:
        """Take them away."""


_retired: deque[Closable] = deque()


def retire(view: Closable) -> None:
    """Let widgets live on until some more have come to their end."""
    _retired.append(view)
    if len(_retired) > MAX_RETIRED_VIEWS:
        _retired.popleft().close()
