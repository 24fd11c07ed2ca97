"""Answer the SDK and curl examples of lesson 01 on the loopback: a helper of the lesson, no part of the package.

With `MIMO_TAPE=replay:PATH` it replays the tape and sends nothing. With `MIMO_TAPE=record:PATH` or `MIMO_PRESET=local` it
forwards to the embedded model. Without any of them it replays the tape of the lesson.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
from larger_weights import TOOLS_MODEL

from mimo_magics.client import endpoint
from mimo_magics.tape import tape
from mimo_magics.core.settings import Settings
from mimo_magics.tape.transport import TapeTransport

TAPE = Path(__file__).parent / "tapes" / "01_quick_start.jsonl"
PATHS = {"/v1/chat/completions": "/v1/chat/completions", "/anthropic/v1/messages": "/v1/messages"}
"""The paths of MiMo's hosts, and those of the embedded model."""
CONTENT_LENGTH = re.compile("[0-9]{1,6}")
"""Lengths of less than 1 MB."""
NO_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}


class ReplayServer(HTTPServer):
    """A server on 127.0.0.1 that handles one request at a time, until `close` or the end of its `with` block."""

    def __init__(self, local_model: str = TOOLS_MODEL) -> None:
        self.settings = Settings(preset="local", api="anthropic", local_model=local_model)
        self.tapes = tape.resolve_tapes(None)
        if not self.tapes and os.environ.get("MIMO_PRESET") != "local":
            self.tapes = tape.resolve_tapes(f"replay:{TAPE}")
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url, self.key = f"http://127.0.0.1:{self.server_port}", secrets.token_hex(16)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving and release the port."""
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Print nothing when a client disconnects."""

    async def respond(self, path: str, content: bytes) -> httpx.Response:
        """Return the recorded response to a chat request, or that of the embedded model."""
        body = {**NO_THINKING, **json.loads(content)}
        request = httpx.Request("POST", f"http://127.0.0.1{path}", json=body)
        send = self._forward
        if self.tapes:
            clock, unpack = tape.create_clock(self.tapes), httpx.Response.aiter_bytes
            send = TapeTransport(self.tapes[0], clock, send, unpack).handle_async_request
        response = await send(request)
        await response.aread()
        return response

    async def _forward(self, request: httpx.Request) -> httpx.Response:
        async for _ in endpoint.prepare_endpoint(self.settings, ()):
            pass
        model = endpoint.resolve_endpoint(self.settings)
        headers = {"Authorization": f"Bearer {model.key}", "Content-Type": "application/json"}
        async with httpx.AsyncClient(base_url=model.base_url, trust_env=False, timeout=300) as client:
            return await client.post(request.url.path, content=request.content, headers=headers)


class _Handler(BaseHTTPRequestHandler):
    server: ReplayServer
    timeout = 5
    """Seconds without a byte from the client."""

    def do_POST(self) -> None:
        """Read the body only after the key, the path and the length have been checked."""
        length = self.headers.get("Content-Length", "")
        if not self._has_key():
            self._refuse(401, "The key is not that of the replay server.")
        elif self.path not in PATHS:
            self._refuse(404, "The replay server has only the two paths of the lesson.")
        elif not CONTENT_LENGTH.fullmatch(length):
            self._refuse(413, "The body needs a Content-Length of less than 1 MB.")
        else:
            self._respond(self.rfile.read(int(length)))

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _has_key(self) -> bool:
        values = (self.headers.get(name, "") for name in ("Authorization", "api-key", "x-api-key"))
        keys = [value.removeprefix("Bearer ").encode() for value in values]
        return any(secrets.compare_digest(key, self.server.key.encode()) for key in keys)

    def _respond(self, content: bytes) -> None:
        try:
            response = asyncio.run(self.server.respond(PATHS[self.path], content))
        except Exception as error:  # noqa: BLE001  an odd body, a missing call, a model that does not start
            self._refuse(400, f"{type(error).__name__}: {error}")
        else:
            self._send(response.status_code, response.headers.get("Content-Type", ""), response.content)

    def _refuse(self, status: int, message: str) -> None:
        self._send(status, "application/json", json.dumps({"error": {"message": message}}).encode())

    def _send(self, status: int, content_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
