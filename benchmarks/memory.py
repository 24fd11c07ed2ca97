"""Peak memory of a process before and after one prompt, or one list of models, from a server that sends up to 1 GB.

Each row is a separate process. The server runs in this process, sends as long as the client reads, and counts the bytes.
`--short` sends at most 48 MB; the counts are nearly the same on every machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zlib
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, count, repeat
from urllib.parse import unquote

GOAL = 64
"""Goal: the highest allowed growth in MB."""
FULL_BYTES, SHORT_BYTES = 2**30, 48 * 2**20
CHUNK_BYTES = 65_536
CLIENT = """
import asyncio, os, resource, sys
from urllib.parse import quote

from mimo_magics import ask
from mimo_magics.client import model_list
from mimo_magics.core.settings import Settings
from mimo_magics.tools.registry import from_function

def clock(n: int = 0) -> str:
    "Tell the time."
    return "12:00"

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1_048_576 if sys.platform == "darwin" else 1_024)

def run(name):
    where = {"base_url": f"{url}/{quote(name)}/v1", "api": "openai", "system": "none"}
    if name.startswith("models"):
        return f"{len(asyncio.run(model_list.list_models(Settings(**where)))):,} models"
    try:
        reply = ask("Hello.", tools=[from_function(clock, confirm="none")], **where)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"{len(reply.text):,} characters, {len(reply.tool_calls)} calls"

url, name = sys.argv[1:]
run("usual")
run("models-usual")
before = peak()
what = run(name)
print(f"{before:.1f} {peak():.1f} {what}")
"""


def frame(**delta: object) -> bytes:
    """Return one event of a stream."""
    return b"data: " + json.dumps({"id": "1", "choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"


def call(number: int) -> bytes:
    """Return one tool call, with one of five sets of arguments."""
    function = {"name": "clock", "arguments": json.dumps({"n": number % 5})}
    return frame(tool_calls=[{"index": number, "id": f"c{number}", "type": "function", "function": function}])


END = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
SOME = b"x" * CHUNK_BYTES
TEXT = b'{"choices": [{"message": {"content": "'
STREAM, JSON = "text/event-stream", "application/json"


def bomb() -> Iterator[bytes]:
    """Yield a gzip stream that decompresses to a thousand times its size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    zeros = bytes(2**20)
    for _ in count():
        yield packer.compress(zeros) + packer.flush(zlib.Z_SYNC_FLUSH)


def objects(head: bytes, size: int) -> Iterator[bytes]:
    """Yield valid JSON of this size, with objects that take much more memory than their text."""
    yield head
    yield b"{}," * (size // 3)
    yield b"{}]}\n\n"


ROWS: dict[str, tuple[str, Callable[[], Iterator[bytes]]]] = {
    "endless line": (STREAM, lambda: chain([b'data: {"choices": [{"delta": {"content": "'], repeat(SOME))),
    "endless event": (STREAM, lambda: repeat(b"data: x\n" * 8_192)),
    "gzip bomb, stream": (f"{STREAM} gzip", bomb),
    "gzip bomb, JSON": (f"{JSON} gzip", bomb),
    "JSON body": (JSON, lambda: chain([TEXT], repeat(SOME))),
    "error body": (f"{JSON} 400", lambda: chain([b'{"error": {"message": "'], repeat(SOME))),
    "models-list": (JSON, lambda: chain([b'{"data": ['], (b'{"id": "m%d"},' % n for n in count()))),
    "models-id": (JSON, lambda: chain([b'{"data": [{"id": "'], repeat(SOME))),
    "JSON depth": (JSON, lambda: chain([b'{"choices": '], repeat(b"[" * CHUNK_BYTES))),
    "JSON depth, event": (STREAM, lambda: chain([b"data: "], repeat(b"[" * CHUNK_BYTES))),
    "JSON depth, 4 MB": (JSON, lambda: iter([b'{"choices": ', b"[" * 2**21, b"]" * 2**21, b"}"])),
    "tool calls": (STREAM, lambda: map(call, count())),
    "arguments": (
        STREAM,
        lambda: chain(
            [call(0)], repeat(frame(tool_calls=[{"index": 0, "function": {"arguments": "x" * 999}}]))
        ),
    ),
}
LARGE: dict[str, tuple[str, Callable[[], Iterator[bytes]]]] = {
    "JSON objects": (JSON, lambda: objects(b'{"choices": [', 15 * 2**20)),
    "JSON objects, event": (STREAM, lambda: objects(b'data: {"choices": [', 15 * 2**20)),
    "models-objects": (JSON, lambda: objects(b'{"data": [', 4 * 2**20 - 99)),
    "comments": (STREAM, lambda: repeat(b": still here\n\n" * 4_000)),
    "text": (STREAM, lambda: repeat(frame(content="word " * 200) * 50)),
    "markup": (
        STREAM,
        lambda: repeat(frame(content='<tool_call>{"name": "clock", "arguments": {}}</tool_call>') * 99),
    ),
}
"""Rows that are read up to the limit, 134 MB for a stream. The short form omits them."""
USUAL = {
    "usual": (STREAM, lambda: iter([frame(content="Hello."), END])),
    "models-usual": (JSON, lambda: iter([b'{"data": [{"id": "m"}]}'])),
}


class Handler(BaseHTTPRequestHandler):
    """Handler of one request. The first part of the path selects the row."""

    max_bytes = FULL_BYTES
    sent: dict[str, int] = {}  # noqa: RUF012  all handlers share it

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        name = unquote(self.path.split("/")[1])
        kind, pieces = (USUAL | ROWS | LARGE)[name]
        content_type, *more = kind.split()
        self.send_response(400 if "400" in more else 200)
        self.send_header("Content-Type", content_type)
        if "gzip" in more:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        try:
            for piece in pieces():
                self.wfile.write(piece)
                self.sent[name] = self.sent.get(name, 0) + len(piece)
                if self.sent[name] >= self.max_bytes:
                    break
        except ConnectionError:
            pass

    def log_message(self, *_: object) -> None:
        """Do not log."""


def measured(url: str, name: str) -> tuple[float, float, str]:
    """Return MB before and after, and the outcome."""
    command = [sys.executable, "-c", CLIENT, url, name]
    environment = {"MIMO_API_KEY": "sk-benchmark-0123456789", **__import__("os").environ}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    before, after, what = run.stdout.strip().split(" ", 2)
    return float(before), float(after), what


def main() -> None:
    """Print the table."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="only rows whose names begin with this text", default="")
    parser.add_argument("--short", action="store_true", help=f"{SHORT_BYTES / 1e6:,.0f} MB at most")
    options = parser.parse_args()
    short = options.short
    Handler.max_bytes = SHORT_BYTES if short else FULL_BYTES
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{'':18} {'sent':>9} {'before':>8} {'after':>8} {'above':>8}  MB; the goal is {GOAL} above")
    for name in ROWS if short else ROWS | LARGE:
        if not name.startswith(options.only):
            continue
        before, after, what = measured(f"http://127.0.0.1:{server.server_port}", name)
        sent = Handler.sent.get(name, 0) / 1e6
        mark = " " if after - before <= GOAL else "!"
        print(
            f"{name:18} {sent:9.2f} {before:8.1f} {after:8.1f} {after - before:8.1f} {mark} {what[:90]}",
            flush=True,
        )


if __name__ == "__main__":
    main()
