"""The input transforms of a shell, from the text of a cell to the request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from IPython.core.interactiveshell import InteractiveShell
from support.prompt_bodies import BODIES

from mimo_magics.notebook import extension

LOST = (
    "A line of this cell ends in a question mark and opened IPython's help, as the extension was not loaded yet. "
    "Run this cell again.\n"
)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("MIMO_API_KEY", "none")
    shell = InteractiveShell.instance()
    yield shell
    extension.unload(shell)
    InteractiveShell.clear_instance()


def prompt_of(shell: InteractiveShell, cell: str) -> Any:
    """Return the prompt of the request that a cell would send; the cell stores it as `draft`."""
    shell.user_ns.pop("draft", None)
    shell.run_cell(cell, silent=True)
    return shell.user_ns["draft"].body["messages"][-1]["content"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    st.sampled_from(("", "# my question\n#| echo: false\r\n\n", "%%time\n# timed\n")),
    st.sampled_from(" \t\xa0"),
    BODIES,
)
@example("", " ", "Why is the second line not an error?\n>>> [1, 2][5:]\n[]\n")
@example("", " ", "<<<<<<< ours\n=======\n>>>>>>> main\n")
def test_a_prompt_is_sent_as_it_was_typed(shell: InteractiveShell, above: str, blank: str, body: str) -> None:
    extension.load(shell)
    typed = f"The prompt:\n{body}"
    prompt = prompt_of(shell, f"{above}%%mimo{blank}--dry-run --raw -o draft\n{typed}")
    assert prompt == f"{typed}\n".replace("\r\n", "\n").rstrip("\n")


def test_option_lines_of_other_programs_are_not_part_of_the_prompt(shell: InteractiveShell) -> None:
    extension.load(shell)
    head = "%%mimo --dry-run --raw -o draft\n"
    assert prompt_of(shell, f"{head}#| echo: false\r\n#|export\n  a\n#| b\n") == "  a\n#| b"
    assert prompt_of(shell, f"{head}\n#| a\n") == "\n#| a"
    assert prompt_of(shell, "draft = %mimo --dry-run --raw #| a") == "#| a"


@pytest.mark.parametrize(
    "line",
    [
        "%mimo --dry-run -o x What is a list?",
        'd["k"] = %mimo --dry-run What is a list?',
        "for a in d: x = %mimo Is str?",
    ],
)
def test_a_lost_prompt_in_the_cell_that_loads_the_extension_is_reported(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    shell.run_cell("d = {}")
    cell = f"%load_ext mimo_magics\n{line}"
    shell.run_cell(cell)
    assert capsys.readouterr().err == LOST
    shell.run_cell(cell)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "line", ["str?", "%mimo?", "%mimo --dry-run Hello.", "# %mimo str?", "'%mimo str?'", ""]
)
def test_nothing_is_reported_if_no_prompt_was_lost(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    shell.run_cell(f"%load_ext mimo_magics\n{line}")
    shell.run_cell("%reload_ext mimo_magics\n%mimo --dry-run What is a list?")
    assert LOST not in capsys.readouterr().err


def test_a_lost_prompt_in_a_file_that_loads_the_extension_is_reported(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "talk.ipy"
    file.write_text("import sys\n%load_ext mimo_magics\nx = %mimo --dry-run What is a list?\n")
    shell.run_line_magic("run", str(file))
    assert capsys.readouterr().err == LOST
