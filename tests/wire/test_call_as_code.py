"""Calls as code: each kind of code is run, and makes the same call."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.hostile import HOSTILE
from support.peer import KEY, Peer, Seen, reply, stream

from mimo_magics.core.messages import Message, ReasoningPart, Reply, ToolCall
from mimo_magics.core.settings import Api, CodeKind
from mimo_magics.session.session import Session
from mimo_magics.wire.call_as_code import CODE_KINDS, ApiCall, build_snippet

WAYS: list[tuple[CodeKind, Api]] = [
    ("curl", "openai"),
    ("curl", "anthropic"),
    ("httpx", "openai"),
    ("httpx", "anthropic"),
    ("openai", "openai"),
    ("anthropic", "anthropic"),
]
HARD = (
    "'\nJSON\ntouch caught; `touch caught` $(touch caught) !! \\ \"\"\" ''' {x} %s",
    "你好 🙂 \x9b\u202e\U000e0041\u2028",
    *HOSTILE.values(),
)


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    with Peer() as peer:
        peer.script = lambda seen: stream(seen, reply("Fine, thank you."))
        yield peer


def create_session(peer: Peer, api: Api, **options: Any) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


def run(kind: CodeKind, code: str, folder: Path) -> str:
    """Run code in an empty folder, which must stay empty."""
    if kind == "curl" and not shutil.which("curl"):
        pytest.skip("curl is missing")
    file = folder / ("call.sh" if kind == "curl" else "call.py")
    file.write_text(code, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_PROXY")}
    done = subprocess.run(
        ["sh" if kind == "curl" else sys.executable, file],
        env={**environment, "MIMO_API_KEY": KEY, "NO_PROXY": "*", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert list(folder.iterdir()) == [file]
    return done.stdout.decode()


def keys(seen: Seen) -> set[str]:
    """Return the headers that carry the API key."""
    return {name for name, value in seen.headers.items() if KEY in value}


@pytest.mark.thorough
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(("kind", "api"), WAYS)
def test_the_code_makes_the_same_call(
    peer: Peer, kind: CodeKind, api: Api, streamed: bool, tmp_path: Path
) -> None:
    session = create_session(peer, api, stream=streamed, system='Be "brief".\n$(touch caught)', max_tokens=99)
    for text in HARD:
        session.ask(text)
    options = {"temperature": 0.5, "thinking": True, "stop": ("END\n", "$HOME"), "param": {"seed": 1}}
    code = session.draft("Last.", **options).to_code(kind)
    session.ask("Last.", **options)
    own_request = peer.requests[-1]
    printed = run(kind, code, tmp_path)
    code_request = peer.requests[-1]
    assert code_request is not own_request
    assert (code_request.path, code_request.body) == (own_request.path, own_request.body)
    assert keys(own_request)
    assert keys(code_request) == keys(own_request) or kind not in (
        "curl",
        "httpx",
    )  # The SDKs send additional headers.
    assert keys(code_request)
    raw = streamed and kind in ("curl", "httpx")
    assert (
        "data: [DONE]" if raw and api == "openai" else "message_stop" if raw else "Fine, thank you."
    ) in printed
    assert KEY not in code


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "api"), WAYS)
def test_the_code_contains_tools_and_their_results(
    peer: Peer, kind: CodeKind, api: Api, tmp_path: Path
) -> None:
    def clock(zone: str = "UTC") -> str:
        """Tell the time."""
        return f"noon in {zone}"

    called = Reply(
        Message("assistant", (ReasoningPart("Hm."), ToolCall("c1", "clock", "{}"))), None, "tool_calls"
    )
    answers = iter((called, reply("Noon.")))
    peer.script = lambda seen: stream(seen, next(answers, reply("Fine, thank you.")))
    session = create_session(peer, api)
    session.ask("What time is it?", tools=[clock], approve=lambda _: True)
    code = session.draft("And now?", tools=[clock]).to_code(kind)
    session.ask("And now?", tools=[clock])
    own_request = peer.requests[-1]
    run(kind, code, tmp_path)
    assert peer.requests[-1] is not own_request
    assert peer.requests[-1].body == own_request.body
    assert "tools" in own_request.body


CALL = ApiCall(
    "openai",
    "https://api.mimo-v2.com/v1",
    "bearer",
    {
        "model": "mimo-v2-pro",
        "messages": [{"role": "user", "content": "please introduce yourself"}],
        "stream": False,
        "temperature": 1.0,
        "thinking": {"type": "disabled"},
    },
)


def test_the_code_follows_the_quick_start_page() -> None:
    assert build_snippet("openai", CALL) == (
        """import os

from openai import OpenAI

client = OpenAI(
    api_key=os.environ.get("MIMO_API_KEY"),
    base_url="https://api.mimo-v2.com/v1",
    timeout=480,
)

completion = client.chat.completions.create(
    model="mimo-v2-pro",
    messages=[
        {
            "role": "user",
            "content": "please introduce yourself",
        },
    ],
    stream=False,
    temperature=1.0,
    extra_body={
        "thinking": {
            "type": "disabled",
        },
    },
)

print(completion.model_dump_json())
"""
    )


def test_a_command_contains_the_body_as_json() -> None:
    written = build_snippet("curl", CALL)
    assert written.startswith("curl --request POST https://api.mimo-v2.com/v1/chat/completions \\\n")
    assert json.loads(written.partition("--data-raw '")[2].removesuffix("'\n")) == CALL.body


def test_a_large_body_is_read_from_standard_input(peer: Peer, tmp_path: Path) -> None:
    session = create_session(peer, "openai")
    long = f"it's {'long ' * 40_000}"
    code = session.draft(long).to_code("curl")
    assert "--data-binary @- <<'JSON'\n" in code
    run("curl", code, tmp_path)
    assert peer.requests[-1].body["messages"][-1]["content"] == long


@pytest.mark.parametrize("kind", CODE_KINDS)
def test_the_code_contains_no_control_characters(kind: CodeKind) -> None:
    hostile = ApiCall(
        CALL.api if kind != "anthropic" else "anthropic", CALL.base_url, "both", {"x\x1b": "\x9b\u202e\x07"}
    )
    assert [each for each in build_snippet(kind, hostile) if not each.isprintable() and each != "\n"] == []
