"""The current session: that of the notebook, or one of this process.

The usage of calls that belong to no session, such as those of prompt functions, counts in it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the extension loads this module; it must not load the sessions
    from mimo_magics.session.session import Session

SessionProvider = Callable[[], "Session | None"]
"""Returns the current session of the notebook; `None` outside of notebooks."""


def _find_no_session() -> Session | None:
    return None


_provider: SessionProvider = _find_no_session


def set_session_provider(provider: SessionProvider = _find_no_session) -> None:
    """Make a provider the source of the current session; without an argument, there is only that of this process."""
    global _provider  # noqa: PLW0603
    _provider = provider


def get_current_session() -> Session:
    """Return the session of the provider, or that of this process."""
    return _provider() or _create_process_session()


@cache
def _create_process_session() -> Session:
    from mimo_magics.session.session import Session

    return Session()
