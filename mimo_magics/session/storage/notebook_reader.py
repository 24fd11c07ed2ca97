"""The reader of saved notebooks: it restores sessions from the turn records and the texts of the outputs.

A notebook is untrusted input. A record that is not valid is skipped and reported.
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
from mimo_magics.session.storage.media_folder import MediaFolder, get_media_folder
from mimo_magics.session.storage.session_paths import get_session_path
from mimo_magics.session.storage.turn_record import from_record
from mimo_magics.session.storage.validation import validate
from mimo_magics.session.turn import Turn

RECORD_METADATA_KEY = "mimo"
"""Key of the record in the metadata of an output."""
NAMED_CELL_PREFIX = "id:"
"""Prefix of a cell id that the user set with `--id`."""
CELL_ID_PATTERN = re.compile(r"[\w-]{1,64}", re.ASCII)
"""Cell ids that nbformat 4.5 allows."""
MAX_RECORD_DEPTH = 50
"""Levels of nesting in a record."""
MAX_REASON_CHARS = 100
"""Characters of a reason in messages."""
NOTEBOOK_HINT = Translatable("Choose a notebook that was saved with the outputs of its %%mimo cells.")

RECORD_ERRORS = (ValueError, TypeError, RecursionError)
"""Exceptions for a record that is not valid."""

FieldType = TypeVar("FieldType", str, list[Any], dict[str, Any])


@dataclass(frozen=True, slots=True)
class NotebookSessions:
    """The sessions in the outputs of a notebook."""

    sessions: Mapping[str, History]
    """At least one session, by name. The one with the latest turn is last."""
    skipped: tuple[str, ...] = ()
    """A sentence for each output that was skipped."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The place of a recorded turn."""

    after: str = ""
    """Id of the turn that it follows."""
    session: str = DEFAULT_SESSION_NAME


@dataclass(frozen=True, slots=True)
class _SavedTurn:
    """A turn of an output."""

    turn: Turn
    parent_id: str
    session: str
    cell_number: int
    """Number of the cell in the notebook, from 1."""


def read_notebook(path: str | Path) -> NotebookSessions:
    """Return the sessions of a saved notebook.

    Raises:
        BadSessionFile: the file cannot be read, is not a notebook, or has no output with a valid record.
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
        raise BadSessionFile(Translatable("{name} is not a notebook.", name=name), NOTEBOOK_HINT) from error
    found = read_histories(notebook, name)
    return replace(found, sessions=_restore_media(found.sessions, Path(path)))


def _restore_media(sessions: Mapping[str, History], path: Path) -> dict[str, History]:
    """Return the sessions of a notebook with the media of their session files."""
    folders = {session: get_media_folder(get_session_path(path, session)) for session in sessions}
    return {
        session: MediaFolder().restore(folders[session], history) for session, history in sessions.items()
    }


def read_histories(notebook: Mapping[str, Any], name: str = "The notebook") -> NotebookSessions:
    """Return the sessions of a notebook.

    Args:
        notebook: the JSON of the notebook, in format 4.
        name: of the notebook, for errors.

    Raises:
        BadSessionFile: it is not a notebook, or has no output with a valid record.
    """
    if not isinstance(notebook, Mapping) or not isinstance(notebook.get("cells"), list):
        raise BadSessionFile(Translatable("{name} is not a notebook.", name=name), NOTEBOOK_HINT)
    saved, skipped = _read_turns(notebook)
    if not saved:
        fact = Translatable("{name} has no output of a %%mimo cell.", name=name)
        if skipped:
            fact = Translatable("{name} has no session that can be read. {why}", name=name, why=skipped[0][1])
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
    """Return the session of this name, or the one with the latest turn, with its name.

    Raises:
        BadSessionFile: there is no session of this name.
    """
    name = name or list(notebook_sessions.sessions)[-1]
    if name not in notebook_sessions.sessions:
        session_names = list(notebook_sessions.sessions)
        advice = did_you_mean(
            name, session_names, Translatable("Available: {names}.", names=", ".join(session_names))
        )
        fact = Translatable("The notebook has no session {name!r}.", name=quote(name, MAX_NAME_CHARS))
        raise BadSessionFile(fact, advice)
    return name, notebook_sessions.sessions[name]


SkippedOutputs = list[tuple[int, str]]
"""Skipped outputs: number of the cell and a sentence."""


def _read_turns(notebook: Mapping[str, Any]) -> tuple[list[_SavedTurn], SkippedOutputs]:
    saved, skipped = [], []
    for cell_number, cell, output in _iter_outputs(notebook):
        if _get_field(output["metadata"], RECORD_METADATA_KEY, dict).get("aside") is True:
            skipped.append(_describe_skipped(cell_number, Translatable("its turn is a one-off prompt")))
            continue
        try:
            saved.append(_read_turn(cell_number, cell, output))
        except RECORD_ERRORS as error:
            skipped.append(
                _describe_skipped(
                    cell_number,
                    Translatable(
                        "its turn record is not valid ({error})",
                        error=quote(str(error), MAX_REASON_CHARS),
                    ),
                )
            )
    return saved, skipped


def _describe_skipped(cell_number: int, reason: str) -> tuple[int, str]:
    return cell_number, Translatable("Cell {place} of the notebook: {why}.", place=cell_number, why=reason)


def _iter_outputs(notebook: Mapping[str, Any]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield each output with a record, with number and id of its cell."""
    for cell_number, cell in enumerate(notebook["cells"], 1):
        for output in _get_field(cell, "outputs", list):
            if RECORD_METADATA_KEY in _get_field(output, "metadata", dict):
                yield cell_number, _get_field(cell, "id", str), output


def _get_field(value: object, name: str, kind: type[FieldType]) -> FieldType:
    """Return a field of a JSON object, or an empty value if the object has no field of this type."""
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
    """Return a record that can be saved and sent again."""
    if not isinstance(record, dict) or not is_within_depth(record, MAX_RECORD_DEPTH):
        raise ValueError("not an object, or nested too deeply")
    json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    return record


def _get_created_at(saved: _SavedTurn) -> float:
    return saved.turn.created_at


def _remove_duplicates(saved: Sequence[_SavedTurn], skipped: SkippedOutputs) -> list[_SavedTurn]:
    """Return one output for each turn. A continued turn has two outputs, and the longer reply is used."""
    latest: dict[object, _SavedTurn] = {}
    for each in sorted(saved, key=lambda each: (len(each.turn.reply.text), each.cell_number)):
        # Older records have no id.
        turn = each.turn.id or object()
        if turn in latest:
            skipped.append(
                _describe_skipped(
                    latest[turn].cell_number,
                    Translatable("its turn is also in cell {place}", place=each.cell_number),
                )
            )
        latest[turn] = _merge_outputs(latest[turn], each) if turn in latest else each
    return sorted(latest.values(), key=lambda each: (_get_created_at(each), each.cell_number))


def _merge_outputs(first: _SavedTurn, second: _SavedTurn) -> _SavedTurn:
    """Return the second output of a turn. A reply that was continued in another cell keeps the cell of its prompt."""
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
        _describe_skipped(each.cell_number, Translatable("its turn is no longer part of the session"))
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
    """Return the path of turns to the last one. A cycle is cut."""
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
    """Return the turn before, in place of one whose output was deleted."""
    return next((place for place in range(before - 1, -1, -1) if place in indices), None)
