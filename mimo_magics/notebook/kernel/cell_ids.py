"""The id of the running cell, and the ids of deleted cells, as front ends report them."""

from __future__ import annotations

from typing import Any

from mimo_magics.notebook.kernel.parent_message import get_message_id, get_message_part


class CellIds:
    """The cell ids of one shell.

    JupyterLab and Notebook report the id that is saved with the cell. VS Code reports an id that is valid until the
    notebook is closed. nbclient, papermill, consoles and terminals report none.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._deleted: set[str] = set()
        self._reported_deleted: set[str] = set()
        self._running_message_id = ""
        self._prompts_sent: set[tuple[str, str]] = set()

    def install(self) -> None:
        """Register the callback of the shell."""
        self._shell.events.register("pre_run_cell", self._on_pre_run_cell)

    def uninstall(self) -> None:
        """Unregister the callback of the shell."""
        self._shell.events.unregister("pre_run_cell", self._on_pre_run_cell)

    @property
    def id(self) -> str:
        """The id of the running cell; empty if the front end reports none."""
        return str(get_message_part(self._shell, "metadata").get("cellId") or "")

    def take_deleted(self) -> frozenset[str]:
        """Return the ids of the cells that were deleted since the last call. The next executed cell reports them."""
        deleted_ids = frozenset(self._deleted)
        self._deleted.clear()
        return deleted_ids

    def has_sent_prompt(self, session: str, cell: str) -> bool:
        """Return whether the running cell already sent a prompt in this session, as a loop does."""
        return (session, cell) in self._prompts_sent

    def record_prompt(self, session: str, cell: str) -> None:
        """Record that the running cell sent a prompt in this session."""
        self._prompts_sent.add((session, cell))

    def _on_pre_run_cell(self, _: object) -> None:
        message_id = get_message_id(self._shell)
        # A program may run cells inside the cell of the user. They have the same message.
        if not message_id or message_id != self._running_message_id:
            self._prompts_sent.clear()
        self._running_message_id = message_id
        reported_deleted = set(map(str, get_message_part(self._shell, "metadata").get("deletedCells") or ()))
        # JupyterLab repeats an id until a cell that it runs has finished.
        self._deleted |= reported_deleted - self._reported_deleted
        self._deleted.discard(self.id)
        self._reported_deleted = reported_deleted
