"""How an object speaks for itself: a registered function for its class, or its method `_ai_repr_`.

`_ai_repr_(**kwargs)` is the method of the Jupyter enhancement proposal 129. It returns text or a MIME bundle.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from mimo_magics.context.object_text import MAX_SECONDS, time_limit
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable

TEXT_MIME_TYPES = ("text/markdown", "text/plain")
PLAIN_TYPES = (str, int, float, type(None))
"""Types that never speak for themselves."""
_FUNCTIONS: dict[type, Callable[[Any], Any]] = {}


def register_context(kind: type, function: Callable[[Any], Any]) -> None:
    """Register how the objects of a class are inserted into a prompt. A later function replaces an earlier one.

        mimo_magics.register_context(Portfolio, lambda portfolio: portfolio.summary())

    Args:
        kind: the class; its subclasses follow it. Strings and numbers are always inserted as they are.
        function: returns the text of an object, or another value that is inserted in its place. It is not called with
            `share=schema`.

    Raises:
        BadOption: the first argument is no class, or the second one is no function.
    """
    if not isinstance(kind, type) or not callable(function):
        raise BadOption(
            Translatable("register_context needs a class and a function."),
            Translatable("Example: register_context(Portfolio, lambda value: value.summary())"),
        )
    _FUNCTIONS[kind] = function


def find_own_text(value: Any) -> tuple[bool, Any]:
    """Return whether an object speaks for itself, and what it returned: text, or a value to show instead."""
    kind = type(value)
    if issubclass(kind, PLAIN_TYPES):
        return False, None
    for base in kind.__mro__ if _FUNCTIONS else ():
        if base in _FUNCTIONS:
            returned = _FUNCTIONS[base](value)
            return True, _find_text(returned, returned)
    method = getattr(kind, "_ai_repr_", None)
    if not callable(method):
        return False, None
    with time_limit(MAX_SECONDS):
        returned = method(value, multimodal=False)
    if inspect.iscoroutine(returned):
        # An event loop may run already, so the method cannot be awaited here.
        returned.close()
        return False, None
    text = _find_text(returned, None)
    return text is not None, text


def _find_text(returned: Any, default: Any) -> Any:
    """Return the text of a string or of a MIME bundle, else the default."""
    if isinstance(returned, str):
        return returned
    if isinstance(returned, Mapping):
        texts = [returned[mime_type] for mime_type in TEXT_MIME_TYPES if mime_type in returned]
        return next((text for text in texts if isinstance(text, str)), default)
    return default
