"""One prompt over many rows: ours beside AsyncOpenAI, aiohttp, a pool of threads and chatlas.

    python benchmarks/map.py                      10,000 rows of 50 ms, 16, 64 and 256 at once, and the memory by rows
    python benchmarks/map.py --rows 2000 --at-once 64
    python benchmarks/map.py --short              ours only, 200 rows, as in the tests

Each client runs in a process of its own, and so does the server. CPU is that of the client, user and system. `ideal` is the
time that the latency alone would take. A client that is not installed is left out (the extra `bench` has all).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LATENCY = 0.05
MODEL = "mimo-v2-pro"
KEY = "sk-benchmark"
REFERENCE = "AsyncOpenAI"
PROMPT = "Is this review praise or a complaint? {text}"
REPLY = json.dumps(
    {
        "id": "r",
        "model": MODEL,
        "object": "chat.completion",
        "created": 1_781_000_000,
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "praise"}}
        ],
        "usage": {"prompt_tokens": 60, "completion_tokens": 3, "total_tokens": 63},
    }
).encode()
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(REPLY),
    REPLY,
)


@dataclass(frozen=True)
class Figures:
    """What one client needed."""

    name: str
    at_once: int
    rows: int
    cpu: float
    """Seconds of CPU."""
    wall: float
    memory: int
    """Peak of the resident memory in bytes."""

    @property
    def ideal(self) -> float:
        """Seconds that the latency alone would take."""
        return self.rows / self.at_once * LATENCY


def texts(count: int) -> Iterator[str]:
    """Yield rows of about 200 bytes that differ."""
    return (f"Review {number}: {'it arrived early and works ' * 7}" for number in range(count))


class Protocol(asyncio.Protocol):
    """One connection of the server. It replies to each request after the latency."""

    counts: dict[str, int] = {"connections": 0, "requests": 0}  # noqa: RUF012  shared on purpose

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._data = b""
        self.counts["connections"] += 1

    def data_received(self, data: bytes) -> None:
        self._data += data
        while True:
            head, found, rest = self._data.partition(b"\r\n\r\n")
            if not found:
                return
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            length = int(fields.get(b"content-length", 0))
            if len(rest) < length:
                return
            self._data = rest[length:]
            if head.startswith(b"GET /counts"):
                self._send_counts()
                continue
            self.counts["requests"] += 1
            asyncio.get_running_loop().call_later(LATENCY, self._reply)

    def _reply(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(RESPONSE)

    def _send_counts(self) -> None:
        body = json.dumps(self.counts).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def serve() -> None:
    """Run the server, and print its port."""
    server = await asyncio.get_running_loop().create_server(Protocol, "127.0.0.1", 0, backlog=1_024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def serving() -> Iterator[str]:
    """Run the server in a process of its own, and yield its address."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def run_ours(url: str, rows: int, at_once: int) -> None:
    import mimo_magics

    session = mimo_magics.Session(base_url=f"{url}/v1", system="none")
    with tempfile.TemporaryDirectory() as folder:
        result = mimo_magics.map(
            PROMPT, [*texts(rows)], session=session, at_once=at_once, store=Path(folder, "rows.sqlite")
        )
    assert result.values == ["praise"] * rows


def run_openai(url: str, rows: int, at_once: int) -> None:
    from openai import AsyncOpenAI

    async def main() -> list[str]:
        async with AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1") as client:

            async def call(text: str) -> str:
                messages: Any = [{"role": "user", "content": PROMPT.format(text=text)}]
                reply = await client.chat.completions.create(model=MODEL, messages=messages)
                return reply.choices[0].message.content or ""

            return await gather(call, rows, at_once)

    assert asyncio.run(main()) == ["praise"] * rows


def run_aiohttp(url: str, rows: int, at_once: int) -> None:
    import aiohttp

    async def main() -> list[str]:
        connector = aiohttp.TCPConnector(limit=at_once)
        headers = {"Authorization": f"Bearer {KEY}"}
        async with aiohttp.ClientSession(connector=connector, headers=headers) as client:

            async def call(text: str) -> str:
                messages = [{"role": "user", "content": PROMPT.format(text=text)}]
                body = {"model": MODEL, "messages": messages}
                async with client.post(f"{url}/v1/chat/completions", json=body) as response:
                    return str((await response.json())["choices"][0]["message"]["content"])

            return await gather(call, rows, at_once)

    assert asyncio.run(main()) == ["praise"] * rows


async def gather(call: Callable[[str], Awaitable[str]], rows: int, at_once: int) -> list[str]:
    """Call a function for each row, as many scripts do: a task for each row behind a semaphore."""
    semaphore = asyncio.Semaphore(at_once)

    async def limited(text: str) -> str:
        async with semaphore:
            return await call(text)

    return await asyncio.gather(*map(limited, texts(rows)))


def run_threads(url: str, rows: int, at_once: int) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from threading import local

    import httpx

    clients = local()

    def call(text: str) -> str:
        if not hasattr(clients, "client"):
            clients.client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})
        messages = [{"role": "user", "content": PROMPT.format(text=text)}]
        body = {"model": MODEL, "messages": messages}
        response = clients.client.post(f"{url}/v1/chat/completions", json=body)
        return str(response.json()["choices"][0]["message"]["content"])

    with ThreadPoolExecutor(at_once) as pool:
        assert [*pool.map(call, texts(rows))] == ["praise"] * rows


def run_chatlas(url: str, rows: int, at_once: int) -> None:
    from chatlas import ChatOpenAICompletions, parallel_chat

    chat = ChatOpenAICompletions(base_url=f"{url}/v1", api_key=KEY, model=MODEL)
    prompts: Any = [PROMPT.format(text=text) for text in texts(rows)]
    chats = asyncio.run(parallel_chat(chat, prompts, max_active=at_once, rpm=10**9))
    assert len(chats) == rows


CLIENTS: dict[str, tuple[Callable[[str, int, int], None], str]] = {
    "ours": (run_ours, "mimo_magics"),
    REFERENCE: (run_openai, "openai"),
    "aiohttp": (run_aiohttp, "aiohttp"),
    "threads with httpx": (run_threads, "httpx"),
    "chatlas": (run_chatlas, "chatlas"),
}
"""The clients, each with the package that it needs."""


def measure(name: str, url: str, rows: int, at_once: int) -> Figures:
    """Run a client in a process of its own."""
    command = [sys.executable, __file__, "--client", name, "--url", url]
    command += ["--rows", str(rows), "--at-once", str(at_once)]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "MIMO_API_KEY": KEY}
    )
    cpu, wall, memory = json.loads(run.stdout.splitlines()[-1])
    return Figures(name, at_once, rows, cpu, wall, memory)


def run_client(name: str, url: str, rows: int, at_once: int) -> None:
    """Run a client in this process after a warm-up, and print what it needed."""
    run = CLIENTS[name][0]
    run(url, at_once, at_once)
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    run(url, rows, at_once)
    after, wall = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - started
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps([cpu, wall, after.ru_maxrss * (1 if sys.platform == "darwin" else 1_024)]))


def run_file(url: str, rows: int) -> None:
    """Map a CSV file to a CSV file in this process, and print the peak of its memory."""
    import mimo_magics

    session = mimo_magics.Session(base_url=f"{url}/v1", system="none")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "in.csv").open("w", encoding="utf-8") as file:
            file.writelines(("text\n", *(f"{text}\n" for text in texts(rows))))
        result = mimo_magics.map(
            PROMPT,
            folder / "in.csv",
            session=session,
            store=folder / "rows.sqlite",
            out=folder / "out.csv",
            at_once=256,
        )
        assert result.summary.rows == rows
        assert not result.summary.failed
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(peak * (1 if sys.platform == "darwin" else 1_024)))


def measure_file(url: str, rows: int) -> int:
    """Return the peak of the memory for a file of so many rows."""
    command = [sys.executable, __file__, "--file", "--url", url, "--rows", str(rows)]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "MIMO_API_KEY": KEY}
    )
    return int(json.loads(run.stdout.splitlines()[-1]))


def fetch_counts(url: str) -> dict[str, int]:
    """Return the requests and connections that the server saw."""
    import httpx

    counts: dict[str, int] = httpx.get(f"{url}/counts", trust_env=False).json()
    return counts


def print_table(figures: list[Figures]) -> None:
    """Print the clients side by side, with ratios to the reference."""
    cpu = next((each.cpu for each in figures if each.name == REFERENCE), 0.0)
    print(f"\n{figures[0].rows:,} rows, {figures[0].at_once} at once, ideal {figures[0].ideal:.1f} s")
    print(f"{'client':20} CPU ms/row  CPU ratio  wall/ideal  rows/s  peak MB")
    for each in figures:
        ratio = f"{each.cpu / cpu:9.2f}" if cpu else f"{'–':>9}"
        print(
            f"{each.name:20} {1_000 * each.cpu / each.rows:10.2f}  {ratio}  {each.wall / each.ideal:10.2f}"
            f"  {each.rows / each.wall:6.0f}  {each.memory / 1e6:7.0f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, nargs="+", default=[16, 64, 256])
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--no-memory", action="store_true")
    for flag in ("--serve", "--file"):
        parser.add_argument(flag, action="store_true", help=argparse.SUPPRESS)
    for flag in ("--client", "--url"):
        parser.add_argument(flag, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
    elif options.client:
        run_client(options.client, options.url, options.rows, options.at_once[0])
    elif options.file:
        run_file(options.url, options.rows)
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Run the clients, and print their figures."""
    if options.short:
        with serving() as url:
            print_table([measure("ours", url, 200, 16)])
            counts = fetch_counts(url)
        print(f"requests {counts['requests']}, connections {counts['connections']}")
        return
    names = [name for name, (_, package) in CLIENTS.items() if find_spec(package)]
    for at_once in options.at_once:
        with serving() as url:
            print_table([measure(name, url, options.rows, at_once) for name in names])
    if not options.no_memory:
        with serving() as url:
            small, large = (measure_file(url, rows) for rows in (1_000, 100_000))
        print(
            f"\nCSV to CSV: {small / 1e6:.0f} MB for 1,000 rows, {large / 1e6:.0f} MB for 100,000: {large / small:.2f}"
        )


if __name__ == "__main__":
    main()
