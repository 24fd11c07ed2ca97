"""Find the converter of a class, also of a library that may not be installed. Nothing is imported."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, TypeVar

Converter = TypeVar("Converter")


def find_converter(kind: type, converters: Mapping[type | str, Converter]) -> Converter | None:
    """Return the first converter for a class or one of its base classes.

    Args:
        kind: the class of a value.
        converters: converters by class, or by the module and the name of a class, such as `pandas.DataFrame`.
    """
    for key, converter in converters.items():
        base = _find_class(key) if isinstance(key, str) else key
        if isinstance(base, type) and issubclass(kind, base):
            return converter
    return None


def _find_class(path: str) -> Any:
    """Return a class if its library is loaded. Without it no value can be of this class."""
    module_name, _, names = path.partition(".")
    found: Any = sys.modules.get(module_name)
    for name in names.split("."):
        found = getattr(found, name, None)
    return found
