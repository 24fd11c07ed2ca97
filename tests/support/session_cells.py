"""What tests of sessions in a kernel share: prompts in cells, and what a person reads of their session."""

from __future__ import annotations

from pathlib import Path

from mimo_magics import Session
from support.kernel import Kernel, Ran
from support.told import quiet, transcript

WORDS = "one two three four five"


def anew(kernel: Kernel) -> Kernel:
    """Load the extension anew: nothing was said, and the settings are the default ones, as after a restart."""
    assert kernel.run("%unload_ext mimo_magics\n%load_ext mimo_magics").status == "ok"
    return kernel


def saving(kernel: Kernel, notebook: Path) -> Kernel:
    assert kernel.run(f"%mimo_config autosave=on notebook='{notebook}'").status == "ok"
    return kernel


def ask(kernel: Kernel, prompts: str, options: str = "") -> list[Ran]:
    """Ask each prompt in a cell of its name; `three!` is asked by the cell `three`."""
    return [kernel.run(f"%%mimo {options}\n{word}", cell=word.rstrip("!")) for word in prompts.split()]


def remarks(ran: Ran) -> list[str]:
    return quiet(ran.outputs[0])


def shown(kernel: Kernel) -> list[tuple[str, str]]:
    return transcript(kernel.run("%mimo_session show").documents[0])


def rows(ran: Ran) -> list[tuple[str, ...]]:
    """The cells of a table, the first of which are marks or empty."""
    return [(line[:1].strip(), *line[3:].split()) for line in ran.documents[0].splitlines()[1:]]


def listed(kernel: Kernel) -> list[tuple[str, ...]]:
    return rows(kernel.run("%mimo_session"))


def said(path: Path) -> list[str]:
    """The prompts of the conversation that a file holds."""
    return [turn.prompt.text for turn in Session.load(path).turns]
