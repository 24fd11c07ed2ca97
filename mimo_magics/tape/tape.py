"""Tapes: calls that are recorded in a file, and replayed from it without a network, a key or a model.

    MIMO_TAPE=record:tapes/lesson.jsonl      every call is made, and put on a new tape
    MIMO_TAPE=replay:tapes/lesson.jsonl      every call is answered from the tape; nothing is sent
    MIMO_TAPE=auto:tapes/lesson.jsonl        what is on the tape is answered from it, the rest is asked and added

A request is found by what it says (`canonical`), not by the address that it goes to. The same request is answered by its
recorded answers in their order; after the last of them a replay begins again, while `auto` asks once more.

The tape of the environment stands in for the service; one of the setting `tape`, or of `%mimo_tape`, is in front of it. So a
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
"""Characters of a path that errors tell."""


class Tape:
    """One that is in use.

    Args:
        mode: what is done with it.
        path: of its file.

    Raises:
        TapeMismatch: it is to be replayed, and there is none.
        BadTape: the file is no tape.
    """

    def __init__(self, mode: Mode, path: Path) -> None:
        self.mode = mode
        self.path = absolute_path(path)
        self._given_path = path
        self._lock = threading.Lock()
        self._calls: defaultdict[RequestKey, list[RecordedCall]] = defaultdict(list)
        self._replay_counts: Counter[RequestKey] = Counter()
        exists = os.path.exists(path)  # noqa: PTH110  a name that is too long is that of no file, and no error
        if mode == "replay" and not exists:
            path_text = quote(str(path), MAX_PATH_CHARS)
            raise TapeMismatch(Translatable("There is no tape {path}.", path=path_text), self._advice)
        for call in _read_calls(path) if exists and mode != "record" else []:
            self._calls[_build_key(call)].append(call)
        self._file = TapeFile(self.path, replaces=mode == "record")

    @property
    def name(self) -> str:
        """The path as it was given."""
        return str(self._given_path)

    @property
    def call_count(self) -> int:
        """How many are on it."""
        return sum(map(len, self._calls.values()))

    def get_recorded_call(self, method: str, path: str, body: Any) -> RecordedCall | None:
        """Return the recorded call that answers a request in its canonical form; `None` if it is to be made.

        Raises:
            TapeMismatch: there is none, and nothing may be sent.
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
        """Put a call on the tape.

        Raises:
            SessionNotSaved: it cannot be written.
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
                "{name} has no answer to this request: {told}",
                name=quote_name(self.path),
                told=mismatch.describe_mismatch(body, recorded_bodies),
            ),
            self._advice,
        )

    @property
    def _advice(self) -> Translatable:
        return Translatable(
            "To record it: %mimo_tape record {name} (in a shell MIMO_TAPE=record:PATH), then run again.",
            name=quote(self.name, MAX_PATH_CHARS),
        )


_open_tapes: dict[str, Tape] = {}
"""By what the setting `tape` says."""


def open_tape(setting: str) -> Tape:
    """Put a tape in, from its beginning, also where it was in use.

    Args:
        setting: `record:PATH`, `replay:PATH` or `auto:PATH`; the path begins where the process is now.

    Raises:
        BadOption: it says something else.
        TapeMismatch: it is to be replayed, and there is none.
        BadTape: the file is no tape.
    """
    mode, _, path_text = setting.partition(":")
    try:
        path = Path(path_text).expanduser()
    except RuntimeError:  # nobody has this home
        path_text = ""
    if mode not in get_args(Mode) or not path_text.strip() or "\0" in path_text:
        raise BadOption(
            Translatable("tape cannot be {setting!r}.", setting=quote(setting, MAX_PATH_CHARS)),
            Translatable("It is {names}.", names=SETTING_SYNTAX),
        )
    tape = _open_tapes[setting] = Tape(cast(Mode, mode), path)
    return tape


def resolve_tapes(setting: str | None) -> tuple[Tape, ...]:
    """Return the tapes that a call goes through: that of a setting, and then that of the environment.

    Errors are those of `insert`.
    """
    return tuple(
        _open_tapes.get(each) or open_tape(each)
        for each in (setting, os.environ.get(ENV_VARIABLE))
        if each and each != OFF
    )


def is_replaying(tapes: Iterable[Tape]) -> bool:
    """Tell whether nothing is sent."""
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
