r"""The file of a tape: JSON lines, which say one thing each, so that a comparison of two tapes can be read.

    {"tape": 1, "by": "mimo-magics"}
    {"call": "POST", "path": "/v1/chat/completions", "date": "2026-11-23T16:40:31Z", "body": {…}}
    {"at": 0.061, "status": 200, "headers": {"content-type": "text/event-stream"}}
    {"at": 0.204, "chunk": "data: {…}\n\n"}
    {"at": 0.377, "end": "whole"}

A call is a block of lines: what was asked, in its canonical form; how the answer began; its chunks as they came; how it
ended: `whole`, `left` when we hung up before, or the name of httpx's error. `at` is in seconds since the call. Bytes
of a chunk that are no UTF-8, as where a character was cut, stand as the escapes \udc80 to \udcff.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from mimo_magics.core.text import quote

FORMAT_VERSION = 1
FILE_HEADER = {"tape": FORMAT_VERSION, "by": "mimo-magics"}
RECORDED_HEADERS = ("content-type", "retry-after")
"""Those of an answer that are kept. All others may tell of the host, or of the person's account."""
EndReason = Literal[
    "whole",
    "left",
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "ReadError",
    "ReadTimeout",
    "WriteError",
    "WriteTimeout",
    "CloseError",
    "DecodingError",
    "RemoteProtocolError",
    "LocalProtocolError",
    "UnsupportedProtocol",
    "TooManyRedirects",
]
"""How a call can end."""
END_REASONS: tuple[str, ...] = get_args(EndReason)
MAX_TAPE_BYTES = 256 * 2**20
MAX_NAME_CHARS = 200
"""Characters of a file's name that errors tell."""


def select_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those headers of an answer that are kept, as far as a tape can hold them."""
    return {name: headers[name] for name in RECORDED_HEADERS if is_header_text(headers.get(name))}


def quote_name(path: Path) -> str:
    """Return the name of a tape as errors tell it."""
    return quote(path.name, MAX_NAME_CHARS)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer."""

    elapsed: float
    """Seconds since the call."""
    data: bytes


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What was asked, and all that came of it."""

    method: str
    path: str
    body: Any
    """In its canonical form; `None` for a request without one."""
    timestamp: float
    """When the turn was asked, in seconds since 1970."""
    status: int = 0
    """0 when the server was not reached."""
    headers: Mapping[str, str] = field(default_factory=dict)
    start_elapsed: float = 0.0
    """Seconds until the answer began."""
    chunks: Sequence[Chunk] = ()
    end_reason: str = "whole"
    end_elapsed: float = 0.0
    """Seconds until it ended."""


def encode_calls(calls: Sequence[RecordedCall]) -> bytes:
    """Return the lines of calls."""
    return _encode_lines(line for call in calls for line in _encode_call(call))


def encode_tape(calls: Sequence[RecordedCall]) -> bytes:
    """Return a tape with these calls."""
    return _encode_lines([FILE_HEADER]) + encode_calls(calls)


def _encode_lines(lines: Iterable[Mapping[str, Any]]) -> bytes:
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    return text.encode("utf-8", "backslashreplace")  # JSON's own escape of what is no character


def _encode_call(call: RecordedCall) -> Iterator[dict[str, Any]]:
    date = datetime.fromtimestamp(int(call.timestamp), UTC).isoformat().replace("+00:00", "Z")
    yield {"call": call.method, "path": call.path, "date": date, "body": call.body}
    if call.status:
        yield {"at": call.start_elapsed, "status": call.status, "headers": dict(call.headers)}
    for chunk in call.chunks:
        yield {"at": chunk.elapsed, "chunk": chunk.data.decode("utf-8", "surrogateescape")}
    yield {"at": call.end_elapsed, "end": call.end_reason}


def is_header_text(value: object) -> bool:
    """Return whether a value can be a header on a tape."""
    return isinstance(value, str) and value.isascii() and value.isprintable()
