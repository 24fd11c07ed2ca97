"""The laws of the house: who imports whom, and what loading the extension may load."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import mimo_magics

HOUSE = Path(mimo_magics.__file__).parent
ROWS = [
    "messages events errors json_form language models presets secret settings suggest words_zh_tw",
    "wire cell document grid options parameters snippets variables",
    "attempts catalogue client clock endpoint keys local local_server mcp_server profiles project tape tools weights",
    "session facade approval",
    "render",
    "cellrun cells whereabouts pump config configure resuming conversing conversations asking answers parsing afterwards comparing comparisons toolbox completion panels plain_magics taping testing magics extension",
]
"""The table of CONTRIBUTING.md: a module imports only from its own row or from rows above it here."""

ROW = {room: number for number, row in enumerate(ROWS) for room in row.split()}
NOTEBOOK_PACKAGES = {"IPython", "traitlets", "ipywidgets", "ipykernel"}
MODULES = sorted(HOUSE.rglob("*.py"))


def room(module: Path) -> str:
    return module.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(module: Path, *, typing_too: bool = False) -> set[str]:
    """Absolute names of what a module imports, anywhere in it."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    skipped = (
        set()
        if typing_too
        else {id(node) for block in ast.walk(tree) if for_typing(block) for node in ast.walk(block)}
    )
    names = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def for_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"


def rooms_used(module: Path) -> set[str]:
    parts = [name.split(".") for name in imports(module)]
    return {part[1] for part in parts if part[0] == "mimo_magics" and part[1] in ROW}


def test_every_module_has_a_row() -> None:
    assert {room(module) for module in MODULES} - {"__init__"} == set(ROW)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_module_imports_only_from_its_own_row_or_lower_ones(module: Path) -> None:
    if room(module) == "__init__":
        return
    assert {used for used in rooms_used(module) if ROW[used] > ROW[room(module)]} == set()


def test_the_plain_library_knows_no_notebook() -> None:
    plain = [module for module in MODULES if room(module) != "__init__" and ROW[room(module)] <= 3]
    used = {name.partition(".")[0] for module in plain for name in imports(module, typing_too=True)}
    assert used & NOTEBOOK_PACKAGES == set()


def test_render_knows_neither_client_nor_session() -> None:
    rendering = [module for module in MODULES if room(module) == "render"]
    assert {used for module in rendering for used in rooms_used(module)} & {
        "client",
        "session",
        "facade",
    } == set()


def test_only_the_client_and_the_tapes_know_httpx() -> None:
    assert {room(module) for module in MODULES if "httpx" in imports(module)} == {"client", "tape"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_modules_and_functions_stay_small(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert source.count("\n") <= 300 or module.name in DATA
    assert [node.name for node in functions if node.end_lineno - node.lineno >= 40] == []


DATA = {"words_zh_tw.py"}
"""One table and nothing else, as long as there are texts."""

HEAVY = {
    "filelock",
    "httpx",
    "anyio",
    "pydantic",
    "ipywidgets",
    "markdown_it",
    "mdit_py_plugins",
    "nh3",
    "rich",
    "xllamacpp",
}
ADDED = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "mimo_magics")
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_loading_the_extension_loads_nothing_heavy() -> None:
    printed = subprocess.run([sys.executable, "-c", ADDED], capture_output=True, text=True, check=True).stdout
    added = set(json.loads(printed))
    assert {name.partition(".")[0] for name in added} & HEAVY == set()
    assert {name for name in added if name.startswith("mimo_magics")} == {
        "mimo_magics",
        "mimo_magics.cellrun",
        "mimo_magics.cells",
        "mimo_magics.config",
        "mimo_magics.errors",
        "mimo_magics.extension",
        "mimo_magics.language",
        "mimo_magics.options",
        "mimo_magics.presets",
        "mimo_magics.project",
        "mimo_magics.settings",
        "mimo_magics.suggest",
    }


def test_importing_the_package_imports_none_of_its_modules() -> None:
    code = "import sys, mimo_magics; print([name for name in sys.modules if name.startswith('mimo_magics')])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "['mimo_magics']"
