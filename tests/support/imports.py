"""The imports of the package, read from its source, late imports included."""

from __future__ import annotations

import ast
from pathlib import Path

from support.paths import PACKAGE

MODULES = sorted(PACKAGE.rglob("*.py"))


def module_name(module: Path) -> str:
    """Return the dotted name of a module: `mimo_magics.core.events`."""
    parts = module.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {module_name(module) for module in MODULES}


def entry(module: Path) -> str:
    """Return the top-level entry of the package that a module belongs to: `core`."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_names(module: Path, *, typing_too: bool = False) -> set[str]:
    """Return the absolute names of what a module imports, anywhere in it: `mimo_magics.core.events.Event`."""
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
    return names


def imported_modules(module: Path) -> set[str]:
    """Return the names of the modules of this package that a module imports, except for type checking."""
    found = set()
    for name in imported_names(module):
        owner = name.rpartition(".")[0]
        found |= {name} & NAMES or {owner} & NAMES
    return found


def _typing_only(tree: ast.Module) -> set[int]:
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    ]
    return {id(node) for block in blocks for node in ast.walk(block)}
