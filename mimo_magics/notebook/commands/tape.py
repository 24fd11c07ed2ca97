"""`%mimo_tape`: what its line says, done to the setting `tape`, and the sentence that it shows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import get_args

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Pace
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.document import paragraphs
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.tape import tape
from mimo_magics.tape.tape import OFF, Mode, Tape

MODES: tuple[Mode, ...] = get_args(Mode)
PACE_FLAG = "--pace"
PACE_LABELS: dict[Pace, str] = {
    "real": Translatable("in real time"),
    "fast": Translatable("ten times as fast as it came"),
    "once": Translatable("at once"),
}
USAGE_HINT = Translatable("%mimo_tape record PATH, replay PATH, auto PATH, or off")


def run_tape_command(line: str, config: MimoConfig) -> dict[str, str]:
    """Do what a line of `%mimo_tape` says, and return the state as a MIME bundle.

    Raises:
        BadOption: it says nothing that can be done.
        TapeMismatch: a tape is to be replayed, and there is none.
        BadTape: the file is no tape.
    """
    match _split_line(line):
        case []:
            pass
        case ["off"]:
            config.tape = None
            return paragraphs.paragraphs_bundle(Translatable("No tape is in use here any more."))
        case [mode, path, *more] if mode in MODES:
            config.write("tape_pace", _parse_pace(more))
            tape.open_tape(f"{mode}:{path}")
            config.tape = f"{mode}:{path}"
        case [mode] if mode in MODES:
            raise BadOption(
                Translatable("%mimo_tape {mode} wants the path of a tape.", mode=mode), USAGE_HINT
            )
        case [mode, *_]:
            raise BadOption(
                Translatable("%mimo_tape {line} says nothing.", line=line.strip()),
                did_you_mean(mode, (*MODES, OFF), USAGE_HINT),
            )
    return paragraphs.paragraphs_bundle(_describe_state(config))


def _split_line(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        raise BadOption(Translatable("A quotation on the line does not end."), USAGE_HINT) from None


def _parse_pace(words: Sequence[str]) -> str:
    match words:
        case []:
            return "once"
        case ["--pace", pace]:
            return pace
    raise BadOption(
        Translatable("{names} cannot stand there.", names=" ".join(words)),
        Translatable("{pace} is {names}.", pace=PACE_FLAG, names=", ".join(PACE_LABELS)),
    )


def _describe_state(config: MimoConfig) -> str:
    settings = config.snapshot()
    active_tape, *_ = (*tape.resolve_tapes(settings.tape), None)
    return (
        _describe_tape(active_tape, settings.tape_pace)
        if active_tape
        else Translatable("There is no tape: every call is made.")
    )


def _describe_tape(active_tape: Tape, pace: Pace) -> str:
    name, call_count = active_tape.name, active_tape.call_count
    calls_text = Translatable("{count} call" if call_count == 1 else "{count} calls", count=call_count)
    match active_tape.mode:
        case "record":
            return Translatable(
                "Every call is recorded on {name}; the first one begins it anew. It holds {calls}.",
                name=name,
                calls=calls_text,
            )
        case "replay":
            return Translatable(
                "{name} is replayed, {pace}: {calls}. Nothing is sent.",
                name=name,
                pace=PACE_LABELS[pace],
                calls=calls_text,
            )
    return Translatable(
        "{name} is replayed, {pace}: {calls}. What it does not hold is asked, and recorded.",
        name=name,
        pace=PACE_LABELS[pace],
        calls=calls_text,
    )
