"""A server that sends one prepared reply to every call, as fast as the client reads it.

`serving` runs it in a separate process, so that its CPU time is not part of the client's. The events have the form of
MiMo's: in the OpenAI format every delta has all four keys, null if unused.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, islice
from subprocess import PIPE, Popen
from typing import Any

MODES = {"packets": "one write for 8 KB", "events": "one write for each event"}
"""How the body is split into writes, each an HTTP chunk. The first part of the path selects the mode."""
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
PACKET = 8_192
MODEL = "mimo-benchmark"
ID = "4f0c6b1d9e5a47d38b2a90c1e7f6d5a4"
CREATED = 1_781_000_000
SAMPLE = (
    'The| stream| of| tokens| comes| in "small"| pieces|,| one| by| one|.\n'
    "|这些|小|片段|会|拼成|一段|完整|的|文字|。|\u2028| `code` \\| – é| 🙂"
)
"""Tokens with JSON escapes, with UTF-8 characters of two to four bytes, and with a Unicode line separator."""


def script(tokens: int) -> tuple[list[str], list[str]]:
    """Return the reasoning tokens, a fifth of all, and the text tokens."""
    words = list(islice(cycle(SAMPLE.split("|")), tokens))
    return words[: tokens // 5], words[tokens // 5 :]


def openai_events(tokens: int) -> Iterator[bytes]:
    """Yield chat completion chunks, the final chunk, the usage and `[DONE]`."""
    thoughts, words = script(tokens)
    yield _chunk(_choice(content="", role="assistant"))
    yield from (_chunk(_choice(reasoning_content=thought)) for thought in thoughts)
    yield from (_chunk(_choice(content=word)) for word in words)
    yield _chunk({**_choice(), "finish_reason": "stop"}, usage=None)
    yield _chunk(usage=_openai_usage(tokens))
    yield b"data: [DONE]\n\n"


def _chunk(*choices: dict[str, Any], **more: Any) -> bytes:
    head = {"id": ID, "choices": choices, "created": CREATED, "model": MODEL}
    return b"data: %b\n\n" % _json({**head, "object": "chat.completion.chunk", **more})


def _choice(**used: str) -> dict[str, Any]:
    unused = {"content": None, "role": None, "tool_calls": None, "reasoning_content": None}
    return {"delta": {**unused, **used}, "finish_reason": None, "index": 0}


def _openai_usage(tokens: int) -> dict[str, Any]:
    return {
        "completion_tokens": tokens,
        "prompt_tokens": 61,
        "total_tokens": tokens + 61,
        "completion_tokens_details": {"reasoning_tokens": tokens // 5},
        "prompt_tokens_details": {},
    }


def anthropic_events(tokens: int) -> Iterator[bytes]:
    """Yield a message with a thinking block and a text block."""
    thoughts, words = script(tokens)
    message = {"id": f"msg_{ID}", "type": "message", "role": "assistant", "model": MODEL, "content": []}
    yield _event("message_start", message={**message, "usage": {"input_tokens": 0, "output_tokens": 0}})
    yield from _block(0, {"type": "thinking", "thinking": "", "signature": ""}, thoughts)
    yield from _block(1, {"type": "text", "text": ""}, words)
    usage = {"input_tokens": 61, "output_tokens": tokens}
    yield _event("message_delta", delta={"stop_reason": "end_turn"}, usage=usage)
    yield _event("message_stop")


def _block(index: int, opening: dict[str, str], pieces: list[str]) -> Iterator[bytes]:
    kind = opening["type"]
    yield _event("content_block_start", index=index, content_block=opening)
    for piece in pieces:
        yield _event("content_block_delta", delta={"type": f"{kind}_delta", kind: piece}, index=index)
    if "signature" in opening:
        yield _event("content_block_delta", delta={"type": "signature_delta", "signature": ""}, index=index)
    yield _event("content_block_stop", index=index)


def _event(name: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _json({"type": name, **fields}))


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def replies(tokens: int) -> dict[str, list[bytes]]:
    """Return the writes of a response by path: mode, then API path."""
    written = {}
    for api, make in (("openai", openai_events), ("anthropic", anthropic_events)):
        events = list(make(tokens))
        written[f"/events{PATHS[api]}"] = _chunked(events)
        written[f"/packets{PATHS[api]}"] = _chunked(_packets(b"".join(events)))
    return written


def _packets(body: bytes) -> list[bytes]:
    return [body[start : start + PACKET] for start in range(0, len(body), PACKET)]


def _chunked(pieces: list[bytes]) -> list[bytes]:
    return [*(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n"]


def server(tokens: int) -> ThreadingHTTPServer:
    """Return the server on a free loopback port."""
    written = replies(tokens)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in written[self.path]:
                self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            """Do not log."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@contextmanager
def serving(tokens: int) -> Iterator[str]:
    """Run the server in a separate process and yield its address."""
    command = [sys.executable, __file__, str(tokens)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"


def main() -> None:
    """Serve until standard input closes, which also happens if the parent process dies."""
    service = server(int(sys.argv[1]))
    threading.Thread(target=service.serve_forever, daemon=True).start()
    print(service.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
