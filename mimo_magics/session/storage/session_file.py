"""The session file: one JSON document, described in docs/session-file.md, that is written atomically."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from mimo_magics.core.errors import BadSessionFile, SessionNotSaved
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Usage
from mimo_magics.core.serialization import to_dict
from mimo_magics.core.setting_values import matches_type
from mimo_magics.core.text import quote
from mimo_magics.core.working_folder import absolute_path
from mimo_magics.session.history import ROOT, History
from mimo_magics.session.limits.unrecorded_calls import UnrecordedCalls
from mimo_magics.session.media_reference import MediaReference
from mimo_magics.session.storage.media_folder import MediaFolder, get_media_folder
from mimo_magics.session.storage.validation import validate
from mimo_magics.session.turn import MAX_COST, Turn, check_turn, check_usage
from mimo_magics.tape.lock import lock_file, sibling_path

FORMAT = "mimo-magics session"
FORMAT_VERSION = 2
INHERITED_FIELDS = ("system", "tools", "summary")
"""Long fields that a turn inherits from its parent. They are left out where both are equal."""

UPDATE_HINT = Translatable("Update it: pip install --upgrade mimo-magics")
FILE_UNCHANGED_HINT = Translatable(
    "Nothing is lost: the session is in the kernel, and the file is unchanged."
)
RETRY_HINT = Translatable("Nothing is lost: save the session again, or under another name.")
NOTHING_SENT_HINT = Translatable(
    "Nothing was sent. Set another path with %mimo_config notebook=PATH.ipynb, or turn saving off with autosave=off."
)
CONFLICT_HINT = Translatable(
    "Nothing is lost: save the session under another name, or load the file to continue it."
)
DAMAGED_FILE_HINT = Translatable("The file was not changed. Restore it from a backup.")

MAX_REASON_CHARS = 100
"""Characters of a reason in errors."""
MAX_NAME_CHARS = 300
"""Characters of a path in errors."""

FileState = tuple[int, int, int] | None
"""The state of a file: inode, last change in nanoseconds, size in bytes. `None` without a file."""


@dataclass(frozen=True, slots=True)
class SavedSession:
    """The session in a session file."""

    name: str
    started_on: date
    """The day in the system prompt."""
    history: History
    unrecorded: UnrecordedCalls = UnrecordedCalls()
    """Calls that are not in the history."""


@dataclass(frozen=True, slots=True)
class _Document:
    """The JSON document, once its turns have the fields that they inherit."""

    version: Literal[2]
    name: str
    begun: str
    turns: tuple[Turn, ...]
    head: int
    aside: Usage = Usage()
    aside_cost: float = 0.0
    aside_cost_partial: bool = False


@dataclass(frozen=True, slots=True)
class _Link:
    """The place of a turn in the tree."""

    after: int
    """Number of its parent, or `ROOT`."""


@dataclass(frozen=True, slots=True)
class _Version1Turn:
    """The fields of a version 1 turn that identify its line of turns."""

    after: int
    thread: str = ""
    cell: str = ""


@dataclass(frozen=True, slots=True)
class _Version1Document:
    """The fields of version 1 that locate its lines of turns."""

    turns: tuple[_Version1Turn, ...]
    thread: str
    heads: Mapping[str, int]


_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def to_text(saved: SavedSession) -> str:
    """Return the document: the small fields, then a line for each turn.

    Raises:
        TypeError, ValueError, RecursionError: it could not be read back, for example because a parameter is not JSON.
    """
    history, unrecorded = saved.history, saved.unrecorded.merged
    _check_history(history)
    fields = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "name": saved.name,
        "begun": saved.started_on.isoformat(),
        "aside": to_dict(unrecorded.usage),
        "aside_cost": unrecorded.cost,
        **({"aside_cost_partial": True} if unrecorded.is_cost_partial else {}),
        "head": history.head,
    }
    lines = "".join(f"{_to_json(name)}: {_to_json(value)},\n" for name, value in fields.items())
    turns = ",\n".join(
        _to_json(_build_turn_fields(history, number)) for number in range(len(history.all_turns))
    )
    return f'{{\n{lines}"turns": [\n{turns}\n]\n}}\n'


def _build_turn_fields(history: History, number: int) -> dict[str, Any]:
    turn, parent = history.all_turns[number], history.parents[number]
    fields = {"after": parent, **to_dict(turn)}
    for name in INHERITED_FIELDS if parent != ROOT else ():
        # A default is written too where it differs: a missing field is inherited.
        fields[name] = getattr(turn, name)
        if fields[name] == getattr(history.all_turns[parent], name):
            del fields[name]
    return fields


def from_text(text: str, label: str = Translatable("The text")) -> SavedSession:
    """Return the session in a document.

    Args:
        text: the document.
        label: its name in errors.

    Raises:
        BadSessionFile: the text is not JSON, not a session, damaged, or of a newer version.
    """
    try:
        data = json.loads(text, parse_float=_parse_finite, parse_constant=_parse_finite)
    except (ValueError, RecursionError) as error:
        raise BadSessionFile(
            Translatable(
                "{what} is not valid JSON: {error}.", what=label, error=quote(str(error), MAX_REASON_CHARS)
            ),
            DAMAGED_FILE_HINT,
        ) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadSessionFile(
            Translatable("{what} is not a session file.", what=label),
            Translatable("Choose a file that %mimo_session save or autosave wrote."),
        )
    version = data.get("version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise BadSessionFile(
            Translatable("{what} was written by a newer version of mimo-magics.", what=label), UPDATE_HINT
        )
    try:
        return _parse_session(data)
    except ValueError as error:
        raise BadSessionFile(
            Translatable(
                "{what} is damaged: {error}.", what=label, error=quote(str(error), MAX_REASON_CHARS)
            ),
            DAMAGED_FILE_HINT,
        ) from error


def _parse_finite(digits: str) -> float:
    """Return a number. NaN and the infinities are not JSON."""
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits[:20]} is not a finite number")
    return number


def _parse_session(data: Mapping[str, Any]) -> SavedSession:
    if data.get("version") == 1:
        data = _upgrade_version_1(data)
    parents = [link.after for link in validate(tuple[_Link, ...], data.get("turns"), "turns")]
    document = validate(_Document, {**data, "turns": _restore_inherited(data["turns"], parents)})
    history = History(document.turns, tuple(parents), document.head)
    _check_history(history)
    check_usage(document.aside)
    if not 0 <= document.aside_cost <= MAX_COST:
        raise ValueError("aside_cost is not valid")
    started_on = date.fromisoformat(document.begun)
    unrecorded = UnrecordedCalls(document.aside, document.aside_cost, document.aside_cost_partial)
    return SavedSession(document.name, started_on, history, unrecorded)


def _upgrade_version_1(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a file of version 1 as those of version 2. Its lines of turns become branches."""
    old = validate(_Version1Document, data)
    turns = [
        {**turn, "opens_branch": old_turn.after == ROOT and old_turn.thread == old_turn.cell != ""}
        for turn, old_turn in zip(data["turns"], old.turns, strict=True)
    ]
    return {**data, "version": FORMAT_VERSION, "turns": turns, "head": old.heads.get(old.thread, ROOT)}


def _restore_inherited(
    raw_turns: Iterable[dict[str, Any]], parents: Sequence[int]
) -> Sequence[dict[str, Any]]:
    """Return the turns with the fields that they inherit.

    Raises:
        ValueError: a turn does not follow an earlier one.
    """
    turns: list[dict[str, Any]] = []
    for turn, parent in zip(raw_turns, parents, strict=True):
        if not ROOT <= parent < len(turns):
            raise ValueError(f"turns.{len(turns)}.after is not valid")
        parent_fields = {} if parent == ROOT else turns[parent]
        turns.append({name: parent_fields[name] for name in INHERITED_FIELDS if name in parent_fields} | turn)
    return turns


def _check_history(history: History) -> None:
    """Check that each turn is valid and follows an older one, and that the head is a turn.

    Raises:
        ValueError: a check failed.
    """
    for number, (turn, parent) in enumerate(zip(history.all_turns, history.parents, strict=True)):
        check_turn(turn)
        _check_turn_number(parent, number)
    _check_turn_number(history.head, len(history.all_turns))


def _check_turn_number(number: int, end: int) -> None:
    if not matches_type(number, int) or number not in range(ROOT, end):
        raise ValueError(f"there is no turn {number}")


class SessionFile:
    """A session file on disk. It is replaced in one step, and never overwrites the changes of another program.

    Args:
        path: of the file, which need not exist. A symbolic link is followed and stays.
    """

    def __init__(self, path: Path) -> None:
        # A notebook may change its working directory.
        self.path = absolute_path(path)
        self._name = quote(str(path), MAX_NAME_CHARS)
        self._known_states: tuple[FileState, ...] = (None,)
        """States of the file that this object has read or written. The first one is a missing file."""
        self._media = MediaFolder()

    def read(self) -> SavedSession:
        """Return the session, and remember the state of the file.

        Raises:
            BadSessionFile: the file cannot be read, or is not a valid session file.
        """
        try:
            with self.path.open("rb") as file:
                state = _get_file_state(os.fstat(file.fileno()))
                # Some editors add a byte order mark.
                text = file.read().decode("utf-8-sig")
        except OSError as error:
            fact = Translatable(
                "{name} cannot be read: {reason}.", name=self._name, reason=error.strerror or str(error)
            )
            raise BadSessionFile(fact, Translatable("Check the path.")) from error
        except UnicodeDecodeError as error:
            raise BadSessionFile(
                Translatable("{name} is not UTF-8 text.", name=self._name), DAMAGED_FILE_HINT
            ) from error
        saved = from_text(text, self._name)
        self._known_states = (state,)
        folder = get_media_folder(Path(os.path.realpath(self.path)))
        return replace(saved, history=self._media.restore(folder, saved.history))

    def check_writable(self) -> None:
        """Check that the file can be written, before a prompt is sent. The file is not changed.

        Raises:
            SessionNotSaved: it cannot be written.
        """
        try:
            target = Path(os.path.realpath(self.path))
            with lock_file(target):
                _require_write_access(target)
        except OSError as error:
            raise self._build_write_error(error, NOTHING_SENT_HINT) from error

    def write(self, saved: SavedSession) -> None:
        """Write the session. At any time the file is either the old one or the new one.

        Raises:
            SessionNotSaved: another program changed the file, or it cannot be written. It is unchanged.
        """
        history, urls = self._media.shorten(saved.history)
        try:
            text = to_text(replace(saved, history=history))
        except (TypeError, ValueError, RecursionError) as error:
            raise SessionNotSaved(
                Translatable("The session cannot be saved: {error}.", error=str(error)), FILE_UNCHANGED_HINT
            ) from error
        # Lone surrogates become JSON escapes.
        data = text.encode(errors="backslashreplace")
        try:
            target = Path(os.path.realpath(self.path))
            with lock_file(target):
                self._replace_file(target, data, urls)
        except OSError as error:
            raise self._build_write_error(error, RETRY_HINT) from error

    def _build_write_error(self, error: OSError, hint: str) -> SessionNotSaved:
        reason = error.strerror or str(error)
        fact = Translatable("{name} cannot be written: {reason}.", name=self._name, reason=reason)
        return SessionNotSaved(fact, hint)

    def remove(self) -> bool:
        """Remove the file unless another program changed it. Return whether it was removed."""
        try:
            target = Path(os.path.realpath(self.path))
            with lock_file(target):
                if _get_file_state(target.stat()) not in self._known_states:
                    return False
                target.unlink()
                self._media.remove(get_media_folder(target))
        except OSError:
            return False
        return True

    def _replace_file(self, target: Path, data: bytes, urls: Mapping[MediaReference, str]) -> None:
        old_stat = _stat_or_none(target)
        if _get_file_state(old_stat) not in self._known_states:
            raise self._build_conflict_error(old_stat)
        _require_write_access(target)
        # The session file never refers to data that was not written.
        self._media.write(get_media_folder(target), urls)
        temporary = sibling_path(target, "tmp")
        # A process that was killed may have left the file.
        temporary.unlink(missing_ok=True)
        try:
            _write_new_file(temporary, data, stat.S_IMODE(old_stat.st_mode) if old_stat else None)
            new_state = _get_file_state(temporary.stat())
            # An interrupt may arrive before or after the next line.
            self._known_states = (_get_file_state(old_stat), new_state)
            temporary.replace(target)
            self._known_states = (new_state,)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)
        self._media.forget_others(get_media_folder(target), urls)

    def _build_conflict_error(self, file_stat: os.stat_result | None) -> SessionNotSaved:
        if self._known_states == (None,):
            return SessionNotSaved(Translatable("{name} already exists.", name=self._name), CONFLICT_HINT)
        changed_text, deleted_text = (
            Translatable("was changed by another program"),
            Translatable("was moved or deleted"),
        )
        fact = Translatable(
            "{name} {what} since it was read.",
            name=self._name,
            what=changed_text if file_stat else deleted_text,
        )
        return SessionNotSaved(fact, CONFLICT_HINT)


def _require_write_access(target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _stat_or_none(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _get_file_state(file_stat: os.stat_result | None) -> FileState:
    return file_stat and (file_stat.st_ino, file_stat.st_mtime_ns, file_stat.st_size)


def _write_new_file(path: Path, data: bytes, mode: int | None) -> None:
    """Write a new file and flush it to the disk. The mode is set before the content; `None` is the default mode."""
    path.touch(0o666 if mode is None else mode, exist_ok=False)
    if mode is not None:
        # `touch` applies the umask.
        path.chmod(mode)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to the disk, where the system supports it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
