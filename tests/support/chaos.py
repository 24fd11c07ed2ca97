"""Faults of a server and a network, chosen by a seed. One schedule is all faults of one session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from mimo_magics.core.messages import Message, Part, ReasoningPart, Reply, TextPart, ToolCall, Usage
from support.encode_stream import (
    anthropic_stream,
    anthropic_whole,
    openai_stream,
    openai_whole,
    packets,
)
from support.peer import CUT, RESET, SILENCE, Answer, Seen

TOOL_NAMES = ("sync", "later", "failing", "parallel", "confirmed", "slow", "unknown", "odd.name<|x|>", "")
ARGUMENTS = ('{"n": 1}', '{"n": 2}', "{}", "", '{"n": ', "null", "[1]", '{"n": "x"}', '{"n": 1}{"n": 2}')
WORDS = (
    "Hello. ",
    "Ein Gruß. ",
    "你好。",
    "👩‍👩‍👧 ",
    "<tool_call>",
    "</think>",
    "```\n",
    "$x$ ",
    "\x1b[2J",
    "\0",
)
STATUSES = (
    100,
    201,
    204,
    205,
    301,
    302,
    304,
    307,
    400,
    401,
    402,
    403,
    404,
    408,
    409,
    413,
    421,
    422,
    425,
    429,
)
STATUSES += (429, 500, 501, 502, 503, 504, 520, 524, 529, 530, 599)
RETRY_AFTER = (
    None,
    None,
    "0",
    "1",
    "1.5",
    "-1",
    "soon",
    "",
    "99999",
    "Fri, 31 Dec 1999 23:59:59 GMT",
    "1e400",
)
CONTENT_TYPES = (
    "text/html",
    "application/json",
    "",
    "text/plain; charset=utf-16",
    "image/png",
    "text/event-stream",
)
BODIES = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"no"',
    b"<html><h1>502 Bad Gateway</h1></html>",
    b'{"error": null}',
    b'{"error": "no"}',
    b'{"error": {"message": {"a": [1]}, "code": [], "type": 5}}',
    b'{"error": {"message": "messages are wrong", "code": "400", "param": "stream_options"}}',
    b'{"choices": [null]}',
    b'{"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}]}',
    b'{"content": [{"type": "text", "text": "Hi."}], "stop_reason": "end_turn"}',
    b"\xff\xfe\x00",
    b"[" * 5_000,
    b'{"error": {"message": "' + b"x" * 100_000 + b'"}}',
)
FRAMES = (
    b"data: {\n\n",
    b"data: null\n\n",
    b"data: []\n\n",
    b'data: {"choices": [{"delta": {"content": 5}}]}\n\n',
    b'data: {"choices": [{"delta": {"tool_calls": [{"id": "c0", "index": 0}, {"id": "", "index": null}]}}]}\n\n',
    b'data: {"error": {"message": "overloaded", "code": 503}}\n\n',
    b'data: {"type": "error", "error": {"type": "overloaded_error", "message": "overloaded"}}\n\n',
    b'data: {"type": "content_block_delta", "index": -1, "delta": {"type": "text_delta", "text": null}}\n\n',
    b'data: {"usage": {"prompt_tokens": -1, "completion_tokens": "many"}}\n\n',
    b"data: [DONE]\n\n",
    b": still here\n\n" * 50,
    b"event: ping\n\n",
    b"data:\n\n",
    b"\n" * 20,
    b"data: " + b"x" * 70_000,
    b"\xef\xbb\xbf\r\r\n",
    b"data: error: out of memory\n\n",
)

Fault = Callable[["Schedule", bytes], "Iterator[Any]"]


@dataclass
class Schedule:
    """The server's responses to the requests of one session."""

    seed: int
    log: list[str] = field(default_factory=list)
    """The chosen faults, for the message of a failing test."""

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)

    def __call__(self, seen: Seen) -> Answer:
        name = self.chance.choice(list(ANSWERS))
        self.log.append(f"{seen.api}: {name}")
        return ANSWERS[name](self, seen)

    def stream(self, seen: Seen) -> bytes:
        encode = openai_stream if seen.api == "openai" else anthropic_stream
        return encode(self.reply(seen), self.chance)

    def reply(self, seen: Seen) -> Reply:
        chance = self.chance
        parts: list[Part] = []
        if chance.random() < 0.5:
            parts.append(ReasoningPart("".join(chance.choices(WORDS, k=chance.randint(0, 9)))))
        if chance.random() < 0.6:
            parts.append(TextPart("".join(chance.choices(WORDS, k=chance.randint(0, 40)))))
        ids = chance.choice([lambda n: f"c{n}", lambda _: "c", lambda _: "", lambda n: f"c{n // 2}"])
        count = chance.choice([0, 1, 1, 2, 4]) if "tools" in seen.body or chance.random() < 0.2 else 0
        parts += [
            ToolCall(ids(number), chance.choice(TOOL_NAMES), chance.choice(ARGUMENTS))
            for number in range(count)
        ]
        stop = chance.choice(["tool_calls" if count else "end", "end", "length", "filter", "odd"])
        usage = chance.choice([None, Usage(20, 10, 5), Usage(0, 0)])
        return Reply(Message("assistant", tuple(parts)), usage, stop, "mimo-test", "1")

    def place(self, stream: bytes) -> int:
        return self.chance.randint(0, len(stream))


# Changes of a stream


def unchanged(schedule: Schedule, stream: bytes) -> Iterator[Any]:
    yield from packets(stream, schedule.chance)


def ended(end: object) -> Fault:
    def fault(schedule: Schedule, stream: bytes) -> Iterator[Any]:
        yield stream[: schedule.place(stream)]
        yield end

    return fault


def closed(schedule: Schedule, stream: bytes) -> Iterator[Any]:
    yield stream[: schedule.place(stream)]


def inserted(choose: Callable[[Random], bytes]) -> Fault:
    def fault(schedule: Schedule, stream: bytes) -> Iterator[Any]:
        place = schedule.place(stream)
        yield stream[:place] + choose(schedule.chance) + stream[place:]

    return fault


def inserted_between_frames(schedule: Schedule, stream: bytes) -> Iterator[Any]:
    frames = stream.split(b"\n\n")
    frames.insert(
        schedule.chance.randint(0, len(frames)), schedule.chance.choice(FRAMES).removesuffix(b"\n\n")
    )
    yield b"\n\n".join(frames)


def shuffled(schedule: Schedule, stream: bytes) -> Iterator[Any]:
    frames = stream.split(b"\n\n")
    for _ in range(schedule.chance.randint(1, 3)):
        frame = schedule.chance.choice(frames)
        where = schedule.chance.randint(0, len(frames))
        if schedule.chance.random() < 0.5 and len(frames) > 1:
            frames.remove(frame)
        frames.insert(where, frame)
    yield b"\n\n".join(frames)


def removed(schedule: Schedule, stream: bytes) -> Iterator[Any]:
    begin = schedule.place(stream)
    yield stream[:begin] + stream[begin + schedule.chance.randint(1, 40) :]


def changed(schedule: Schedule, stream: bytes) -> Iterator[Any]:
    data = bytearray(stream)
    for _ in range(schedule.chance.randint(1, 5)):
        data[schedule.chance.randrange(len(data))] = schedule.chance.randrange(256)
    yield bytes(data)


STREAMS: dict[str, Fault] = {
    "unchanged": unchanged,
    "cut": ended(CUT),
    "reset": ended(RESET),
    "stalled": ended(SILENCE),
    "closed": closed,
    "with garbage": inserted(lambda chance: chance.randbytes(chance.randint(1, 200))),
    "with a frame in a frame": inserted(lambda chance: chance.choice(FRAMES)),
    "with a frame": inserted_between_frames,
    "shuffled": shuffled,
    "with bytes removed": removed,
    "with bytes changed": changed,
}

# Responses


def as_stream(fault: Fault) -> Callable[[Schedule, Seen], Answer]:
    return lambda schedule, seen: Answer(fault(schedule, schedule.stream(seen)))


def mistyped(schedule: Schedule, seen: Seen) -> Answer:
    return Answer([schedule.stream(seen)], headers={"Content-Type": schedule.chance.choice(CONTENT_TYPES)})


def packed(schedule: Schedule, seen: Seen) -> Answer:
    encoding = schedule.chance.choice(["gzip", "deflate", "br", "zstd", "identity", "odd"])
    return Answer(
        [schedule.stream(seen)], headers={"Content-Type": "text/event-stream", "Content-Encoding": encoding}
    )


def whole_json(schedule: Schedule, seen: Seen) -> Answer:
    reply = schedule.reply(seen)
    body = openai_whole(reply) if seen.api == "openai" else anthropic_whole(reply, schedule.chance)
    return Answer([json.dumps(body).encode()], headers={"Content-Type": "application/json"})


def of_the_other_format(schedule: Schedule, seen: Seen) -> Answer:
    encode = anthropic_stream if seen.api == "openai" else openai_stream
    return Answer([encode(schedule.reply(seen), schedule.chance)])


def odd_body(schedule: Schedule, seen: Seen) -> Answer:
    types = {"Content-Type": schedule.chance.choice(CONTENT_TYPES)}
    return Answer([schedule.chance.choice(BODIES)], headers=types)


def refused(schedule: Schedule, seen: Seen) -> Answer:
    headers = {"Content-Type": schedule.chance.choice(CONTENT_TYPES), "Location": "/v1/elsewhere"}
    wait = schedule.chance.choice(RETRY_AFTER)
    if wait is not None:
        headers["Retry-After"] = wait
    return Answer([schedule.chance.choice(BODIES)], schedule.chance.choice(STATUSES), headers)


def no_http(schedule: Schedule, seen: Seen) -> Answer:
    choices = [
        b"",
        b"\0" * 50,
        schedule.chance.randbytes(300),
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\nContent-Type: text/event-stream\r\n\r\n"
        + schedule.stream(seen),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + b"X: y\r\n" * 5_000 + b"\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + schedule.stream(seen),
        b"HTTP/9.9 999 \xff\xff\r\n\r\n",
    ]
    return Answer([schedule.chance.choice(choices)], raw=True)


def flood_of_calls(schedule: Schedule, seen: Seen) -> Answer:
    calls = [
        ToolCall(f"c{n}", "sync", json.dumps({"n": n % 7})) for n in range(schedule.chance.choice([33, 300]))
    ]
    reply = Reply(Message("assistant", (ReasoningPart("Hm."), *calls)), None, "tool_calls", "m", "1")
    encode = openai_stream if seen.api == "openai" else anthropic_stream
    return Answer([encode(reply, schedule.chance)])


def flood_of_text(schedule: Schedule, seen: Seen) -> Answer:
    reply = Reply(Message("assistant", (TextPart("word " * 20_000),)), None, "length", "m", "1")
    encode = openai_stream if seen.api == "openai" else anthropic_stream
    return Answer([encode(reply, Random(1))])


def comments_and_no_end(schedule: Schedule, seen: Seen) -> Answer:
    def pieces() -> Iterator[Any]:
        stream = schedule.stream(seen)
        yield stream[: schedule.place(stream)]
        for _ in range(schedule.chance.choice([5, 100])):
            yield b": still here\n\n"
            yield 0.001
        yield SILENCE

    return Answer(pieces())


ANSWERS: dict[str, Callable[[Schedule, Seen], Answer]] = {
    **{name: as_stream(fault) for name, fault in STREAMS.items()},
    "whole again": as_stream(unchanged),
    "mistyped": mistyped,
    "packed": packed,
    "one JSON body": whole_json,
    "other format": of_the_other_format,
    "odd body": odd_body,
    "refused": refused,
    "refused again": refused,
    "no HTTP": no_http,
    "flood of calls": flood_of_calls,
    "flood of text": flood_of_text,
    "comments": comments_and_no_end,
}
