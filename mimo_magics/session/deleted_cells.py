"""Removal of the turns of deleted cells from the branches in use, and their return when the cell runs again.

A front end reports a cell that was cut. It does not report that the cell was pasted or that the deletion was undone.
So the branches are remembered until the cell runs again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from mimo_magics.core.i18n import Translatable
from mimo_magics.session.history import History
from mimo_magics.session.turn import Turn

if TYPE_CHECKING:  # sessions use this module
    from mimo_magics.session.session import Session


class DeletedCells:
    """Remembers the branches from which the turns of deleted cells were removed."""

    def __init__(self) -> None:
        self._lines: dict[str, list[tuple[tuple[Turn, ...], bool]]] = {}
        """For each cell the branches that contained its turns, and whether each was the current branch."""

    def remember(self, history: History, cells: Collection[str]) -> None:
        """Remember the lines of a history that hold turns of these cells."""
        for end in history.line_ends:
            line = history.line_to(end)
            for cell in {turn.cell for turn in line} & set(cells) - {""}:
                self._lines.setdefault(cell, []).append((line, end == history.head))

    def __contains__(self, cell: str) -> bool:
        return cell in self._lines

    def restore(self, history: History, cell: str) -> History:
        """Return the history with the turns of a cell where they were."""
        for line, was_current in self._lines[cell]:
            history = history.restore_cell(cell, line, was_current=was_current)
        return history

    def forget(self, cell: str) -> None:
        """Forget the lines of a cell that is there again."""
        del self._lines[cell]

    def clear(self) -> None:
        """Forget all removed turns."""
        self._lines.clear()


def remove_cells(session: Session, cells: Collection[str]) -> None:
    """Remove the turns of deleted cells from the current branches of a session. The previous versions stay as branches."""
    history = session.history
    remaining = history.remove_cells(cells)
    if remaining != history:
        try:
            session.update_history(remaining)
        finally:
            # The history has changed also if the session file cannot be written.
            if session.history is remaining:
                session.deleted_cells.remember(history, cells)
    if notice := describe_removal(history, remaining):
        session.pending_notices.append(notice)


def restore_cell(session: Session, cell: str) -> None:
    """Put the turns of a deleted cell back where they were, as the cell is there again."""
    if cell in session.deleted_cells:
        session.update_history(session.deleted_cells.restore(session.history, cell))
        session.deleted_cells.forget(cell)


def describe_removal(history: History, remaining: History) -> str:
    """Return a line about the turns that left the current line; empty where none did."""
    removed_count = len(history.turns) - len(remaining.turns)
    if not removed_count:
        return ""
    return Translatable(
        "Removed the turn of a deleted cell. The previous version is branch {branch}."
        if removed_count == 1
        else "Removed {count} turns of deleted cells. The previous version is branch {branch}.",
        count=removed_count,
        branch=history.head + 1,
    )
