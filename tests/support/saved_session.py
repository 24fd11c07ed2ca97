"""A session with every kind of content, as it is saved."""

from __future__ import annotations

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
from mimo_magics.session.history import History
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
    .start_conversation("b")
    .append_turn(FULL_TURN)
    .switch_to(0)
)
"""Two conversations, one of them with a branch, and it stands at neither end."""


SAVED = SavedSession("main", DAY, SAVED_HISTORY, Usage(7, 3), 0.125)
