"""Decoding of recorded streams and bodies of real services, and of synthetic ones in MiMo's form (tests/data/*)."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.decoded_streams import decode_body, decode_stream, decode_until_error, single_bytes
from support.paths import DATA

from mimo_magics.core.messages import (
    Annotation,
    Message,
    Params,
    ReasoningPart,
    Reply,
    Request,
    TextPart,
    ToolCall,
    Usage,
)
from mimo_magics.wire.formats import FORMATS, Api, decode

CASSETTES = DATA / "recorded/pydantic-ai"


def assistant(*parts):
    return Message("assistant", parts)


SIGNATURE = (
    "EvQBCkYICxgCKkAxhD4NUKFzudtZ6NzbZdEiBACIScTzqjPViM596iWLZIk4EFKYYBj3B6Ptl3b0dcQv/VeJBNbejNWIWRBn+KPNEgz6"
    "HWtKx7p+QRgKsEoaDGjsiqfht7gTRFYHiyIwD1VSmNqHxv3wy8KEMP+LYb/TC4UH3H97tuoaADARFFcA0phdfxnzKQxFnc9lwY+dKlzU"
    "saKSUAFeu1bDL5ikZJ1vL0Fkz6JjoFke0L/wOJRIUDUlDUOFJ1tZ3ea7g6LGE/5hwuvWgLwewdcm64d+43l7F57XrOmqNd6flI2K/oPr"
    "/4yzNgvi/EhT6Ca17BgB"
)
WHOLE_SIGNATURE = (
    "Er4BCkYICxgCKkCoxqLHLrx4mFL9Ox7/aHKht87WDzXfvZ7qbZKSnHV8imA5b3LXxuVqcXQ9z5sXwDx20JIW/+6DJehOSNK72L83Egx0"
    "T9s7VzB6QUK9g5kaDO9lGaWN5CPEDJU0lyIw4+Ed3q4N9w+16h3cfQ+9stJXHCl+1nYDxjIOLcyJT8Ug/LTmtlp4bbxWmmfNicayKias"
    "dReHiOnqz1sKEF0pR4kcnF5mQGdLxk8q3A3NY+wGsH8MtUIqxRgB"
)

SHORT = {
    "mimo/openai-thinking-text.sse": Reply(
        assistant(
            ReasoningPart("A haiku has five, seven and five syllables.\n秋 suits it 🍂."),
            TextPart("**Autumn**\n\nDry leaves cross the road\n風が吹く 🍂"),
        ),
        Usage(input=41, output=67, cached=32, reasoning=29),
        "end",
        "mimo-v2.6-pro",
        "5f1c0e7a92b84d3fa6d07c41be98e210",
    ),
    "mimo/openai-parallel-tools.sse": Reply(
        assistant(
            ReasoningPart("Two ports, two calls."),
            ToolCall("call_tide_north", "tide_table", '{"port":"Keelung","day":"明天"}'),
            ToolCall("call_tide_south", "tide_table", '{"port":"Kaohsiung","day":"明天"}'),
            ToolCall("call_clock_now1", "clock", ""),
        ),
        Usage(input=812, output=96, reasoning=12),
        "tool_calls",
        "mimo-v2.5-pro",
        "c2d94b6e10f7483e8b55aa9e37d1f604",
    ),
    "mimo/openai-web-search.sse": Reply(
        assistant(TextPart("It was lit in 1883 (1).")),
        Usage(input=2310, output=18, web_searches=1),
        "end",
        "mimo-v2.5-pro",
        "09ab73d4f25e4f17b1c6e8803d5a4c92",
        (
            Annotation(
                "https://example.org/lighthouse",
                "The lighthouse of Eluanbi",
                "Lit in 1883, white, 21 metres.",
                "Example Harbours",
                "2026-03-04T08:00:00+08:00",
            ),
            Annotation("https://example.net/灯塔", "鵝鑾鼻燈塔"),
        ),
    ),
    "mimo/openai-cut.sse": Reply(
        assistant(TextPart("The first half of a")),
        stop="cut",
        model="mimo-v2-flash",
        id="e4f8a1127d0b4b67b0a3c95d26ee7f18",
    ),
    "mimo/anthropic-thinking-text-tool.sse": Reply(
        assistant(
            ReasoningPart("They ask for the tide, 我先查。"),
            TextPart("好的，我查一下潮汐 🌊。"),
            ToolCall("call_5b0e4417fa2c", "tide_table", '{"port": "Keelung"}'),
        ),
        Usage(input=1844, output=58, cached=640),
        "tool_calls",
        "mimo-v2.5-pro",
        "msg_41d07be6f3a84e2c9b1d",
    ),
    "mimo/anthropic-plain.sse": Reply(
        assistant(TextPart("Tides follow the moon.")),
        Usage(input=19, output=6),
        "end",
        "mimo-v2-flash",
        "msg_b8832c9d01f64a7e8c55",
    ),
    "recorded/anthropic/anthropic-clear-thinking.1.chunks.txt": Reply(
        assistant(
            ReasoningPart(
                "The previous result was 925. Now I need to divide that by 5.\n\n925 ÷ 5 = 185", SIGNATURE
            ),
            TextPart("925 ÷ 5 = 185"),
        ),
        Usage(input=69, output=53),
        "end",
        "claude-sonnet-4-5-20250929",
        "msg_01Y6V41gqPaKWEw7iPouH7iW",
    ),
    "recorded/anthropic/anthropic-json-tool.1.chunks.txt": Reply(
        assistant(
            ToolCall(
                "toolu_01KFbKqPYSuAKujiL6mTfzYA",
                "json",
                '{"elements": [{"location": "San Francisco", "temperature": 58, "condition": "sunny"}]}',
            )
        ),
        Usage(input=849, output=47),
        "tool_calls",
        "claude-haiku-4-5-20251001",
        "msg_01K2JbSUMYhez5RHoK9ZCj9U",
    ),
    "recorded/anthropic/anthropic-refusal.chunks.txt": Reply(
        assistant(),
        Usage(input=18, output=5),
        "refusal",
        "claude-fable-5",
        "msg_01RefusalStreamAbcdefghijk",
    ),
    "recorded/anthropic/anthropic-text.chunks.txt": Reply(
        assistant(
            TextPart(
                "Hello! I'm doing well, thank you for asking. How are you doing today?"
                " Is there anything I can help you with?"
            )
        ),
        Usage(input=12, output=30),
        "end",
        "claude-sonnet-4-5-20250929",
        "msg_01QC4g3HwBThD4BaNtBckFDJ",
    ),
    "recorded/anthropic/anthropic-tool-no-args.chunks.txt": Reply(
        assistant(
            TextPart("I'll update the issue list for you."),
            ToolCall("toolu_01QE1WLsSVp5hy5Q3GmGTmjP", "updateIssueList", ""),
        ),
        Usage(input=565, output=48),
        "tool_calls",
        "claude-sonnet-4-5-20250929",
        "msg_01GE2RKp1VYsPzdFs3sS9z5S",
    ),
    "recorded/alibaba/alibaba-tool-call.chunks.txt": Reply(
        assistant(ToolCall("call_eee11723464a4b9eb8cee71d", "weather", '{"location": "San Francisco"}')),
        Usage(input=295, output=22),
        "tool_calls",
        "qwen3-max",
        "chatcmpl-8e243c57-23b3-9db2-a02e-e3c53929c368",
    ),
}

LONG = {
    "recorded/alibaba/alibaba-reasoning.chunks.txt": (Usage(24, 1355, 0, 1084), "end", "qwen3-max"),
    "recorded/alibaba/alibaba-text.chunks.txt": (Usage(18, 779), "end", "qwen3-max"),
    "recorded/deepseek/deepseek-reasoning.chunks.txt": (Usage(18, 219, 0, 205), "end", "deepseek-reasoner"),
    "recorded/deepseek/deepseek-text.chunks.txt": (Usage(13, 400), "length", "deepseek-chat"),
    "recorded/deepseek/deepseek-tool-call.chunks.txt": (
        Usage(339, 83, 320, 39),
        "tool_calls",
        "deepseek-reasoner",
    ),
    "recorded/pydantic-ai/test_deepseek_model_thinking_stream.yaml": (
        Usage(6, 212, 0, 198),
        "end",
        "deepseek-reasoner",
    ),
}

BROKEN = {
    "mimo/openai-error-midstream.sse": (
        Reply(
            assistant(ReasoningPart("Easy."), TextPart("The answer is")),
            model="mimo-v2-pro",
            id="7be20d6651c94c0d9d3f4e8a1f90b7aa",
        ),
        "ServerBusy: HTTP 503 Service Unavailable: Upstream overloaded",
    ),
    "mimo/anthropic-error-midstream.sse": (
        Reply(assistant(TextPart("Tides follow")), model="mimo-v2.5-pro", id="msg_0d6f2e71c83b4959ae20"),
        "ServerBusy: HTTP 503 Service Unavailable: Overloaded",
    ),
    "recorded/pydantic-ai/test_openrouter_stream_error.yaml": (
        Reply(
            assistant(ReasoningPart("We need to respond to a greeting. The user")),
            stop="length",
            model="minimax/minimax-m2:free",
            id="gen-1762179802-UN8pkJI4AGZvryk0kFnb",
        ),
        "BadRequest: HTTP 400 Bad Request: Token limit reached",
    ),
}

FULL_BODIES = {
    "mimo/openai-whole.json": Reply(
        assistant(ReasoningPart("Most coasts are semidiurnal."), TextPart("Two high tides a day. 🌊")),
        Usage(input=37, output=22, reasoning=11),
        "end",
        "mimo-v2.5-pro",
        "2d90f1c6e4b7432c8e1a5f06d3b7c948",
    ),
    "mimo/anthropic-whole.json": Reply(
        assistant(
            ReasoningPart("A tool knows."), ToolCall("call_91cc7d02", "tide_table", '{"port": "基隆"}')
        ),
        Usage(input=210, output=31),
        "tool_calls",
        "mimo-v2.5-pro",
        "a7f3d81e05b94c26b8d1e60f92c4573b",
    ),
    "recorded/anthropic/anthropic-clear-thinking.1.json": Reply(
        assistant(ReasoningPart("925 divided by 5 = 185", WHOLE_SIGNATURE), TextPart("925 ÷ 5 = 185")),
        Usage(input=69, output=33),
        "end",
        "claude-sonnet-4-5-20250929",
        "msg_01XrsJCi8CQoLcnnWdY8RsJz",
    ),
    "recorded/anthropic/anthropic-refusal.json": Reply(
        assistant(),
        Usage(input=18, output=5),
        "refusal",
        "claude-fable-5",
        "msg_01RefusalExampleAbcdefghijk",
    ),
    "recorded/anthropic/anthropic-text.json": Reply(
        assistant(
            TextPart(
                "Hello! I'm doing well, thanks for asking. How are you doing today?"
                " Is there anything I can help you with?"
            )
        ),
        Usage(input=12, output=29),
        "end",
        "claude-sonnet-4-5-20250929",
        "msg_01VdEjxAP5ahtHKrrRdNBteQ",
    ),
    "recorded/anthropic/anthropic-tool-no-args.json": Reply(
        assistant(
            TextPart(
                "<thinking>\nThe updateIssueList tool was provided in the list of available functions. The tool"
                " has no required parameters, so it can be called without any additional information needed from"
                " the user.\n</thinking>\n\nOkay, I will update the current issue list:"
            ),
            ToolCall("toolu_01LRmxn9vGM1d2DZSDBowdZ1", "updateIssueList", ""),
        ),
        Usage(input=602, output=93),
        "tool_calls",
        "claude-3-opus-20240229",
        "msg_01GCBaV8gyWAYgMVggRqZbuQ",
    ),
    "recorded/alibaba/alibaba-tool-call.json": Reply(
        assistant(ToolCall("call_962bfd2ab8f54b89a1161356", "weather", '{"location": "San Francisco"}')),
        Usage(input=295, output=22),
        "tool_calls",
        "qwen3-max",
        "chatcmpl-bc7fc58d-c03f-9c9f-af73-91bea326c99f",
    ),
}

LONG_WHOLE = {
    "recorded/alibaba/alibaba-reasoning.json": (Usage(24, 1668, 0, 1353), "end", "qwen3-max"),
    "recorded/alibaba/alibaba-text.json": (Usage(18, 1064), "end", "qwen3-max"),
    "recorded/deepseek/deepseek-json.json": (Usage(495, 144, 320, 118), "end", "deepseek-reasoner"),
    "recorded/deepseek/deepseek-reasoning.json": (Usage(18, 345, 0, 315), "end", "deepseek-reasoner"),
    "recorded/deepseek/deepseek-text.json": (Usage(13, 300), "length", "deepseek-chat"),
    "recorded/deepseek/deepseek-tool-call.json": (Usage(339, 92, 320, 48), "tool_calls", "deepseek-reasoner"),
}


def api_of(name: str) -> Api:
    return "anthropic" if "anthropic" in name else "openai"


def stream_of(name: str) -> bytes:
    """Return the recorded bytes."""
    path = DATA / name
    if path.suffix == ".yaml":
        return cassette(path)[0]["response"]["body"]["string"].encode()
    if path.suffix == ".sse":
        return path.read_bytes()
    chunks = path.read_text(encoding="utf-8").split("\n")
    if api_of(name) == "openai":
        return "".join(f"data: {chunk}\n\n" for chunk in [*chunks, "[DONE]"] if chunk).encode()
    events = [f"event: {json.loads(chunk)['type']}\ndata: {chunk}\n\n" for chunk in chunks if chunk]
    return "".join(events).encode()


def cassette(path: Path) -> list[dict[str, Any]]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]


@pytest.mark.parametrize("name", SHORT)
def test_a_recorded_stream_gives_the_expected_reply(name):
    assert decode_stream(api_of(name), stream_of(name)) == SHORT[name]


@pytest.mark.parametrize("name", LONG)
def test_a_long_stream_equals_its_joined_chunks(name):
    stream = stream_of(name)
    usage, stop, model = LONG[name]
    lines = stream.decode().split("\n")
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    parts = simply_joined([chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]])
    assert decode_stream("openai", stream) == Reply(assistant(*parts), usage, stop, model, chunks[0]["id"])


@pytest.mark.parametrize("name", BROKEN)
def test_an_error_in_a_recorded_stream_follows_the_partial_reply(name):
    assert decode_until_error(api_of(name), [stream_of(name)]) == BROKEN[name]


@pytest.mark.parametrize("name", [*SHORT, *BROKEN])
def test_a_short_stream_may_be_split_at_every_byte(name):
    api, stream = api_of(name), stream_of(name)
    expected = decode_until_error(api, [stream])
    assert decode_until_error(api, single_bytes(stream)) == expected
    for place in range(len(stream)):
        assert decode_until_error(api, [stream[:place], stream[place:]]) == expected


@pytest.mark.thorough
@pytest.mark.parametrize("name", LONG)
def test_a_long_stream_may_be_split_anywhere(name):
    stream = stream_of(name)
    expected = list(decode("openai", [stream]))
    assert list(decode("openai", single_bytes(stream))) == expected

    middle = len(stream) // 2
    for place in range(middle, middle + 800):  # Packets of several chunks.
        assert list(decode("openai", [stream[:place], stream[place:]])) == expected

    chance = random.Random(0)
    for _ in range(20):
        places = sorted(chance.sample(range(len(stream)), 50))
        packets = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
        assert list(decode("openai", packets)) == expected


@pytest.mark.parametrize("name", FULL_BODIES)
def test_a_recorded_full_body_gives_the_expected_reply(name):
    body = json.loads((DATA / name).read_text(encoding="utf-8"))
    assert decode_body(api_of(name), body) == FULL_BODIES[name]


@pytest.mark.parametrize("name", LONG_WHOLE)
def test_a_long_full_body_equals_its_message(name):
    body = json.loads((DATA / name).read_text(encoding="utf-8"))
    usage, stop, model = LONG_WHOLE[name]
    parts = simply_joined([body["choices"][0]["message"]])
    assert decode_body("openai", body) == Reply(assistant(*parts), usage, stop, model, body["id"])


def test_a_recorded_second_turn_contains_the_reasoning_of_the_first():
    first, second = cassette(CASSETTES / "test_zai_preserved_thinking_round_trip.yaml")
    reply = decode_body("openai", first["response"]["parsed_body"])
    sent = second["request"]["parsed_body"]
    prompts = [Message("user", (TextPart(sent["messages"][place]["content"]),)) for place in (0, 2)]

    request = Request((prompts[0], reply.message, prompts[1]), Params("glm-4.7", thinking=True), stream=False)

    assert FORMATS["openai"].encode(request)["messages"] == sent["messages"]
    answer = decode_body("openai", second["response"]["parsed_body"])
    assert (answer.text, answer.stop, answer.usage) == ("323 * 2 is 646.", "end", Usage(198, 134, 0, 122))


def test_every_recording_is_used_by_a_test():
    named = {*SHORT, *LONG, *BROKEN, *FULL_BODIES, *LONG_WHOLE}
    available = {
        path.relative_to(DATA).as_posix()
        for folder in ("mimo", "recorded")
        for path in (DATA / folder).rglob("*.*")
        if path.suffix != ".md"
    }
    assert available - named == {"recorded/pydantic-ai/test_zai_preserved_thinking_round_trip.yaml"}
    assert named <= available


def simply_joined(deltas: list[dict[str, Any]]) -> list[ReasoningPart | TextPart | ToolCall]:
    """Join reasoning, text and the one call of a recording, independently of the decoder."""
    reasoning = "".join(delta.get("reasoning_content") or "" for delta in deltas)
    text = "".join(delta.get("content") or "" for delta in deltas)
    pieces = [call for delta in deltas for call in delta.get("tool_calls") or []]
    parts: list[ReasoningPart | TextPart | ToolCall] = []
    if reasoning:
        parts.append(ReasoningPart(reasoning))
    if text:
        parts.append(TextPart(text))
    if pieces:
        arguments = "".join(piece["function"]["arguments"] for piece in pieces)
        parts.append(ToolCall(pieces[0]["id"], pieces[0]["function"]["name"], arguments))
    return parts
