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
from math import isfinite
from pathlib import Path
from typing import Any

from mimo_magics.core.errors import BadTape
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.serialization import is_within_depth
from mimo_magics.core.text import quote
from mimo_magics.tape.matching import MAX_BODY_DEPTH

FORMAT_VERSION = 1
FILE_HEADER = {"tape": FORMAT_VERSION, "by": "mimo-magics"}
RECORDED_HEADERS = ("content-type", "retry-after")
"""Those of an answer that are kept. All others may tell of the host, or of the person's account."""
END_REASONS = (
    *("whole", "left"),
    *("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"),
    *("ReadError", "ReadTimeout", "WriteError", "WriteTimeout", "CloseError"),
    *(
        "DecodingError",
        "RemoteProtocolError",
        "LocalProtocolError",
        "UnsupportedProtocol",
        "TooManyRedirects",
    ),
)
"""How a call can have ended."""
MAX_TAPE_BYTES = 256 * 2**20
MAX_NAME_CHARS = 200
"""Characters of a file's name that errors tell."""


def select_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those headers of an answer that are kept, as far as a tape can hold them."""
    return {name: headers[name] for name in RECORDED_HEADERS if _is_header_text(headers.get(name))}


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


def read_tape(path: Path) -> list[RecordedCall]:
    """Read a tape.

    Raises:
        BadTape: the file is not there, cannot be read, is too large, or is no tape.
    """
    name = quote_name(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TAPE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadTape(
            Translatable("The tape {name} cannot be read: {reason}.", name=name, reason=reason)
        ) from None
    if len(data) > MAX_TAPE_BYTES:
        size = MAX_TAPE_BYTES / 2**20
        raise BadTape(Translatable("The tape {name} is larger than {size:,.0f} MB.", name=name, size=size))
    return list(_Reader(name, data.split(b"\n")).read_calls())


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


class _Reader:
    """Reads the lines of one file, which anybody may have written."""

    def __init__(self, name: str, lines: Sequence[bytes]) -> None:
        self._name = name
        self._numbered_lines = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        self._read_count = 0

    def read_calls(self) -> Iterator[RecordedCall]:
        """Yield the calls.

        Raises:
            BadTape: a line is not what comes there.
        """
        match self._read_record():
            case {"tape": version} if version == FORMAT_VERSION:
                pass
            case {"tape": int(version)} if version > FORMAT_VERSION:
                raise BadTape(
                    Translatable("{name} was written by a newer version.", name=self._name),
                    Translatable("Update mimo-magics."),
                )
            case _:
                raise BadTape(
                    Translatable("{name} is no tape.", name=self._name),
                    Translatable("A tape begins with a line that says so."),
                )
        while self._read_count < len(self._numbered_lines):
            yield self._read_call()

    def _read_call(self) -> RecordedCall:
        match self._read_record():
            case {"call": str(method), "path": str(path), "date": str(date), "body": body} if is_within_depth(
                body, MAX_BODY_DEPTH
            ):
                request_fields = (method, path, body, self._parse_date(date))
            case _:
                raise self._invalid_line_error()
        chunks: list[Chunk] = []
        start_elapsed, status, headers = 0.0, 0, {}
        while True:
            match self._read_record():
                case {"status": int(status), "at": at, "headers": dict(said)} if _is_response_start(
                    status, chunks
                ):
                    start_elapsed, headers = self._parse_seconds(at), self._parse_headers(said)
                case {"chunk": str(text), "at": at} if status:
                    chunks.append(Chunk(self._parse_seconds(at), self._encode_chunk(text)))
                case {"end": str(end), "at": at} if end in END_REASONS and (
                    status or end not in ("whole", "left")
                ):
                    return RecordedCall(
                        *request_fields,
                        status,
                        headers,
                        start_elapsed,
                        tuple(chunks),
                        end,
                        self._parse_seconds(at),
                    )
                case _:
                    raise self._invalid_line_error()

    def _read_record(self) -> Any:
        if self._read_count == len(self._numbered_lines):
            raise BadTape(
                Translatable(
                    "{name} ends in the middle of a call, after line {number}.",
                    name=self._name,
                    number=self._line_number,
                )
            )
        _, line = self._numbered_lines[self._read_count]
        self._read_count += 1
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise self._invalid_line_error() from None

    def _parse_seconds(self, value: Any) -> float:
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and 0 <= value < 1e9
            and isfinite(value)
        ):
            return float(value)
        raise self._invalid_line_error()

    def _parse_date(self, text: str) -> float:
        try:
            return datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError, OSError):
            raise self._invalid_line_error() from None

    def _parse_headers(self, headers: Mapping[str, Any]) -> dict[str, str]:
        if all(map(_is_header_text, headers.values())):
            return select_headers(headers)
        raise self._invalid_line_error()

    def _encode_chunk(self, text: str) -> bytes:
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise self._invalid_line_error() from None

    @property
    def _line_number(self) -> int:
        return self._numbered_lines[self._read_count - 1][0] if self._read_count else 0

    def _invalid_line_error(self) -> BadTape:
        return BadTape(
            Translatable(
                "Line {number} of {name} is not what comes there on a tape.",
                number=self._line_number,
                name=self._name,
            )
        )


def _is_response_start(status: int, chunks: Sequence[Chunk]) -> bool:
    return 100 <= status < 1_000 and not chunks


def _is_header_text(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable()
