"""The wire formats, and the way from bytes to events.

A format is a module that has what `Wire` says. Push style: whoever has bytes feeds them, so that a socket, a
recorded file and a fuzzer drive the same code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from mimo_magics.core.errors import ApiError, WireError
from mimo_magics.core.events import Event, Stopped
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Request
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api, Auth
from mimo_magics.wire import anthropic, openai
from mimo_magics.wire.sse import SSEParser


class Decoder(Protocol):
    """Turns the frames of one stream into events; fresh for each stream."""

    done: bool
    """Whether the server said that nothing follows."""

    def feed(self, name: str, data: str) -> Iterator[Event]:
        """Decode one frame."""


class Wire(Protocol):
    """What a format's module offers."""

    path: str
    """Of the call, below the base URL."""
    needs_output_bound: bool
    """Whether a call must say how many tokens the output may have."""

    def headers(self, key: Secret, auth: Auth) -> dict[str, str]:
        """Return the headers of a call."""

    def encode(self, request: Request) -> dict[str, Any]:
        """Return the body of a call."""

    def relaxed(self, body: Mapping[str, Any], error: ApiError) -> dict[str, Any] | None:
        """Return a body without the optional field that the server refused; `None` if it was not that."""

    def Decoder(self) -> Decoder:  # noqa: N802  a class in the module
        """Return a decoder for one stream."""

    def decode_full(self, body: bytes) -> Iterator[Event]:
        """Decode a whole reply that was not streamed."""


FORMATS: dict[Api, Wire] = {"openai": openai, "anthropic": anthropic}

BEYOND_THE_API = (TypeError, AttributeError, KeyError, ValueError, RecursionError)
"""What decoding raises where a value has not the documented type."""


class StreamDecoder:
    """Bytes of one stream, cut anywhere, to events."""

    def __init__(self, wire: Wire) -> None:
        self._decoder = wire.Decoder()
        self._parser = SSEParser()
        self._stopped = False
        self.begun = False
        """Whether the server said anything that belongs to an answer."""

    @property
    def done(self) -> bool:
        """Whether the server said that nothing follows."""
        return self._decoder.done

    @property
    def cut(self) -> bool:
        """Whether an answer began and neither a reason for its end nor the server's last word has come."""
        return self.begun and not self._stopped and not self.done

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Take bytes in and yield what they tell.

        Raises:
            ApiError: the server reports a failure in the middle of the stream.
            WireError: a frame is not what the API describes.
        """
        for name, data in self._parser.feed(chunk):
            yield from self._frame(name, data)

    def close(self) -> Iterator[Event]:
        """End the stream. One that ended without a reason was cut: `Stopped("cut")`."""
        try:
            for name, data in self._parser.close():
                yield from self._frame(name, data)
        except WireError:
            pass  # the cut went through a frame
        if self.begun and not self._stopped:
            yield Stopped("end" if self.done else "cut")

    def _frame(self, name: str, data: str) -> Iterator[Event]:
        if self.done:
            return
        try:
            for event in self._decoder.feed(name, data):
                self.begun = True
                self._stopped = self._stopped or isinstance(event, Stopped)
                yield event
        except BEYOND_THE_API as error:
            raise WireError(Words("The server sent a frame that the API does not describe.")) from error


def decode(api: Api, chunks: Iterable[bytes]) -> Iterator[Event]:
    """Decode a recorded stream.

    Raises:
        ApiError: the server reported a failure in the middle of the stream.
        WireError: a frame is not what the API describes.
    """
    decoder = StreamDecoder(FORMATS[api])
    for chunk in chunks:
        yield from decoder.feed(chunk)
    yield from decoder.close()


def decode_full(api: Api, body: bytes) -> Iterator[Event]:
    """Decode a whole reply that was not streamed.

    Raises:
        ApiError: the body is an error.
        WireError: the body is not what the API describes.
    """
    stopped = False
    try:
        for event in FORMATS[api].decode_full(body):
            stopped = stopped or isinstance(event, Stopped)
            yield event
    except BEYOND_THE_API as error:
        raise WireError(Words("The server's answer is not what the API describes.")) from error
    if not stopped:  # it is whole, whatever the server left out
        yield Stopped("end")
