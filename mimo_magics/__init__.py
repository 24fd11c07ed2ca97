"""A Jupyter notebook that talks to the Xiaomi MiMo models.

In a notebook, `%load_ext mimo_magics` and then `%%mimo` cells. In plain Python:

    from mimo_magics import Session, ask

Importing this module imports no other of the package; names are fetched when they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mimo_magics.errors import MimoError
    from mimo_magics.extension import panel, sessions
    from mimo_magics.messages import Reply
    from mimo_magics.session import Session, ask
    from mimo_magics.tools import tool

__version__ = "0.1.0.dev0"

__all__ = ["MimoError", "Reply", "Session", "ask", "panel", "sessions", "tool"]

_HOMES = {
    "MimoError": "errors",
    "Reply": "messages",
    "Session": "session",
    "ask": "session",
    "panel": "extension",
    "sessions": "extension",
    "tool": "tools",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Load the magics into a shell: `%load_ext mimo_magics`."""
    from mimo_magics.extension import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magics out of a shell: `%unload_ext mimo_magics`."""
    from mimo_magics.extension import unload

    unload(ipython)
