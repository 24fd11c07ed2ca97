"""What a line of %mimo_config shows."""

from mimo_magics.notebook.commands.config import run_config_command
from mimo_magics.notebook.config.store import MimoConfig


def shown_rows(line: str, config: MimoConfig) -> list[list[str]]:
    """The first three columns of the table that a line shows."""
    rows = run_config_command(line, config)["text/plain"].splitlines()[1:]
    return [row.split()[:3] for row in rows]
