"""The sessions that a saved notebook tells of, from the records and the texts of its outputs alone.

Whoever wrote the notebook may be a stranger: a record that cannot be used is named and left aside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from pathlib import Path
from typing import Any, TypeVar

from mimo_magics.core.errors import BadSessionFile
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import whole_characters
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import replace_control_characters
from mimo_magics.session.history import History
from mimo_magics.session.session_names import MAIN, NAME
from mimo_magics.session.storage.turn_record import from_record
from mimo_magics.session.turn import Turn

KEY = "mimo"
"""Where an output's metadata holds the record."""
NAMED = "id:"
"""How the cell of a turn begins that was named by its option, and not by its front end."""
CELL_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
"""What nbformat 4.5 allows."""
DEEPEST = 50
"""Levels of a record that are still read."""
SHORT = 100
"""Characters of a reason that are told."""
ADVICE = Words("Choose a notebook that was saved with the outputs of its %%mimo cells.")

UNREADABLE = (ValueError, TypeError, RecursionError)
"""What reading a record raises where a value is not what it should be."""

Kind = TypeVar("Kind", str, list[Any], dict[str, Any])


@dataclass(frozen=True, slots=True)
class Found:
    """What the outputs of a notebook tell of."""

    sessions: Mapping[str, History]
    """By name, the one that asked last at the end. There is one at least."""
    left: tuple[str, ...] = ()
    """A sentence for each output with a record that is not in them."""


@dataclass(frozen=True, slots=True)
class _Saved:
    """A turn as an output holds it."""

    turn: Turn
    after: str
    session: str
    place: int
    """Number of its cell, from 1 at the top."""


def read(path: str | Path) -> Found:
    """Return what a saved notebook tells of.

    Raises:
        BadSessionFile: it cannot be read, is no notebook, or has no output with a record that can be read.
    """
    name = repr(str(path))
    try:
        notebook = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise BadSessionFile(
            Words("{name} cannot be read: {reason}.", name=name, reason=error.strerror), ADVICE
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadSessionFile(Words("{name} is no notebook.", name=name), ADVICE) from error
    return histories(notebook, name)


def histories(notebook: Mapping[str, Any], name: str = "This") -> Found:
    """Return what a notebook tells of, which is given as its JSON.

    Args:
        notebook: of format 4.
        name: of the notebook, for errors.

    Raises:
        BadSessionFile: it is no notebook, or has no output with a record that can be read.
    """
    if not isinstance(notebook, Mapping) or not isinstance(notebook.get("cells"), list):
        raise BadSessionFile(Words("{name} is no notebook.", name=name), ADVICE)
    saved, left = _read(notebook)
    if not saved:
        fact = Words("{name} holds no answer of a model.", name=name)
        if left:
            fact = Words("{name} holds no conversation that can be read. {why}", name=name, why=left[0][1])
        raise BadSessionFile(fact, ADVICE)
    by_session: dict[str, list[_Saved]] = {}
    for each in sorted(saved, key=_asked):
        by_session.setdefault(each.session, []).append(each)
    by_end = sorted(by_session.items(), key=lambda item: _asked(item[1][-1]))
    sessions = {session: _history(_once(turns, left), left) for session, turns in by_end}
    return Found(sessions, tuple(sentence for _, sentence in sorted(left)))


def one(found: Found, name: str = "") -> tuple[str, History]:
    """Return the session of this name, or the one that asked last, with its name.

    Raises:
        BadSessionFile: there is none of this name.
    """
    name = name or list(found.sessions)[-1]
    if name not in found.sessions:
        there = [replace_control_characters(each) for each in found.sessions]
        advice = did_you_mean(name, there, Words("There are: {names}.", names=", ".join(there)))
        raise BadSessionFile(Words("The notebook tells of no session {name!r}.", name=name), advice)
    return name, found.sessions[name]


Left = list[tuple[int, str]]
"""What is left aside: numbers of cells, and a sentence for each."""


def _read(notebook: Mapping[str, Any]) -> tuple[list[_Saved], Left]:
    saved, left = [], []
    for place, cell, output in _outputs(notebook):
        if _field(output["metadata"], KEY, dict).get("aside") is True:
            left.append(_left(place, Words("its turn belongs to no conversation")))
            continue
        try:
            saved.append(_saved(place, cell, output))
        except UNREADABLE as error:
            left.append(
                _left(
                    place,
                    Words(
                        "its record cannot be read ({error})",
                        error=replace_control_characters(str(error))[:SHORT],
                    ),
                )
            )
    return saved, left


def _left(place: int, why: str) -> tuple[int, str]:
    return place, Words("Cell {place} from the top: {why}.", place=place, why=why)


def _outputs(notebook: Mapping[str, Any]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield each output that has a record, with number and id of its cell."""
    for place, cell in enumerate(notebook["cells"], 1):
        for output in _field(cell, "outputs", list):
            if KEY in _field(output, "metadata", dict):
                yield place, _field(cell, "id", str), output


def _field(value: object, name: str, kind: type[Kind]) -> Kind:
    """Return a field of a JSON object; an empty one where there is none of this type."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, kind) else kind()


def _saved(place: int, cell: str, output: dict[str, Any]) -> _Saved:
    told = _checked(output["metadata"][KEY])
    text = whole_characters("".join(_field(output, "data", dict).get("text/plain", "")))
    turn = from_record(told, text)
    after, session = told.get("after", ""), told.get("session", MAIN)
    if not isinstance(after, str) or not _is_name(session):
        raise ValueError("it tells of no session")
    if CELL_ID.fullmatch(cell) and not turn.cell.startswith(NAMED):
        turn = replace(turn, cell=cell)
    return _Saved(turn, after, session, place)


def _checked(told: object) -> dict[str, Any]:
    """Return a record that can be written again, and sent."""
    if not isinstance(told, dict) or not _is_flat(told, DEEPEST):
        raise ValueError("it is none")
    json.dumps(told, ensure_ascii=False, allow_nan=False).encode()
    return told


def _is_flat(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_flat(each, levels - 1) for each in inner)


def _is_name(session: object) -> bool:
    return isinstance(session, str) and bool(NAME.fullmatch(session))


def _asked(saved: _Saved) -> float:
    return saved.turn.asked


def _once(saved: Sequence[_Saved], left: Left) -> list[_Saved]:
    """Keep one output of each turn: one that was continued stands in two, and the longer answer is the whole one."""
    kept: dict[object, _Saved] = {}
    for each in sorted(saved, key=lambda each: (len(each.turn.reply.text), each.place)):
        turn = each.turn.id or object()  # older records have no id
        if turn in kept:
            left.append(
                _left(kept[turn].place, Words("the same turn stands in cell {place}", place=each.place))
            )
        kept[turn] = _continued(kept[turn], each) if turn in kept else each
    return sorted(kept.values(), key=lambda each: (_asked(each), each.place))


def _continued(first: _Saved, second: _Saved) -> _Saved:
    """Return the second output of a turn; an answer that went on in another cell belongs to the one that asked."""
    if len(second.turn.reply.text) == len(first.turn.reply.text):
        return second
    return replace(second, turn=replace(second.turn, cell=first.turn.cell))


def _history(asked: Sequence[_Saved], left: Left) -> History:
    """Build the history of a session from its turns, which are in the order in which they were asked."""
    threads: dict[str, list[_Saved]] = {}
    for each in asked:
        threads.setdefault(each.turn.thread, []).append(each)
    lines = [_line(turns) for turns in threads.values()]
    said = {id(each) for line in lines for each in line}
    left += [
        _left(each.place, Words("its turn is no longer part of the conversation"))
        for each in asked
        if id(each) not in said
    ]
    history = History()
    for each in merge(*lines, key=_asked):
        history = replace(history, thread=each.turn.thread).added(each.turn)
    return replace(history, thread=asked[-1].turn.thread)


def _line(asked: Sequence[_Saved]) -> list[_Saved]:
    """Return the turns that lead to the last one; a cycle of turns that follow each other is cut."""
    places = {each.turn.id: place for place, each in enumerate(asked)}
    unused = set(range(len(asked)))
    line = []
    place: int | None = len(asked) - 1
    while place is not None:
        unused.remove(place)
        each = asked[place]
        line.append(each)
        if each.turn.id and not each.after:
            break
        followed = places.get(each.after) if each.after else None
        place = followed if followed in unused else _newest(unused, place)
    return line[::-1]


def _newest(places: set[int], before: int) -> int | None:
    """Stand in for a turn whose output was deleted."""
    return next((place for place in range(before - 1, -1, -1) if place in places), None)
