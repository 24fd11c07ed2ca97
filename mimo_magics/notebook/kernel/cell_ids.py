"""Which cell asks, and which cells are gone: what front ends tell of it."""

from __future__ import annotations

from typing import Any


class Cells:
    """Follows the cells of one shell.

    JupyterLab and Notebook tell the id that is saved with the cell, VS Code one that holds until the notebook is
    closed; nbclient, papermill, consoles and terminals tell none.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._deleted: set[str] = set()
        self._told: set[str] = set()
        self._running = ""
        self._asked: set[tuple[str, str]] = set()

    def install(self) -> None:
        """Take part in the shell's work."""
        self._shell.events.register("pre_run_cell", self._look)

    def uninstall(self) -> None:
        """Leave nothing behind."""
        self._shell.events.unregister("pre_run_cell", self._look)

    @property
    def id(self) -> str:
        """The id of the running cell; empty where the front end tells none."""
        return str(self._metadata.get("cellId") or "")

    def deleted(self) -> frozenset[str]:
        """Return the ids of the cells that were deleted since this was asked for, as far as cells ran since."""
        gone = frozenset(self._deleted)
        self._deleted.clear()
        return gone

    def has_asked(self, session: str, cell: str) -> bool:
        """Tell whether the running cell asked in this session already, as one in a loop does."""
        return (session, cell) in self._asked

    def asks(self, session: str, cell: str) -> None:
        """Note that the running cell asked in this session."""
        self._asked.add((session, cell))

    @property
    def _metadata(self) -> dict[str, Any]:
        metadata: dict[str, Any] = self._request.get("metadata", {})
        return metadata

    @property
    def _request(self) -> dict[str, Any]:
        """The front end's message that the running cell came with."""
        kernel = getattr(self._shell, "kernel", None)
        return kernel.get_parent() if kernel else {}

    def _look(self, _: object) -> None:
        request = self._request.get("header", {}).get("msg_id", "")
        if not request or request != self._running:  # a program may run cells inside of the person's one
            self._asked.clear()
        self._running = request
        told = set(map(str, self._metadata.get("deletedCells") or ()))
        self._deleted |= told - self._told  # JupyterLab tells it again until a cell that it runs is over
        self._deleted.discard(self.id)
        self._told = told
