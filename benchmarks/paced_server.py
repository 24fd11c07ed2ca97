"""A server that streams like a model: a number of tokens at a rate per second, one write per token.

The prompt selects both: «2000@1000» means 2,000 tokens at 1,000 per second. The text is always the same: Markdown with
about four characters per token, math in one block of eight, and the marker as the last word. The server runs in a
separate process. Afterwards it reports when it sent the last token, and the CPU time of the reading process at the first
and at the last token.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, pairwise
from subprocess import PIPE, Popen

import psutil

MARKER = "quodlibet"
"""The last word of every reply; it occurs nowhere else."""
END = f"This is where it ends: {MARKER}"
CHARACTERS = 4
"""Average length of a token."""

PROSE = (
    "The *quick* brown fox jumps over the lazy dog, and **no one** minds; part N is no other. It was said "
    "before that `fox.jump(N)` returns nothing, which is why the dog can stay where it is.",
    "In the shop at the corner a kilo of apples is $5, and two are $9; before the storm it was $3.50. So one "
    "buys two, gives one away, and has spent $4.50 for each of them, or so they say.",
    "Long sentences are what models like, and a reader may skim them: this one goes on for a while, comes to "
    "no conclusion, and leaves the matter to the next paragraph, which does the same.",
    "> A quotation of moderate length stands here, as it would in an answer that cites someone.",
)
LIST = "- first, what one *sees*\n- then `what_one_measures`\n- last of all, what one **says** about it"
STEPS = "1. Take the lid off.\n2. Stir N times, slowly.\n3. Put the lid on again, and wait."
TABLE = "| city | people | fare |\n|:--|--:|--:|\n| Tokyo | 14,000,000 | $2 |\n| Berlin | 3,900,000 | $4 |"
CODE = (
    "```python\ndef area_N(radius: float) -> float:\n"
    '    """Area of a circle."""\n    return 3.14159 * radius**2  # roughly\n```'
)
INLINE = "With $a_N = \\frac{1}{N}$ and $b = \\sqrt{2}$ the sum stays below $a_N + b$, whatever one does."
DISPLAY = "$$\\sum_{k=1}^{N} k = \\frac{N (N + 1)}{2}$$"
BLOCKS = (
    *("## Part N", PROSE[0], INLINE, CODE, PROSE[1], LIST, PROSE[2], PROSE[0]),
    *("### Part N, again", PROSE[3], TABLE, PROSE[2], DISPLAY, STEPS, CODE, PROSE[1]),
)


def text(tokens: int) -> str:
    """Return a reply of about this many tokens that ends with a complete block and the marker."""
    blocks: list[str] = []
    missing = CHARACTERS * tokens - len(END)
    for number in count(len(BLOCKS)):
        if missing <= 0:
            break
        part, place = divmod(number, len(BLOCKS))
        blocks.append(BLOCKS[place].replace("N", str(part)))
        missing -= len(blocks[-1]) + 2
    return "\n\n".join([*blocks, END])


@cache
def frames(tokens: int) -> tuple[bytes, ...]:
    """Return the text in exactly this many deltas of the OpenAI format."""
    full_text = text(tokens)
    cuts = [len(full_text) * number // tokens for number in range(tokens + 1)]
    return tuple(_delta(full_text[start:end]) for start, end in pairwise(cuts))


def _delta(piece: str) -> bytes:
    unused = {"role": None, "tool_calls": None, "reasoning_content": None}
    return _frame({"index": 0, "delta": {"content": piece, **unused}, "finish_reason": None})


def _end(tokens: int) -> bytes:
    usage = {"prompt_tokens": 10, "completion_tokens": tokens, "total_tokens": tokens + 10}
    stop = _frame({"index": 0, "delta": {"content": ""}, "finish_reason": "stop"})
    return stop + _frame(usage=usage) + b"data: [DONE]\n\n"


def _frame(*choices: dict[str, object], **more: object) -> bytes:
    head = {"id": "4f0c6b1d9e5a47d3", "object": "chat.completion.chunk", "model": "paced", "created": 1}
    return f"data: {json.dumps({**head, 'choices': choices, **more})}\n\n".encode()


@dataclass
class Sent:
    """The times of the last reply, in seconds since 1970, or 0 if not reached."""

    reader: int = 0
    """The process whose CPU time is measured."""
    first: float = 0.0
    last: float = 0.0
    cpu_first: float = 0.0
    cpu_last: float = 0.0

    def begin(self) -> None:
        self.first, self.last, self.cpu_first = time.time(), 0.0, cpu(self.reader)

    def end(self) -> None:
        self.last, self.cpu_last = time.time(), cpu(self.reader)

    @property
    def load(self) -> float | None:
        """The CPU load of the reader between the first and the last token, in percent of one core."""
        return 100 * (self.cpu_last - self.cpu_first) / (self.last - self.first) if self.last else None


def cpu(process: int) -> float:
    """Return the CPU seconds of a process; 0 if it has ended."""
    try:
        times = psutil.Process(process).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


class Handler(BaseHTTPRequestHandler):
    """`POST` returns a reply, `GET /reader/PID` sets the reader, `GET /sent` returns the times."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    sent = Sent()

    def do_GET(self) -> None:
        if self.path.startswith("/reader/"):
            Handler.sent = Sent(int(self.path.rpartition("/")[2]))
        body = json.dumps(asdict(Handler.sent)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][-1]["content"]
        tokens, rate = map(int, re.findall(r"(\d+)@(\d+)", str(prompt))[-1])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._speak(tokens, rate, Handler.sent)
        except ConnectionError:
            self.close_connection = True

    def _speak(self, tokens: int, rate: int, sent: Sent) -> None:
        pieces = frames(tokens)
        sent.begin()
        for number, piece in enumerate(pieces):
            time.sleep(max(0.0, sent.first + number / rate - time.time()))
            self._write(piece)
        sent.end()
        self._write(_end(tokens))
        self.wfile.write(b"0\r\n\r\n")

    def _write(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """Run the server in a separate process and yield its address."""
    with Popen([sys.executable, __file__], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"


def main() -> None:
    """Serve until standard input closes, which also happens if the parent process dies."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.daemon_threads = True
    threading.Thread(target=service.serve_forever, daemon=True).start()
    print(service.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
