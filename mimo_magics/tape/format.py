r"""The format of a tape: JSON lines with one fact each, so that a diff of two tapes is readable.

    {"tape": 1, "by": "mimo-magics"}
    {"call": "POST", "path": "/v1/chat/completions", "date": "2026-11-23T16:40:31Z", "body": {…}}
    {"at": 0.061, "status": 200, "headers": {"content-type": "text/event-stream"}}
    {"at": 0.204, "chunk": "data: {…}\n\n"}
    {"at": 0.377, "end": "whole"}

A call is a block of lines: the request in its canonical form, the start of the response, its chunks, and its end: `whole`, `left`
when we closed the connection early, or the name of httpx's error. `at` is in seconds since the call. Bytes of a chunk that are not
UTF-8, such as a part of a character, are the escapes \udc80 to \udcff.
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
"""The response headers on a tape. Other headers may identify the host or the account of the user."""
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
"""Characters of a file name in errors."""


def select_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a response that are recorded."""
    return {name: headers[name] for name in RECORDED_HEADERS if is_header_text(headers.get(name))}


def quote_name(path: Path) -> str:
    """Return the name of a tape for errors."""
    return quote(path.name, MAX_NAME_CHARS)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a response."""

    elapsed: float
    """Seconds since the call."""
    data: bytes


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A request and its response."""

    method: str
    path: str
    body: Any
    """The body in its canonical form; `None` for a request without a body."""
    timestamp: float
    """Time of the turn, in seconds since 1970."""
    status: int = 0
    """HTTP status; 0 when the server was not reached."""
    headers: Mapping[str, str] = field(default_factory=dict)
    start_elapsed: float = 0.0
    """Seconds until the response began."""
    chunks: Sequence[Chunk] = ()
    end_reason: str = "whole"
    end_elapsed: float = 0.0
    """Seconds until the response ended."""


def encode_calls(calls: Sequence[RecordedCall]) -> bytes:
    """Return the lines of calls."""
    return _encode_lines(line for call in calls for line in _encode_call(call))


def encode_tape(calls: Sequence[RecordedCall]) -> bytes:
    """Return a tape with these calls."""
    return _encode_lines([FILE_HEADER]) + encode_calls(calls)


def _encode_lines(lines: Iterable[Mapping[str, Any]]) -> bytes:
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    # Lone surrogates become JSON escapes.
    return text.encode("utf-8", "backslashreplace")


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
