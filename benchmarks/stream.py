"""CPU cost of reading a streamed reply, relative to the SDKs of OpenAI and Anthropic and to two lower bounds.

A local server in another process sends one long reply as fast as possible, first in packets of 8 KB, then with one write
and one HTTP chunk per event. Only CPU time of this process counts. Read the ratios, not the figures: the clients
alternate, so that a busy machine affects all of them equally. The goals apply to 20,000 tokens; in a short run the fixed
cost of a call dominates. A missed goal is printed, not raised. A client that returns another text than the server sent is
an error.
"""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sys
import time
import tracemalloc
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BufferedRWPair
from statistics import median
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import httpx
from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient as AnthropicHttp
from fast_server import MODEL, MODES, PATHS, script, serving
from openai import AsyncOpenAI, DefaultAsyncHttpxClient as OpenAIHttp

from mimo_magics.client import http as client
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.events import Accumulator, ReasoningDelta, TextDelta
from mimo_magics.core.messages import Params, Request, user_message
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api

Answer = tuple[str, str]
"""Reasoning and text."""
Read = Callable[[], Awaitable[Answer]]
Fold = Callable[[Iterator[Any]], Answer]

PROMPT = "Tell me everything."
MAX_TOKENS = 100_000

SDK_GOALS: dict[Api, float] = {"openai": 0.10, "anthropic": 0.40}
CALLS_GOAL = 80
MEMORY_GOAL = 2.0
"""Goal: MB (10^6 bytes) of memory that a reply of 20,000 tokens may take besides its text."""

LEGEND = """\
us     CPU microseconds per token, median of the rounds
calls  Python function calls and resumed generators per token, including asyncio, without C functions
raw    a blocking socket and json.loads, without checks
httpx  the same with plain httpx
ours   mimo_magics.client.http.stream and Accumulator
SDK    the asynchronous client of the company, with stream=True"""


@dataclass
class Cost:
    """The cost of one client per token."""

    calls: float
    rounds: list[float] = field(default_factory=list)
    """Microseconds."""

    @property
    def middle(self) -> float:
        return median(self.rounds)


async def raw(file: BufferedRWPair, url: str, fold: Fold) -> Answer:
    """Read with minimal Python code."""
    file.write(f"POST {urlsplit(url).path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
    file.flush()
    while file.readline() != b"\r\n":
        pass
    return fold(_frames(_chunks(file)))


async def on_httpx(http: httpx.AsyncClient, url: str, fold: Fold) -> Answer:
    """Read with minimal code on httpx."""
    async with http.stream("POST", url) as response:
        return fold(_frames([chunk async for chunk in response.aiter_bytes()]))


def _chunks(file: BufferedRWPair) -> Iterator[bytes]:
    while size := int(file.readline(), 16):
        yield file.read(size)
        file.readline()
    file.readline()


def _frames(chunks: Iterable[bytes]) -> Iterator[Any]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data: {"):
                yield json.loads(line[6:])


def _fold_openai(frames: Iterator[Any]) -> Answer:
    thoughts, words = [], []
    for frame in frames:
        for choice in frame["choices"]:
            delta = choice["delta"]
            if word := delta["content"]:
                words.append(word)
            elif thought := delta["reasoning_content"]:
                thoughts.append(thought)
    return "".join(thoughts), "".join(words)


def _fold_anthropic(frames: Iterator[Any]) -> Answer:
    thoughts, words = [], []
    for frame in frames:
        if frame["type"] == "content_block_delta":
            delta = frame["delta"]
            if delta["type"] == "text_delta":
                words.append(delta["text"])
            elif delta["type"] == "thinking_delta":
                thoughts.append(delta["thinking"])
    return "".join(thoughts), "".join(words)


FOLDS: dict[Api, Fold] = {"openai": _fold_openai, "anthropic": _fold_anthropic}


async def ours(url: str, api: Api) -> Answer:
    """Read like a session."""
    reply = (await accumulated(url, api)).reply
    return reply.reasoning, reply.text


async def accumulated(url: str, api: Api) -> Accumulator:
    endpoint = Endpoint(f"{url}/v1" if api == "openai" else url, Secret(), "bearer")
    request = Request((user_message(PROMPT),), Params(MODEL, max_completion_tokens=MAX_TOKENS))
    accumulator = Accumulator()
    async for event in client.stream(endpoint, api, request):
        accumulator.feed(event)
    return accumulator


async def openai_sdk(sdk: AsyncOpenAI) -> Answer:
    """Read as in the documentation of the SDK. The SDK returns the reasoning as an extra field."""
    thoughts, words = [], []
    stream = await sdk.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": PROMPT}], stream=True
    )
    async for chunk in stream:
        for choice in chunk.choices:
            if word := choice.delta.content:
                words.append(word)
            elif thought := getattr(choice.delta, "reasoning_content", None):
                thoughts.append(thought)
    return "".join(thoughts), "".join(words)


async def anthropic_sdk(sdk: AsyncAnthropic) -> Answer:
    """Read as in the documentation of the SDK: plain events, without its slower helper that accumulates them."""
    thoughts, words = [], []
    stream = await sdk.messages.create(
        model=MODEL, max_tokens=MAX_TOKENS, messages=[{"role": "user", "content": PROMPT}], stream=True
    )
    async for event in stream:
        if event.type == "content_block_delta":
            if event.delta.type == "text_delta":
                words.append(event.delta.text)
            elif event.delta.type == "thinking_delta":
                thoughts.append(event.delta.thinking)
    return "".join(thoughts), "".join(words)


@asynccontextmanager
async def clients(url: str) -> AsyncIterator[dict[str, Read]]:
    """Yield all clients by name, each with a persistent connection and without a proxy."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.aclose)
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        direct = OpenAIHttp(trust_env=False), AnthropicHttp(trust_env=False)
        first = AsyncOpenAI(base_url=f"{url}/v1", api_key="none", http_client=direct[0])
        second = AsyncAnthropic(base_url=url, api_key="none", http_client=direct[1])
        sdks: dict[Api, Read] = {
            "openai": partial(openai_sdk, await stack.enter_async_context(first)),
            "anthropic": partial(anthropic_sdk, await stack.enter_async_context(second)),
        }
        reads: dict[str, Read] = {}
        for api, fold in FOLDS.items():
            place = url + PATHS[api]
            reads[f"raw {api}"] = partial(raw, stack.enter_context(_connection(url)), place, fold)
            reads[f"httpx {api}"] = partial(on_httpx, http, place, fold)
            reads[f"ours {api}"] = partial(ours, url, api)
            reads[f"SDK {api}"] = sdks[api]
        yield reads


@contextmanager
def _connection(url: str) -> Iterator[BufferedRWPair]:
    place = urlsplit(url)
    with (
        socket.create_connection((place.hostname, place.port)) as connection,
        connection.makefile("rwb", 65_536) as file,
    ):
        yield file


async def events(url: str, api: Api) -> int:
    """Return the number of reasoning and text deltas of ours, which must equal the number of tokens."""
    endpoint = Endpoint(f"{url}/v1" if api == "openai" else url, Secret(), "bearer")
    request = Request((user_message(PROMPT),), Params(MODEL, max_completion_tokens=MAX_TOKENS))
    stream = client.stream(endpoint, api, request)
    return sum([isinstance(event, ReasoningDelta | TextDelta) async for event in stream])


async def costs(reads: dict[str, Read], tokens: int, rounds: int) -> dict[str, Cost]:
    """Warm up, count calls, then measure the clients in turn."""
    thoughts, words = script(tokens)
    sent = "".join(thoughts), "".join(words)
    for name, read in reads.items():
        if await read() != sent:
            raise AssertionError(f"{name} returned another text than the server sent")
    costs_by_client = {name: Cost(await calls(read) / tokens) for name, read in reads.items()}
    for _ in range(rounds):
        for name, read in reads.items():
            costs_by_client[name].rounds.append(await microseconds(read, sent) / tokens)
    return costs_by_client


async def microseconds(read: Read, sent: Answer) -> float:
    """Return the CPU time of one reply."""
    gc.collect()
    begin = time.process_time_ns()
    answer = await read()
    nanoseconds = time.process_time_ns() - begin
    if answer != sent:
        raise AssertionError("the text differs from that of the first run")
    return nanoseconds / 1_000


async def calls(read: Read) -> int:
    """Return the number of «call» events of `sys.setprofile` during one reply."""
    total = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal total
        total += event == "call"

    sys.setprofile(count)
    try:
        await read()
    finally:
        sys.setprofile(None)
    return total


async def memory(url: str, api: Api) -> tuple[float, float]:
    """Return the memory besides the text in MB: held by accumulator and reply, and the peak."""
    gc.collect()
    tracemalloc.start()
    try:
        accumulator = await accumulated(url, api)
        reply = accumulator.reply
        gc.collect()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    text = sys.getsizeof(reply.text) + sys.getsizeof(reply.reasoning)
    return (held - text) / 1e6, (peak - text) / 1e6


def show(costs_by_client: dict[str, Cost]) -> None:
    print(f"  {'':<24}{'us':>8}  {'min-max':<12}{'calls':>8}")
    for name, cost in costs_by_client.items():
        spread = f"{min(cost.rounds):.1f}-{max(cost.rounds):.1f}"
        print(f"  {name:<24}{cost.middle:>8.1f}  {spread:<12}{cost.calls:>8.1f}")
    for api, goal in SDK_GOALS.items():
        our = costs_by_client[f"ours {api}"]
        line(f"ours / SDK, {api}", our.middle / costs_by_client[f"SDK {api}"].middle, goal)
        line(f"ours / raw, {api}", our.middle / costs_by_client[f"raw {api}"].middle)
        line(f"ours / httpx, {api}", our.middle / costs_by_client[f"httpx {api}"].middle)
        line(f"calls of ours, {api}", our.calls, CALLS_GOAL)


def line(what: str, value: float, goal: float | None = None, more: str = "") -> None:
    verdict = "" if goal is None else f"  goal {goal:<7g}{'met' if value <= goal else 'MISSED':>8}"
    print(f"  {what:<24}{value:>8.3g}{verdict}{more}")


async def benchmark(tokens: int, rounds: int) -> None:
    print(LEGEND)
    with serving(tokens) as server:
        for mode, what in MODES.items():
            print(f"\n{tokens:,} tokens, {what}, {rounds} rounds")
            url = f"{server}/{mode}"
            async with clients(url) as reads:
                show(await costs(reads, tokens, rounds))
                for api in FOLDS:
                    print(f"  {f'events of ours, {api}':<24}{await events(url, api):>8}")
                    held, peak = await memory(url, api)
                    line(f"MB held, {api}", held, MEMORY_GOAL, f" (peak {peak:.2f})")


def options() -> Namespace:
    parser = ArgumentParser(
        description="CPU cost of reading a streamed reply: ours, two SDKs, and two lower bounds."
    )
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--short", action="store_true", help="500 tokens, 1 round")
    return parser.parse_args()


if __name__ == "__main__":
    chosen = options()
    asyncio.run(benchmark(500, 1) if chosen.short else benchmark(chosen.tokens, chosen.rounds))
