"""All turns of a session: nothing that was said is lost, and one line of it is what the model is told.

A cell that is run again begins a branch beside its old turn; `undo` and `switch` only move where the next prompt
goes on. So turns form a tree, kept as a list in which each turn comes after the one that it follows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from mimo_magics.session.turn import Turn

ROOT = -1
"""The place before the first turn."""
FIRST = ""
"""The conversation that a session begins with; each `--new` begins another one."""


@dataclass(frozen=True, slots=True)
class History:
    """The tree of turns, and where the conversation stands in it. A value: each change makes a new one."""

    all: tuple[Turn, ...] = ()
    """Every turn, in the order in which they were asked. Its place in here, from 0, is a turn's number."""
    parents: tuple[int, ...] = ()
    """Number of the turn that each one follows, or `ROOT`."""
    thread: str = FIRST
    """Which conversation goes on."""
    heads: Mapping[str, int] = field(default_factory=dict)
    """Where each conversation stands: the number of its last turn."""

    @property
    def head(self) -> int:
        """Number of the last turn, or `ROOT`."""
        return self.heads.get(self.thread, ROOT)

    @property
    def line(self) -> tuple[int, ...]:
        """Numbers of the turns that the next prompt follows, oldest first."""
        return self.line_to(self.head)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns that the next prompt follows, oldest first."""
        return tuple(self.all[number] for number in self.line)

    @property
    def newest(self) -> float:
        """When the last turn was asked, in seconds since 1970."""
        return max((turn.asked for turn in self.all), default=0.0)

    def line_to(self, number: int) -> tuple[int, ...]:
        """Return the numbers from the first turn to this one."""
        line = []
        while number != ROOT:
            line.append(number)
            number = self.parents[number]
        return tuple(reversed(line))

    def added(self, turn: Turn) -> History:
        """Return the history with one more turn at the end of its conversation."""
        placed = replace(turn, thread=self.thread)
        heads = {**self.heads, self.thread: len(self.all)}
        return replace(self, all=(*self.all, placed), parents=(*self.parents, self.head), heads=heads)

    def said_again(self, turn: Turn) -> History:
        """Return the history with a turn that may have been said at this place before: then nothing is added."""
        for number, (parent, said) in enumerate(zip(self.parents, self.all, strict=True)):
            if (parent, said.id, said.thread) == (self.head, turn.id, self.thread):
                return self.standing_at(number).replaced(_paid(turn, said))
        return self.added(turn)

    def replaced(self, turn: Turn) -> History:
        """Return the history with another last turn."""
        turns = list(self.all)
        turns[self.head] = replace(turn, thread=self.thread)
        return replace(self, all=tuple(turns))

    def back(self, count: int) -> History:
        """Return the history without its last turns, which stay as a branch."""
        line = (ROOT, *self.line)
        return self.standing_at(line[-1 - min(count, len(line) - 1)])

    def standing_at(self, number: int) -> History:
        """Return the history whose conversation goes on after the turn of this number."""
        return replace(self, heads={**self.heads, self.thread: number})

    def switched(self, number: int) -> History:
        """Return the history that goes on after any turn of this number, in its conversation."""
        there = replace(self, thread=self.all[number].thread)
        return there.standing_at(number)

    def anew(self, thread: str) -> History:
        """Return the history at the beginning of another conversation."""
        return replace(self, thread=thread).standing_at(ROOT)

    def before(self, cell: str) -> History:
        """Return the history as a cell that asks finds it.

        Its own turn and those after it are not there, if it has one on the line; everything is there if it has none.
        The line is that of the conversation that goes on, as long as a cell that the asking one followed before asked
        in it, too; or else of the one that the cell asked in last.
        """
        if not cell:
            return self
        here = replace(self, thread=self._thread_of(cell))
        first = next((number for number in here.line if self.all[number].cell == cell), None)
        return here if first is None else here.standing_at(self.parents[first])

    def _thread_of(self, cell: str) -> str:
        mine = [number for number, turn in enumerate(self.all) if turn.cell == cell and turn.thread != cell]
        if not mine:  # a cell that began a conversation may do so no more
            return FIRST if self.thread == cell else self.thread
        followed = {self.all[number].cell for number in self.line_to(mine[-1])}
        said = {turn.cell for turn in self.turns}
        stays = self.thread != cell and (not said or bool(said & followed - {""}))
        return self.thread if stays else self.all[mine[-1]].thread

    def without(self, cells: Collection[str]) -> History:
        """Return the history in which the turns of these cells, which were deleted, are no longer said."""
        forgotten = {number for number, turn in enumerate(self.all) if turn.cell and turn.cell in cells}
        nameless = (
            replace(turn, cell="") if number in forgotten else turn for number, turn in enumerate(self.all)
        )
        rest = replace(self, all=tuple(nameless))
        for thread in self.heads:
            rest = _without(replace(rest, thread=thread), forgotten)
        return replace(rest, thread=self.thread)

    def has(self, older: History) -> bool:
        """Tell whether every turn of an older history is in this one."""
        return {turn.id for turn in older.all} <= {turn.id for turn in self.all}

    def including(self, older: History) -> History:
        """Return the history with what else was said before, as branches.

        The older turns come first, with the numbers that they have; those that are in both are not said twice.
        """
        turns, parents = list(older.all), list(older.parents)
        numbers = enumerate(zip(turns, parents, strict=True))
        said = {(parent, turn.id, turn.thread): number for number, (turn, parent) in numbers}
        places = {ROOT: ROOT}
        for number, (turn, parent) in enumerate(zip(self.all, self.parents, strict=True)):
            there = places[parent]
            place = said.get((there, turn.id, turn.thread), len(turns)) if turn.id else len(turns)
            places[number] = place
            if place == len(turns):
                parents.append(there)
                turns.append(turn)
            else:
                turns[place] = _paid(turn, turns[place])
        heads = {thread: places[head] for thread, head in self.heads.items()}
        return History(tuple(turns), tuple(parents), self.thread, heads)

    @property
    def branches(self) -> tuple[int, ...]:
        """Numbers of the turns that nothing follows, and of those where a conversation stands."""
        ends = set(range(len(self.all))) - set(self.parents)
        return tuple(sorted(ends | (set(self.heads.values()) - {ROOT})))

    @property
    def stale(self) -> tuple[int, ...]:
        """Numbers of the turns that a cell still shows, but that its conversation no longer says."""
        shown = {turn.cell: number for number, turn in enumerate(self.all) if turn.cell}
        said = {number for head in self.heads.values() for number in self.line_to(head)}
        return tuple(sorted(set(shown.values()) - said))

    def spoken(self) -> Iterator[Turn]:
        """Yield each turn that was asked once, also where it stands in several branches."""
        seen: set[str] = set()
        for turn in self.all:
            if not turn.id or turn.id not in seen:
                yield turn
            seen.add(turn.id)


def _paid(turn: Turn, said: Turn) -> Turn:
    """Return a turn that was said before; an answer that was kept spends nothing, but once it did."""
    return turn if turn.spent.input else replace(turn, spent=said.spent)


def _without(history: History, forgotten: Collection[int]) -> History:
    """Take turns out of the line: those after the first of them are said again, after those before it."""
    line = history.line
    first = next((place for place, number in enumerate(line) if number in forgotten), None)
    if first is None:
        return history
    rest = history.standing_at((ROOT, *line)[first])
    for number in line[first:]:
        if number not in forgotten:
            rest = rest.added(history.all[number])
    return rest
