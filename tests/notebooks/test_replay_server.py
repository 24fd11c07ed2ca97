"""The replay server of lesson 01, with the official SDKs and curl as clients."""

import json
import socket
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from replay_server import NO_THINKING, TAPE, ReplayServer

from mimo_magics.client.local import weights
from mimo_magics.tape import format as tape_format, tape
from mimo_magics.tape.format import Chunk, RecordedCall

MODEL = "smollm2-135m"
BODY: dict[str, Any] = {"model": "mimo-v2-pro", "messages": [{"role": "user", "content": "hello"}]}
OPENAI = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "mimo-v2-pro",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi!"}}],
}
ANTHROPIC = {
    "id": "1",
    "type": "message",
    "role": "assistant",
    "model": "mimo-v2-pro",
    "content": [{"type": "text", "text": "Hi!"}],
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
CHUNK = {**OPENAI, "choices": [{"index": 0, "finish_reason": "stop", "delta": {"content": "Hi!"}}]}


def recorded(path: str, response: bytes, content_type: str = "application/json", **more: Any) -> RecordedCall:
    headers = {"content-type": content_type}
    return RecordedCall(
        "POST", path, {**NO_THINKING, **BODY, **more}, 0.0, 200, headers, 0.0, [Chunk(0.1, response)]
    )


CALLS = [
    recorded("/v1/chat/completions", json.dumps(OPENAI).encode()),
    recorded("/v1/messages", json.dumps(ANTHROPIC).encode(), max_tokens=10),
    recorded(
        "/v1/chat/completions",
        f"data: {json.dumps(CHUNK)}\n\ndata: [DONE]\n\n".encode(),
        "text/event-stream",
        stream=True,
    ),
]


@pytest.fixture
def server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[ReplayServer]:
    """Replay `CALLS`, and check that nothing was printed."""
    path = tmp_path / "lesson.jsonl"
    path.write_bytes(tape_format.encode_tape(CALLS))
    monkeypatch.setenv("MIMO_TAPE", f"replay:{path}")
    with ReplayServer() as server:
        yield server
    assert capfd.readouterr() == ("", "")


def post(
    server: ReplayServer, content: bytes, path: str = "/v1/chat/completions", **headers: str
) -> httpx.Response:
    shown = headers or {"api-key": server.key}
    return httpx.post(server.url + path, content=content, headers=shown, trust_env=False, timeout=60)


def raw(server: ReplayServer, head: str) -> bytes:
    """Send the head of a request and no body, and return the response."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=4) as connection:
        connection.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\n{head}\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def message(response: httpx.Response) -> str:
    text: str = response.json()["error"]["message"]
    return text


def test_the_openai_sdk_gets_the_recorded_reply(server: ReplayServer) -> None:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key) as sdk:
        completion = sdk.chat.completions.create(**BODY)
        chunks = list(sdk.chat.completions.create(**BODY, stream=True))
    assert completion.choices[0].message.content == "Hi!"
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["Hi!"]


def test_the_anthropic_sdk_gets_the_recorded_reply(server: ReplayServer) -> None:
    with anthropic.Anthropic(base_url=f"{server.url}/anthropic", api_key=server.key) as sdk:
        reply = sdk.messages.create(**BODY, max_tokens=10)
    assert [block.text for block in reply.content if block.type == "text"] == ["Hi!"]


def test_curl_gets_the_recorded_reply(server: ReplayServer) -> None:
    words = [f"{server.url}/v1/chat/completions", "--header", f"api-key: {server.key}"]
    command = ["curl", "--silent", "--noproxy", "*", *words, "--data-raw", json.dumps(BODY)]
    assert json.loads(subprocess.check_output(command)) == OPENAI


@pytest.mark.parametrize("header", ["Authorization", "api-key", "x-api-key"])
def test_the_key_may_be_in_any_header_that_mimo_accepts(server: ReplayServer, header: str) -> None:
    value = f"Bearer {server.key}" if header == "Authorization" else server.key
    assert post(server, json.dumps(BODY).encode(), **{header: value}).status_code == 200


@pytest.mark.parametrize("key", ["", "api-key: wrong\r\n", "Authorization: Bearer \xe9\r\n"])
def test_a_request_without_the_key_is_refused_before_its_body_is_read(server: ReplayServer, key: str) -> None:
    response = raw(server, f"{key}Content-Length: 1000\r\n")
    assert response.startswith(b"HTTP/1.0 401 ")


@pytest.mark.parametrize("length", ["1000000", "9" * 5_000, "-1", "1e3", "", None])
def test_a_body_that_is_too_long_or_of_unknown_length_is_refused_before_it_is_read(
    server: ReplayServer, length: str | None
) -> None:
    head = "" if length is None else f"Content-Length: {length}\r\n"
    assert raw(server, f"api-key: {server.key}\r\n{head}").startswith(b"HTTP/1.0 413 ")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"1",
        b"[1]",
        b'"text"',
        b"null",
        b'{"messages": null}',
        b'{"messages": [1]}',
        b'{"messages": [{"role": "system"}]}',
        b'{"temperature": NaN}',
        b'{"stop": "\\ud800"}',
        b'{"stop": ' + b"[" * 100_000,
        b'{"seed": ' + b"9" * 5_000 + b"}",
    ],
    ids=lambda content: content[:30].decode("latin-1"),
)
def test_an_odd_body_is_a_bad_request(server: ReplayServer, content: bytes) -> None:
    assert post(server, content).status_code == 400


def test_a_request_that_was_not_recorded_is_a_bad_request_that_names_the_difference(
    server: ReplayServer,
) -> None:
    response = post(server, json.dumps({**BODY, "model": "another"}).encode())
    assert response.status_code == 400
    assert message(response).startswith("TapeMismatch: No call on the tape lesson.jsonl matches this request: ")
    assert "«another»" in message(response)


@pytest.mark.parametrize("path", ["/", "/v1/models", "/v1/../../admin"])
def test_other_paths_are_refused(server: ReplayServer, path: str) -> None:
    assert post(server, b"{}", path).status_code == 404


def test_a_client_that_disconnects_or_sends_no_request_is_ignored(server: ReplayServer) -> None:
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        connection.sendall(b"\x16\x03\x01\r\n\r\n")
        assert b"400" in connection.recv(65_536)
    assert post(server, json.dumps(BODY).encode()).status_code == 200


def test_it_listens_on_the_loopback_only_and_stops_when_closed(server: ReplayServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    server.close()
    with pytest.raises(httpx.ConnectError):
        post(server, b"{}")


def test_a_silent_client_is_disconnected(server: ReplayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.RequestHandlerClass, "timeout", 0.1)
    assert raw(server, f"api-key: {server.key}\r\nContent-Length: 1000\r\n") == b""


def test_without_a_tape_and_the_embedded_model_it_replays_the_lesson() -> None:
    with ReplayServer() as server:
        assert server.tapes == tape.resolve_tapes(f"replay:{TAPE}")
        assert message(post(server, b"{}")).startswith("TapeMismatch: No call on the tape 01_quick_start.jsonl ")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/anthropic/v1/messages"])
def test_the_embedded_model_replies_and_its_reply_is_recorded(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not find_spec("xllamacpp") or not weights.get_weights_path(MODEL).exists():
        pytest.skip(f"{MODEL} is not there: pip install 'mimo-magics[local]', make weights")
    question = [{"role": "user", "content": "What is the capital of Japan?"}]
    body = json.dumps({"model": "any", "messages": question, "max_tokens": 60, "temperature": 0}).encode()
    responses = []
    for mode in ("record", "replay"):
        monkeypatch.setenv("MIMO_TAPE", f"{mode}:{tmp_path / 'lesson.jsonl'}")
        with ReplayServer(MODEL) as server:
            responses.append(post(server, body, path))
    assert [response.status_code for response in responses] == [200, 200]
    assert responses[0].content == responses[1].content
    assert "Tokyo" in responses[0].text
    assert "reasoning" not in responses[0].text


def test_the_embedded_model_replies_without_a_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMO_PRESET", "local")
    with ReplayServer("/nowhere/model.gguf") as server:
        assert server.tapes == ()
        response = post(server, json.dumps(BODY).encode())
    assert (response.status_code, message(response)[:17]) == (400, "LocalModelError: ")
