"""Reports about wire formats, tools and tapes: servers with other formats, and their clients."""

from __future__ import annotations

import asyncio
import functools
import json
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field
from support.decoded_streams import decode_stream, decode_until_error
from support.format_cases import (
    anthropic_block,
    anthropic_delta,
    anthropic_stream,
    openai_chunk,
    openai_stream,
    reply,
)
from support.peer import CUT, SILENCE, Answer, Peer, delta, error, finish, frames, wait_until
from support.reports import (
    Tools,
    call_chunk,
    called,
    create_session,
    messages,
    refusing,
    report,
    results,
    sent_arguments,
    streamed,
    text,
)
from support.virtual_time import VirtualTime

from mimo_magics.client.proxy import find_proxy
from mimo_magics.core.errors import (
    BadOption,
    IncompleteStream,
    InsufficientBalance,
    MimoError,
    ServerBusy,
    TapeMismatch,
)
from mimo_magics.core.messages import ReasoningPart, TextPart, ToolCall, Usage
from mimo_magics.display.terminal import TerminalRenderer
from mimo_magics.session.session import Session
from mimo_magics.tape.reader import read_tape
from mimo_magics.tools.execution import run_function
from mimo_magics.tools.schema import BadArguments, Signature
from mimo_magics.wire.formats import decode

A, B = '{"path": "a"}', '{"path": "b"}'
ROME, OSLO = '{"city": "Rome"}', '{"city": "Oslo"}'


# Ids of calls


@report(
    "https://github.com/danny-avila/LibreChat/pull/15933",
    "https://github.com/openai/openai-agents-python/pull/4257",
)
@pytest.mark.parametrize(
    ("chunks", "allowed"),
    [
        ([call_chunk("c", "look", A, 0), call_chunk("c", "erase", A, 1)], "look a"),
        ([call_chunk("c", "erase", A, 0), call_chunk("c", "look", A, 1)], "look a"),
        ([call_chunk("c", "erase", A, 0), call_chunk("c", "erase", B, 1)], "erase b"),
    ],
    ids=["names", "names, reversed", "arguments"],
)
def test_an_approval_is_for_one_call_and_not_for_its_id(peer: Peer, chunks: list[Any], allowed: str) -> None:
    tools = Tools(lambda call: f"{call.name} {json.loads(call.arguments)['path']}" == allowed)
    peer.answers(called(*chunks), text("done"))
    tools.create_session(peer).ask("q", approve=tools.approve)
    assert (len(tools.questions), len(set(tools.questions)), tools.ran) == (2, 2, [allowed])


@report("https://github.com/MoonshotAI/kimi-code/issues/2908")
def test_a_call_with_an_approved_id_needs_its_own_approval(peer: Peer) -> None:
    tools = Tools()
    peer.answers(called(call_chunk("c", "look", A)), called(call_chunk("c", "erase", B)), text("done"))
    assert tools.create_session(peer).ask("q", approve=tools.approve).text == "done"
    assert (tools.questions, tools.ran) == (["look a", "erase b"], ["look a", "erase b"])


@report("https://github.com/can1357/oh-my-pi/issues/2055")
def test_two_calls_with_one_id_have_two_results_and_two_ids(peer: Peer) -> None:
    tools = Tools()
    peer.answers(called(call_chunk("c", "look", A, 0), call_chunk("c", "look", B, 1)), text("done"))
    session = tools.create_session(peer)
    session.ask("q", approve=tools.approve)
    assert results(session) == ["content of a", "content of b"]
    assistant, *sent_results = messages(peer)[1:]
    ids = [call["id"] for call in assistant["tool_calls"]]
    assert [(each["tool_call_id"], each["content"]) for each in sent_results] == [
        (ids[0], "content of a"),
        (ids[1], "content of b"),
    ]
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    "id_",
    [
        pytest.param("call_0", marks=report("https://github.com/open-webui/open-webui/pull/28304")),
        pytest.param("constant", marks=report("https://github.com/NousResearch/hermes-agent/pull/88324")),
        pytest.param("look_0", marks=report("https://github.com/QwenLM/qwen-code/pull/9436")),
        pytest.param("", marks=report("https://github.com/NousResearch/hermes-agent/pull/88324")),
    ],
)
def test_an_id_of_an_earlier_round_does_not_prevent_a_call(peer: Peer, id_: str) -> None:
    tools = Tools()
    peer.answers(called(call_chunk(id_, "look", A)), called(call_chunk(id_, "look", B)), text("done"))
    session = tools.create_session(peer)
    assert session.ask("q", approve=tools.approve).text == "done"
    assert results(session) == ["content of a", "content of b"]
    ids = [call["id"] for message in messages(peer) for call in message.get("tool_calls") or ()]
    assert [each["tool_call_id"] for each in messages(peer) if each["role"] == "tool"] == ids
    assert len(set(ids)) == 2


@report("https://github.com/continuedev/continue/pull/12627")
def test_an_id_of_an_earlier_prompt_does_not_duplicate_a_result(peer: Peer) -> None:
    tools = Tools()
    peer.answers(
        *(called(call_chunk("c", "look", A)), text("one"), called(call_chunk("c", "look", B)), text("two"))
    )
    session = tools.create_session(peer)
    assert [session.ask(prompt, approve=tools.approve).text for prompt in ("p", "q")] == ["one", "two"]
    results = [(each["tool_call_id"], each["content"]) for each in messages(peer) if each["role"] == "tool"]
    assert [content for _, content in results] == ["content of a", "content of b"]
    assert len({id_ for id_, _ in results}) == 2


# Deltas of calls


@report(
    "https://github.com/NousResearch/hermes-agent/issues/62940",
    "https://github.com/su-kaka/gcli2api/pull/406",
    "https://github.com/mcowger/plexus/issues/691",
)
@pytest.mark.parametrize("index", [0, None])
def test_calls_that_share_an_index_are_separate(index: int | None) -> None:
    chunks = [call_chunk("a", "look", ROME, index), call_chunk("b", "look", OSLO, index)]
    assert decode_stream("openai", openai_stream(*chunks, openai_chunk("tool_calls"))) == reply(
        ToolCall("a", "look", ROME), ToolCall("b", "look", OSLO), stop="tool_calls"
    )


@report("https://github.com/microsoft/autogen/pull/7549")
def test_arguments_after_an_empty_object_replace_it() -> None:
    chunks = [call_chunk("a", "look", "{}"), call_chunk(None, None, ROME)]
    assert decode_stream("openai", openai_stream(*chunks, openai_chunk("tool_calls"))) == reply(
        ToolCall("a", "look", ROME), stop="tool_calls"
    )


@report("https://github.com/envoyproxy/ai-gateway/issues/1465")
@pytest.mark.parametrize("initial", [{}, {"city": "Rome"}, {"city": "Oslo"}], ids=str)
def test_argument_deltas_replace_the_initial_arguments_of_a_block(initial: Any) -> None:
    stream = anthropic_stream(
        {"type": "message_start", "message": {"id": "r1", "model": "mimo-v2-pro"}},
        anthropic_block(0, type="tool_use", id="a", name="look", input=initial),
        anthropic_delta(0, type="input_json_delta", partial_json=ROME),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    )
    assert decode_stream("anthropic", stream) == reply(ToolCall("a", "look", ROME), stop="tool_calls")


@report("https://github.com/cline/cline/pull/9738")
def test_deltas_of_two_calls_may_alternate() -> None:
    chunks = [
        call_chunk("a", "look", '{"city": ', 0),
        call_chunk("b", "look", '{"city": ', 1),
        call_chunk(None, None, '"Rome"}', 0),
        call_chunk(None, None, '"Oslo"}', 1),
    ]
    assert decode_stream("openai", openai_stream(*chunks, openai_chunk("tool_calls"))) == reply(
        ToolCall("a", "look", ROME), ToolCall("b", "look", OSLO), stop="tool_calls"
    )


# History


def strict(body: dict[str, Any]) -> Answer | None:
    """Refuse the same requests as vLLM, SGLang and llama.cpp."""
    try:
        objects = [isinstance(each, dict) for each in sent_arguments(body)]
    except ValueError as failure:
        return error(400, str(failure))
    return None if all(objects) else error(400, "arguments must be an object")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param('{"path": "a"', marks=report("https://github.com/MoonshotAI/kimi-cli/issues/1171")),
        pytest.param('["a"]', marks=report("https://github.com/local-inference-lab/vllm/issues/684")),
        pytest.param("null", marks=report("https://github.com/OpenHands/software-agent-sdk/issues/2887")),
        pytest.param('{"path": "a"}}', marks=report("https://github.com/MoonshotAI/kimi-cli/issues/1171")),
    ],
)
def test_invalid_arguments_do_not_break_the_session(peer: Peer, arguments: str) -> None:
    peer.script = refusing(strict, called(call_chunk("c", "look", arguments)), text("sorry"), text("hello"))
    tools = Tools()
    session = tools.create_session(peer)
    assert session.ask("q", approve=tools.approve).text == "sorry"
    assert (tools.ran, [turn.reply.stop for turn in session.turns]) == ([], ["end"])
    assert session.ask("next").text == "hello"
    assert all(isinstance(each, dict) for each in sent_arguments(peer.requests[-1].body))


@report("https://github.com/vercel/ai/pull/17769", "https://github.com/mastra-ai/mastra/issues/13632")
def test_an_invalid_tool_name_does_not_break_the_session(peer: Peer) -> None:
    def refuse(body: dict[str, Any]) -> Answer | None:
        calls = [call for message in body["messages"] for call in message.get("tool_calls") or ()]
        names = [call["function"]["name"] for call in calls]
        bad = [name for name in names if not name.replace("-", "_").replace("_", "a").isalnum()]
        return error(400, f"bad names {bad}") if bad else None

    peer.script = refusing(refuse, called(call_chunk("c", "look.file<|x|>", A)), text("sorry"), text("hello"))
    session = Tools().create_session(peer)
    assert [session.ask(prompt).text for prompt in ("q", "next")] == ["sorry", "hello"]
    assert messages(peer)[2]["content"] == "There is no tool look.file<|x|>. Available: look, erase."


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(
            *(400, "property 'reasoning_content' is unsupported"),
            marks=report("https://github.com/janhq/jan/issues/8136"),
        ),
        pytest.param(
            *(400, "messages.1.assistant.reasoning_content: property is unsupported"),
            marks=report("https://github.com/QwenLM/qwen-code/issues/11045"),
        ),
        pytest.param(
            *(422, "Extra inputs are not permitted: reasoning_content"),
            marks=report("https://github.com/BerriAI/litellm/issues/30835"),
        ),
    ],
)
def test_a_server_that_refuses_reasoning_gets_none(peer: Peer, status: int, message: str) -> None:
    def refuse(body: dict[str, Any]) -> Answer | None:
        has_reasoning = any("reasoning_content" in each for each in body["messages"])
        return error(status, message) if has_reasoning else None

    reasoned = openai_chunk(reasoning_content="Hm.")
    peer.script = refusing(
        refuse, called(reasoned, call_chunk("c", "look", A)), streamed(reasoned, openai_chunk(content="Hi."))
    )
    tools = Tools()
    session = tools.create_session(peer)
    assert [session.ask(prompt, approve=tools.approve).text for prompt in ("q", "next")] == ["Hi.", "Hi."]
    assert [turn.reply.stop for turn in session.turns] == ["end", "end"]


@report("https://github.com/vectorize-io/hindsight/issues/852")
def test_a_server_without_max_completion_tokens_gets_max_tokens(peer: Peer) -> None:
    def refuse(body: dict[str, Any]) -> Answer | None:
        known = "max_completion_tokens" not in body
        return None if known else error(422, "Extra inputs are not permitted: max_completion_tokens")

    peer.script = refusing(refuse, text("Hi."))
    assert create_session(peer, max_tokens=50).ask("q").text == "Hi."
    assert peer.requests[-1].body["max_tokens"] == 50


# The environment


PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("_no_proxy")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param(
            "ALL_PROXY",
            "socks://127.0.0.1:1080/",
            marks=report("https://github.com/Aider-AI/aider/issues/4038"),
        ),
        pytest.param(
            "SSL_CERT_FILE",
            "/nonexistent/x.pem",
            marks=report("https://github.com/HKUDS/DeepTutor/pull/920"),
        ),
    ],
)
def test_an_invalid_proxy_variable_is_named_and_does_not_affect_local_calls(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert create_session(peer).ask("hello").text == "You said: hello"
    with pytest.raises(BadOption, match=variable) as failure:
        Session(base_url="https://api.invalid/v1", timeout=5).ask("hello")
    assert len(failure.value.lines) == 2


@pytest.mark.usefixtures("_no_proxy")
@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        pytest.param(
            *("localhost,fe80::/10", "http://[fe80::1]:8000/v1"),
            marks=report("https://github.com/MoonshotAI/kimi-cli/issues/1959"),
        ),
        pytest.param(
            *("localhost,[::1],[fd00::1]", "http://[fd00::1]:8000/v1"),
            marks=report("https://github.com/basicmachines-co/basic-memory/issues/1541"),
        ),
        pytest.param(
            *("localhost,\nvllm.invalid\r\n", "http://vllm.invalid/v1"),
            marks=report("https://github.com/openai/openai-python/pull/3305"),
        ),
        pytest.param(
            *("localhost,::1", "http://[::1]:8000/v1"),
            marks=report("https://github.com/openshift/lightspeed-service/pull/3033"),
        ),
    ],
)
def test_no_proxy_accepts_common_spellings(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert create_session(peer).ask("hello").text == "You said: hello"
    assert find_proxy(url) is None
    assert find_proxy("http://other.invalid/v1") is not None


# Streams


@report("https://github.com/rexxars/eventsource-parser/pull/31")
def test_events_separated_by_one_newline_are_separate(peer: Peer) -> None:
    stream = b"".join(piece for piece in (delta("Hel"), delta("lo"), finish(), b"data: [DONE]\n\n"))
    peer.answers(Answer([stream.replace(b"\n\n", b"\n")]))
    assert (create_session(peer).ask("q").text, len(peer.requests)) == ("Hello", 1)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        pytest.param(
            *(b'{"error":{"message":"Insufficient quota"}}', InsufficientBalance, "Insufficient quota"),
            marks=report("https://github.com/stacklok/toolhive/issues/6037"),
        ),
        pytest.param(
            *(b"data: error: out of memory\n\n", ServerBusy, "HTTP 500 Internal Server Error: out of memory"),
            marks=report("https://github.com/lucasjinreal/Crane/pull/121"),
        ),
    ],
)
def test_a_plain_text_error_in_a_stream_is_raised(
    peer: Peer, virtual_time: VirtualTime, body: bytes, kind: type[MimoError], message: str
) -> None:
    peer.answers(Answer([body]))
    with pytest.raises(kind, match=message):
        create_session(peer).ask("q")
    assert len(peer.requests) == (1 if kind is InsufficientBalance else 5)


@report("https://github.com/stacklok/toolhive/issues/6037")
def test_a_used_up_quota_in_a_stream_is_not_retried(peer: Peer) -> None:
    peer.answers(Answer([b'{"error":{"message":"Insufficient quota","type":"insufficient_quota"}}']))
    with pytest.raises(InsufficientBalance, match="Insufficient quota"):
        create_session(peer).ask("q")
    assert len(peer.requests) == 1


PART = {"type": "text", "text": "hm "}


@report(
    "https://github.com/BerriAI/litellm/issues/16272",
    "https://github.com/microsoft/agent-framework/issues/6978",
    "https://github.com/simonw/llm-mistral/pull/39",
)
def test_content_may_be_a_list_of_parts() -> None:
    chunks = [
        openai_chunk(content=[{"type": "thinking", "thinking": [PART]}]),
        openai_chunk(content=[{"type": "text", "text": "Hi"}]),
        openai_chunk("stop"),
    ]
    assert decode_stream("openai", openai_stream(*chunks)) == reply(
        ReasoningPart("hm "), TextPart("Hi"), stop="end"
    )


@report("https://github.com/ggml-org/llama.cpp/issues/20198", "https://github.com/sipeed/picoclaw/pull/1292")
def test_arguments_may_be_an_object(peer: Peer) -> None:
    tools = Tools()
    peer.answers(called(call_chunk("c", "look", {"path": "a"})), text("done"))
    session = tools.create_session(peer)
    session.ask("q", approve=tools.approve)
    assert (results(session), sent_arguments(peer.requests[-1].body)) == (["content of a"], [{"path": "a"}])


# Retries


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(529, {}, marks=report("https://github.com/agentscope-ai/QwenPaw/pull/1891")),
        pytest.param(524, {}, marks=report("https://github.com/earendil-works/pi/issues/6239")),
    ],
)
def test_a_busy_server_gets_five_attempts(
    peer: Peer, virtual_time: VirtualTime, status: int, headers: dict[str, str]
) -> None:
    peer.answers(*[error(status, "overloaded", **headers)] * 4, text("at last"))
    assert (create_session(peer).ask("q").text, len(peer.requests)) == ("at last", 5)


@report("https://github.com/vybestack/llxprt-code/issues/3140")
def test_a_429_for_a_used_up_quota_is_not_retried(peer: Peer) -> None:
    body = {"error": {"message": "You exceeded your quota.", "type": "insufficient_quota"}}
    peer.answers(Answer([json.dumps(body).encode()], 429, {"Content-Type": "application/json"}))
    with pytest.raises(InsufficientBalance) as failure:
        create_session(peer).ask("q")
    assert (str(failure.value), len(peer.requests)) == (
        "HTTP 429 Too Many Requests: You exceeded your quota.",
        1,
    )


@report("https://github.com/openai/openai-python/issues/957")
def test_a_retry_delay_may_be_in_milliseconds(peer: Peer, virtual_time: VirtualTime) -> None:
    peer.answers(error(429, "slow down", **{"retry-after-ms": "70200"}), text("ok"))
    assert create_session(peer).ask("q").text == "ok"
    assert 70.2 <= sum(virtual_time.slept) < 71


# Tools


async def save_later(a: int) -> int:
    """Save."""
    return a


def made_async(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    return wrapper


def made_sync(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        return asyncio.run(function(*arguments, **named))

    return wrapper


@made_async
def save(a: int) -> int:
    """Save."""
    return a


@made_sync
async def save_soon(a: int) -> int:
    """Save."""
    return a


def save_somehow(a: int) -> Any:
    """Save."""
    return save_later(a)


class Saver:
    """Save."""

    __name__ = "saver"

    async def __call__(self, a: int) -> int:
        return a


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(
            save_soon,
            marks=report("https://github.com/strands-agents/harness-sdk/issues/4410"),
            id="sync wrapper",
        ),
        pytest.param(
            save,
            marks=report("https://github.com/strands-agents/harness-sdk/issues/4410"),
            id="async wrapper",
        ),
        pytest.param(
            save_somehow,
            marks=report("https://github.com/crewAIInc/crewAI/issues/7474"),
            id="returns a coroutine",
        ),
        pytest.param(
            Saver(), marks=report("https://github.com/crewAIInc/crewAI/issues/7474"), id="async __call__"
        ),
        pytest.param(
            functools.partial(save_later),
            marks=report("https://github.com/PrefectHQ/fastmcp/pull/3438"),
            id="partial",
        ),
    ],
)
@pytest.mark.anyio
async def test_the_model_gets_the_value_and_never_a_coroutine(function: Callable[..., Any]) -> None:
    assert (await run_function(function, {"a": 1})).output == "1"


@report("https://github.com/openai/openai-agents-python/issues/1123")
def test_a_field_as_default_gives_description_and_bounds() -> None:
    def f(x: int = Field(..., description="how many", gt=0)) -> int:
        return x

    signature = Signature(f)
    assert signature.tool.parameters == {
        "type": "object",
        "properties": {"x": {"type": "integer", "description": "how many", "exclusiveMinimum": 0}},
        "required": ["x"],
    }
    assert signature.parse_arguments('{"x": 1}') == {"x": 1}
    for refused in ('{"x": 0}', "{}"):
        with pytest.raises(BadArguments):
            signature.parse_arguments(refused)


@report("https://github.com/strands-agents/harness-sdk/pull/2065")
def test_the_default_factory_of_a_field_is_used() -> None:
    def f(names: list[str] = Field(default_factory=list)) -> list[str]:  # noqa: B008  users write it like this
        names.append("a")
        return names

    signature = Signature(f)
    assert "required" not in signature.tool.parameters
    assert [f(**signature.parse_arguments("{}")) for _ in range(2)] == [["a"], ["a"]]


@report(
    "https://github.com/posit-dev/chatlas/pull/251", "https://github.com/run-llama/llama_index/pull/22671"
)
def test_an_annotated_field_gives_description_and_bounds() -> None:
    def f(x: Annotated[int, Field(description="how many", ge=1, le=9)] = 2) -> int:
        return x

    assert Signature(f).tool.parameters["properties"] == {
        "x": {"type": "integer", "description": "how many", "minimum": 1, "maximum": 9, "default": 2}
    }


# Tapes


@report("https://github.com/conductor-oss/conductor/pull/1631")
def test_a_replay_matches_equal_integers_and_floats(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    create_session(peer, tape=f"record:{path}", param={"timeout": 15000}).ask("q")
    assert (
        create_session(peer, tape=f"replay:{path}", param={"timeout": 15000.0}).ask("q").text == "You said: q"
    )
    assert len(peer.requests) == 1


@report("https://github.com/symfony/ai/pull/2469")
def test_a_mismatch_shows_the_difference(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    create_session(peer, tape=f"record:{path}", param={"seed": 1}).ask("q")
    with pytest.raises(TapeMismatch) as failure:
        create_session(peer, tape=f"replay:{path}", param={"seed": True}).ask("q")
    assert str(failure.value) == (
        "No call on the tape t.jsonl matches this request: seed is «True» (recorded: «1»)."
    )


@report(
    "https://github.com/earendil-works/pi/issues/8345", "https://github.com/Tracer-Cloud/opensre/issues/5750"
)
def test_a_tape_without_a_final_newline_can_be_extended(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    create_session(peer, tape=f"auto:{path}").ask("one")
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    create_session(peer, tape=f"auto:{path}").ask("two")
    assert [call.body["messages"][0]["content"] for call in read_tape(path)] == ["one", "two"]


@report("https://github.com/paperclipai/paperclip/issues/9856")
@pytest.mark.parametrize("key", ["1", "null", "none", "x", "e", "content"])
def test_a_key_that_is_a_common_word_does_not_break_json(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("MIMO_API_KEY", key)
    path = tmp_path / "t.jsonl"
    create_session(peer, tape=f"record:{path}", temperature=1).ask("none of it, e.g. x")
    monkeypatch.delenv("MIMO_API_KEY")
    replayed = create_session(peer, tape=f"replay:{path}", temperature=1).ask("none of it, e.g. x")
    assert (replayed.text, len(peer.requests)) == ("You said: none of it, e.g. x", 1)


# Characters


@report("https://github.com/Kohaku-Lab/KohakuTerrarium/pull/48")
def test_a_surrogate_pair_in_two_events_is_joined_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = TextIOWrapper(BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stdout)
    renderer = TerminalRenderer()
    stream = openai_stream(
        openai_chunk(content="\ud83d"), openai_chunk(content="\ude00 hi"), openai_chunk("stop")
    )
    for event in decode("openai", [stream]):
        renderer.show(event)
    stdout.flush()
    assert stdout.buffer.getvalue().decode().strip() == "😀 hi"  # type: ignore[attr-defined]


@report("https://github.com/Aider-AI/aider/issues/3693")
@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        ("a\ud83d", {}),
        ("q", {"system": "a\ud83d"}),
        ("q", {"stop": ("a\ud83d",)}),
        ("q", {"param": {"user": "a\ud83d"}}),
    ],
    ids=["prompt", "system", "stop", "param"],
)
def test_a_lone_surrogate_is_sent_as_a_replacement_character(
    peer: Peer, prompt: str, options: dict[str, Any]
) -> None:
    peer.answers(text("ok"))
    assert create_session(peer, **options).ask(prompt).text == "ok"
    assert "a\ufffd" in json.dumps(peer.requests[0].body, ensure_ascii=False)


# Other forms of replies


@report("https://github.com/ChatGPTNextWeb/NextChat/issues/4797")
def test_status_201_is_a_success(peer: Peer) -> None:
    peer.answers(Answer([delta("Hi."), finish(), b"data: [DONE]\n\n"], 201))
    assert create_session(peer).ask("q").text == "Hi."


@report("https://github.com/langchain4j/langchain4j/pull/6376")
def test_a_refusal_is_the_text_of_the_reply(peer: Peer) -> None:
    peer.answers(streamed(openai_chunk(refusal="I cannot "), openai_chunk(refusal="help.")))
    assert create_session(peer).ask("q").text == "I cannot help."


@report("https://github.com/AbanteAI/archive-old-cli-mentat/issues/429")
def test_a_first_event_without_choices_and_model_is_accepted() -> None:
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": []}
    assert decode_stream(
        "openai", openai_stream(first, openai_chunk(content="Hi."), openai_chunk("stop"))
    ) == reply(TextPart("Hi."), stop="end")


@report("https://github.com/vllm-project/vllm/issues/34625")
@pytest.mark.parametrize("content", ["<think>Hm.</think>Hi.", "Hm.</think>Hi."])
def test_reasoning_in_the_content_is_not_sent_back_as_text(peer: Peer, content: str) -> None:
    peer.answers(streamed(*(openai_chunk(content=each) for each in content)))
    session = create_session(peer)
    answer = session.ask("q")
    assert (answer.reasoning, answer.text) == ("Hm.", "Hi.")
    session.ask("next")
    assert messages(peer)[1]["content"] == "Hi."


@report("https://github.com/simonw/llm-anthropic/pull/87")
def test_adjacent_thinking_blocks_keep_their_signatures() -> None:
    stream = anthropic_stream(
        {"type": "message_start", "message": {"id": "r1", "model": "mimo-v2-pro"}},
        anthropic_block(0, type="thinking", thinking="One.", signature=""),
        anthropic_delta(0, type="signature_delta", signature="s1"),
        anthropic_block(1, type="thinking", thinking="", signature=""),
        anthropic_delta(1, type="signature_delta", signature="s2"),
        anthropic_block(2, type="text", text="Hi."),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    )
    assert decode_stream("anthropic", stream) == reply(
        *(ReasoningPart("One.", "s1"), ReasoningPart("", "s2"), TextPart("Hi.")), stop="end"
    )


# The end


ENDING = """
import sys, threading
from mimo_magics import ask
threading.Thread(target=lambda: ask("q", base_url=sys.argv[1], timeout=3600), daemon=True).start()
sys.stdin.readline()
print("the end")
"""


@report("https://github.com/facebookresearch/spdl/pull/1591")
def test_a_call_in_the_background_does_not_keep_the_process_alive(peer: Peer) -> None:
    peer.script = lambda seen: Answer([*frames(seen, ["half"], end=False), SILENCE])
    command = [sys.executable, "-c", ENDING, f"{peer.url}/v1"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: bool(peer.requests))
        assert process.communicate("go on\n", timeout=60) == ("the end\n", "")


# Parsing of streams


def done(*pieces: bytes) -> bytes:
    return b"".join((delta("Hel"), *pieces, delta("lo"), finish(), b"data: [DONE]\n\n"))


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(
            done(b": ping\n\n", b":\n\n", b"id: 7\n: ping\n\n"),
            marks=report(
                "https://github.com/maximhq/bifrost/issues/5874",
                "https://github.com/theopenco/llmgateway/pull/2334",
            ),
            id="comments",
        ),
        pytest.param(
            done(b"data:\n\n", b"data: \n\n", b"data\n\n"),
            marks=report("https://github.com/omnigent-ai/omnigent/pull/1474"),
            id="empty data",
        ),
        pytest.param(
            done().replace(b"data: ", b"data:"),
            marks=report("https://github.com/dataelement/Clawith/pull/106"),
            id="no blank",
        ),
        pytest.param(
            done().replace(b', "choices"', b',\ndata: "choices"'),
            marks=report("https://github.com/SamSaffron/term-llm/pull/454"),
            id="several lines",
        ),
    ],
)
def test_a_stream_is_parsed_by_the_sse_standard(stream: bytes) -> None:
    answer, failure = decode_until_error("openai", [stream])
    assert (answer.text, answer.stop, failure) == ("Hello", "end", "")


USAGE = {"prompt_tokens": 20, "completion_tokens": 10}


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param(
            [openai_chunk(content="Hi."), openai_chunk("stop"), {"usage": USAGE}],
            marks=report("https://github.com/cline/cline/issues/8384"),
            id="without choices",
        ),
        pytest.param(
            [
                openai_chunk(content="Hi.") | {"usage": {"prompt_tokens": 20}},
                openai_chunk("stop") | {"usage": USAGE},
            ],
            marks=report("https://github.com/theopenco/llmgateway/pull/2861"),
            id="partial",
        ),
        pytest.param(
            [openai_chunk(content="") | {"usage": USAGE}, openai_chunk(content="Hi."), openai_chunk("stop")],
            marks=report("https://github.com/openai/openai-agents-js/pull/1474"),
            id="early",
        ),
        pytest.param(
            [openai_chunk("stop", content="Hi.") | {"usage": USAGE}],
            marks=report("https://github.com/router-for-me/CLIProxyAPI/issues/796"),
            id="with the finish",
        ),
    ],
)
def test_usage_is_read_from_every_event(chunks: list[Any]) -> None:
    assert decode_stream("openai", openai_stream(*chunks)) == reply(
        TextPart("Hi."), usage=Usage(20, 10), stop="end"
    )


@report("https://github.com/deepseek-ai/DeepSeek-V3/issues/1608")
@pytest.mark.parametrize("end", [SILENCE, CUT], ids=["silence", "cut"])
def test_an_incomplete_stream_keeps_the_partial_reply(peer: Peer, end: object) -> None:
    peer.answers(lambda seen: Answer([*frames(seen, ["half"], end=False), end]))
    session = create_session(peer, timeout=1)
    with pytest.raises(IncompleteStream):
        session.ask("q")
    assert [(turn.reply.text, turn.reply.stop) for turn in session.turns] == [("half", "cut")]
    assert len(peer.requests) == 1
