"""A pytest plugin for tests of your own notebooks and programs: it replays calls from tapes.

Put `pytest_plugins = ["mimo_magics.testing"]` into the topmost conftest.py, or run pytest with `-p mimo_magics.testing`. Then:

    def test_the_summary_is_short(mimo_tape):
        assert len(summary("…")) < 200

    pytest --mimo-tape record -k summary         makes the calls, with your API key, and records them in tapes/
    pytest                                       replays them; nothing is sent
    pytest --nbval --mimo-tape replay lesson.ipynb    the same for a notebook

`check_prompt` runs the checks of a prompt function from a tape:

    def test_classify(mimo_tape):
        check_prompt("prompts/classify.md", CASES, "assert value['label'] == case['label']")

The tape of a test is tapes/TEST.jsonl beside its file, and the tape of a notebook is tapes/NOTEBOOK.jsonl. The pytest
setting `mimo_tapes` selects one folder for all tapes.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from mimo_magics.core.errors import TapeMismatch
from mimo_magics.tape import tape

if TYPE_CHECKING:  # imported when a prompt is checked
    from mimo_magics.prompts.check_result import CheckResult
    from mimo_magics.prompts.prompt_function import PromptFunction
    from mimo_magics.session.session import Session

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


def check_prompt(
    prompt: PromptFunction | str | Path,
    cases: object,
    checks: str,
    *,
    min_rate: float = 1.0,
    repeat: int = 1,
    variables: Mapping[str, Any] = {},
    judge_model: str = "",
    session: Session | None = None,
) -> CheckResult:
    """Call a prompt function for each case, run the asserts for each reply, and return the result.

    Args:
        prompt: a prompt function, or the path of its file.
        cases: a list of dicts or a data frame, with a column for each slot.
        checks: assert statements over `case`, `value` and `reply`, as in the cell of `%%mimo_check`.
        min_rate: the share of cases that must pass, from 0 to 1.
        repeat: number of calls for each case.
        variables: other names that the asserts use.
        judge_model: the model of `judge`; by default that of the settings.
        session: has the settings of the calls, and counts the usage.

    Raises:
        AssertionError: too few cases passed. The message has the failed asserts with their values.
        BadOption: a case or an assert is not valid; nothing was sent.
        MimoError: a call failed, such as `TapeMismatch` for a call that is not on the tape.
    """
    __tracebackhide__ = True
    from mimo_magics.prompts.check_document import describe_failures
    from mimo_magics.prompts.check_result import run_check
    from mimo_magics.prompts.check_run import build_plan

    judge_options = {"model": judge_model} if judge_model else {}
    plan = build_plan(prompt, cases, checks, repeat=repeat, judge_options=judge_options)
    result = run_check(plan, session, variables)
    if result.rate.share is None or result.rate.share < min_rate:
        raise AssertionError(describe_failures(result, min_rate))
    return result


def _tape_folder(item: pytest.Item) -> Path:
    folder = item.config.getini(FOLDER)
    return item.config.rootpath / folder if folder else item.path.parent / "tapes"


def _tape_file_name(test_name: str) -> str:
    return re.sub(r"[^\w.\[\]-]+", "-", test_name)
