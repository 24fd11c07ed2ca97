"""A process that saves turns: concurrently with others, until it is killed, or with interrupts.

python saving_process.py beside PATH NAME COUNT     saves COUNT turns while other processes save
python saving_process.py killed PATH SEED           for each line of input: saves turns in a child process, kills it at a
                                                    random time, and prints the number of reported turns; a line with a
                                                    number n kills the child before it replaces the file for the nth time
python saving_process.py interrupted PATH SEED COUNT    saves COUNT times and is interrupted each time
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

from mimo_magics.core.errors import SessionNotSaved
from mimo_magics.core.messages import Message, Params, Reply, TextPart, user_message
from mimo_magics.session.history import History
from mimo_magics.session.storage.session_file import SavedSession, SessionFile
from mimo_magics.session.turn import Turn

MAX_RUN_SECONDS = 0.03
"""The time of several saves."""


def turn(prompt: str, size: int = 0) -> Turn:
    """Return a turn whose reply has this many characters."""
    reply = Reply(Message("assistant", (TextPart("x" * size),)), stop="end")
    return Turn(user_message(prompt), reply, Params("mimo-test"), "mimo-v2", "openai", 1.0)


def session_with_turns(turns: int = 0, size: int = 0) -> SavedSession:
    """Return a session whose prompts are the numbers of the turns."""
    history = History()
    for number in range(turns):
        history = history.append_turn(turn(str(number), size))
    return SavedSession("main", date(2026, 11, 22), history)


def append_turn(saved: SavedSession, prompt: str) -> SavedSession:
    return replace(saved, history=saved.history.append_turn(turn(prompt)))


def save_concurrently(path: Path, name: str, count: int) -> None:
    file, done = SessionFile(path), 0
    while done < count:
        with suppress(SessionNotSaved):
            file.write(append_turn(file.read(), f"{name} {done}"))
            done += 1


def save_until_killed(path: Path, seed: int) -> None:
    chance = Random(seed)
    for line in sys.stdin:
        print(_reported(path, chance.uniform(0, MAX_RUN_SECONDS), int(line)), flush=True)


def _reported(path: Path, seconds: float, nth: int) -> int:
    """Let a child process save for this time, or until its nth save; return the number of turns that it reported."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        try:
            _die_at(nth)
            _save_for_ever(path, writing)
        finally:
            os._exit(1)
    os.close(writing)
    if not nth:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    with os.fdopen(reading, "rb") as reports:
        return len(reports.read())


def _die_at(nth: int) -> None:
    """Kill this process before it replaces a file for the nth time, after the new file is written."""
    left = nth

    def hook(event: str, _: object) -> None:
        nonlocal left
        if event == "os.rename":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _save_for_ever(path: Path, reports: int) -> None:
    file = SessionFile(path)
    saved = file.read()
    while True:
        saved = append_turn(saved, str(len(saved.history.all_turns)))
        file.write(saved)
        os.write(reports, b".")


def save_while_interrupted(path: Path, seed: int, count: int) -> None:
    chance, file, saved = Random(seed), SessionFile(path), session_with_turns(25, 2_000)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    for _ in range(count):
        with suppress(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 2e-3))
            file.write(saved)
            # The interrupt ends this sleep.
            time.sleep(1)
        file.write(saved)


if __name__ == "__main__":
    how, where, *more = sys.argv[1:]
    if how == "beside":
        save_concurrently(Path(where), more[0], int(more[1]))
    elif how == "killed":
        save_until_killed(Path(where), int(more[0]))
    else:
        save_while_interrupted(Path(where), *map(int, more))
