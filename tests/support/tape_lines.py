"""The lines of a tape, and the calls on it."""

from dataclasses import replace
from pathlib import Path

from mimo_magics.tape.format import Chunk, RecordedCall

BODY = {"messages": [{"content": "你好\u2028\n", "role": "user"}], "model": "mimo-test"}
CHUNKS = (Chunk(0.5, b"data: {}\n\n"), Chunk(0.75, "é".encode()[:1]), Chunk(1.0, "é".encode()[1:]))
CALL = RecordedCall(
    "POST",
    "/v1/chat/completions",
    BODY,
    1_795_000_000.0,
    200,
    {"content-type": "text/event-stream"},
    0.25,
    CHUNKS,
    "whole",
    1.5,
)
FAILED = replace(CALL, status=0, headers={}, start_elapsed=0.0, chunks=(), end_reason="ConnectError")
LINES = [
    '{"tape": 1, "by": "mimo-magics"}',
    '{"call": "POST", "path": "/v1/chat/completions", "date": "2026-11-18T11:06:40Z", "body": '
    '{"messages": [{"content": "你好\u2028\\n", "role": "user"}], "model": "mimo-test"}}',
    '{"at": 0.25, "status": 200, "headers": {"content-type": "text/event-stream"}}',
    '{"at": 0.5, "chunk": "data: {}\\n\\n"}',
    '{"at": 0.75, "chunk": "\\udcc3"}',
    '{"at": 1.0, "chunk": "\\udca9"}',
    '{"at": 1.5, "end": "whole"}',
]


def put(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
