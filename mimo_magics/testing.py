"""A pytest plugin for tests of your own notebooks and programs: it replays calls from tapes.

Put `pytest_plugins = ["mimo_magics.testing"]` into the topmost conftest.py, or run pytest with `-p mimo_magics.testing`. Then:

    def test_the_summary_is_short(mimo_tape):
        assert len(summary("…")) < 200

    pytest --mimo-tape record -k summary         makes the calls, with your API key, and records them in tapes/
    pytest                                       replays them; nothing is sent
    pytest --nbval --mimo-tape replay lesson.ipynb    the same for a notebook

The tape of a test is tapes/TEST.jsonl beside its file, and the tape of a notebook is tapes/NOTEBOOK.jsonl. The pytest
setting `mimo_tapes` selects one folder for all tapes.
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
    """Add the option and the setting of this plugin."""
    group = parser.getgroup("mimo-magics")
    group.addoption(
        OPTION,
        choices=get_args(tape.Mode),
        help="record calls, replay them (default), or do both (auto)",
    )
    parser.addini(FOLDER, "Folder of all tapes; default: tapes/ beside each file.", default="")


@pytest.fixture
def mimo_tape(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replay the calls of a test from its tape, or record them; return the path of the tape."""
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
    """Set the tape for the kernel that nbval starts, if the option is given."""
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
