"""What a call prints, kept apart from everything else that is printed meanwhile."""

from __future__ import annotations

import io
import sys
from contextvars import ContextVar, Token
from typing import Any, Self

_buffer: ContextVar[io.StringIO | None] = ContextVar("_buffer", default=None)
"""Of the call that runs in this context, be it a task or a thread that was given it."""


class OutputCapture:
    """Takes what is printed in its context while the block runs; `text` is what came."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._token: Token[io.StringIO | None] | None = None

    def __enter__(self) -> Self:
        sys.stdout, sys.stderr = ContextStream.wrap(sys.stdout), ContextStream.wrap(sys.stderr)
        self._token = _buffer.set(self._text)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._token
        _buffer.reset(self._token)
        sys.stdout, sys.stderr = ContextStream.unwrap(sys.stdout), ContextStream.unwrap(sys.stderr)

    @property
    def text(self) -> str:
        """What was printed so far."""
        return self._text.getvalue()


class ContextStream:
    """A stream that writes into the buffer of the present context, if there is one."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.user_count = 1

    @classmethod
    def wrap(cls, stream: Any) -> Any:
        """Wrap a stream, once."""
        if not isinstance(stream, cls):
            return cls(stream)
        stream.user_count += 1
        return stream

    @classmethod
    def unwrap(cls, stream: Any) -> Any:
        """Return the stream itself when nobody needs the wrapper any more."""
        if not isinstance(stream, cls):
            return stream  # somebody else took the place meanwhile
        stream.user_count -= 1
        return stream if stream.user_count else stream.stream

    def write(self, text: str) -> int:
        """Write to where this context prints."""
        buffer = _buffer.get()
        return int((self.stream if buffer is None else buffer).write(text) or 0)

    def writelines(self, lines: Any) -> None:
        """Write lines, as a stream does."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
