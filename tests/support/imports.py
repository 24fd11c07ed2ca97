"""The imports of the package, read from its source: all imports except those for type checking."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from support.paths import PACKAGE

LEVELS = [
    {"core"},
    {"wire", "document", "tape", "context"},
    {"tools"},
    {"client", "display"},
    {"session"},
    {"batch", "agent"},
    {"prompts"},
    {"notebook", "testing"},
]
"""The import law, from low to high: an entry of the package imports only from itself and from lower levels."""


def modules_of(package: Path = PACKAGE) -> list[Path]:
    """Return the modules of a package, in order."""
    return sorted(package.rglob("*.py"))


def module_name(module: Path) -> str:
    """Return the dotted name of a module: `mimo_magics.core.events`."""
    parts = module.relative_to(_package_of(module).parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def entry(module: Path) -> str:
    """Return the top-level entry of the package that a module belongs to: `core`."""
    return module.relative_to(_package_of(module)).parts[0].removesuffix(".py")


@cache
def imported_names(module: Path, *, typing_too: bool = False) -> frozenset[str]:
    """Return the absolute names that a module imports, late imports included: `mimo_magics.core.events.Event`."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    skipped = set() if typing_too else _typing_only(tree)
    names = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def imported_modules(module: Path) -> set[str]:
    """Return the names of the modules of the same package that a module imports."""
    known = _names(_package_of(module))
    found = set()
    for name in imported_names(module):
        owner = name.rpartition(".")[0]
        found |= {name} & known or {owner} & known
    return found


@cache
def _package_of(module: Path) -> Path:
    return next(parent for parent in reversed(module.parents) if parent.name == PACKAGE.name)


@cache
def _names(package: Path) -> frozenset[str]:
    return frozenset(module_name(module) for module in modules_of(package))


def _typing_only(tree: ast.Module) -> set[int]:
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    ]
    return {id(node) for block in blocks for node in ast.walk(block)}
