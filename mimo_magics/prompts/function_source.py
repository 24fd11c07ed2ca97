"""The source of a function of the notebook, with the imports and definitions that it needs."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

from mimo_magics.context.value import SCALAR_TYPES
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote

MAX_DEFINITIONS = 50
MAX_VALUE_CHARS = 1_000
MAX_NAME_CHARS = 60
NOTEBOOK = "__main__"
"""The module of what a notebook defines."""


@dataclass(slots=True)
class FunctionSource:
    """A function and what it needs."""

    name: str
    imports: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    """Assignments of constants of the notebook."""
    definitions: list[str] = field(default_factory=list)
    """Sources of functions and classes. The function itself is the last one."""
    missing: list[str] = field(default_factory=list)
    """Names whose values cannot be written as code."""
    cells: Sequence[str] = ()
    """The sources of the cells that ran."""

    def to_code(self, *, with_values: bool = True) -> str:
        """Return the code. Without values, constants of the notebook are left out."""
        heads = (self.imports, self.values if with_values else [])
        sections = ["\n".join(sorted(lines)) for lines in heads if lines]
        return "\n\n\n".join((*sections, *self.definitions))


def find_function_source(
    name: str, variables: Mapping[str, Any], cells: Sequence[str] = ()
) -> FunctionSource:
    """Return the source of a function or class with what it needs.

    Args:
        name: its name.
        variables: the variables of the notebook.
        cells: the sources of the cells that ran, as plain Python. The source of a class is found there.

    Raises:
        BadOption: there is no such function, or its source is unknown.
    """
    value = variables.get(name)
    if not isinstance(value, FunctionType | type):
        raise BadOption(
            Translatable("There is no function {name} in the notebook.", name=quote(name, MAX_NAME_CHARS)),
            Translatable("Run the cell that defines it first."),
        )
    found = FunctionSource(name, cells=cells)
    _add_definition(found, name, variables, {name})
    if not found.definitions:
        raise BadOption(
            Translatable("The source of {name} is unknown.", name=quote(name, MAX_NAME_CHARS)),
            Translatable("Use a function that a cell of this notebook defines."),
        )
    return found


def _add_definition(found: FunctionSource, name: str, variables: Mapping[str, Any], seen: set[str]) -> None:
    value = variables[name]
    source = _find_class(value.__name__, found.cells) if isinstance(value, type) else _get_source(value)
    if not source or len(found.definitions) >= MAX_DEFINITIONS:
        found.missing.append(name)
        return
    for each in _iter_names(source):
        if each in variables and each not in seen:
            seen.add(each)
            _add_needed(found, each, variables, seen)
    found.definitions.append(source)


def _add_needed(found: FunctionSource, name: str, variables: Mapping[str, Any], seen: set[str]) -> None:
    value = variables[name]
    if isinstance(value, ModuleType):
        root = value.__name__
        found.imports.append(f"import {root}" if root == name else f"import {root} as {name}")
    elif getattr(value, "__module__", None) == NOTEBOOK and isinstance(value, FunctionType | type):
        _add_definition(found, name, variables, seen)
    elif line := _import_line(name, value):
        found.imports.append(line)
    elif isinstance(value, SCALAR_TYPES) and len(repr(value)) <= MAX_VALUE_CHARS and _is_literal(repr(value)):
        found.values.append(f"{name} = {value!r}")
    else:
        found.missing.append(name)


def _import_line(name: str, value: Any) -> str:
    """Return the import of a function or class of a module; empty for other values."""
    module, original = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if not (isinstance(module, str) and isinstance(original, str) and original.isidentifier()):
        return ""
    if module in (NOTEBOOK, "builtins"):
        return ""
    alias = "" if original == name else f" as {name}"
    return f"from {module} import {original}{alias}"


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True


def _find_class(name: str, cells: Sequence[str]) -> str:
    """Return the source of the class that was defined last under a name. `inspect` does not find those of notebooks."""
    for cell in reversed(cells):
        if f"class {name}" not in cell:
            continue
        with suppress(SyntaxError, ValueError, RecursionError):
            for node in reversed(ast.parse(cell).body):
                if isinstance(node, ast.ClassDef) and node.name == name:
                    first = min((each.lineno for each in node.decorator_list), default=node.lineno)
                    return "\n".join(cell.split("\n")[first - 1 : node.end_lineno])
    return ""


def _get_source(value: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(value)).strip("\n")
    except (OSError, TypeError, ValueError, IndentationError):
        return ""


def _iter_names(source: str) -> Iterator[str]:
    """Yield the names that a source reads, in order."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    yield from dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
