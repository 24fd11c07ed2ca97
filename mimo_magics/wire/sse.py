"""Server-sent events: bytes in, (event, data) out.

Written here because it is the hot path and must be driven by bytes from any source: `httpx-sse` reads only
from a response. Lines end at LF, CR or CRLF and nowhere else (JSON may hold U+2028); they are decoded when
whole, so that no character is ever split.
https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from collections.abc import Iterator

from mimo_magics.core.errors import WireError
from mimo_magics.core.i18n import Translatable

MAX_FRAME_BYTES = 8 * 2**20
"""Bytes of one line, and of one event: a server may never end it."""
OTHER_FIELDS = ("", "id", "retry")
"""Comments, and fields that tell nothing of an answer."""
Frame = tuple[str, str]
"""Name of the event (empty when the server gave none) and its data."""


class SSEParser:
    """Cuts a stream into events, wherever its packets were cut."""

    def __init__(self) -> None:
        self._partial_line: list[bytes] = []
        self._after_cr = False
        self._event_name = ""
        self._data: list[str] = []
        self._is_bare = False
        """Whether what comes is JSON without `data:`, as some servers send their errors."""
        self.unread_line = ""
        """The first line that is none of an event stream, such as that of a web page."""
        self._size = 0
        """Bytes of the line and the event that are not whole yet."""

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Take bytes in and yield the events that are whole now.

        Raises:
            WireError: a line or an event is longer than 8 MB.
        """
        self._size += len(chunk)
        if self._size > MAX_FRAME_BYTES:
            raise WireError(
                Translatable(
                    "The server sent an event larger than {size:,.0f} MB.", size=MAX_FRAME_BYTES / 2**20
                )
            )
        for line in self._split_lines(chunk):
            if line:
                yield from self._parse_line(line.decode("utf-8", "replace").removeprefix("\ufeff"))
            else:
                yield from self._dispatch()

    def close(self) -> Iterator[Frame]:
        """End the stream. An event without its blank line is handed on too, as servers forget it at the end."""
        yield from self.feed(b"\n\n")

    def _split_lines(self, chunk: bytes) -> list[bytes]:
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *others = chunk.split(b"\n")
        self._partial_line.append(first)
        if not others:
            return []
        lines = [b"".join(self._partial_line), *others]
        self._partial_line = [lines.pop()]
        return lines

    def _parse_line(self, line: str) -> Iterator[Frame]:
        name, _, value = line.partition(":")
        if name == "data":
            value = value.removeprefix(" ")
            if self._is_followed_by(value):
                yield from self._dispatch()
            self._data.append(value)
        elif self._is_bare or (line.lstrip().startswith(("{", "[")) and not self._data):
            self._is_bare = True
            self._data.append(line)
        elif name == "event":
            self._event_name = value.removeprefix(" ")
        elif name not in OTHER_FIELDS:
            self.unread_line = self.unread_line or line

    def _is_followed_by(self, value: str) -> bool:
        """Tell whether an event ended without its blank line: JSON goes on so in no other way."""
        return (
            bool(self._data) and self._data[-1].rstrip().endswith("}") and value.startswith(("{", "[DONE]"))
        )

    def _dispatch(self) -> Iterator[Frame]:
        """A blank line ends an event; one without data is a sign of life and nothing more."""
        self._size, self._is_bare = 0, False
        data = "\n".join(self._data)
        if data:
            yield self._event_name, data
        self._event_name, self._data = "", []
