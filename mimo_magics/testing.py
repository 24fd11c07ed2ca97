"""A plugin of pytest for people who test their own notebooks and programs: calls are answered from tapes.

Put `pytest_plugins = ["mimo_magics.testing"]` into the topmost conftest.py, or call pytest with `-p mimo_magics.testing`. Then:

    def test_the_summary_is_short(mimo_tape):
        assert len(summary("…")) < 200

    pytest --mimo-tape record -k summary         makes the calls, with your key, and keeps them in tapes/
    pytest                                       replays them; nothing is sent
    pytest --nbval --mimo-tape replay lesson.ipynb    the same for a notebook

The tape of a test is tapes/TEST.jsonl beside its file, that of a notebook tapes/NOTEBOOK.jsonl. The option `mimo_tapes` of
pytest's configuration names one folder for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import get_args

import pytest

from mimo_magics.core.errors import TapeMismatch
from mimo_magics.tape import tape

OPTION = "--mimo-tape"
FOLDER = "mimo_tapes"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the setting."""
    group = parser.getgroup("mimo-magics")
    group.addoption(
        OPTION,
        choices=get_args(tape.Mode),
        help="record the calls of tests, replay them (default), or both: auto",
    )
    parser.addini(FOLDER, "The folder of all tapes; without it tapes/ beside each file.", default="")


@pytest.fixture
def mimo_tape(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Answer the calls of a test from its tape, or record them, and return the path of the tape."""
    mode = request.config.getoption(OPTION) or "replay"
    path = _tape_folder(request.node) / f"{_tape_file_name(request.node.name)}.jsonl"
    monkeypatch.setenv(tape.ENV_VARIABLE, f"{mode}:{path}")
    try:
        tape.open_tape(f"{mode}:{path}")
    except TapeMismatch as error:
        pytest.fail(f"{error}\nTo record it: pytest {OPTION} record '{request.node.nodeid}'", pytrace=False)
    return path


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Give the kernel that nbval starts the tape of its notebook, when the command line says so."""
    mode = item.config.getoption(OPTION)
    with pytest.MonkeyPatch.context() as patch:
        if mode and item.path.suffix == ".ipynb":
            patch.setenv(tape.ENV_VARIABLE, f"{mode}:{_tape_folder(item) / item.path.stem}.jsonl")
        return (yield)


def _tape_folder(item: pytest.Item) -> Path:
    folder = item.config.getini(FOLDER)
    return item.config.rootpath / folder if folder else item.path.parent / "tapes"


def _tape_file_name(test_name: str) -> str:
    return re.sub(r"[^\w.\[\]-]+", "-", test_name)
