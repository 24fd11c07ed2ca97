"""The service of a notebook at an address on this machine, for programs that are not ours: the official SDKs, curl.

    with mimo_magics.Relay(preset="local") as relay:
        client = openai.OpenAI(base_url=relay.openai, api_key=relay.key)

What they ask is passed on as it is, with the key of the service, and comes back as it came; only the embedded model is told
in its own words whether to think. It goes through the tapes in use, so that such calls are recorded and replayed as those of
`%%mimo` are. The paths are those of MiMo's own hosts.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Self, Unpack

from mimo_magics import client, endpoint, facade, local, tape
from mimo_magics.client import Head
from mimo_magics.errors import BadOption, ConnectionFailed, LocalModelError, MimoError, StreamCut, WireError
from mimo_magics.presets import LOCAL
from mimo_magics.secret import Secret
from mimo_magics.settings import Api, Options, Settings
from mimo_magics.tape.transport import CARRY_SECRETS
from mimo_magics.wire import FORMATS

PREFIXES: dict[str, Api] = {"/anthropic/": "anthropic", "/v1/": "openai"}
BAD_GATEWAY = (ConnectionFailed, StreamCut, WireError, LocalModelError)
"""What is the service's fault; SDKs ask once more then."""
JSON = {"Content-Type": "application/json"}


class Relay:
    """A server on the loopback, until `close`, or as a context manager until the end of its block.

    Args:
        options: the fields of `Settings` that say where to ask: `preset`, `base_url`, `local_model`, `tape`, …

    Raises:
        BadOption: a setting cannot be.
        LocalModelError: the embedded model cannot be fetched or started.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        self._settings = Settings(**options)
        self._tapes = tape.of(self._settings.tape)
        self.key = Secret(secrets.token_hex(16))
        """What callers have to show. The service's own key stays here."""
        self._is_local = endpoint.preset(self._settings) is LOCAL
        if self._is_local and not tape.replays(self._tapes):
            facade.awaited(self._start)
        handler = type("Bound", (_Handler,), {"relay": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Relay of {self._settings.preset} at {self.url}>"

    @property
    def url(self) -> str:
        """The address that stands for the service's host."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def openai(self) -> str:
        """The base URL for programs that speak the OpenAI format."""
        return f"{self.url}/v1"

    @property
    def anthropic(self) -> str:
        """The base URL for programs that speak the Anthropic format."""
        return f"{self.url}/anthropic"

    def close(self) -> None:
        """End it. A second time nothing happens."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, content: bytes) -> AsyncGenerator[Head | bytes]:
        """Pass a request on, and return the head of its answer, and then the rest as it comes.

        Raises:
            BadOption: it is to no address of the service.
            NoKey: the service wants a key and there is none for its host.
            MimoError: the call failed.
        """
        for prefix, api in PREFIXES.items():
            if path.startswith(prefix):
                return self._passed_on(api, method, path.removeprefix(prefix), content)
        raise BadOption(f"There is nothing at {path}.", f"{self.openai}, {self.anthropic}")

    async def _passed_on(
        self, api: Api, method: str, path: str, content: bytes
    ) -> AsyncGenerator[Head | bytes]:
        address = local.address(replace(self._settings, api=api), self._tapes)
        if self._is_local and content:
            content = local.translated_body(content)
        headers = {**JSON, **FORMATS[api].headers(address.key, address.auth)}
        clock = tape.clock_of(self._tapes, self._settings.tape_pace)
        url = f"{address.base_url}/{path}"
        async with aclosing(
            client.passed_on(address, method, url, headers=headers, content=content, clock=clock)
        ) as pieces:
            async for piece in pieces:
                if isinstance(piece, Head) and piece.status < 400:
                    endpoint.took(address)
                yield piece

    async def _start(self) -> None:
        async with aclosing(local.start(self._settings.local_model)) as steps:
            async for _ in steps:
                pass


class _Handler(BaseHTTPRequestHandler):
    """Speaks with a program, one request on each connection."""

    relay: ClassVar[Relay]
    protocol_version = "HTTP/1.1"  # whose chunks tell an answer that broke off from one that is over

    def do_GET(self) -> None:
        self._relay(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if length.isdecimal():
            self._relay(self.rfile.read(int(length)))
        else:
            self._refuse(411, "The length of the request is missing.")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _relay(self, content: bytes) -> None:
        if not self._is_allowed():
            self._refuse(401, "This address wants the key of the relay.")
            return
        begun = False
        try:
            pieces = aclosing(self.relay.answer(self.command, self.path, content))
            with suppress(ConnectionError):
                with facade.driven(facade.Call(pieces)) as call:
                    for piece in call:
                        begun = True
                        self._tell(piece)
                self._tell(b"")
        except MimoError as error:
            if not begun:
                status = 502 if isinstance(error, BAD_GATEWAY) else 400
                self._refuse(status, f"{type(error).__name__}: {error.fact} {error.hint}".rstrip())

    def _is_allowed(self) -> bool:
        shown = (self.headers.get(name, "") for name in CARRY_SECRETS)
        return any(
            secrets.compare_digest(each.removeprefix("Bearer ").encode(), self.relay.key.encode())
            for each in shown
        )

    def _tell(self, piece: Head | bytes) -> None:
        """Send how the answer begins, or one piece of it; the empty piece is its end."""
        if isinstance(piece, bytes):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            return
        self.send_response(piece.status)
        ours = {"Transfer-Encoding": "chunked", "Connection": "close"}
        for name, value in {**piece.headers, **ours}.items():
            self.send_header(name, value)
        self.end_headers()

    def _refuse(self, status: int, message: str) -> None:
        """Say no, in the form of MiMo's own errors."""
        error = {"code": str(status), "message": message, "param": "", "type": "relay"}
        for piece in (Head(status, JSON), json.dumps({"error": error}).encode(), b""):
            self._tell(piece)
