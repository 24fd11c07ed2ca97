"""A Jupyter notebook that talks to the Xiaomi MiMo models.

In a notebook, `%load_ext mimo_magics` and then `%%mimo` cells. In plain Python:

    from mimo_magics import Session, ask

Importing this module imports no other of the package; names are fetched when they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mimo_magics.core.errors import MimoError
    from mimo_magics.core.messages import Reply
    from mimo_magics.core.version import __version__ as __version__
    from mimo_magics.notebook.extension import panel, sessions
    from mimo_magics.session.session import Session, ask
    from mimo_magics.tools.registry import tool

__all__ = ["MimoError", "Reply", "Session", "ask", "panel", "sessions", "tool"]

_HOMES = {
    "MimoError": "core.errors",
    "Reply": "core.messages",
    "Session": "session.session",
    "__version__": "core.version",
    "ask": "session.session",
    "panel": "notebook.extension",
    "sessions": "notebook.extension",
    "tool": "tools.registry",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Load the magics into a shell: `%load_ext mimo_magics`."""
    from mimo_magics.notebook.extension import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magics out of a shell: `%unload_ext mimo_magics`."""
    from mimo_magics.notebook.extension import unload

    unload(ipython)
