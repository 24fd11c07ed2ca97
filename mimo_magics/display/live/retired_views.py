"""Views that a document has replaced.

A page that was reloaded during the turn never receives the document. It shows the widgets as long as they exist.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

MAX_RETIRED_VIEWS = 8


class Closable(Protocol):
    """A view."""

    def close(self) -> None:
        """Remove its widgets."""


_retired: deque[Closable] = deque()


def retire(view: Closable) -> None:
    """Keep a view until `MAX_RETIRED_VIEWS` later ones are retired."""
    _retired.append(view)
    if len(_retired) > MAX_RETIRED_VIEWS:
        _retired.popleft().close()
