"""The import graph of the package: figures on standard output, a picture for the documentation. `make graph`.

With a folder as its argument it measures the package there, and writes no picture.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from support.imports import LEVELS, entry, imported_modules, module_name, modules_of
from support.paths import PACKAGE, ROOT

PICTURE = ROOT / "docs" / "img" / "architecture.svg"
BOX_WIDTH, BOX_HEIGHT, COLUMN, ROW, MARGIN = 116, 40, 150, 92, 20
"""Pixels of the picture."""
COLUMNS = {"testing": 2}
"""Columns of packages whose arrow would otherwise pass behind another one."""
STYLE = """
    rect { fill: #f6f8fa; stroke: #57606a; }
    text { fill: #1f2328; font: 14px system-ui, sans-serif; text-anchor: middle; }
    .count { fill: #57606a; font-size: 11px; }
    line { stroke: #57606a; stroke-opacity: 0.45; marker-end: url(#head); }
    path { fill: #57606a; }
    @media (prefers-color-scheme: dark) {
      rect { fill: #161b22; stroke: #8b949e; }
      text { fill: #e6edf3; }
      .count { fill: #8b949e; }
      line { stroke: #8b949e; }
      path { fill: #8b949e; }
    }
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted of a package."""

    entries: int
    """Files and folders at its top, `py.typed` and data files included."""
    modules: int
    lines: int
    arrows: int
    """Pairs of top-level entries of which one imports the other, late imports included."""
    module_arrows: int
    chain: int
    """Modules of the longest import chain; 0 when there is a cycle."""
    cycles: int
    """Modules that are part of a cycle."""
    longest_module: str
    longest_function: str

    def __str__(self) -> str:
        return "\n".join(f"{name.replace('_', ' '):18} {getattr(self, name)}" for name in self.__slots__)


def figures(package: Path = PACKAGE) -> Figures:
    """Measure a package."""
    modules = modules_of(package)
    imports = {module_name(each): imported_modules(each) - {module_name(each)} for each in modules}
    cyclic = _in_cycles(imports)
    lines = {module_name(each): each.read_text(encoding="utf-8").count("\n") for each in modules}
    longest_module_name = max(lines, key=lines.__getitem__)
    return Figures(
        entries=sum(not each.name.startswith("__pycache__") for each in package.iterdir()),
        modules=len(modules),
        lines=sum(lines.values()),
        arrows=len(arrows(package)),
        module_arrows=sum(map(len, imports.values())),
        chain=0 if cyclic else _longest_chain(imports),
        cycles=len(cyclic),
        longest_module=f"{lines[longest_module_name]} lines: {longest_module_name}",
        longest_function="{} lines: {}".format(*max(_functions(modules))),
    )


def arrows(package: Path = PACKAGE) -> Counter[tuple[str, str]]:
    """Count the imports between top-level entries of the package."""
    found: Counter[tuple[str, str]] = Counter()
    for module in modules_of(package):
        for other in imported_modules(module):
            _, _, rest = other.partition(".")
            target = rest.partition(".")[0]
            if target and target != entry(module):
                found[entry(module), target] += 1
    return found


def _functions(modules: list[Path]) -> Iterator[tuple[int, str]]:
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno
                yield node.end_lineno - node.lineno + 1, f"{module_name(module)}.{node.name}"


def _in_cycles(imports: Mapping[str, set[str]]) -> set[str]:
    """Return the modules that import each other in a circle, or lie between two circles."""
    remaining = {name: set(others) for name, others in imports.items()}
    for graph in (remaining, _reversed(remaining)):
        while free := [name for name in graph if name in remaining and not graph[name] & remaining.keys()]:
            for name in free:
                del remaining[name]
    return set(remaining)


def _reversed(imports: Mapping[str, set[str]]) -> dict[str, set[str]]:
    return {name: {other for other, used in imports.items() if name in used} for name in imports}


def _longest_chain(imports: Mapping[str, set[str]]) -> int:
    length: dict[str, int] = {}
    for name in TopologicalSorter(imports).static_order():
        length[name] = 1 + max((length[other] for other in imports.get(name, ())), default=0)
    return max(length.values())


def picture() -> str:
    """Draw the packages, the lowest level at the bottom, with an arrow from each to what it imports.

    An arrow is left out where others lead the same way: `session` imports `core`, too.
    """
    counts = Counter(entry(module) for module in modules_of(PACKAGE))
    rows = [sorted(names & counts.keys()) for names in reversed(LEVELS) if names & counts.keys()]
    width = 2 * MARGIN + COLUMN * max(map(len, rows))
    places = {
        name: (MARGIN + COLUMN * (COLUMNS.get(name, column) + 0.5), MARGIN + ROW * number + BOX_HEIGHT / 2)
        for number, row in enumerate(rows)
        for column, name in enumerate(row)
    }
    height = 2 * MARGIN + ROW * (len(rows) - 1) + BOX_HEIGHT
    lines = "".join(_arrow(places[one], places[other]) for one, other in _direct(set(arrows())))
    boxes = "".join(_box(name, counts[name], *place) for name, place in places.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="Packages of mimo_magics and their imports">\n<style>{STYLE}</style>\n'
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>\n{lines}{boxes}</svg>\n'
    )


def _direct(arrows: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the arrows between packages that no way over another package replaces."""
    imported: dict[str, set[str]] = {}
    for one, other in arrows:
        if one != "__init__":
            imported.setdefault(one, set()).add(other)

    def reached(name: str) -> set[str]:
        others = imported.get(name, set())
        return others.union(*map(reached, others))

    for one, others in sorted(imported.items()):
        indirect = set().union(*map(reached, others))
        yield from ((one, other) for other in sorted(others - indirect))


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:g}" y1="{y1 + BOX_HEIGHT / 2:g}" x2="{x2:g}" y2="{y2 - BOX_HEIGHT / 2:g}"/>\n'


def _box(name: str, count: int, x: float, y: float) -> str:
    left, top = x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2
    modules = "module" if count == 1 else "modules"
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="5"/>'
        f'<text x="{x:g}" y="{y:g}">{name}</text>'
        f'<text class="count" x="{x:g}" y="{y + 14:g}">{count} {modules}</text>\n'
    )


def main() -> None:
    """Print the figures of a package; of this one, draw the picture, too."""
    if len(sys.argv) > 1:
        print(figures(Path(sys.argv[1])))
        return
    print(figures())
    PICTURE.write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
