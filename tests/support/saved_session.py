"""A saved session with every kind of content."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from mimo_magics.core.messages import (
    AudioPart,
    ImagePart,
    Message,
    Params,
    ReasoningPart,
    Reply,
    TextPart,
    Timing,
    ToolCall,
    ToolResult,
    Usage,
)
from mimo_magics.session.history import ROOT, History
from mimo_magics.session.limits.unrecorded_calls import UnrecordedCalls
from mimo_magics.session.storage.session_file import SavedSession
from mimo_magics.session.turn import Turn
from support.saving_process import turn

DAY = date(2026, 11, 22)


FULL_TURN = Turn(
    Message(
        "user", (TextPart("What is in it?"), ImagePart("data:image/png;base64,AAAA"), AudioPart("a.mp3"))
    ),
    Reply(
        Message(
            "assistant",
            (
                ReasoningPart("Hm.\u2028\x85", "signature"),
                ToolCall("c1", "tide", '{"port": "基隆"}'),
                ToolResult("c1", "tide", "high", is_error=True, refused=True, seconds=0.5, log="Trace\n"),
                TextPart("🙂 high"),
            ),
        ),
        Usage(10, 5, 3, 1),
        "end",
        "mimo-test",
        "r1",
        timing=Timing(0.1, None, 2.5),
        cost=0.25,
    ),
    Params("mimo-test", temperature=0.0, stop=("a",), extra={"seed": [1, None, {"deep": 1e-9}]}),
    "mimo-v2",
    "anthropic",
    1764000000.123456,
    id="0123456789ab",
    system="Be brief.",
    tools=("tide",),
    usage=Usage(20, 10),
    summary="They said hello.",
    cell="id:a",
)


SAVED_HISTORY = (
    History()
    .append_turn(turn("one"))
    .append_turn(FULL_TURN)
    .drop_last(1)
    .append_turn(turn("instead"))
    .move_to(ROOT)
    .append_turn(replace(FULL_TURN, opens_branch=True))
    .move_to(0)
)
"""Three branches, two of them after the same turn; the current line ends before any of them."""


SAVED = SavedSession("main", DAY, SAVED_HISTORY, UnrecordedCalls(Usage(7, 3), 0.125))
