"""Tutorials in a real JupyterLab: the outputs after «Run All», in the light and the dark theme."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.paths import NOTEBOOKS

from browser.lab import IDLE, TIMEOUT, Page, Server, Theme, expect
from browser.test_accessibility import AXE, complaints

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = NOTEBOOKS
pytestmark = pytest.mark.parametrize("server", ["lab"], indirect=True, scope="package")
LESSONS = ("00_first_answer", "02_parameters", "03_tools")
REASON = (
    "the run is unattended. "
    "The author of the notebook can allow this tool: %mimo_tools confirm delete_file=none"
)
"""The reason of a refused call on the tape, which was recorded unattended."""
BEFORE = """import os
os.environ |= {{"MIMO_PRESET": "local", "MIMO_TAPE": "replay:{tape}"}}
os.environ.pop("MIMO_BASE_URL"), os.environ.pop("MIMO_API_KEY")"""
"""A cell at the top of the notebook that replays the tape."""


@pytest.fixture(scope="module", params=LESSONS)
def lesson(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser, lesson: str) -> Iterator[Page]:
    if not AXE.is_file():
        pytest.skip("axe-core is not there: make browser")
    content = saved(lesson)
    before = {"cell_type": "code", "id": "before", "metadata": {}, "outputs": [], "execution_count": None}
    before["source"] = BEFORE.format(tape=FOLDER / "tapes" / f"{lesson}.jsonl")
    cells = [{**cell, "outputs": []} if "outputs" in cell else cell for cell in content["cells"]]
    written = {**content, "cells": [before, *cells]}
    (server.folder / f"{lesson}.ipynb").write_text(json.dumps(written), encoding="utf-8")
    shutil.copytree(FOLDER / "img", server.folder / "img", dirs_exist_ok=True)
    with Page(server, browser) as page:
        page.open(f"{lesson}.ipynb")
        page.window.add_script_tag(path=AXE)
        page.run_all()
        refuse_calls(page)
        page.wait_idle()
        yield page


def refuse_calls(page: Page) -> None:
    """Press Refuse for every waiting call, with the reason on the tape, until all cells have run."""
    notebook = page.window.locator(".jp-Notebook")
    button = notebook.get_by_role("button", name=re.compile(r"(^|\W)Refuse$"))
    deadline = time.monotonic() + TIMEOUT
    while not page.window.evaluate(IDLE) and time.monotonic() < deadline:
        if button.count():
            reason = notebook.locator(".mimo-ask").get_by_role("textbox")
            reason.fill(REASON)
            reason.blur()
            button.click()
        time.sleep(0.2)


def saved(lesson: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{lesson}.ipynb").read_text(encoding="utf-8"))
    return content


def answers(lesson: str) -> dict[int, list[str]]:
    """Return the saved replies by the index of their cell."""
    found = {}
    for place, cell in enumerate(saved(lesson)["cells"], 1):
        replies = [output for output in cell.get("outputs", ()) if "mimo" in output.get("metadata", {})]
        if replies:
            found[place] = ["".join(output["data"]["text/plain"]) for output in replies]
    return found


def test_every_reply_equals_the_saved_one(page: Page, lesson: str) -> None:
    expected = answers(lesson)
    assert len(expected) >= 3
    shown = [
        [
            text
            for output in page.outputs(cell)
            if "mimo" in output["metadata"]
            for text in output["data"]["text/plain"]
        ]
        for cell in expected
    ]
    assert ["".join(each) for each in shown] == ["".join(each) for each in expected.values()]
    assert page.strays == []


def test_cells_fail_only_where_the_lesson_expects_it(page: Page, lesson: str) -> None:
    for place, cell in enumerate(saved(lesson)["cells"], 1):
        if cell["cell_type"] == "code":
            failed = any(output["output_type"] == "error" for output in page.outputs(place))
            assert failed == ("raises-exception" in cell["metadata"].get("tags", [])), cell["id"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_reply_passes_axe(page: Page, lesson: str, theme: Theme) -> None:
    page.theme(theme)
    for cell in answers(lesson):
        expect(page.output(cell)).to_be_visible()
        assert complaints(page, cell) == [[], []]
