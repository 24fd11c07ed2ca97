"""Reports about MiMo's API and servers of its open weights: models that loop, gateways with other formats."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from support.format_cases import openai_chunk
from support.peer import Answer, Peer, Seen, delta, error, finish, reply, sse, stream
from support.reports import (
    Tools,
    call_chunk,
    called,
    create_session,
    messages,
    report,
    results,
    sent_arguments,
    streamed,
    text,
)
from support.virtual_time import VirtualTime

from mimo_magics.core.errors import BadOption, BadRequest, InsufficientBalance, UnknownModel
from mimo_magics.core.messages import Usage
from mimo_magics.core.models import find_model
from mimo_magics.core.services import SERVICES
from mimo_magics.session.tool_calls import MAX_TOOL_CALLS, REPEATED_FAILURE

A = '{"path": "a"}'


# Loops of the model


@report(
    "https://github.com/XiaomiMiMo/MiMo-Code/issues/2482",
    "https://github.com/XiaomiMiMo/MiMo-Code/issues/2497",
    "https://github.com/XiaomiMiMo/MiMo/issues/98",
)
def test_a_flood_of_calls_stops_at_a_limit(peer: Peer) -> None:
    def flood(seen: Seen) -> Answer:
        arguments = (json.dumps({"path": str(number % 5)}) for number in count())
        return Answer(sse(call_chunk(f"c{n}", "look", each, n)) for n, each in enumerate(arguments))

    peer.answers(flood, text("enough"), text("hello"))
    tools = Tools()
    session = tools.create_session(peer)
    answer = session.ask("q", approve=tools.approve)
    assert peer.left()[0] is peer.requests[0]
    assert (answer.text, answer.notes) == (
        "enough",
        (f"The response was truncated after {MAX_TOOL_CALLS} tool calls.",),
    )
    assert (len(answer.tool_calls), tools.ran) == (MAX_TOOL_CALLS, [f"look {n}" for n in range(5)])
    assert session.ask("next").text == "hello"
    assert len(sent_arguments(peer.requests[-1].body)) == MAX_TOOL_CALLS


@report("https://github.com/XiaomiMiMo/MiMo/issues/98")
def test_a_call_that_fails_the_same_way_in_each_round_ends_the_rounds(peer: Peer) -> None:
    def fail(path: str) -> str:
        """Fail."""
        raise ValueError(path)

    def script(seen: Seen) -> Answer:
        return called(call_chunk("c", "fail", A)) if "tools" in seen.body else text("I cannot.")

    peer.script = script
    session = create_session(peer, tools=[fail])
    answer = session.ask("q", approve=lambda _: True)
    assert (answer.text, len(results(session)), len(peer.requests)) == ("I cannot.", 3, 4)
    assert REPEATED_FAILURE in results(session)[-1]


@report("https://github.com/XiaomiMiMo/MiMo/issues/95")
@pytest.mark.parametrize(
    "arguments",
    [
        '{"path": "',
        '{"path": "a\x03"}, {"name": "erase", "arguments": {"path": "b"}}',
        '{"path": "</tool_call>',
    ],
    ids=["ends after the key", "two calls in one", "markup"],
)
def test_invalid_arguments_are_reported_to_the_model_and_run_nothing(peer: Peer, arguments: str) -> None:
    peer.answers(called(call_chunk("c", "look", arguments)), text("sorry"))
    tools = Tools()
    session = tools.create_session(peer)
    answer = session.ask("q", approve=tools.approve)
    assert (answer.text, tools.ran, tools.questions) == ("sorry", [], [])
    assert "line 1 column" in messages(peer)[-1]["content"]


# Other forms of calls


MARKUP = "<tool_call>\n<function=look>\n<parameter=path>a</parameter>\n</function>\n</tool_call>"
BARE = "<tool_call>\n<function=look>a</parameter></function>\n</tool_call>"


@report("https://github.com/lidge-jun/opencodex/issues/5499")
@pytest.mark.parametrize("markup", [MARKUP, BARE], ids=["whole", "without its parameter"])
@pytest.mark.parametrize("structured", [True, False], ids=["beside a call", "alone"])
def test_markup_of_a_call_is_removed_and_the_call_runs_once(
    peer: Peer, markup: str, structured: bool
) -> None:
    chunks = [openai_chunk(content=markup), *([call_chunk("c", "look", A)] if structured else [])]
    peer.answers(called(*chunks), text("done"))
    tools = Tools()
    answer = tools.create_session(peer).ask("q", approve=tools.approve)
    assert (answer.text, tools.ran) == ("done", ["look a"])


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param(
            [call_chunk("a", "look", A, 0), call_chunk("b", "look", '{"path": "b"}', 0)],
            marks=report("https://github.com/ai-dynamo/dynamo/issues/4723"),
            id="index 0",
        ),
        pytest.param(
            [
                *(call_chunk("a", "look", "", None), call_chunk(None, None, A, None)),
                *(call_chunk("b", "look", "", None), call_chunk(None, None, '{"path": "b"}', None)),
            ],
            marks=report("https://github.com/lidge-jun/opencodex/issues/1483"),
            id="no index",
        ),
    ],
)
def test_a_new_id_begins_a_new_call(peer: Peer, chunks: list[Any]) -> None:
    peer.answers(called(*chunks), text("done"))
    tools = Tools()
    tools.create_session(peer).ask("q", approve=tools.approve)
    assert tools.ran == ["look a", "look b"]


@report("https://github.com/tonyd2wild/MiMo-V2.6-Flash-DGX-Spark-Recipe/issues/1")
def test_a_think_tag_at_the_start_begins_reasoning(peer: Peer) -> None:
    peer.answers(
        called(call_chunk("c", "look", A)),
        called(openai_chunk(content="<think>Check."), call_chunk("d", "look", '{"path": "b"}')),
        text("done"),
    )
    tools = Tools()
    answer = tools.create_session(peer).ask("q", approve=tools.approve)
    assert (answer.text, answer.reasoning, tools.ran) == ("done", "Check.", ["look a", "look b"])
    assert "<think>" not in json.dumps(messages(peer))


@report("https://github.com/theopenco/llmgateway/issues/3742")
def test_a_call_in_the_reasoning_runs(peer: Peer) -> None:
    peer.answers(streamed(openai_chunk(reasoning_content=f"I look.\n{MARKUP}")), text("done"))
    tools = Tools()
    answer = tools.create_session(peer).ask("q", approve=tools.approve)
    assert (answer.text, tools.ran, "<function" in answer.reasoning) == ("done", ["look a"], False)


@report("https://github.com/decolua/9router/issues/3310")
@pytest.mark.parametrize("arguments", ["", None, "absent"])
def test_a_call_without_arguments_is_sent_back_with_an_empty_object(
    peer: Peer, arguments: str | None
) -> None:
    def now() -> str:
        """Tell the time."""
        return "12:00"

    chunk = call_chunk("c", "now", arguments)
    if arguments == "absent":
        del chunk["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"]
    peer.answers(called(chunk), text("noon"))
    session = create_session(peer, tools=[now])
    session.ask("q", approve=lambda _: True)
    assert (results(session), sent_arguments(peer.requests[-1].body)) == (["12:00"], [{}])


# Refusals


@report("https://github.com/XiaomiMiMo/MiMo-Code/issues/2470", "https://github.com/XiaomiMiMo/MiMo/issues/88")
def test_concurrent_prompts_survive_half_a_minute_of_rate_limits(
    peer: Peer, virtual_time: VirtualTime
) -> None:
    def script(seen: Seen) -> Answer:
        limited = virtual_time.monotonic() < 30
        return error(429, "Too many requests") if limited else stream(seen, reply("ok"))

    peer.script = script
    compared = create_session(peer).compare("q", temperature=[0.1, 0.2, 0.3, 0.4], at_once=4)
    assert [each.reply.text for each in compared if each.reply] == ["ok"] * 4


@report("https://github.com/XiaomiMiMo/MiMo/issues/99")
def test_a_402_is_not_retried_and_the_hint_names_bursts(peer: Peer) -> None:
    peer.answers(error(402, "Insufficient account funds"), text("ok"))
    with pytest.raises(InsufficientBalance) as failure:
        create_session(peer).ask("q")
    assert failure.value.lines == (
        "HTTP 402 Payment Required: Insufficient account funds",
        "Top up the account. On a plan, a burst of requests also causes this error: wait a moment.",
    )
    assert len(peer.requests) == 1


@report("https://github.com/XiaomiMiMo/MiMo/issues/62")
def test_a_404_for_an_image_has_its_own_hint(peer: Peer) -> None:
    peer.answers(error(404, "No endpoints found that support image input"))
    with pytest.raises(UnknownModel) as failure:
        create_session(peer).ask("q")
    assert failure.value.hint == "This model does not accept images. Choose one that does with -m."


@report("https://github.com/rikkahub/rikkahub/issues/1170")
def test_an_error_with_the_prefix_of_an_event_is_read(peer: Peer) -> None:
    error_object = {
        "code": "400",
        "message": "Param Incorrect",
        "param": "tools contains duplicate names: look",
    }
    peer.answers(Answer([b"data:" + json.dumps({"error": error_object}).encode()], 400))
    with pytest.raises(BadRequest) as failure:
        create_session(peer).ask("q")
    assert str(failure.value) == "HTTP 400 Bad Request: Param Incorrect: tools contains duplicate names: look"


@report("https://github.com/rikkahub/rikkahub/issues/1170")
def test_two_tools_with_one_name_are_an_error_before_sending(peer: Peer) -> None:
    look = Tools().look
    with pytest.raises(BadOption, match="look"):
        create_session(peer, tools=[look, look]).ask("q")
    assert peer.requests == []


@report("https://github.com/XiaomiMiMo/MiMo-Code/issues/2277")
def test_a_web_search_is_sent_with_a_plan_key_and_the_server_decides(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIMO_API_KEY", "tp-0123456789abcdef")
    peer.answers(text("found"))
    assert create_session(peer, web_search="on").ask("q").text == "found"
    assert peer.requests[0].body["tools"] == [{"type": "web_search", "force_search": False}]


# History and usage


@report("https://github.com/esengine/DeepSeek-Reasonix/issues/7234")
def test_only_fields_of_the_format_are_sent_back(peer: Peer) -> None:
    chunk = openai_chunk(content="Hi.", reasoning_content="Hm.", summary=[{"text": "Hm."}], encrypted="x")
    peer.answers(streamed(chunk), text("ok"))
    session = create_session(peer)
    session.ask("q")
    session.ask("next")
    assert messages(peer)[1] == {"role": "assistant", "content": "Hi.", "reasoning_content": "Hm."}


@report(
    "https://github.com/NousResearch/hermes-agent/issues/76018",
    "https://github.com/BerriAI/litellm/issues/41380",
)
def test_reasoning_is_sent_back_to_the_server(peer: Peer) -> None:
    reasoned = openai_chunk(reasoning_content="Hm.")
    peer.answers(
        called(reasoned, call_chunk("c", "look", A)), streamed(reasoned, openai_chunk(content="Hi."))
    )
    tools = Tools()
    session = tools.create_session(peer)
    for prompt in ("q", "next"):
        session.ask(prompt, approve=tools.approve)
    sent_reasoning = [each.get("reasoning_content") for each in messages(peer) if each["role"] == "assistant"]
    assert sent_reasoning == ["Hm.", "Hm."]
    first, second = messages(peer, -2), messages(peer)
    assert second[: len(first)] == first  # The beginning of the request, which servers cache.


@report("https://github.com/NousResearch/hermes-agent/issues/89770")
def test_cached_tokens_after_the_finish_chunk_are_counted(peer: Peer) -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 16}}
    last = sse({"id": "1", "choices": [], "usage": usage})
    peer.answers(Answer([delta("Hi."), finish(), 0.05, last, b"data: [DONE]\n\n"]))
    assert create_session(peer).ask("q").usage == Usage(20, 3, cached=16)


# Models


@report("https://github.com/can1357/oh-my-pi/issues/12755", "https://github.com/Narcooo/inkos/issues/366")
def test_an_unknown_model_is_sent_and_has_the_figures_of_its_family(peer: Peer) -> None:
    peer.answers(text("ok"))
    assert create_session(peer, model="mimo-v2.7-pro").ask("q").text == "ok"
    assert peer.requests[0].body["model"] == "mimo-v2.7-pro"
    relative = find_model("mimo-v2.6-pro")
    assert relative
    assert find_model("mimo-v2.7-pro") == replace(relative, id="mimo-v2.7-pro")


@report("https://github.com/theopenco/llmgateway/issues/2648")
def test_a_reply_of_another_model_has_a_notice_and_its_price(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    xiaomi = replace(SERVICES["xiaomi"], base_urls={"openai": f"{peer.url}/v1"})
    monkeypatch.setitem(SERVICES, "xiaomi", xiaomi)
    usage = {"prompt_tokens": 100_000, "completion_tokens": 10}
    peer.answers(streamed(openai_chunk(content="Hi.") | {"model": "mimo-v2.6-pro", "usage": usage}))
    answer = create_session(peer, base_url=None, preset="xiaomi", model="mimo-v2.6-flash").ask("q")
    assert (answer.notes, answer.cost) == (
        (
            "mimo-v2.6-pro replied instead of mimo-v2.6-flash. The cost uses the prices of mimo-v2.6-pro if they are known.",
        ),
        pytest.approx((100_000 * 0.435 + 10 * 0.87) / 1e6),
    )
