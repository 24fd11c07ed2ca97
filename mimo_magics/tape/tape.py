"""Tapes: calls that are recorded in a file, and replayed without a network, a key or a model.

    MIMO_TAPE=record:tapes/lesson.jsonl      every call is made and recorded on a new tape
    MIMO_TAPE=replay:tapes/lesson.jsonl      every call is replayed from the tape; nothing is sent
    MIMO_TAPE=auto:tapes/lesson.jsonl        recorded calls are replayed; other calls are made and recorded

A request is matched by its canonical body (`matching`), not by its address. Equal requests get their recorded responses in order.
After the last one a replay begins again with the first, and `auto` makes a new call.

The tape of the environment replaces the service. The tape of the setting `tape`, or of `%mimo_tape`, is in front of it. So a
notebook that records and replays can itself be recorded and replayed.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

from mimo_magics.core.errors import BadOption, TapeMismatch
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Pace
from mimo_magics.core.text import quote
from mimo_magics.core.working_folder import absolute_path
from mimo_magics.tape import matching, mismatch
from mimo_magics.tape.clock import Clock, TapeClock
from mimo_magics.tape.file import TapeFile
from mimo_magics.tape.format import RecordedCall, quote_name
from mimo_magics.tape.matching import RequestKey

Mode = Literal["record", "replay", "auto"]
ENV_VARIABLE = "MIMO_TAPE"
OFF = "off"
SETTING_SYNTAX = "record:PATH, replay:PATH or auto:PATH"
MAX_PATH_CHARS = 300
"""Characters of a path in errors."""


class Tape:
    """A tape in use.

    Args:
        mode: record, replay or both.
        path: of the file.

    Raises:
        TapeMismatch: the tape is to be replayed and does not exist.
        BadTape: the file is not a tape.
    """

    def __init__(self, mode: Mode, path: Path) -> None:
        self.mode = mode
        self.path = absolute_path(path)
        self._given_path = path
        self._lock = threading.Lock()
        self._calls: defaultdict[RequestKey, list[RecordedCall]] = defaultdict(list)
        self._replay_counts: Counter[RequestKey] = Counter()
        # `Path.exists` raises an error for a name that is too long.
        exists = os.path.exists(path)  # noqa: PTH110
        if mode == "replay" and not exists:
            path_text = quote(str(path), MAX_PATH_CHARS)
            raise TapeMismatch(Translatable("The tape {path} does not exist.", path=path_text), self._advice)
        for call in _read_calls(path) if exists and mode != "record" else []:
            self._calls[_build_key(call)].append(call)
        self._file = TapeFile(self.path, replaces=mode == "record")

    @property
    def name(self) -> str:
        """The path as the user wrote it."""
        return str(self._given_path)

    @property
    def call_count(self) -> int:
        """Number of calls on the tape."""
        return sum(map(len, self._calls.values()))

    def get_recorded_call(self, method: str, path: str, body: Any) -> RecordedCall | None:
        """Return the recorded call for a request in its canonical form; `None` if the call is to be made.

        Raises:
            TapeMismatch: the tape has no such call, and is in replay mode.
        """
        if self.mode == "record":
            return None
        key = matching.build_request_key(method, path, body)
        with self._lock:
            key = self._find_recorded_key(key)
            recordings, replay_count = self._calls.get(key, []), self._replay_counts[key]
            if not recordings and self.mode == "replay":
                raise self._missing_call_error(key, body)
            if replay_count >= len(recordings) and self.mode == "auto":
                return None
            self._replay_counts[key] += 1
            return recordings[replay_count % len(recordings)]

    def record(self, call: RecordedCall) -> None:
        """Write a call to the tape.

        Raises:
            SessionNotSaved: the file cannot be written.
        """
        with self._lock:
            self._file.append(call)
            self._calls[_build_key(call)].append(call)
            self._replay_counts[_build_key(call)] += 1

    def _find_recorded_key(self, key: RequestKey) -> RequestKey:
        if key in self._calls:
            return key
        return next((each for each in self._calls if matching.is_same_but_for_key(key, each)), key)

    def _missing_call_error(self, key: RequestKey, body: Any) -> TapeMismatch:
        recorded_bodies = (
            call.body for same, calls in self._calls.items() for call in calls if same[0] == key[0]
        )
        return TapeMismatch(
            Translatable(
                "No call on the tape {name} matches this request: {differences}",
                name=quote_name(self.path),
                differences=mismatch.describe_mismatch(body, recorded_bodies),
            ),
            self._advice,
        )

    @property
    def _advice(self) -> Translatable:
        return Translatable(
            "Record it with %mimo_tape record {name} (in a shell: MIMO_TAPE=record:PATH), then run the cell again.",
            name=quote(self.name, MAX_PATH_CHARS),
        )


_open_tapes: dict[str, Tape] = {}
"""The tapes in use, by the value of the setting `tape`."""


def open_tape(setting: str) -> Tape:
    """Open a tape at its beginning, even if it is in use.

    Args:
        setting: `record:PATH`, `replay:PATH` or `auto:PATH`. The path is relative to the current working directory.

    Raises:
        BadOption: the setting has another form.
        TapeMismatch: the tape is to be replayed and does not exist.
        BadTape: the file is not a tape.
    """
    mode, _, path_text = setting.partition(":")
    try:
        path = Path(path_text).expanduser()
    except RuntimeError:
        # There is no user of this name.
        path_text = ""
    if mode not in get_args(Mode) or not path_text.strip() or "\0" in path_text:
        raise BadOption(
            Translatable("Invalid tape setting {setting!r}.", setting=quote(setting, MAX_PATH_CHARS)),
            Translatable("Use {names}.", names=SETTING_SYNTAX),
        )
    tape = _open_tapes[setting] = Tape(cast(Mode, mode), path)
    return tape


def resolve_tapes(setting: str | None) -> tuple[Tape, ...]:
    """Return the tapes that a call passes through: the tape of the setting, then the tape of the environment.

    Errors are those of `open_tape`.
    """
    return tuple(
        _open_tapes.get(each) or open_tape(each)
        for each in (setting, os.environ.get(ENV_VARIABLE))
        if each and each != OFF
    )


def is_replaying(tapes: Iterable[Tape]) -> bool:
    """Return whether one of the tapes replays, so that nothing is sent."""
    return any(tape.mode == "replay" for tape in tapes)


def create_clock(tapes: Sequence[Tape], pace: Pace = "once") -> Clock:
    """Return the clock of a turn."""
    if all(tape.mode == "record" for tape in tapes):
        return Clock()
    return TapeClock(pace, tape_only=is_replaying(tapes))


def _read_calls(path: Path) -> list[RecordedCall]:
    """Return the calls on a tape. The reader is imported here, as pydantic takes time to load."""
    from mimo_magics.tape.reader import read_tape

    return read_tape(path)


def _build_key(call: RecordedCall) -> RequestKey:
    return matching.build_request_key(call.method, call.path, call.body)
