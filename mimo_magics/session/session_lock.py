"""The lock of a session: one turn or one change at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mimo_magics.core.errors import SessionBusy
from mimo_magics.core.i18n import Translatable


class SessionLock:
    """Lets one caller at a time use a session, and refuses the others instead of waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counting = threading.Lock()
        """Held while usage is counted. One-off turns in other threads count while a turn holds the session."""
        self.listeners: list[Callable[[], None]] = []
        """Called after the lock was acquired or released, in the thread in which that happens."""

    @property
    def is_held(self) -> bool:
        """Whether a turn runs or a change is made."""
        return self._lock.locked()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock.

        Raises:
            SessionBusy: the lock is held already.
        """
        if not self._lock.acquire(blocking=False):
            raise SessionBusy(Translatable("The session is busy: another turn is running."))
        try:
            self._notify_listeners()
            yield
        finally:
            self._lock.release()
            self._notify_listeners()

    def _notify_listeners(self) -> None:
        for listener in self.listeners:
            listener()
