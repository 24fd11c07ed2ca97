"""A session's file: one JSON document, which docs/session-file.md describes, written so that nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

from mimo_magics.core.errors import BadSessionFile, NotSaved
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Usage
from mimo_magics.core.serialization import from_dict, to_dict
from mimo_magics.core.settings import matches_type
from mimo_magics.session.history import ROOT, History
from mimo_magics.session.storage.lock import locked
from mimo_magics.session.turn import check

FORMAT = "mimo-magics session"
VERSION = 1
INHERITED = ("system", "tools", "summary")
"""Fields of a turn that are left out where the turn that it follows has the same: they are long, and rarely change."""

UPDATE = Words("Update this one: pip install --upgrade mimo-magics")
KERNEL = Words("Nothing is lost: the kernel has it all, and the file is as it was.")
AGAIN = Words("Nothing is lost: save it again, or under another name.")
ELSEWHERE = Words("Nothing is lost: save it under another name, or load the file to go on with that one.")
LEFT = Words("It is left as it is. A backup may have it whole.")
DAMAGE = (LookupError, TypeError, ValueError, OverflowError, RecursionError)
"""What reading raises where a value is not the documented one."""

State = tuple[int, int, int] | None
"""What tells one state of a file from another: inode, last change in nanoseconds, bytes. `None`: no file."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a session's file holds."""

    name: str
    begun: date
    """The day that the system prompt tells."""
    history: History
    aside: Usage = Usage()
    """Tokens of prompts that the history does not hold."""
    aside_cost: float = 0.0
    """What those cost, in US dollars."""


_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def to_text(saved: Saved) -> str:
    """Return the document: the small fields first, then a line for each turn.

    Raises:
        TypeError, ValueError, RecursionError: it could not be read again, as a parameter is not JSON, for example.
    """
    history = saved.history
    _check(history)
    fields = {
        "format": FORMAT,
        "version": VERSION,
        "name": saved.name,
        "begun": saved.begun.isoformat(),
        "aside": to_dict(saved.aside),
        "aside_cost": saved.aside_cost,
        "thread": history.thread,
        "heads": dict(history.heads),
    }
    lines = "".join(f"{_to_json(name)}: {_to_json(value)},\n" for name, value in fields.items())
    turns = ",\n".join(_to_json(_told(history, number)) for number in range(len(history.all)))
    return f'{{\n{lines}"turns": [\n{turns}\n]\n}}\n'


def _told(history: History, number: int) -> dict[str, Any]:
    turn, after = history.all[number], history.parents[number]
    told = {"after": after, **to_dict(turn)}
    for name in INHERITED if after != ROOT else ():
        told[name] = getattr(turn, name)  # also where it is the default, or it would be inherited
        if told[name] == getattr(history.all[after], name):
            del told[name]
    return told


def from_text(text: str, what: str = Words("The text")) -> Saved:
    """Read a document.

    Args:
        text: the document.
        what: what errors call it.

    Raises:
        BadSessionFile: it is not JSON, no session, damaged, or of a newer version.
    """
    try:
        told = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise BadSessionFile(
            Words("{what} is not JSON: {error}.", what=what, error=str(error)), LEFT
        ) from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise BadSessionFile(
            Words("{what} holds no session.", what=what), Words("Name a file in which a session was saved.")
        )
    version = told.get("version")
    if isinstance(version, int) and version > VERSION:
        raise BadSessionFile(
            Words("{what} was written by a newer version of mimo-magics.", what=what), UPDATE
        )
    try:
        return _saved(told)
    except DAMAGE as error:
        raise BadSessionFile(
            Words("{what} is damaged ({error}).", what=what, error=repr(error)), LEFT
        ) from error


def _finite(digits: str) -> float:
    """Read a number; NaN and the infinities are not JSON, and nobody could send them."""
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits[:20]} is no number")
    return number


def _saved(told: Mapping[str, Any]) -> Saved:
    if told["version"] != VERSION:
        raise ValueError("an unknown version")
    turns = _whole(told["turns"])
    parents = [turn["after"] for turn in turns]
    tree = {"all": turns, "parents": parents, "thread": told["thread"], "heads": told["heads"]}
    saved = from_dict(Saved, {**told, "begun": date.fromisoformat(told["begun"]), "history": tree})
    _check(saved.history)
    return saved


def _whole(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the turns back what they inherit."""
    turns: list[dict[str, Any]] = []
    for turn in told:
        before = {} if turn["after"] == ROOT else turns[turn["after"]]
        turns.append({name: before[name] for name in INHERITED if name in before} | turn)
    return turns


def _check(history: History) -> None:
    """See that each turn follows an older one of its conversation, and each conversation stands at a turn of its own.

    Raises:
        ValueError: it is not so, or a turn is none.
    """
    threads: list[str] = []
    for turn, parent in zip(history.all, history.parents, strict=True):
        check(turn)
        _check_place(parent, turn.thread, threads)
        threads.append(turn.thread)
    for thread, head in history.heads.items():
        _check_place(head, thread, threads)


def _check_place(number: int, thread: str, threads: Sequence[str]) -> None:
    if not matches_type(number, int) or number not in range(ROOT, len(threads)):
        raise ValueError("a turn is missing")
    if number != ROOT and threads[number] != thread:
        raise ValueError(f"turn {number} belongs to another conversation")


class SessionFile:
    """A session's file on disk. It is replaced as a whole, and never against what somebody else wrote meanwhile.

    Args:
        path: where it is, or will be. A symbolic link is followed and stays.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()  # the working folder of a notebook may change
        self._name = str(path)
        self._known: tuple[State, ...] = (None,)
        """States of the file that this object has read or made; at first that there is none."""

    def read(self) -> Saved:
        """Read the session, and know its file from now on.

        Raises:
            BadSessionFile: the file cannot be read, or holds no session that can.
        """
        try:
            with self.path.open("rb") as file:
                state = _state(os.fstat(file.fileno()))
                text = file.read().decode("utf-8-sig")  # editors may add a mark
        except OSError as error:
            fact = Words(
                "{name} cannot be read: {reason}.", name=self._name, reason=error.strerror or str(error)
            )
            raise BadSessionFile(fact, Words("Check the path.")) from error
        except UnicodeDecodeError as error:
            raise BadSessionFile(Words("{name} is not text in UTF-8.", name=self._name), LEFT) from error
        saved = from_text(text, self._name)
        self._known = (state,)
        return saved

    def write(self, saved: Saved) -> None:
        """Write the session, so that the file is at any moment either the old one or the new one.

        Raises:
            NotSaved: the file was changed by somebody else, or cannot be written; it is as it was.
        """
        try:
            text = to_text(saved)
        except (TypeError, ValueError, RecursionError) as error:
            raise NotSaved(
                Words("The session cannot be written: {error}.", error=str(error)), KERNEL
            ) from error
        data = text.encode(errors="backslashreplace")  # half a character becomes its JSON escape
        target = Path(os.path.realpath(self.path))
        try:
            with locked(_beside(target, "lock")):
                self._replace(target, data)
        except OSError as error:
            raise NotSaved(
                Words(
                    "{name} cannot be written: {reason}.",
                    name=self._name,
                    reason=error.strerror or str(error),
                ),
                AGAIN,
            ) from error

    def _replace(self, target: Path, data: bytes) -> None:
        old = _stat(target)
        if _state(old) not in self._known:
            raise self._conflict(old)
        if old and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        new = _beside(target, "tmp")
        new.unlink(missing_ok=True)  # of a process that was killed
        try:
            _fill(new, data, stat.S_IMODE(old.st_mode) if old else None)
            made = _state(new.stat())
            self._known = (_state(old), made)  # an interrupt may come before or after the next line
            new.replace(target)
            self._known = (made,)
        finally:
            new.unlink(missing_ok=True)
        _settle(target.parent)

    def _conflict(self, found: os.stat_result | None) -> NotSaved:
        if self._known == (None,):
            return NotSaved(Words("{name} is there already.", name=self._name), ELSEWHERE)
        changed, gone = Words("was changed by somebody else"), Words("was moved or deleted")
        fact = Words("{name} {what} since it was read.", name=self._name, what=changed if found else gone)
        return NotSaved(fact, ELSEWHERE)


def _beside(target: Path, ending: str) -> Path:
    return target.parent / f".{target.name}.{ending}"


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _state(found: os.stat_result | None) -> State:
    return found and (found.st_ino, found.st_mtime_ns, found.st_size)


def _fill(path: Path, data: bytes, mode: int | None) -> None:
    """Write a new file down to the disk. Its mode is there before its content is; `None` is the usual one."""
    path.touch(0o666 if mode is None else mode, exist_ok=False)
    if mode is not None:
        path.chmod(mode)  # `touch` minds the umask
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    """Let a new name in this folder outlive a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
