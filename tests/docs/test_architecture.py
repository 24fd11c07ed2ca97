"""The traces of the architecture page name existing functions and are short; all pages name existing modules."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from pathlib import Path

import pytest
from support.paths import PACKAGE, ROOT, TESTS
from support.programs import run_program

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs" / "architecture.md",
    *sorted((ROOT / "docs" / "adr").glob("*.md")),
]
TRACES = ["One prompt", "One tool call with an approval", "One re-run", "One comparison", "One slider move"]
MAX_STEPS = 15
MAX_FILES = 12
FUNCTION = re.compile(r"`((?:[a-z_]+/)+[a-z_]+)\.(?!py`)([A-Za-z_]+(?:\.[A-Za-z_]+)*)`")
"""`package/module.function`, or `package/module.Class.method`."""


def read_section(title: str) -> str:
    """Return the text below a heading, up to the next one."""
    return re.split(r"^#+ ", PAGE.split(f"### {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def read_steps(title: str) -> list[str]:
    """Return the rows of a trace."""
    return re.findall(r"^\| \d+ \|.*$", read_section(title), flags=re.MULTILINE)


def read_files() -> list[str]:
    """Return the files that one prompt passes."""
    return re.findall(r"^\d+\. `(\S+\.py)`$", read_section("One prompt"), flags=re.MULTILINE)


@pytest.mark.parametrize("title", TRACES)
def test_a_trace_has_numbered_steps_and_each_names_one_function(title: str) -> None:
    steps = read_steps(title)
    assert [int(step.split("|")[1]) for step in steps] == list(range(1, len(steps) + 1))
    assert 1 < len(steps) <= MAX_STEPS
    assert [step for step in steps if not FUNCTION.search(step.split("|")[2])] == []


@pytest.mark.parametrize(("path", "name"), sorted(set(FUNCTION.findall(PAGE))))
def test_a_function_that_the_page_names_is_defined_in_that_module(path: str, name: str) -> None:
    body: list[ast.stmt] = ast.parse((PACKAGE / f"{path}.py").read_text(encoding="utf-8")).body
    for part in name.split("."):
        (found,) = (node for node in body if getattr(node, "name", None) == part)
        assert isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        body = found.body


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_modules_that_a_page_names_exist(page: Path) -> None:
    entries = {path.stem for path in PACKAGE.iterdir()}
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_0-9]+)(?:\.py)?`", page.read_text(encoding="utf-8")))
    paths = {path for path in named if path.split("/")[0] in entries}
    assert {path for path in paths if not _exists(path)} == set()


def _exists(path: str) -> bool:
    return (PACKAGE / path).is_dir() or (PACKAGE / f"{path}.py").is_file()


def test_one_prompt_passes_few_files_from_the_cell_to_the_socket() -> None:
    files = read_files()
    assert 1 < len(files) <= MAX_FILES
    assert len(set(files)) == len(files)
    assert [file for file in files if not (PACKAGE / file).is_file()] == []


def test_one_prompt_does_pass_these_files() -> None:
    script = TESTS / "support" / "prompt_path.py"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MIMO_")}
    result = run_program([sys.executable, script], env={**environment, "PYTHONPATH": str(ROOT)})
    passed = json.loads(result.stdout.splitlines()[-1])
    assert [file for file in read_files() if file not in passed] == []
