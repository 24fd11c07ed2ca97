"""`%mimo_tape`: it changes the setting `tape`, and shows which tape is in use."""

from __future__ import annotations

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Pace
from mimo_magics.document import paragraphs
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.tape import tape
from mimo_magics.tape.tape import OFF, Tape

PACE_LABELS: dict[Pace, str] = {
    "real": Translatable("in real time"),
    "fast": Translatable("at ten times the recorded speed"),
    "once": Translatable("without pauses"),
}


def run_tape_command(line: str, config: MimoConfig) -> dict[str, str]:
    """Run a line of `%mimo_tape`, and return the state as a MIME bundle.

    Raises:
        BadOption: The line is invalid.
        TapeMismatch: The tape to replay does not exist.
        BadTape: The file is not a tape.
    """
    mode, arguments = parse_command("%mimo_tape", line)
    if mode == OFF:
        config.tape = None
        return paragraphs.paragraphs_bundle(Translatable("Tape switched off."))
    if mode:
        config.write("tape_pace", arguments.pace or "once")
        tape.open_tape(f"{mode}:{arguments.path}")
        config.tape = f"{mode}:{arguments.path}"
    return paragraphs.paragraphs_bundle(_describe_state(config))


def _describe_state(config: MimoConfig) -> str:
    settings = config.snapshot()
    active_tape, *_ = (*tape.resolve_tapes(settings.tape), None)
    return _describe_tape(active_tape, settings.tape_pace) if active_tape else Translatable("No tape in use.")


def _describe_tape(active_tape: Tape, pace: Pace) -> str:
    name, call_count = active_tape.name, active_tape.call_count
    calls_text = Translatable("{count} call" if call_count == 1 else "{count} calls", count=call_count)
    match active_tape.mode:
        case "record":
            return Translatable(
                "Recording to {name}; the first call overwrites it. It contains {calls}.",
                name=name,
                calls=calls_text,
            )
        case "replay":
            return Translatable(
                "Replaying {name} {pace}: {calls}. Nothing is sent.",
                name=name,
                pace=PACE_LABELS[pace],
                calls=calls_text,
            )
    return Translatable(
        "Replaying {name} {pace}: {calls}. Other calls are made and recorded.",
        name=name,
        pace=PACE_LABELS[pace],
        calls=calls_text,
    )
