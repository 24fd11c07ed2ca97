"""`%mimo_tape`: what its line says, done to the setting `tape`, and the sentence that it shows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import get_args

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words
from mimo_magics.core.settings import Pace
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.document import paragraphs
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.tape import tape
from mimo_magics.tape.tape import OFF, Mode, Tape

MODES: tuple[Mode, ...] = get_args(Mode)
PACE = "--pace"
PACES: dict[Pace, str] = {
    "real": Words("in real time"),
    "fast": Words("ten times as fast as it came"),
    "once": Words("at once"),
}
HELP = Words("%mimo_tape record PATH, replay PATH, auto PATH, or off")


def taping(line: str, config: MimoConfig) -> dict[str, str]:
    """Do what a line of `%mimo_tape` says, and return the state as a MIME bundle.

    Raises:
        BadOption: it says nothing that can be done.
        TapeMissing: a tape is to be replayed, and there is none.
        BadTape: the file is no tape.
    """
    match _words(line):
        case []:
            pass
        case ["off"]:
            config.tape = None
            return paragraphs.bundle(Words("No tape is in use here any more."))
        case [mode, path, *more] if mode in MODES:
            config.write("tape_pace", _pace(more))
            tape.open_tape(f"{mode}:{path}")
            config.tape = f"{mode}:{path}"
        case [mode] if mode in MODES:
            raise BadOption(Words("%mimo_tape {mode} wants the path of a tape.", mode=mode), HELP)
        case [mode, *_]:
            raise BadOption(
                Words("%mimo_tape {line} says nothing.", line=line.strip()),
                did_you_mean(mode, (*MODES, OFF), HELP),
            )
    return paragraphs.bundle(_state(config))


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        raise BadOption(Words("A quotation on the line does not end."), HELP) from None


def _pace(words: Sequence[str]) -> str:
    match words:
        case []:
            return "once"
        case ["--pace", pace]:
            return pace
    raise BadOption(
        Words("{names} cannot stand there.", names=" ".join(words)),
        Words("{pace} is {names}.", pace=PACE, names=", ".join(PACES)),
    )


def _state(config: MimoConfig) -> str:
    settings = config.snapshot()
    first, *_ = (*tape.resolve_tapes(settings.tape), None)
    return _told(first, settings.tape_pace) if first else Words("There is no tape: every call is made.")


def _told(inserted: Tape, pace: Pace) -> str:
    name, count = inserted.name, inserted.call_count
    calls = Words("{count} call" if count == 1 else "{count} calls", count=count)
    match inserted.mode:
        case "record":
            return Words(
                "Every call is recorded on {name}; the first one begins it anew. It holds {calls}.",
                name=name,
                calls=calls,
            )
        case "replay":
            return Words(
                "{name} is replayed, {pace}: {calls}. Nothing is sent.",
                name=name,
                pace=PACES[pace],
                calls=calls,
            )
    return Words(
        "{name} is replayed, {pace}: {calls}. What it does not hold is asked, and recorded.",
        name=name,
        pace=PACES[pace],
        calls=calls,
    )
