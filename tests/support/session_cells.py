"""Prompts in cells of a kernel, and the displayed session, for tests."""

from __future__ import annotations

from pathlib import Path

from mimo_magics import Session
from support.kernel import Kernel, Ran
from support.session_requests import notice_lines, transcript_turns

WORDS = "one two three four five"


def reload_extension(kernel: Kernel) -> Kernel:
    """Reload the extension: an empty session and the default settings, as after a restart."""
    assert kernel.run("%unload_ext mimo_magics\n%load_ext mimo_magics").status == "ok"
    return kernel


def enable_autosave(kernel: Kernel, notebook: Path) -> Kernel:
    assert kernel.run(f"%mimo_config autosave=on notebook='{notebook}'").status == "ok"
    return kernel


def run_prompts(kernel: Kernel, prompts: str, options: str = "") -> list[Ran]:
    """Run each prompt in a cell of the same name; `three!` is a prompt of the cell `three`."""
    return [kernel.run(f"%%mimo {options}\n{word}", cell=word.rstrip("!")) for word in prompts.split()]


def cell_notices(ran: Ran) -> list[str]:
    return notice_lines(ran.outputs[0])


def shown_turns(kernel: Kernel) -> list[tuple[str, str]]:
    return transcript_turns(kernel.run("%mimo_session show").documents[0])


def table_rows(ran: Ran) -> list[tuple[str, ...]]:
    """Return the rows of a table; the first column contains marks."""
    return [(line[:1].strip(), *line[3:].split()) for line in ran.documents[0].splitlines()[1:]]


def listed_sessions(kernel: Kernel) -> list[tuple[str, ...]]:
    return table_rows(kernel.run("%mimo_session"))


def saved_prompts(path: Path) -> list[str]:
    """Return the prompts of a session file."""
    return [turn.prompt.text for turn in Session.load(path).turns]
