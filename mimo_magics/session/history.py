"""All turns of a session as a tree, and the place where the next prompt goes.

The turns that lead from the root to one turn are a line. A re-run adds a turn beside the old one, and `--new` adds one at
the root; `undo` and `switch` only move the place. So no turn is lost, and old lines stay as branches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import takewhile

from mimo_magics.session.turn import Turn

ROOT = -1
"""The place before the first turn."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of turns in a history."""

    number: int
    """Number of its last turn among all turns, from 1."""
    turns: tuple[Turn, ...]
    is_current: bool


@dataclass(frozen=True)
class History:
    """A tree of turns with a current line. A value: each change returns a new one."""

    all_turns: tuple[Turn, ...] = ()
    """All turns, in the order in which they were sent. The index of a turn is its number."""
    parents: tuple[int, ...] = ()
    """For each turn the number of the turn that it follows, or `ROOT`."""
    head: int = ROOT
    """Number of the last turn of the current line, which the next prompt follows, or `ROOT`."""

    @cached_property
    def path(self) -> tuple[int, ...]:
        """Numbers of the turns of the current line, oldest first."""
        return self.path_to(self.head)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns of the current line, oldest first."""
        return self.line_to(self.head)

    @property
    def latest_created_at(self) -> float:
        """When the newest turn was sent, in seconds since 1970."""
        return max((turn.created_at for turn in self.all_turns), default=0.0)

    def path_to(self, number: int) -> tuple[int, ...]:
        """Return the numbers from the first turn to this one."""
        path = []
        while number != ROOT:
            path.append(number)
            number = self.parents[number]
        return tuple(reversed(path))

    def line_to(self, number: int) -> tuple[Turn, ...]:
        """Return the turns from the first one to this one."""
        return tuple(self.all_turns[each] for each in self.path_to(number))

    def append_turn(self, turn: Turn) -> History:
        """Return the history with one more turn at the end of the current line."""
        return History((*self.all_turns, turn), (*self.parents, self.head), len(self.all_turns))

    def append_or_restore(self, turn: Turn) -> History:
        """Return the history with a turn at the end of the current line, unless it follows that line already."""
        for number, (parent, other) in enumerate(zip(self.parents, self.all_turns, strict=True)):
            if (parent, other.id) == (self.head, turn.id) and other.cell in ("", turn.cell):
                return self.move_to(number).replace_last(_with_earlier_usage(turn, other))
        return self.append_turn(turn)

    def replace_last(self, turn: Turn) -> History:
        """Return the history with another last turn of the current line."""
        turns = list(self.all_turns)
        turns[self.head] = turn
        return replace(self, all_turns=tuple(turns))

    def drop_last(self, count: int) -> History:
        """Return the history before the last turns of the current line, which stay as a branch."""
        path = (ROOT, *self.path)
        end = path[-1 - min(count, len(path) - 1)]
        history = self._mark_undone() if end == ROOT != self.head else self
        return history.move_to(end)

    def move_to(self, number: int) -> History:
        """Return the history with the line to this turn as the current one. It is in use again if it was undone."""
        if number == ROOT or not self._is_undone(number):
            return replace(self, head=number)
        turns, first_number = list(self.all_turns), self._first_numbers[number]
        turns[first_number] = replace(turns[first_number], is_undone=False)
        return replace(self, all_turns=tuple(turns), head=number)

    def _mark_undone(self) -> History:
        """Return the history with the current line marked as undone, and each line that a newer one replaced."""
        used = {self._first_numbers[end] for end in self.line_ends[1:]}
        undone = set(self._first_numbers) - used
        turns = (
            replace(turn, is_undone=True) if number in undone else turn
            for number, turn in enumerate(self.all_turns)
        )
        return replace(self, all_turns=tuple(turns))

    def _is_undone(self, number: int) -> bool:
        """Return whether the line of a turn was undone as a whole."""
        return self.all_turns[self._first_numbers[number]].is_undone

    def rewind_to_cell(self, cell: str) -> History:
        """Return the history as a cell finds it that runs again: on the line of its turn, before this turn."""
        if not cell:
            return self
        history = self.move_to(self._find_line(cell))
        first_number = next((number for number in history.path if self.all_turns[number].cell == cell), None)
        return history if first_number is None else history.move_to(self.parents[first_number])

    def _find_line(self, cell: str) -> int:
        """Return the last turn of the line on which a cell runs.

        A cell stays on the current line if it has no turn, or if one of the cells before its turn has a turn on the
        current line. Otherwise it returns to the line of its turn. Lines that the cell itself opened with `--new`
        do not count, because it runs without `--new` now.
        """
        leaves_current = self.head != ROOT and self._is_opened_by(cell, self.head)
        candidates = self.line_ends[leaves_current:]
        own_number = self._find_turn(cell)
        if ROOT in (own_number, self.head):
            return next(iter(candidates), ROOT)
        known_cells = self._get_cells(self.path_to(own_number))
        return next(
            (end for end in candidates if known_cells & self._get_cells(self.path_to(end))),
            self.parents[own_number],
        )

    def _find_turn(self, cell: str) -> int:
        """Return the number of the newest turn of a cell, on a valid line if there is one; `ROOT` if there is none.

        A line that was undone does not count.
        """
        valid_numbers = (number for end in self.line_ends for number in reversed(self.path_to(end)))
        numbers = (*valid_numbers, *reversed(range(len(self.all_turns))))
        own = (number for number in numbers if self.all_turns[number].cell == cell)
        returned_to = (number for number in own if not self._is_undone(number))
        return next((number for number in returned_to if not self._is_opened_by(cell, number)), ROOT)

    def _is_opened_by(self, cell: str, number: int) -> bool:
        """Return whether the line to a turn begins with a `--new` turn of this cell."""
        first_turn = self.all_turns[self._first_numbers[number]]
        return first_turn.opens_branch and first_turn.cell == cell

    def _get_cells(self, numbers: Iterable[int]) -> set[str]:
        return {self.all_turns[number].cell for number in numbers} - {""}

    @cached_property
    def _first_numbers(self) -> list[int]:
        """For each turn the number of the first turn of its line."""
        first_numbers: list[int] = []
        for number, parent in enumerate(self.parents):
            first_numbers.append(number if parent == ROOT else first_numbers[parent])
        return first_numbers

    @cached_property
    def _newest_ends(self) -> dict[int, int]:
        """For each first turn the number of the newest turn of its lines."""
        return {first: number for number, first in enumerate(self._first_numbers)}

    def _get_newest_end(self, number: int) -> int:
        return ROOT if number == ROOT else self._newest_ends[self._first_numbers[number]]

    @cached_property
    def line_ends(self) -> tuple[int, ...]:
        """Numbers of the last turns of the lines in use: of the current line first, then from new to old.

        Of the lines with the same first turn only one is in use: the current one, or else the newest; none if they were
        undone. A line ends before its first cell that also has a turn on a newer line, because a re-run replaces the
        older turns of a cell.
        """
        other_ends = set(self._newest_ends.values()) - {self._get_newest_end(self.head)}
        ends, replaced_cells = [self.head], self._get_cells(self.path)
        for end in sorted(other_ends, reverse=True):
            path = self.path_to(end)
            replaced = (place for place, n in enumerate(path) if self.all_turns[n].cell in replaced_cells)
            valid = path[: next(replaced, len(path))]
            ends += valid[-1:] if self._get_cells(valid) and not self._is_undone(end) else []
            replaced_cells |= self._get_cells(path)
        return tuple(ends)

    def remove_cells(self, cells: Collection[str]) -> History:
        """Return the history without the turns of deleted cells in its valid lines; the turns after them are added again."""
        removed = {number for number, turn in enumerate(self.all_turns) if turn.cell and turn.cell in cells}
        turns = (
            replace(turn, cell="") if number in removed else turn
            for number, turn in enumerate(self.all_turns)
        )
        history = replace(self, all_turns=tuple(turns))
        _, *other_ends = self.line_ends
        for end in reversed(other_ends):
            history = _remove_turns(history.move_to(self._get_newest_end(end)), removed, is_current=False)
        return _remove_turns(history.move_to(self.head), removed, is_current=True)

    def restore_cell(self, cell: str, line: Sequence[Turn], *, was_current: bool) -> History:
        """Return the history with the turns of a cell where they were; the turns after them are added again.

        Args:
            cell: that was deleted, and is there again.
            line: a line that held turns of the cell, as it was before the cell was deleted.
            was_current: whether it was the current line.
        """
        restored_ids = {turn.id for turn in line if turn.id and turn.cell == cell}
        other_cells = {turn.cell for turn in line} - {cell, ""}
        ends = (end for end in self.line_ends if other_cells & self._get_cells(self.path_to(end)))
        end = next(ends, self.head if was_current else None)
        history = self.move_to(ROOT if end is None else end)
        turns = [turn for turn in history.turns if turn.id not in restored_ids]
        place = 0
        for turn in line:
            if turn.cell == cell:
                turns.insert(place, turn)
                place += 1
            else:
                place = max(place, _find_place_after(turns, turn))
        pairs = zip(turns, history.turns, strict=False)
        same_count = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        start = history.move_to((ROOT, *history.path)[same_count])
        restored = reduce(History.append_turn, turns[same_count:], start)
        return restored if end == self.head else restored.move_to(self.head)

    def contains(self, older: History) -> bool:
        """Return whether every turn of an older history is in this one."""
        return {turn.id for turn in older.all_turns} <= {turn.id for turn in self.all_turns}

    def merge_older(self, older: History) -> History:
        """Return the history with the turns of an older one as branches.

        The older turns come first and keep their numbers. A turn that is in both histories is there once.
        """
        turns, parents = list(older.all_turns), list(older.parents)
        known = {
            (parent, turn.id, turn.cell): number
            for number, (turn, parent) in enumerate(zip(turns, parents, strict=True))
        }
        new_numbers = {ROOT: ROOT}
        for number, (turn, parent) in enumerate(zip(self.all_turns, self.parents, strict=True)):
            new_parent = new_numbers[parent]
            key = (new_parent, turn.id, turn.cell)
            new_number = known.get(key, len(turns)) if turn.id else len(turns)
            new_numbers[number] = new_number
            if new_number == len(turns):
                parents.append(new_parent)
                turns.append(turn)
            else:
                turns[new_number] = _with_earlier_usage(turn, turns[new_number])
        return History(tuple(turns), tuple(parents), new_numbers[self.head])

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The lines to the turns that no turn follows, and the current line, by the numbers of their last turns."""
        leaves = set(range(len(self.all_turns))) - set(self.parents)
        ends = sorted({*leaves, self.head} - {ROOT})
        return tuple(Branch(end + 1, self.line_to(end), is_current=end == self.head) for end in ends)

    @property
    def stale_turns(self) -> tuple[int, ...]:
        """Numbers of the turns that a cell still shows, but that are in no valid line."""
        shown = {turn.cell: number for number, turn in enumerate(self.all_turns) if turn.cell}
        valid = {number for end in self.line_ends for number in self.path_to(end)}
        return tuple(sorted(set(shown.values()) - valid))

    def unique_turns(self) -> Iterator[Turn]:
        """Yield each turn once, also where it is in several branches."""
        seen: set[str] = set()
        for turn in self.all_turns:
            if not turn.id or turn.id not in seen:
                yield turn
            seen.add(turn.id)


def _find_place_after(turns: Sequence[Turn], turn: Turn) -> int:
    """Return the place after a turn or after newer turns of its cell; 0 where there is neither."""
    places = [place for place, each in enumerate(turns, 1) if turn.id and each.id == turn.id]
    by_cell = [place for place, each in enumerate(turns, 1) if turn.cell and each.cell == turn.cell]
    return max(places or by_cell, default=0)


def _with_earlier_usage(turn: Turn, earlier: Turn) -> Turn:
    """Return a turn with the usage of its first call; a cached reply has none."""
    return turn if turn.usage.input else replace(turn, usage=earlier.usage)


def _remove_turns(history: History, removed: Collection[int], *, is_current: bool) -> History:
    """Return the history without some turns in its line; the turns after the first of them are added again."""
    path = history.path
    position = next((place for place, number in enumerate(path) if number in removed), None)
    if position is None:
        return history
    remaining = [number for number in path if number not in removed]
    if not is_current and len(remaining) == position:
        # Without a newer turn the line would still end with the removed ones.
        position = max(position - 1, 0)
    turns = (history.all_turns[number] for number in remaining[position:])
    return reduce(History.append_turn, turns, history.move_to((ROOT, *path)[position]))
