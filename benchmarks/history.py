"""Cost of a long session: building the next request, saving, and loading, compared with plain JSON.

Each turn has about 1,000 tokens at four characters each: a prompt, reasoning, text, and a tool call in every fifth
turn. `json.dumps` writes the messages of the OpenAI format. `json.loads` parses the same text as `from_text`. All
operations run once in each round, so that a busy machine slows all of them. Read the ratios, and whether a turn costs
the same in a long session as in a short one. The bytes are the same on every machine.
"""

from __future__ import annotations

import gc
import json
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
from functools import reduce
from operator import truediv
from pathlib import Path
from statistics import median

from mimo_magics.core.messages import (
    Message,
    Params,
    ReasoningPart,
    Reply,
    Request,
    TextPart,
    Timing,
    ToolCall,
    ToolResult,
    Usage,
    system_message,
    user_message,
)
from mimo_magics.core.settings import Api
from mimo_magics.session.history import History
from mimo_magics.session.storage.session_file import SavedSession, SessionFile, from_text, to_text
from mimo_magics.session.turn import Turn, history_messages
from mimo_magics.wire.formats import FORMATS

PROSE = 'The *quick* brown fox jumps over the lazy dog, says "hello", and no one minds. 你好!\n\n'
SYSTEM = "Answer briefly. " * 20
PARAMS = Params("mimo-v2-pro", temperature=0.5)
CALLS = (
    ToolCall("call_0123456789", "tide", '{"port": "基隆"}'),
    ToolResult("call_0123456789", "tide", "high at noon", seconds=0.1),
)
MAX_RATIO = 5
"""Limit of the ratio to plain JSON."""
MIN_MILLISECONDS = 1e-3
"""Shortest time that counts, as the clock may be coarse."""
BASES = {"json.loads": "json.loads", "from_text": "json.loads"}
"""What an operation is compared with; `json.dumps` for all others."""

LEGEND = """\
ms     median of the rounds: CPU time of this process; for `write` elapsed time, as it waits for the disk
us     for each turn
MB     size of the text that is written or read
ratio  median of the ratios of each round: to json.dumps, for from_text to json.loads of the same text"""


def make_text(size: int) -> str:
    return (PROSE * (size // len(PROSE) + 1))[:size]


def make_turn(number: int) -> Turn:
    """Return a turn of about 4,000 characters. Each fifth one calls a tool."""
    reasoning, text = ReasoningPart(make_text(1_000)), TextPart(make_text(2_600))
    parts = (reasoning, *(CALLS if number % 5 == 0 else ()), text)
    usage = Usage(1_000 * number, 900, 1_000 * number, 250)
    reply = Reply(
        Message("assistant", parts),
        usage,
        "end",
        "mimo-v2-pro",
        f"{number:032x}",
        timing=Timing(1.0, 5.0, 20.0),
    )
    return Turn(
        user_message(f"{number}: {make_text(400)}"),
        reply,
        PARAMS,
        "mimo-v2",
        "openai",
        1_764_000_000.5 + number,
        id=f"{number:012x}",
        system=SYSTEM,
        tools=("tide",),
        usage=usage,
        context_tokens=1_000 * number,
        digest=f"{number:064x}",
        cell=f"cell-{number}",
    )


def make_history(count: int) -> History:
    return reduce(History.append_turn, map(make_turn, range(count)), History())


def build_body(turns: tuple[Turn, ...], api: Api) -> dict[str, object]:
    messages = (system_message(SYSTEM), *history_messages(turns), user_message("And then?"))
    return FORMATS[api].encode(Request(messages, PARAMS))


def dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def build_operations(count: int, folder: Path) -> dict[str, Callable[[], bytes | None]]:
    """Return the operations that are measured, by name. An operation returns the text that it wrote or read."""
    history = make_history(count)
    saved = SavedSession("main", date(2026, 11, 22), history)
    file = SessionFile(folder / f"{count}.json")
    messages, text = build_body(history.turns, "openai")["messages"], to_text(saved)
    data = text.encode()
    return {
        "json.dumps": lambda: dump(messages),
        "request, openai": lambda: dump(build_body(history.turns, "openai")),
        "request, anthropic": lambda: dump(build_body(history.turns, "anthropic")),
        "to_text": lambda: to_text(saved).encode(),
        "write": lambda: file.write(saved),
        "json.loads": lambda: json.loads(text) and data,
        "from_text": lambda: from_text(text) and data,
    }


def measure_milliseconds(operation: Callable[[], object], clock: Callable[[], float]) -> float:
    gc.collect()
    start = clock()
    operation()
    return (clock() - start) * 1_000


Measurement = tuple[list[float], int]
"""Milliseconds of each round, and bytes."""


def measure(count: int, rounds: int, folder: Path) -> dict[str, Measurement]:
    """Return the measurement of each operation."""
    operations = build_operations(count, folder)
    sizes = {name: len(operation() or b"") for name, operation in operations.items()}
    times: dict[str, list[float]] = {name: [] for name in operations}
    for _ in range(rounds):
        for name, operation in operations.items():
            clock = time.perf_counter if name == "write" else time.process_time
            times[name].append(max(MIN_MILLISECONDS, measure_milliseconds(operation, clock)))
    return {name: (times[name], sizes[name]) for name in operations}


def print_table(count: int, measurements: dict[str, Measurement], first: dict[str, float]) -> None:
    print(f"\n{count:,} turns{'ms':>17}{'us':>8}{'MB':>8}{'ratio':>8}   us / us of the first table")
    for name, (times, size) in measurements.items():
        base = measurements[BASES.get(name, "json.dumps")][0]
        ratio = median(map(truediv, times, base))
        milliseconds = median(times)
        per_turn = milliseconds * 1_000 / count
        growth = per_turn / first.setdefault(name, per_turn)
        remark = "" if ratio <= MAX_RATIO or name == "write" else f"   more than {MAX_RATIO}!"
        print(
            f"  {name:<20}{milliseconds:>8.1f}{per_turn:>8.1f}{size / 1e6:>8.2f}{ratio:>8.2f}{growth:>8.2f}{remark}"
        )


COUNTS, SHORT = (100, 300, 1_000, 3_000), (30, 100)
"""Numbers of turns."""


def main() -> None:
    """Print the tables."""
    parser = ArgumentParser(description="Cost of a long session, compared with plain JSON.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--short", action="store_true", help="30 and 100 turns, once")
    options = parser.parse_args()
    rounds, counts = (1, SHORT) if options.short else (options.rounds, COUNTS)
    print(LEGEND)
    first: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        for count in counts:
            print_table(count, measure(count, rounds, Path(name)), first)


if __name__ == "__main__":
    main()
