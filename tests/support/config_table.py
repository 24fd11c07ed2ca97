"""The table of `%mimo_config`, for tests."""

from mimo_magics.notebook.commands.config import run_config_command
from mimo_magics.notebook.config.store import MimoConfig


def shown_rows(line: str, config: MimoConfig) -> list[list[str]]:
    """Return the first three columns of the table for a line."""
    rows = run_config_command(line, config)["text/plain"].splitlines()[1:]
    return [row.split()[:3] for row in rows]
