"""What a long conversation costs: to build the next request, to save it, to load it, beside plain JSON.

Each turn has about 1,000 tokens, at four characters each: a prompt, reasoning, an answer, and now and then a call of
a tool. Plain JSON is `json.dumps` and `json.loads` of the messages of the OpenAI format, and takes its turn in every
round. Read the ratios, and whether a turn costs the same in a long conversation as in a short one. The bytes are the
same on every machine.
"""

from __future__ import annotations

import gc
import json
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
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
from mimo_magics.session.turn import Turn, conversation_messages
from mimo_magics.wire.formats import FORMATS

PROSE = 'The *quick* brown fox jumps over the lazy dog, says "hello", and nobody minds. 你好!\n\n'
SYSTEM = "Answer briefly. " * 20
PARAMS = Params("mimo-v2-pro", temperature=0.5)
CALLS = (
    ToolCall("call_0123456789", "tide", '{"port": "基隆"}'),
    ToolResult("call_0123456789", "tide", "high at noon", seconds=0.1),
)
TOLERATED = 5
"""Times plain JSON."""
SMALLEST = 1e-3
"""Milliseconds, for what a coarse clock does not see."""

LEGEND = """\
ms     median of the rounds: CPU time of this process, but for `write` the time that passes (it waits for the disk)
us     for each turn
MB     of the text that is made or read
ratio  to json.dumps, for what is loaded to json.loads, of the messages of the same turns"""


def words(size: int) -> str:
    return (PROSE * (size // len(PROSE) + 1))[:size]


def turn(number: int) -> Turn:
    """A turn of about 4,000 characters; each fifth one calls a tool."""
    thought, answer = ReasoningPart(words(1_000)), TextPart(words(2_600))
    parts = (thought, *(CALLS if number % 5 == 0 else ()), answer)
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
        user_message(f"{number}: {words(400)}"),
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


def conversation(count: int) -> History:
    turns = tuple(map(turn, range(count)))
    return History(turns, tuple(range(-1, count - 1)), count - 1)


def body(turns: tuple[Turn, ...], api: Api) -> dict[str, object]:
    messages = (system_message(SYSTEM), *conversation_messages(turns), user_message("And then?"))
    return FORMATS[api].encode(Request(messages, PARAMS))


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def ways(count: int, folder: Path) -> dict[str, Callable[[], bytes | None]]:
    """All that is measured, by name."""
    line = conversation(count)
    saved, file = SavedSession("main", date(2026, 11, 22), line), SessionFile(folder / f"{count}.json")
    messages, text = body(line.turns, "openai")["messages"], to_text(saved)
    plain = dumped(messages)
    return {
        "json.dumps": lambda: dumped(messages),
        "request, openai": lambda: dumped(body(line.turns, "openai")),
        "request, anthropic": lambda: dumped(body(line.turns, "anthropic")),
        "to_text": lambda: to_text(saved).encode(),
        "write": lambda: file.write(saved),
        "json.loads": lambda: json.loads(plain) and plain,
        "from_text": lambda: from_text(text) and text.encode(),
    }


def milliseconds(way: Callable[[], object], clock: Callable[[], float]) -> float:
    gc.collect()
    begin = clock()
    way()
    return (clock() - begin) * 1_000


def measured(count: int, rounds: int, folder: Path) -> dict[str, tuple[float, int]]:
    """Milliseconds and bytes of each way; they take turns, so that a busy machine troubles all of them alike."""
    all_ways = ways(count, folder)
    sizes = {name: len(way() or b"") for name, way in all_ways.items()}
    spent: dict[str, list[float]] = {name: [] for name in all_ways}
    for _ in range(rounds):
        for name, way in all_ways.items():
            clock = time.perf_counter if name == "write" else time.process_time
            spent[name].append(milliseconds(way, clock))
    return {name: (median(times), sizes[name]) for name, times in spent.items()}


def show(count: int, figures: dict[str, tuple[float, int]], first: dict[str, float]) -> None:
    print(f"\n{count:,} turns{'ms':>17}{'us':>8}{'MB':>8}{'ratio':>8}   us / us of the first table")
    for name, (ms, size) in figures.items():
        each = ms * 1_000 / count
        base = figures["json.loads" if name in ("json.loads", "from_text") else "json.dumps"][0] or SMALLEST
        growth = each / first.setdefault(name, each or SMALLEST)
        missed = "" if ms <= TOLERATED * base or name == "write" else f"   more than {TOLERATED}!"
        print(f"  {name:<20}{ms:>8.1f}{each:>8.1f}{size / 1e6:>8.2f}{ms / base:>8.2f}{growth:>8.2f}{missed}")


COUNTS, SHORT = (100, 300, 1_000, 3_000), (30, 100)
"""Of turns."""


def main() -> None:
    """Print the tables."""
    parser = ArgumentParser(description="What a long conversation costs, beside plain JSON.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--short", action="store_true", help="30 and 100 turns, once")
    options = parser.parse_args()
    rounds, counts = (1, SHORT) if options.short else (options.rounds, COUNTS)
    print(LEGEND)
    first: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        for count in counts:
            show(count, measured(count, rounds, Path(name)), first)


if __name__ == "__main__":
    main()
