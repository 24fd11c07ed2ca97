"""The reader of tapes. pydantic validates each line, because a tape is untrusted input."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from mimo_magics.core.errors import BadTape
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.serialization import is_within_depth
from mimo_magics.tape.format import (
    FORMAT_VERSION,
    MAX_TAPE_BYTES,
    Chunk,
    EndReason,
    RecordedCall,
    is_header_text,
    quote_name,
    select_headers,
)
from mimo_magics.tape.matching import MAX_BODY_DEPTH

LineType = TypeVar("LineType")


def _parse_date(value: Any) -> float:
    try:
        return datetime.fromisoformat(value).timestamp()
    except (TypeError, OverflowError, OSError) as error:
        raise ValueError(str(error)) from None


def _check_depth(body: Any) -> Any:
    if not is_within_depth(body, MAX_BODY_DEPTH):
        raise ValueError("nested too deep")
    return body


def _check_header(text: str) -> str:
    if not is_header_text(text):
        raise ValueError("not a header")
    return text


def _encode_chunk(value: Any) -> Any:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


Seconds = Annotated[float, Field(ge=0, lt=1e9)]


class _Line(BaseModel):
    """A line of a tape. Unknown fields are ignored."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _RequestLine(_Line):
    method: str = Field(alias="call")
    path: str
    timestamp: Annotated[float, BeforeValidator(_parse_date)] = Field(alias="date")
    body: Annotated[Any, AfterValidator(_check_depth)]


class _StatusLine(_Line):
    elapsed: Seconds = Field(alias="at")
    status: int = Field(ge=100, lt=1_000)
    headers: dict[str, Annotated[str, AfterValidator(_check_header)]]


class _ChunkLine(_Line):
    elapsed: Seconds = Field(alias="at")
    data: Annotated[bytes, BeforeValidator(_encode_chunk)] = Field(alias="chunk")


class _EndLine(_Line):
    elapsed: Seconds = Field(alias="at")
    reason: EndReason = Field(alias="end")


REQUEST_LINE = TypeAdapter(_RequestLine)
RESPONSE_LINE: TypeAdapter[_ChunkLine | _StatusLine | _EndLine] = TypeAdapter(
    Annotated[_ChunkLine | _StatusLine | _EndLine, Field(union_mode="left_to_right")]
)


def read_tape(path: Path) -> list[RecordedCall]:
    """Read a tape.

    Raises:
        BadTape: the file does not exist, cannot be read, is too large, or is not a tape.
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


class _Reader:
    """Reads the lines of one file."""

    def __init__(self, name: str, lines: Sequence[bytes]) -> None:
        self._name = name
        self._numbered_lines = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        self._read_count = 0

    def read_calls(self) -> Iterator[RecordedCall]:
        """Yield the calls.

        Raises:
            BadTape: a line is not valid, or not valid in its place.
        """
        match self._read_json():
            case {"tape": version} if type(version) is int and version == FORMAT_VERSION:
                pass
            case {"tape": int(version)} if version > FORMAT_VERSION:
                raise BadTape(
                    Translatable(
                        "The tape {name} was written by a newer version of mimo-magics.", name=self._name
                    ),
                    Translatable("Update it: pip install --upgrade mimo-magics"),
                )
            case _:
                raise BadTape(
                    Translatable("{name} is not a tape.", name=self._name),
                    Translatable("Choose a file that %mimo_tape record wrote."),
                )
        while self._read_count < len(self._numbered_lines):
            yield self._read_call()

    def _read_call(self) -> RecordedCall:
        request = self._read_line(REQUEST_LINE)
        start: _StatusLine | None = None
        chunks: list[Chunk] = []
        while True:
            match self._read_line(RESPONSE_LINE):
                case _StatusLine() as line if not chunks:
                    start = line
                case _ChunkLine() as line if start:
                    chunks.append(Chunk(line.elapsed, line.data))
                case _EndLine() as line if start or line.reason not in ("whole", "left"):
                    return _build_call(request, start, chunks, line)
                case _:
                    raise self._invalid_line_error()

    def _read_line(self, adapter: TypeAdapter[LineType]) -> LineType:
        try:
            return adapter.validate_python(self._read_json())
        except ValueError:
            raise self._invalid_line_error() from None

    def _read_json(self) -> Any:
        if self._read_count == len(self._numbered_lines):
            raise BadTape(
                Translatable(
                    "The tape {name} is incomplete: it ends within a call, after line {number}.",
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

    @property
    def _line_number(self) -> int:
        return self._numbered_lines[self._read_count - 1][0] if self._read_count else 0

    def _invalid_line_error(self) -> BadTape:
        return BadTape(
            Translatable(
                "Line {number} of the tape {name} is not valid.",
                number=self._line_number,
                name=self._name,
            )
        )


def _build_call(
    request: _RequestLine, start: _StatusLine | None, chunks: Sequence[Chunk], end: _EndLine
) -> RecordedCall:
    return RecordedCall(
        request.method,
        request.path,
        request.body,
        request.timestamp,
        start.status if start else 0,
        select_headers(start.headers) if start else {},
        start.elapsed if start else 0.0,
        tuple(chunks),
        end.reason,
        end.elapsed,
    )
