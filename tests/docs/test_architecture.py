"""The traces of the architecture page name functions that exist, and stay short enough for a beginner."""

from __future__ import annotations

import ast
import re

import pytest
from support.paths import PACKAGE, ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+)`", PAGE))))
def test_a_module_that_the_page_names_exists(path: str) -> None:
    assert (PACKAGE / path).is_dir() or (PACKAGE / f"{path}.py").is_file()


def test_one_prompt_passes_few_files_from_the_cell_to_the_socket() -> None:
    files = read_files()
    assert 1 < len(files) <= MAX_FILES
    assert len(set(files)) == len(files)
    assert [file for file in files if not (PACKAGE / file).is_file()] == []
