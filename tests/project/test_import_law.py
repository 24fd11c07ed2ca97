"""The import law: which package may import which, and what loading the extension may import."""

import ast
import json
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from support.graph import PICTURE, figures, picture
from support.imports import LEVELS, entry, imported_modules, imported_names, module_name, modules_of
from support.paths import PACKAGE

MODULES = modules_of()
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}
WITHOUT_DISPLAY = {"session", "batch", "prompts"}
"""Packages that never import `display`. They use only the renderer protocol of `core`."""
NOTEBOOK_PACKAGES = {"IPython", "traitlets", "ipywidgets", "ipykernel"}
HTTP_PACKAGES = {"client", "tape"}


def packages_of(modules: set[str]) -> set[str]:
    return {module.split(".")[1] for module in modules if "." in module}


def top_packages(module: Path, *, typing_too: bool = False) -> set[str]:
    return {name.partition(".")[0] for name in imported_names(module, typing_too=typing_too)}


def test_every_entry_of_the_package_has_a_level() -> None:
    assert {entry(module) for module in MODULES} - {"__init__"} <= set(LEVEL)


@pytest.mark.parametrize("module", MODULES, ids=module_name)
def test_a_module_imports_only_its_own_package_and_lower_levels(module: Path) -> None:
    own = entry(module)
    if own == "__init__":
        return
    others = packages_of(imported_modules(module)) - {own}
    assert {other for other in others if LEVEL[other] >= LEVEL[own]} == set()
    if own in WITHOUT_DISPLAY:
        assert "display" not in others


@pytest.mark.parametrize("module", MODULES, ids=module_name)
def test_a_package_init_holds_no_logic(module: Path) -> None:
    if module.name == "__init__.py" and module.parent != PACKAGE:
        body = ast.parse(module.read_text(encoding="utf-8")).body
        assert all(isinstance(node, ast.Expr | ast.Import | ast.ImportFrom) for node in body)


def test_the_top_level_has_few_entries() -> None:
    counted = figures()
    assert counted.cycles == 0
    assert counted.entries <= 16
    # The packages `batch` and `agent` of the layout bring some of their own.
    assert counted.arrows <= 52


def test_the_picture_of_the_documentation_shows_the_present_packages() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "make graph"


@pytest.mark.parametrize("module", [each for each in MODULES if entry(each) == "core"], ids=module_name)
def test_core_uses_the_standard_library_only(module: Path) -> None:
    assert top_packages(module, typing_too=True) - sys.stdlib_module_names - {"mimo_magics"} == set()


def test_only_display_and_notebook_import_ipython_traitlets_and_ipywidgets() -> None:
    users = {entry(module) for module in MODULES if top_packages(module, typing_too=True) & NOTEBOOK_PACKAGES}
    assert users <= {"display", "notebook"}


def test_only_client_and_tape_import_httpx() -> None:
    assert {entry(module) for module in MODULES if "httpx" in top_packages(module)} == HTTP_PACKAGES


def test_only_the_portal_starts_a_thread_or_an_event_loop() -> None:
    starts = {"Thread", "new_event_loop", "BlockingPortal", "start_blocking_portal"}
    calls = {
        (module_name(module), getattr(node.func, "attr", getattr(node.func, "id", "")))
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert {module for module, name in calls if name in starts} == {"mimo_magics.client.portal"}


@pytest.mark.parametrize("module", MODULES, ids=module_name)
def test_modules_and_functions_stay_small(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert source.count("\n") <= 500 or module.name in DATA
    assert [node.name for node in functions if node.end_lineno - node.lineno >= 40] == []


DATA = {"i18n_zh_tw.py"}
"""Modules with one large table. They have no size limit."""

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
LOADED = {
    "core": [
        *(
            "errors",
            "i18n",
            "models",
            "parameter_ranges",
            "services",
            "setting_values",
            "settings",
            "suggest",
        ),
        "working_folder",
    ],
    "notebook": ["extension", "ipython_version"],
    "notebook.config": ["allowed_values", "pyproject", "store"],
    "notebook.kernel": [
        *("async_cell", "cell_ids", "cell_recorder", "input_transforms", "last_error"),
        *("magic_cell", "magic_line", "parent_message"),
    ],
    "session": ["current_session", "defaults", "row_store_path"],
}
"""The modules that `%load_ext mimo_magics` imports, besides the `__init__` of their packages."""


def test_loading_the_extension_loads_nothing_heavy() -> None:
    printed = subprocess.run([sys.executable, "-c", ADDED], capture_output=True, text=True, check=True).stdout
    added = set(json.loads(printed))
    assert {name.partition(".")[0] for name in added} & HEAVY == set()
    expected = {
        "mimo_magics",
        *(f"mimo_magics.{package}" for package in LOADED),
        *chain.from_iterable(
            [f"mimo_magics.{package}.{name}" for name in names] for package, names in LOADED.items()
        ),
    }
    assert {name for name in added if name.startswith("mimo_magics")} == expected


def test_importing_the_package_imports_none_of_its_modules() -> None:
    code = "import sys, mimo_magics; print([name for name in sys.modules if name.startswith('mimo_magics')])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "['mimo_magics']"
