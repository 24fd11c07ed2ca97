"""The wire formats, and the way from bytes to events.

A format is a module that has what `WireFormat` says. Push style: whoever has bytes feeds them, so that a socket, a
recorded file and a fuzzer drive the same code.
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
    """Turns the frames of one stream into events; fresh for each stream."""

    is_done: bool
    """Whether the server said that nothing follows."""

    def feed(self, name: str, frame: Mapping[str, Any]) -> Iterator[Event]:
        """Decode one frame."""

    def flush(self) -> Iterator[Event]:
        """Return what was held back, as nothing more comes."""


class WireFormat(Protocol):
    """What a format's module offers."""

    path: str
    """Of the call, below the base URL."""
    requires_max_tokens: bool
    """Whether a call must say how many tokens the output may have."""

    def headers(self, key: Secret, auth: Auth) -> dict[str, str]:
        """Return the headers of a call."""

    def encode(self, request: Request) -> dict[str, Any]:
        """Return the body of a call."""

    def Decoder(self) -> Decoder:  # noqa: N802  a class in the module
        """Return a decoder for one stream."""

    def decode_full(self, body: Mapping[str, Any]) -> Iterator[Event]:
        """Decode a whole reply that was not streamed."""


FORMATS: dict[Api, WireFormat] = {"openai": openai, "anthropic": anthropic}

MALFORMED_DATA_ERRORS = (TypeError, AttributeError, KeyError, ValueError, RecursionError)
"""What decoding raises where a value has not the documented type."""


class StreamDecoder:
    """Bytes of one stream, cut anywhere, to events.

    What matters is mended, what does not is passed over: no reply is lost for a frame beside it.
    """

    def __init__(self, wire_format: WireFormat) -> None:
        self._decoder = wire_format.Decoder()
        self._parser = SSEParser()
        self._surrogates = SurrogateJoiner()
        self.has_stopped = False
        """Whether the reply is over; usage may still come."""
        self.has_started = False
        """Whether the server said anything that belongs to an answer."""
        self._unread_frame = ""

    @property
    def is_done(self) -> bool:
        """Whether the server said that nothing follows."""
        return self._decoder.is_done

    @property
    def unread(self) -> str:
        """The first frame or line that is none, for the case that no answer comes."""
        return self._unread_frame or self._parser.unread_line

    @property
    def is_incomplete(self) -> bool:
        """Whether an answer began and neither a reason for its end nor the server's last word has come."""
        return self.has_started and not self.has_stopped and not self.is_done

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Take bytes in and yield what they tell.

        Raises:
            ApiError: the server reports a failure in the middle of the stream.
            WireError: a frame is broken, or of the other format.
        """
        for name, data in self._parser.feed(chunk):
            yield from self._decode_frame(name, data)

    def close(self) -> Iterator[Event]:
        """End the stream. One that ended without a reason was cut: `Stopped("cut")`."""
        try:
            for name, data in self._parser.close():
                yield from self._decode_frame(name, data)
        except WireError:
            pass  # the cut went through a frame
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
                return  # the reply is whole
            if isinstance(error, WireError):
                raise
            raise WireError(
                Translatable("The server sent an event that does not match the API format.")
            ) from error

    def _parse_frame(self, data: str) -> Mapping[str, Any] | None:
        """Return the object of a frame; `None` for a sign of life, such as `ping`."""
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
    has_stopped = False
    surrogates = SurrogateJoiner()
    try:
        value = load_json(body)
        if isinstance(value, list):  # Google wraps errors so
            value = next(iter(value), None)
        if not isinstance(value, dict):
            raise unreadable_error(body)
        for event in FORMATS[api].decode_full(value):
            has_stopped = has_stopped or isinstance(event, Stopped)
            yield from surrogates.feed(event)
    except MALFORMED_DATA_ERRORS:
        raise unreadable_error(body) from None
    yield from surrogates.flush()
    if not has_stopped:  # it is whole, whatever the server left out
        yield Stopped("end")
