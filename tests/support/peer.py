"""A server for tests that follows MiMo's rules: scripted responses in both formats, faults included.

It runs on a free loopback port in threads of this process. It stores every request and the state of its connection.
Without a script it replies to each prompt with short reasoning and «You said: …», and refuses what MiMo refuses: null
content, and tool calls without their reasoning while the model thinks.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, ClassVar, Self

from mimo_magics.core.messages import Message, ReasoningPart, Reply, TextPart, Usage
from support.encode_stream import anthropic_stream, anthropic_whole, openai_stream, openai_whole
from support.rules import find_fault

KEY = "sk-canary-0123456789abcdefXYZ"
CUT = object()
"""In a script: close the connection here."""
RESET = object()
"""In a script: reset the connection here; unread data is lost."""
WAIT_TIMEOUT = 60.0
"""Seconds after which a test stops waiting for a condition; no test asserts it."""
SILENCE = WAIT_TIMEOUT
"""In a script: send nothing more, until the client disconnects."""


@dataclass
class Seen:
    """A request that the server received."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int
    """Number of its TCP connection."""
    disconnected: bool = False
    """Whether the client disconnected before the end of the response."""
    over: bool = False
    """Whether the server has finished with it."""

    @property
    def api(self) -> str:
        return "anthropic" if self.path.endswith("/messages") else "openai"

    @property
    def prompt(self) -> str:
        content = self.body["messages"][-1]["content"]
        return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


@dataclass
class Answer:
    """A scripted response: a status, headers, and pieces of a body.

    A number is a pause in seconds; a function is a condition that the server waits for.
    """

    pieces: Iterable[Any] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    raw: bool = False
    """Whether only the pieces are sent: no status, no headers, no chunked encoding."""


Script = Callable[[Seen], Answer]


def reply(text: str, reasoning: str = "Hm.", stop: str = "end") -> Reply:
    """Return a reply of this server."""
    parts = (*((ReasoningPart(reasoning),) if reasoning else ()), TextPart(text))
    return Reply(Message("assistant", parts), Usage(20, 10, 5), stop, "mimo-test", "0123456789abcdef")


def stream(seen: Seen, answer: Reply) -> Answer:
    """Return the response for a reply in the format of the request, streamed or not."""
    chance = Random(7)
    if seen.body.get("stream"):
        return Answer([(openai_stream if seen.api == "openai" else anthropic_stream)(answer, chance)])
    body = openai_whole(answer) if seen.api == "openai" else anthropic_whole(answer, chance)
    return Answer([json.dumps(body).encode()], headers={"Content-Type": "application/json"})


def frames(
    seen: Seen, words: Iterable[str], pause: float | Callable[[], bool] = 0.0, *, end: bool = True
) -> Iterator[Any]:
    """Yield the pieces of a stream with a pause or a condition after each word."""
    openai = seen.api == "openai"
    yield sse({"type": "message_start", "message": {"id": "1", "model": "mimo-test"}}) if not openai else b""
    for word in words:
        yield (
            delta(word)
            if openai
            else sse(
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
            )
        )
        yield pause
    if end:
        yield finish() if openai else sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
        yield b"data: [DONE]\n\n" if openai else sse({"type": "message_stop"})


def sse(frame: dict[str, Any]) -> bytes:
    """Return one server-sent event."""
    return f"data: {json.dumps(frame)}\n\n".encode()


def delta(text: str) -> bytes:
    """Return a text delta in the OpenAI format."""
    return sse({"id": "1", "model": "mimo-test", "choices": [{"index": 0, "delta": {"content": text}}]})


def finish(reason: str = "stop") -> bytes:
    """Return the event that ends a reply in the OpenAI format."""
    return sse({"id": "1", "model": "mimo-test", "choices": [{"delta": {}, "finish_reason": reason}]})


def error(status: int, message: str = "no", param: str = "", **headers: str) -> Answer:
    """Return an error response like those of MiMo."""
    body = {"error": {"code": str(status), "message": message, "param": param, "type": ""}}
    return Answer([json.dumps(body).encode()], status, {"Content-Type": "application/json", **headers})


Listed = list[str] | bytes | Answer | None


class Peer:
    """The server; `with Peer() as peer` starts and stops it."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or obey
        self.requests: list[Seen] = []
        self.models: Listed | Callable[[str], Listed] = None
        """The list of models, another response, or `None` for a server without a list. A function receives the path."""
        self.lists: list[Seen] = []
        """Requests for the list of models."""
        self.connections = 0
        self._server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"peer": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Switch to TLS. A client that does not trust the certificate gets a handshake error."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]

    def answers(self, *script: Script | Answer) -> None:
        """Set the responses to the next requests, in order; the last one repeats."""
        steps = list(script)

        def next_step(seen: Seen) -> Answer:
            step = steps.pop(0) if len(steps) > 1 else steps[0]
            return step if isinstance(step, Answer) else step(seen)

        self.script = next_step

    def settled(self) -> list[Seen]:
        """Return the requests once the last one is finished."""
        wait_until(lambda: all(seen.over for seen in self.requests[-1:]))
        return self.requests

    def left(self, count: int = 1) -> list[Seen]:
        """Return the requests whose clients disconnected, once there are this many."""

        def left() -> list[Seen]:
            return [seen for seen in self.requests if seen.disconnected]

        wait_until(lambda: len(left()) >= count)
        return left()


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for a condition. The deadline only keeps a test from hanging."""
    deadline = time.monotonic() + WAIT_TIMEOUT
    while not true():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.01)


class Server(ThreadingHTTPServer):
    """Lets many clients connect at once: with the usual queue of five, some try again after a second."""

    request_queue_size = 1_024


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    peer: ClassVar[Peer]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Buffer the output, so that pieces without a pause share packets.
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.peer.connections += 1
        self.number = self.peer.connections

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.path, headers, body, self.number)
        self.peer.requests.append(seen)
        try:
            self.send(self.peer.script(seen))
        except ConnectionError:
            seen.disconnected = True
            self.close_connection = True
        finally:
            seen.over = True

    def do_GET(self) -> None:
        models = self.peer.models
        if callable(models):
            models = models(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.peer.lists.append(Seen(self.path, headers, {}, self.number))
        if models is None or isinstance(models, Answer):
            try:
                self.send(models or error(404))
            except ConnectionError:
                self.close_connection = True
            return
        listed = {"object": "list", "data": [{"id": model} for model in models]}
        body = models if isinstance(models, bytes) else json.dumps(listed).encode()
        self.send(Answer([body], headers={"Content-Type": "application/json"}))

    def send(self, answer: Answer) -> None:
        if not answer.raw:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
        for piece in answer.pieces:
            if piece is CUT or piece is RESET:
                self.break_off(reset=piece is RESET)
                return
            if isinstance(piece, bytes):
                self.wfile.write(piece) if answer.raw else self.write(piece)
            elif callable(piece):
                self.wait(piece)
            else:
                self.pause(piece)
        if answer.raw:
            self.break_off(reset=False)
            return
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def break_off(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def write(self, piece: bytes) -> None:
        if piece:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def pause(self, seconds: float) -> None:
        """Wait, but notice at once if the client disconnects."""
        if not seconds:
            return
        self.wfile.flush()
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if readable and not self.connection.recv(1):
            raise ConnectionAbortedError

    def wait(self, true: Callable[[], bool]) -> None:
        """Wait for a condition, but notice if the client disconnects."""
        deadline = time.monotonic() + WAIT_TIMEOUT
        self.pause(0.001)
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError
            self.pause(0.01)

    def log_message(self, *_: object) -> None:
        """Do not log."""


def obey(seen: Seen) -> Answer:
    """Reply like MiMo, and refuse the same requests."""
    if refusal := find_fault(seen.body, seen.api):
        return error(400, refusal)
    return stream(seen, reply(f"You said: {seen.prompt}"))
