"""The text that an object has for itself: `_repr_markdown_`, `str` or `repr`, within a limit of time.

These methods are code of the object. An error in them is raised to the caller. Where the process allows it, a method
that does not return is ended after `MAX_SECONDS`: by a timer of the operating system, which works in the main thread
and not on Windows. Elsewhere, as in the thread of a tool, an interrupt or Stop ends it. No method of an object without
a text of its own is called, because `object.__repr__` tells only an address, which differs in each process.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from numbers import Number
from pathlib import PurePath
from typing import Any
from uuid import UUID

MAX_SECONDS = 2.0
"""Limit for the method of an object. Formatting a large object takes a fraction of it."""
STR_TYPES = (Number, PurePath, UUID, timedelta)
"""Types whose `str` is clearer than their `repr`, such as `Decimal` and `Path`."""

class_name: Callable[[type], str] = vars(type)["__name__"].__get__
"""The name of a class, independent of its metaclass."""


class TextTimeout(Exception):
    """A method of an object did not return in time."""


class _TimerEnded(BaseException):
    """Raised in the method. A method that catches `Exception` does not catch it."""


def object_text(value: Any, *, prefers_repr: bool = False) -> str:
    """Return the text of an object: its Markdown, else its `str` or `repr`, else its class.

    Args:
        value: the object.
        prefers_repr: whether its `repr` comes before its `str`, as in a container.

    Raises:
        Exception: a method of the object failed, or did not return in time.
    """
    kind = type(value)
    with time_limit(MAX_SECONDS):
        if isinstance(text := getattr(kind, "_repr_markdown_", lambda _: None)(value), str):
            return str.__str__(text)
        is_clear = issubclass(kind, STR_TYPES)
        if _defines(kind, "__repr__") and not is_clear and (prefers_repr or not _defines(kind, "__str__")):
            return str.__str__(repr(value))
        if is_clear or _defines(kind, "__str__"):
            return str.__str__(str(value))
    return f"(a {class_name(kind)} object)"


def _defines(kind: type[Any], name: str) -> bool:
    """Return whether a class has a method of its own, and not that of every object."""
    return getattr(kind, name) is not getattr(object, name)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End the block with `TextTimeout` after some seconds, where the process allows it.

    Raises:
        TextTimeout: the block took longer.
    """
    if not _is_timer_free():
        yield
        return
    is_active = True

    def end(*_: object) -> None:
        if is_active:
            raise _TimerEnded

    previous = signal.signal(signal.SIGALRM, end)
    try:
        # The timer goes off again, because an exception in a destructor or a callback is not raised.
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
        yield
    except _TimerEnded:
        raise TextTimeout from None
    finally:
        is_active = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _is_timer_free() -> bool:
    """Return whether this thread may use the timer, and no other code uses it."""
    return (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, signal.SIG_IGN)
        and signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    )
