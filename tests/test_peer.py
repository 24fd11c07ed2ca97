"""The server of the tests refuses what MiMo refuses, so that the tests that use it can fail."""

import json

import httpx
import pytest
from peer import Peer

CALL = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
USE = {"type": "tool_use", "id": "c1", "name": "clock", "input": {}}
RULE = "The reasoning_content in the thinking mode must be passed back to the API."


def post(peer: Peer, api: str, assistant: dict[str, object], **more: object) -> httpx.Response:
    path = {"openai": "/v1/chat/completions", "anthropic": "/anthropic/v1/messages"}[api]
    messages = [{"role": "user", "content": "a"}, assistant, {"role": "user", "content": "b"}]
    return httpx.post(peer.url + path, json={"messages": messages, "stream": False, **more})


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
    assert post(peer, "openai", {"role": "assistant", "content": None}).status_code == 400
    assert post(peer, "openai", {"role": "assistant", "content": "hi"}).status_code == 200
