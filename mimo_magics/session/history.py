"""All turns of a session: nothing that was said is lost, and one line of it is what the model is told.

A cell that is run again begins a branch beside its old turn; `undo` and `switch` only move where the next prompt
goes on. So turns form a tree, kept as a list in which each turn comes after the one that it follows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from mimo_magics.session.turn import Turn

ROOT = -1
"""The place before the first turn."""
FIRST_THREAD = ""
"""The conversation that a session begins with; each `--new` begins another one."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of turns in a history."""

    number: int
    """Number of its last turn among all turns, from 1."""
    turns: tuple[Turn, ...]
    is_current: bool


@dataclass(frozen=True, slots=True)
class History:
    """The tree of turns, and where the conversation stands in it. A value: each change makes a new one."""

    all_turns: tuple[Turn, ...] = ()
    """Every turn, in the order in which they were asked. Its place in here, from 0, is a turn's number."""
    parents: tuple[int, ...] = ()
    """Number of the turn that each one follows, or `ROOT`."""
    thread: str = FIRST_THREAD
    """Which conversation goes on."""
    heads: Mapping[str, int] = field(default_factory=dict)
    """Where each conversation stands: the number of its last turn."""

    @property
    def head(self) -> int:
        """Number of the last turn, or `ROOT`."""
        return self.heads.get(self.thread, ROOT)

    @property
    def path(self) -> tuple[int, ...]:
        """Numbers of the turns that the next prompt follows, oldest first."""
        return self.path_to(self.head)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns that the next prompt follows, oldest first."""
        return tuple(self.all_turns[number] for number in self.path)

    @property
    def latest_created_at(self) -> float:
        """When the last turn was asked, in seconds since 1970."""
        return max((turn.created_at for turn in self.all_turns), default=0.0)

    def path_to(self, number: int) -> tuple[int, ...]:
        """Return the numbers from the first turn to this one."""
        path = []
        while number != ROOT:
            path.append(number)
            number = self.parents[number]
        return tuple(reversed(path))

    def append_turn(self, turn: Turn) -> History:
        """Return the history with one more turn at the end of its conversation."""
        added_turn = replace(turn, thread=self.thread)
        heads = {**self.heads, self.thread: len(self.all_turns)}
        return replace(
            self, all_turns=(*self.all_turns, added_turn), parents=(*self.parents, self.head), heads=heads
        )

    def append_or_restore(self, turn: Turn) -> History:
        """Return the history with a turn that may have been said at this place before: then nothing is added."""
        for number, (parent, other) in enumerate(zip(self.parents, self.all_turns, strict=True)):
            if (parent, other.id, other.thread) == (self.head, turn.id, self.thread):
                return self.move_to(number).replace_last(_with_earlier_usage(turn, other))
        return self.append_turn(turn)

    def replace_last(self, turn: Turn) -> History:
        """Return the history with another last turn."""
        turns = list(self.all_turns)
        turns[self.head] = replace(turn, thread=self.thread)
        return replace(self, all_turns=tuple(turns))

    def drop_last(self, count: int) -> History:
        """Return the history without its last turns, which stay as a branch."""
        path = (ROOT, *self.path)
        return self.move_to(path[-1 - min(count, len(path) - 1)])

    def move_to(self, number: int) -> History:
        """Return the history whose conversation goes on after the turn of this number."""
        return replace(self, heads={**self.heads, self.thread: number})

    def switch_to(self, number: int) -> History:
        """Return the history that goes on after any turn of this number, in its conversation."""
        switched = replace(self, thread=self.all_turns[number].thread)
        return switched.move_to(number)

    def start_conversation(self, thread: str) -> History:
        """Return the history at the beginning of another conversation."""
        return replace(self, thread=thread).move_to(ROOT)

    def rewind_to_cell(self, cell: str) -> History:
        """Return the history as a cell that asks finds it.

        Its own turn and those after it are not there, if it has one on the line; everything is there if it has none.
        The line is that of the conversation that goes on, as long as a cell that the asking one followed before asked
        in it, too; or else of the one that the cell asked in last.
        """
        if not cell:
            return self
        history = replace(self, thread=self._find_thread(cell))
        first_number = next((number for number in history.path if self.all_turns[number].cell == cell), None)
        return history if first_number is None else history.move_to(self.parents[first_number])

    def _find_thread(self, cell: str) -> str:
        own_numbers = [
            number for number, turn in enumerate(self.all_turns) if turn.cell == cell and turn.thread != cell
        ]
        if not own_numbers:  # a cell that began a conversation may do so no more
            return FIRST_THREAD if self.thread == cell else self.thread
        preceding_cells = {self.all_turns[number].cell for number in self.path_to(own_numbers[-1])}
        current_cells = {turn.cell for turn in self.turns}
        stays_in_thread = self.thread != cell and (
            not current_cells or bool(current_cells & preceding_cells - {""})
        )
        return self.thread if stays_in_thread else self.all_turns[own_numbers[-1]].thread

    def remove_cells(self, cells: Collection[str]) -> History:
        """Return the history in which the turns of these cells, which were deleted, are no longer said."""
        removed = {number for number, turn in enumerate(self.all_turns) if turn.cell and turn.cell in cells}
        turns = (
            replace(turn, cell="") if number in removed else turn
            for number, turn in enumerate(self.all_turns)
        )
        history = replace(self, all_turns=tuple(turns))
        for thread in self.heads:
            history = _remove_turns(replace(history, thread=thread), removed)
        return replace(history, thread=self.thread)

    def restore_cell(self, cell: str, path: Sequence[Turn]) -> History:
        """Return the history in which the turns of a cell are said where they were; those after them are said again.

        Args:
            cell: that was deleted, and is there again.
            path: what its conversation said before the cell was deleted.
        """
        restored_ids = {turn.id for turn in path if turn.id and turn.cell == cell}
        history = replace(self, thread=path[0].thread)
        turns = [turn for turn in history.turns if turn.id not in restored_ids]
        place = 0
        for turn in path:
            if turn.cell == cell:
                turns.insert(place, turn)
                place += 1
            else:
                place = max(place, _find_place_after(turns, turn))
        return replace(reduce(_say_again, turns, history.move_to(ROOT)), thread=self.thread)

    def contains(self, older: History) -> bool:
        """Tell whether every turn of an older history is in this one."""
        return {turn.id for turn in older.all_turns} <= {turn.id for turn in self.all_turns}

    def merge_older(self, older: History) -> History:
        """Return the history with what else was said before, as branches.

        The older turns come first, with the numbers that they have; those that are in both are not said twice.
        """
        turns, parents = list(older.all_turns), list(older.parents)
        numbers = enumerate(zip(turns, parents, strict=True))
        known = {(parent, turn.id, turn.thread): number for number, (turn, parent) in numbers}
        new_numbers = {ROOT: ROOT}
        for number, (turn, parent) in enumerate(zip(self.all_turns, self.parents, strict=True)):
            new_parent = new_numbers[parent]
            new_number = known.get((new_parent, turn.id, turn.thread), len(turns)) if turn.id else len(turns)
            new_numbers[number] = new_number
            if new_number == len(turns):
                parents.append(new_parent)
                turns.append(turn)
            else:
                turns[new_number] = _with_earlier_usage(turn, turns[new_number])
        heads = {thread: new_numbers[head] for thread, head in self.heads.items()}
        return History(tuple(turns), tuple(parents), self.thread, heads)

    @property
    def branch_heads(self) -> tuple[int, ...]:
        """Numbers of the turns that nothing follows, and of those where a conversation stands."""
        ends = set(range(len(self.all_turns))) - set(self.parents)
        return tuple(sorted(ends | (set(self.heads.values()) - {ROOT})))

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The branches, by the numbers of their last turns."""
        return tuple(
            Branch(
                number + 1,
                tuple(self.all_turns[each] for each in self.path_to(number)),
                is_current=number == self.head,
            )
            for number in self.branch_heads
        )

    @property
    def stale_turns(self) -> tuple[int, ...]:
        """Numbers of the turns that a cell still shows, but that its conversation no longer says."""
        shown = {turn.cell: number for number, turn in enumerate(self.all_turns) if turn.cell}
        current = {number for head in self.heads.values() for number in self.path_to(head)}
        return tuple(sorted(set(shown.values()) - current))

    def unique_turns(self) -> Iterator[Turn]:
        """Yield each turn that was asked once, also where it stands in several branches."""
        seen: set[str] = set()
        for turn in self.all_turns:
            if not turn.id or turn.id not in seen:
                yield turn
            seen.add(turn.id)


def _find_place_after(turns: Sequence[Turn], turn: Turn) -> int:
    """Return the place after a turn, or after what its cell said later; 0 where there is neither."""
    places = [place for place, each in enumerate(turns, 1) if turn.id and each.id == turn.id]
    by_cell = [place for place, each in enumerate(turns, 1) if turn.cell and each.cell == turn.cell]
    return max(places or by_cell, default=0)


def _say_again(history: History, turn: Turn) -> History:
    return history.append_or_restore(turn) if turn.id else history.append_turn(turn)


def _with_earlier_usage(turn: Turn, earlier: Turn) -> Turn:
    """Return a turn that was said before; an answer that was kept spends nothing, but once it did."""
    return turn if turn.usage.input else replace(turn, usage=earlier.usage)


def _remove_turns(history: History, removed: Collection[int]) -> History:
    """Take turns out of the line: those after the first of them are said again, after those before it."""
    path = history.path
    position = next((place for place, number in enumerate(path) if number in removed), None)
    if position is None:
        return history
    remaining = history.move_to((ROOT, *path)[position])
    for number in path[position:]:
        if number not in removed:
            remaining = remaining.append_turn(history.all_turns[number])
    return remaining
