"""Server-sent events (SSE): bytes in, (event name, data) out.

The package has its own parser because this is the hot path, and because `httpx-sse` reads only from a response, not
from bytes of any source. Lines end at LF, CR or CRLF only, as JSON may contain U+2028. Only complete lines are decoded,
so that no character is split.
https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from collections.abc import Iterator

from mimo_magics.core.errors import WireError
from mimo_magics.core.i18n import Translatable

MAX_FRAME_BYTES = 8 * 2**20
"""Maximum size of an event, as a server may never end it."""
OTHER_FIELDS = ("", "id", "retry")
"""Comments, and fields that are not needed."""
Frame = tuple[str, str]
"""Event name, empty if the server sent none, and data."""


class SSEParser:
    """Splits a stream into events, independent of packet boundaries."""

    def __init__(self) -> None:
        self._partial_line: list[bytes] = []
        self._after_cr = False
        self._event_name = ""
        self._data: list[str] = []
        self._is_bare = False
        """Whether the current lines are JSON without `data:`, as some servers send errors."""
        self.unread_line = ""
        """The first line that does not belong to an event stream, such as a line of HTML."""
        self._size = 0
        """Bytes of the unfinished event."""

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Parse bytes and yield the events that are complete.

        Raises:
            WireError: an event is larger than 8 MB.
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
        """End the stream, and yield an event that lacks its final blank line, as some servers omit it."""
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
        """Return whether a blank line is missing before this value, as a JSON object cannot continue with it."""
        return (
            bool(self._data) and self._data[-1].rstrip().endswith("}") and value.startswith(("{", "[DONE]"))
        )

    def _dispatch(self) -> Iterator[Frame]:
        """End an event at a blank line. An event without data is a keep-alive."""
        self._size, self._is_bare = 0, False
        data = "\n".join(self._data)
        if data:
            yield self._event_name, data
        self._event_name, self._data = "", []
