"""The table of the magics, and the code that must agree with it."""

import subprocess
import sys
from typing import get_args

from mimo_magics.notebook import extension
from mimo_magics.notebook.command_table import MAGICS
from mimo_magics.notebook.commands.session import HANDLERS
from mimo_magics.tape.tape import OFF, Mode


def test_the_table_has_every_magic() -> None:
    public = [
        f"%%{name}" if kind == "cell" else f"%{name}"
        for kind, name in extension.MAGICS
        if not name.startswith("_")
    ]
    assert sorted(public) == sorted(MAGICS)


def test_every_subcommand_has_a_handler() -> None:
    assert MAGICS["%mimo_session"].command_names == tuple(HANDLERS)
    assert MAGICS["%mimo_tape"].command_names == (*get_args(Mode), OFF)


def test_each_name_is_unique_and_the_default_exists() -> None:
    for magic in MAGICS.values():
        names = [command.name for command in magic.commands]
        assert len(names) == len(set(names))
        assert not names or magic.default in names or magic.name == "%mimo"


def test_the_table_loads_no_heavy_module() -> None:
    program = (
        "import sys, mimo_magics.notebook.command_table\n"
        "print([name for name in ('httpx', 'pydantic', 'ipywidgets', 'markdown_it', 'IPython') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
