"""The wire formats, and the decoding of bytes to events.

A format is a module that implements `WireFormat`. Decoders are fed with bytes, so that a socket, a recorded file and a
fuzzer drive the same code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from mimo_magics.core.errors import WireError
from mimo_magics.core.events import Event, Stopped
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Request
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api, Auth
from mimo_magics.wire import anthropic, openai
from mimo_magics.wire.errors import sentence_error, unreadable_error
from mimo_magics.wire.json_values import load_json
from mimo_magics.wire.sse import SSEParser
from mimo_magics.wire.surrogates import SurrogateJoiner


class Decoder(Protocol):
    """Converts the JSON objects of one stream to events. Each stream needs a new decoder."""

    is_done: bool
    """Whether the server marked the end of the stream."""

    def feed(self, name: str, frame: Mapping[str, Any]) -> Iterator[Event]:
        """Decode one JSON object."""

    def flush(self) -> Iterator[Event]:
        """Return the events that were held back, at the end of the stream."""


class WireFormat(Protocol):
    """The interface of a format module."""

    path: str
    """The path of the call, relative to the base URL."""
    requires_max_tokens: bool
    """Whether a call must contain an output limit."""

    def headers(self, key: Secret, auth: Auth) -> dict[str, str]:
        """Return the headers of a call."""

    def encode(self, request: Request) -> dict[str, Any]:
        """Return the body of a call."""

    def Decoder(self) -> Decoder:  # noqa: N802  it is a class in the module
        """Return a decoder for one stream."""

    def decode_full(self, body: Mapping[str, Any]) -> Iterator[Event]:
        """Decode a reply that was not streamed."""


FORMATS: dict[Api, WireFormat] = {"openai": openai, "anthropic": anthropic}

MALFORMED_DATA_ERRORS = (TypeError, AttributeError, KeyError, ValueError, RecursionError)
"""Exceptions that decoding raises for a value of the wrong type."""


class StreamDecoder:
    """Converts the bytes of one stream to events, independent of packet boundaries.

    Malformed values are repaired or ignored, so that a reply is not lost because of an unrelated event.
    """

    def __init__(self, wire_format: WireFormat) -> None:
        self._decoder = wire_format.Decoder()
        self._parser = SSEParser()
        self._surrogates = SurrogateJoiner()
        self.has_stopped = False
        """Whether the reply has ended; usage may still follow."""
        self.has_started = False
        """Whether the server sent any part of a reply."""
        self._unread_frame = ""

    @property
    def is_done(self) -> bool:
        """Whether the server marked the end of the stream."""
        return self._decoder.is_done

    @property
    def unread(self) -> str:
        """The first event or line that could not be parsed, for the error if no reply follows."""
        return self._unread_frame or self._parser.unread_line

    @property
    def is_incomplete(self) -> bool:
        """Whether a reply began, but neither a stop reason nor the end of the stream was received."""
        return self.has_started and not self.has_stopped and not self.is_done

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Decode bytes and yield their events.

        Raises:
            ApiError: the server reports an error within the stream.
            WireError: an event is invalid JSON, or has the other format.
        """
        for name, data in self._parser.feed(chunk):
            yield from self._decode_frame(name, data)

    def close(self) -> Iterator[Event]:
        """End the stream. Without a stop reason the reply is incomplete: `Stopped("cut")`."""
        try:
            for name, data in self._parser.close():
                yield from self._decode_frame(name, data)
        except WireError:
            # The connection broke within an event.
            pass
        for event in self._decoder.flush():
            yield from self._track(event)
        yield from self._surrogates.flush()
        if self.has_started and not self.has_stopped:
            yield Stopped("end" if self.is_done else "cut")

    def _decode_frame(self, name: str, data: str) -> Iterator[Event]:
        if self.is_done:
            return
        if data.strip() == "[DONE]":
            self._decoder.is_done = True
            return
        try:
            frame = self._parse_frame(data)
            if name == "error" and not (frame and frame.get("error")):
                frame = {"error": frame or data}
            if frame is None:
                return
            for event in self._decoder.feed(name, frame):
                yield from self._track(event)
        except (WireError, *MALFORMED_DATA_ERRORS) as error:
            if self.has_stopped:
                return  # The reply is complete.
            if isinstance(error, WireError):
                raise
            raise WireError(
                Translatable("The server sent an event that does not match the API format.")
            ) from error

    def _parse_frame(self, data: str) -> Mapping[str, Any] | None:
        """Return the JSON object of an event, or `None` for a keep-alive such as `ping`."""
        try:
            value = load_json(data)
        except (ValueError, RecursionError):
            if error := sentence_error(data):
                raise error from None
            if data.lstrip().startswith(("{", "[")):
                raise WireError(Translatable("The server sent an event with invalid JSON.")) from None
            value = data
        if isinstance(value, list):
            value = next((each for each in value if isinstance(each, dict) and "error" in each), value)
        if isinstance(value, dict):
            return value
        if isinstance(value, str) and (error := sentence_error(value)):
            raise error
        self._unread_frame = self._unread_frame or data
        return None

    def _track(self, event: Event) -> Iterable[Event]:
        self.has_started = True
        self.has_stopped = self.has_stopped or isinstance(event, Stopped)
        return self._surrogates.feed(event)


def decode(api: Api, chunks: Iterable[bytes]) -> Iterator[Event]:
    """Decode a recorded stream.

    Raises:
        ApiError: the server reported an error within the stream.
        WireError: an event does not match the API format.
    """
    decoder = StreamDecoder(FORMATS[api])
    for chunk in chunks:
        yield from decoder.feed(chunk)
    yield from decoder.close()


def decode_full(api: Api, body: bytes) -> Iterator[Event]:
    """Decode a reply that was not streamed.

    Raises:
        ApiError: the body is an error.
        WireError: the body does not match the API format.
    """
    has_stopped = False
    surrogates = SurrogateJoiner()
    try:
        value = load_json(body)
        # Google wraps errors in a list.
        if isinstance(value, list):
            value = next(iter(value), None)
        if not isinstance(value, dict):
            raise unreadable_error(body)
        for event in FORMATS[api].decode_full(value):
            has_stopped = has_stopped or isinstance(event, Stopped)
            yield from surrogates.feed(event)
    except MALFORMED_DATA_ERRORS:
        raise unreadable_error(body) from None
    yield from surrogates.flush()
    # The body is complete, even if the server omitted the stop reason.
    if not has_stopped:
        yield Stopped("end")
