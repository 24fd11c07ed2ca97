"""Which cell asks, and which cells are gone: what front ends tell of it."""

from __future__ import annotations

from typing import Any

from mimo_magics.notebook.kernel.parent_message import get_message_id, get_message_part


class CellIds:
    """Follows the cells of one shell.

    JupyterLab and Notebook tell the id that is saved with the cell, VS Code one that holds until the notebook is
    closed; nbclient, papermill, consoles and terminals tell none.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._deleted: set[str] = set()
        self._reported_deleted: set[str] = set()
        self._running_message_id = ""
        self._prompts_sent: set[tuple[str, str]] = set()

    def install(self) -> None:
        """Take part in the shell's work."""
        self._shell.events.register("pre_run_cell", self._on_pre_run_cell)

    def uninstall(self) -> None:
        """Leave nothing behind."""
        self._shell.events.unregister("pre_run_cell", self._on_pre_run_cell)

    @property
    def id(self) -> str:
        """The id of the running cell; empty where the front end tells none."""
        return str(get_message_part(self._shell, "metadata").get("cellId") or "")

    def take_deleted(self) -> frozenset[str]:
        """Return the ids of the cells that were deleted since this was asked for, as far as cells ran since."""
        deleted_ids = frozenset(self._deleted)
        self._deleted.clear()
        return deleted_ids

    def has_sent_prompt(self, session: str, cell: str) -> bool:
        """Tell whether the running cell asked in this session already, as one in a loop does."""
        return (session, cell) in self._prompts_sent

    def record_prompt(self, session: str, cell: str) -> None:
        """Note that the running cell asked in this session."""
        self._prompts_sent.add((session, cell))

    def _on_pre_run_cell(self, _: object) -> None:
        message_id = get_message_id(self._shell)
        if (
            not message_id or message_id != self._running_message_id
        ):  # a program may run cells inside of the person's one
            self._prompts_sent.clear()
        self._running_message_id = message_id
        reported_deleted = set(map(str, get_message_part(self._shell, "metadata").get("deletedCells") or ()))
        self._deleted |= (
            reported_deleted - self._reported_deleted
        )  # JupyterLab tells it again until a cell that it runs is over
        self._deleted.discard(self.id)
        self._reported_deleted = reported_deleted
