"""The sessions that a saved notebook tells of, from the records and the texts of its outputs alone.

Whoever wrote the notebook may be a stranger: a record that cannot be used is named and left aside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from pathlib import Path
from typing import Any, TypeVar

from mimo_magics.core.errors import BadSessionFile
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.serialization import is_within_depth
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import join_surrogates, quote
from mimo_magics.session.history import ROOT, History
from mimo_magics.session.session_names import DEFAULT_SESSION_NAME, MAX_NAME_CHARS, SESSION_NAME_PATTERN
from mimo_magics.session.storage.turn_record import from_record
from mimo_magics.session.storage.validation import validate
from mimo_magics.session.turn import Turn

RECORD_METADATA_KEY = "mimo"
"""Where an output's metadata holds the record."""
NAMED_CELL_PREFIX = "id:"
"""How the cell of a turn begins that was named by its option, and not by its front end."""
CELL_ID_PATTERN = re.compile(r"[\w-]{1,64}", re.ASCII)
"""What nbformat 4.5 allows."""
MAX_RECORD_DEPTH = 50
"""Levels of a record that are still read."""
MAX_REASON_CHARS = 100
"""Characters of a reason that are told."""
NOTEBOOK_HINT = Translatable("Choose a notebook that was saved with the outputs of its %%mimo cells.")

RECORD_ERRORS = (ValueError, TypeError, RecursionError)
"""What reading a record raises where a value is not what it should be."""

FieldType = TypeVar("FieldType", str, list[Any], dict[str, Any])


@dataclass(frozen=True, slots=True)
class NotebookSessions:
    """What the outputs of a notebook tell of."""

    sessions: Mapping[str, History]
    """By name, the one that asked last at the end. There is one at least."""
    skipped: tuple[str, ...] = ()
    """A sentence for each output with a record that is not in them."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a record places its turn."""

    after: str = ""
    """Id of the turn that it follows."""
    session: str = DEFAULT_SESSION_NAME


@dataclass(frozen=True, slots=True)
class _SavedTurn:
    """A turn as an output holds it."""

    turn: Turn
    parent_id: str
    session: str
    cell_number: int
    """Number of its cell, from 1 at the top."""


def read_notebook(path: str | Path) -> NotebookSessions:
    """Return what a saved notebook tells of.

    Raises:
        BadSessionFile: it cannot be read, is no notebook, or has no output with a record that can be read.
    """
    name = repr(str(path))
    try:
        notebook = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise BadSessionFile(
            Translatable("{name} cannot be read: {reason}.", name=name, reason=error.strerror or str(error)),
            NOTEBOOK_HINT,
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadSessionFile(Translatable("{name} is no notebook.", name=name), NOTEBOOK_HINT) from error
    return read_histories(notebook, name)


def read_histories(notebook: Mapping[str, Any], name: str = "This") -> NotebookSessions:
    """Return what a notebook tells of, which is given as its JSON.

    Args:
        notebook: of format 4.
        name: of the notebook, for errors.

    Raises:
        BadSessionFile: it is no notebook, or has no output with a record that can be read.
    """
    if not isinstance(notebook, Mapping) or not isinstance(notebook.get("cells"), list):
        raise BadSessionFile(Translatable("{name} is no notebook.", name=name), NOTEBOOK_HINT)
    saved, skipped = _read_turns(notebook)
    if not saved:
        fact = Translatable("{name} holds no answer of a model.", name=name)
        if skipped:
            fact = Translatable(
                "{name} holds no conversation that can be read. {why}", name=name, why=skipped[0][1]
            )
        raise BadSessionFile(fact, NOTEBOOK_HINT)
    by_session: dict[str, list[_SavedTurn]] = {}
    for each in sorted(saved, key=_get_created_at):
        by_session.setdefault(each.session, []).append(each)
    by_end = sorted(by_session.items(), key=lambda item: _get_created_at(item[1][-1]))
    sessions = {
        session: _build_history(_remove_duplicates(turns, skipped), skipped) for session, turns in by_end
    }
    return NotebookSessions(sessions, tuple(sentence for _, sentence in sorted(skipped)))


def select_session(notebook_sessions: NotebookSessions, name: str = "") -> tuple[str, History]:
    """Return the session of this name, or the one that asked last, with its name.

    Raises:
        BadSessionFile: there is none of this name.
    """
    name = name or list(notebook_sessions.sessions)[-1]
    if name not in notebook_sessions.sessions:
        session_names = list(notebook_sessions.sessions)
        advice = did_you_mean(
            name, session_names, Translatable("Available: {names}.", names=", ".join(session_names))
        )
        fact = Translatable("The notebook tells of no session {name!r}.", name=quote(name, MAX_NAME_CHARS))
        raise BadSessionFile(fact, advice)
    return name, notebook_sessions.sessions[name]


SkippedOutputs = list[tuple[int, str]]
"""What is left aside: numbers of cells, and a sentence for each."""


def _read_turns(notebook: Mapping[str, Any]) -> tuple[list[_SavedTurn], SkippedOutputs]:
    saved, skipped = [], []
    for cell_number, cell, output in _iter_outputs(notebook):
        if _get_field(output["metadata"], RECORD_METADATA_KEY, dict).get("aside") is True:
            skipped.append(
                _describe_skipped(cell_number, Translatable("its turn belongs to no conversation"))
            )
            continue
        try:
            saved.append(_read_turn(cell_number, cell, output))
        except RECORD_ERRORS as error:
            skipped.append(
                _describe_skipped(
                    cell_number,
                    Translatable(
                        "its record cannot be read ({error})",
                        error=quote(str(error), MAX_REASON_CHARS),
                    ),
                )
            )
    return saved, skipped


def _describe_skipped(cell_number: int, reason: str) -> tuple[int, str]:
    return cell_number, Translatable("Cell {place} from the top: {why}.", place=cell_number, why=reason)


def _iter_outputs(notebook: Mapping[str, Any]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield each output that has a record, with number and id of its cell."""
    for cell_number, cell in enumerate(notebook["cells"], 1):
        for output in _get_field(cell, "outputs", list):
            if RECORD_METADATA_KEY in _get_field(output, "metadata", dict):
                yield cell_number, _get_field(cell, "id", str), output


def _get_field(value: object, name: str, kind: type[FieldType]) -> FieldType:
    """Return a field of a JSON object; an empty one where there is none of this type."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, kind) else kind()


def _read_turn(cell_number: int, cell: str, output: dict[str, Any]) -> _SavedTurn:
    record = _check_record(output["metadata"][RECORD_METADATA_KEY])
    text = join_surrogates("".join(_get_field(output, "data", dict).get("text/plain", "")))
    turn = from_record(record, text)
    place = validate(_Place, record)
    if not SESSION_NAME_PATTERN.fullmatch(place.session):
        raise ValueError("session is not a valid name")
    if CELL_ID_PATTERN.fullmatch(cell) and not turn.cell.startswith(NAMED_CELL_PREFIX):
        turn = replace(turn, cell=cell)
    return _SavedTurn(turn, place.after, place.session, cell_number)


def _check_record(record: object) -> dict[str, Any]:
    """Return a record that can be written again, and sent."""
    if not isinstance(record, dict) or not is_within_depth(record, MAX_RECORD_DEPTH):
        raise ValueError("it is none")
    json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    return record


def _get_created_at(saved: _SavedTurn) -> float:
    return saved.turn.created_at


def _remove_duplicates(saved: Sequence[_SavedTurn], skipped: SkippedOutputs) -> list[_SavedTurn]:
    """Keep one output of each turn: one that was continued stands in two, and the longer answer is the whole one."""
    latest: dict[object, _SavedTurn] = {}
    for each in sorted(saved, key=lambda each: (len(each.turn.reply.text), each.cell_number)):
        turn = each.turn.id or object()  # older records have no id
        if turn in latest:
            skipped.append(
                _describe_skipped(
                    latest[turn].cell_number,
                    Translatable("the same turn stands in cell {place}", place=each.cell_number),
                )
            )
        latest[turn] = _merge_outputs(latest[turn], each) if turn in latest else each
    return sorted(latest.values(), key=lambda each: (_get_created_at(each), each.cell_number))


def _merge_outputs(first: _SavedTurn, second: _SavedTurn) -> _SavedTurn:
    """Return the second output of a turn; an answer that went on in another cell belongs to the one that asked."""
    if len(second.turn.reply.text) == len(first.turn.reply.text):
        return second
    return replace(second, turn=replace(second.turn, cell=first.turn.cell))


def _build_history(saved_turns: Sequence[_SavedTurn], skipped: SkippedOutputs) -> History:
    """Build the history of a session from its turns, oldest first. The newest one ends the current line."""
    lines = [_trace_path(saved_turns)]
    by_id = {each.turn.id: each for each in saved_turns if each.turn.id}
    used = {id(each) for each in lines[0]}
    for end in reversed(saved_turns):
        if line := _trace_branch(end, by_id, used):
            lines.append(line)
            used |= {id(each) for each in line}
    skipped += [
        _describe_skipped(each.cell_number, Translatable("its turn is no longer part of the conversation"))
        for each in saved_turns
        if id(each) not in used
    ]
    return _merge_lines(lines)


def _trace_branch(
    end: _SavedTurn, by_id: Mapping[str, _SavedTurn], used: Collection[int]
) -> list[_SavedTurn]:
    """Return the turns of another branch from its first turn to the last; none where one is missing or used."""
    line: list[_SavedTurn] = []
    each: _SavedTurn | None = end
    seen: set[int] = set()
    while each and each.turn.id and id(each) not in used and id(each) not in seen:
        line.append(each)
        seen.add(id(each))
        if not each.parent_id:
            return line[::-1]
        each = by_id.get(each.parent_id)
    return []


def _merge_lines(lines: Sequence[Sequence[_SavedTurn]]) -> History:
    """Return the history of these lines, in the order in which their turns were sent. The first line is the current one."""
    history, ends = History(), [ROOT] * len(lines)
    numbered_lines = ([(number, each) for each in line] for number, line in enumerate(lines))
    for number, each in merge(*numbered_lines, key=lambda item: _get_created_at(item[1])):
        history = history.move_to(ends[number]).append_turn(each.turn)
        ends[number] = history.head
    return history.move_to(ends[0])


def _trace_path(saved_turns: Sequence[_SavedTurn]) -> list[_SavedTurn]:
    """Return the turns that lead to the last one; a cycle of turns that follow each other is cut."""
    indices = {each.turn.id: index for index, each in enumerate(saved_turns)}
    unused = set(range(len(saved_turns)))
    path = []
    index: int | None = len(saved_turns) - 1
    while index is not None:
        unused.remove(index)
        each = saved_turns[index]
        path.append(each)
        if each.turn.id and not each.parent_id:
            break
        parent = indices.get(each.parent_id) if each.parent_id else None
        index = parent if parent in unused else _find_previous(unused, index)
    return path[::-1]


def _find_previous(indices: set[int], before: int) -> int | None:
    """Stand in for a turn whose output was deleted."""
    return next((place for place in range(before - 1, -1, -1) if place in indices), None)
