"""The test server refuses the same requests as MiMo, so that tests that use it can fail."""

import json
from typing import Any

import httpx
import pytest

from support.peer import CUT, RESET, Answer, Peer
from support.rules import find_fault

CALL = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
USE = {"type": "tool_use", "id": "c1", "name": "clock", "input": {}}
OPENAI = {"role": "tool", "tool_call_id": "c1", "content": "12:00"}
ANTHROPIC = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "12:00"}]}
RULE = "The reasoning_content in the thinking mode must be passed back to the API."


def post(peer: Peer, api: str, assistant: dict[str, object], **more: object) -> httpx.Response:
    path = {"openai": "/v1/chat/completions", "anthropic": "/anthropic/v1/messages"}[api]
    answer = {"openai": OPENAI, "anthropic": ANTHROPIC}[api]
    messages = [{"role": "user", "content": "a"}, assistant, answer]
    return httpx.post(peer.url + path, json={"messages": messages, "stream": False, "max_tokens": 9, **more})


@pytest.mark.parametrize(
    ("api", "assistant"),
    [
        ("openai", {"role": "assistant", "content": "", "tool_calls": [CALL]}),
        ("anthropic", {"role": "assistant", "content": [USE]}),
    ],
)
def test_calls_must_bring_their_reasoning_back_while_the_model_thinks(
    peer: Peer, api: str, assistant: dict[str, object]
) -> None:
    refused = post(peer, api, assistant)
    assert (refused.status_code, json.loads(refused.text)["error"]["message"]) == (400, RULE)
    assert post(peer, api, assistant, thinking={"type": "disabled"}).status_code == 200


def test_content_must_not_be_null(peer: Peer) -> None:
    called = {"role": "assistant", "tool_calls": [CALL], "reasoning_content": "Hm."}
    assert post(peer, "openai", {**called, "content": None}).status_code == 400
    assert post(peer, "openai", {**called, "content": ""}).status_code == 200


USER = {"role": "user", "content": "a"}
CALLED = {"role": "assistant", "content": "", "reasoning_content": "Hm.", "tool_calls": [CALL]}
BLOCKS = [{"type": "thinking", "thinking": "Hm."}, USE]
USED = {"role": "assistant", "content": BLOCKS}
TOOL = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize(
    ("api", "messages", "fault"),
    [
        ("openai", [USER, CALLED, OPENAI], ""),
        ("openai", [USER, CALLED, USER], "no result for ['c1']"),
        ("openai", [USER, CALLED, OPENAI, OPENAI], "a result for c1, which was not called or has one"),
        ("openai", [USER, OPENAI], "a result for c1, which was not called or has one"),
        ("openai", [USER, CALLED, {**OPENAI, "content": ""}], "`text` is not set"),
        ("openai", [USER, CALLED, {**OPENAI, "content": [{"type": "text"}]}], "`text` is not set"),
        ("openai", [USER, {**CALLED, "tool_calls": [CALL, CALL]}, OPENAI], "two calls of one id"),
        ("openai", [], "messages must end with a user's"),
        ("anthropic", [USER, USED, ANTHROPIC], ""),
        ("anthropic", [USER, USED, USER], "no result for ['c1']"),
        ("anthropic", [USER, USER], "roles must alternate"),
        ("anthropic", [USER, USED], "messages must end with a user's"),
    ],
)
def test_calls_and_results_must_belong_to_each_other(api: str, messages: list[Any], fault: str) -> None:
    assert find_fault({"messages": messages, "max_tokens": 9}, api) == fault


@pytest.mark.parametrize("key", ["title", "additionalProperties", "$ref"])
def test_schemas_must_not_hold_what_the_gateways_refuse(key: str) -> None:
    inner = {"type": "object", "properties": {"title": {"type": "string", key: True}}}
    tool = {"type": "function", "function": {"name": "clock", "parameters": inner}}
    assert find_fault({"messages": [USER], "tools": [tool]}, "openai") == f"clock has ['{key}']"
    assert find_fault({"messages": [USER], "tools": [TOOL]}, "openai") == ""


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer([b"some", RESET]), httpx.ReadError),
        (Answer([b"some", CUT]), httpx.RemoteProtocolError),
        (Answer([b"no HTTP\r\n"], raw=True), httpx.RemoteProtocolError),
    ],
    ids=["reset", "cut", "raw"],
)
def test_connections_break_on_demand(peer: Peer, answer: Answer, error: type[Exception]) -> None:
    peer.answers(answer)
    with pytest.raises(error):
        post(peer, "openai", {"role": "assistant", "content": "x"})


def test_a_raw_answer_is_sent_as_it_is(peer: Peer) -> None:
    peer.answers(Answer([b"HTTP/1.1 200 OK\r\nX-Word: hello\r\n\r\n", b"text"], raw=True))
    answer = post(peer, "openai", {"role": "assistant", "content": "x"})
    assert (answer.text, answer.headers["x-word"]) == ("text", "hello")
