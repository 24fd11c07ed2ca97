"""Budgets and the context window of turns, against a server that reports usage."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count

import pytest
from support.peer import Answer, Peer, Seen, error, frames, obey, stream
from support.rules import find_fault

from mimo_magics.core.errors import BadOption, BudgetExceeded, ContextWindowExceeded
from mimo_magics.core.messages import (
    ImagePart,
    Message,
    ReasoningPart,
    Reply,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.limits.context_window import SUMMARY_PREFIX, SUMMARY_PROMPT
from mimo_magics.session.session import Session
from mimo_magics.tools.tool import NotebookTool, ToolOutcome

PICTURE = ImagePart("data:image/png;base64,iVBORw0KGgo=")


def session(peer: Peer, **options: object) -> Session:
    return Session(**{"base_url": f"{peer.url}/v1", "system": "none", "thinking": False, **options})


def prompts_of(seen: Seen) -> list[object]:
    """The contents that the server got."""
    return [message["content"] for message in seen.body["messages"]]


def counting(each: int = 100) -> Callable[[Seen], Answer]:
    """Answer as the peer does, with a count of so many tokens for each message."""

    def answer(seen: Seen) -> Answer:
        if refusal := find_fault(seen.body, seen.api):
            return error(400, refusal)
        usage = Usage(each * len(seen.body["messages"]), each)
        text = "In short." if seen.prompt == SUMMARY_PROMPT else f"You said: {seen.prompt}"
        return stream(seen, Reply(Message("assistant", (TextPart(text),)), usage, "end", "m", "1"))

    return answer


def clock(peer: Peer) -> NotebookTool:
    async def run(_: dict[str, object]) -> ToolOutcome:
        return ToolOutcome("12:00")

    return NotebookTool(Tool("clock"), json.loads, run, "none")


def calling(usage: Usage) -> Callable[[Seen], Answer]:
    """Call the clock as long as it is offered."""

    def answer(seen: Seen) -> Answer:
        if refusal := find_fault(seen.body, seen.api):
            return error(400, refusal)
        number = len(seen.body["messages"])
        parts = (ReasoningPart("Hm."), ToolCall(f"c{number}", "clock", json.dumps({"n": number})))
        called = Message("assistant", parts if seen.body.get("tools") else (TextPart("Noon."),))
        return stream(seen, Reply(called, usage, "tool_calls" if seen.body.get("tools") else "end", "m", "1"))

    return answer


# Budgets


def test_a_budget_of_the_session_is_checked_before_each_prompt(peer: Peer) -> None:
    chat = session(peer, budget="70 tokens")
    chat.ask("one")
    chat.ask("two")
    with pytest.raises(
        BudgetExceeded, match=r"exceeds the rest of the budget. Used 60 of the budget of 70 tokens"
    ):
        chat.ask("three")
    assert [prompts_of(seen)[-1] for seen in peer.requests] == ["one", "two"]
    assert chat.spending == Spending(60, None)


def test_undone_and_replaced_turns_and_one_off_prompts_count(peer: Peer) -> None:
    chat = session(peer)
    chat.ask("one", cell="a")
    chat.ask("two", cell="a")
    chat.undo()
    chat.ask("aside", keep=False)
    assert chat.spending.tokens == 90
    chat.overrides["budget"] = "90 tokens"
    with pytest.raises(BudgetExceeded):
        chat.ask("three")


def test_a_budget_stops_a_running_reply_and_saves_it(peer: Peer) -> None:
    peer.answers(lambda seen: Answer(frames(seen, (f"word{n} " for n in count()), 0.002)))
    chat = session(peer)
    answer = chat.ask("go on and on", turn_budget="40 tokens")
    assert answer.stop == "budget"
    assert 10 < len(answer.text.split()) < 50
    assert peer.settled()[0].disconnected
    assert 40 <= chat.spending.tokens < 60
    peer.script = obey
    chat.ask("next")
    assert prompts_of(peer.requests[-1]) == ["go on and on", answer.text, "next"]


def test_a_budget_is_checked_between_rounds_of_tool_calls(peer: Peer) -> None:
    peer.script = calling(Usage(100, 50))
    chat = Session(base_url=f"{peer.url}/v1", system="none", tools=[clock(peer)])
    answer = chat.ask("what time is it?", turn_budget="400 tokens")
    assert len(peer.requests) == 2
    assert answer.stop == "budget"
    assert [type(part) for part in answer.message.parts][-1] is ToolResult
    assert answer.message.open_calls == ()
    peer.script = obey
    chat.ask("next", tools=())
    assert not find_fault(peer.requests[-1].body, "openai")


def test_a_budget_in_dollars_requires_a_price(peer: Peer) -> None:
    chat = session(peer, budget="1 USD", model="mine")
    with pytest.raises(BadOption, match="No price is known for mine"):
        chat.ask("one")
    assert peer.requests == []
    chat.ask("one", prices={"mine": [0, 0, 20_000]})
    chat.overrides["prices"] = {"mine": [0, 0, 50_000]}
    assert chat.spending == Spending(30, 0.5)
    chat.overrides["prices"] = {"mine": [0, 0, 100_000]}
    with pytest.raises(BudgetExceeded, match=r"1\.0000 of the budget of 1 USD"):
        chat.ask("two")


def test_an_invalid_budget_is_an_error_before_a_request_is_sent(peer: Peer) -> None:
    with pytest.raises(BadOption, match="must be an amount, not 'a lot'"):
        session(peer).ask("one", turn_budget="a lot")
    assert peer.requests == []


# The context window


def test_a_nearly_full_window_gets_a_note(peer: Peer) -> None:
    peer.script = counting()
    chat = session(peer, window=500, model="mine")
    assert [chat.ask(prompt).notes for prompt in ("one", "two")] == [
        (),
        ("The session fills 80 % of the context window of mine: 400 of 500 tokens.",),
    ]


def test_a_window_that_is_full_is_an_error_and_nothing_is_sent(peer: Peer) -> None:
    peer.script = counting()
    chat = session(peer, window=405, model="mine")
    chat.ask("one")
    chat.ask("two")
    with pytest.raises(ContextWindowExceeded, match="the context window has 405"):
        chat.ask("three")
    assert len(peer.requests) == 2
    assert len(chat.turns) == 2


def test_the_oldest_turns_are_omitted_and_stay_omitted(peer: Peer) -> None:
    peer.script = counting()
    chat = session(peer, window=605, model="mine", overflow="drop-oldest")
    prompts = ["one", "two", "three", "four", "five"]
    answers = [chat.ask(prompt) for prompt in prompts]
    sent = [prompts_of(seen)[::2] for seen in peer.requests]
    assert sent[:3] == [prompts[:1], prompts[:2], prompts[:3]]
    assert sent[3][-1] == "four"
    assert sent[3] == prompts[4 - len(sent[3]) : 4]
    assert len(sent[3]) < 4
    assert any("not sent: the context window of mine is full" in note for note in answers[3].notes)
    assert [turn.omitted_turns for turn in chat.turns][:4] == [0, 0, 0, 4 - len(sent[3])]
    assert len(chat.turns) == 5


def test_rounds_of_tool_calls_are_never_split(peer: Peer) -> None:
    peer.script = calling(Usage(300, 100))
    chat = Session(base_url=f"{peer.url}/v1", system="none", tools=[clock(peer)], max_steps=2)
    chat.ask("one")
    chat.ask("two")
    chat.ask("three", window=420, overflow="drop-oldest")
    last = peer.requests[-1].body["messages"]
    assert last[0]["role"] == "user"
    assert not find_fault(peer.requests[-1].body, "openai")
    assert chat.turns[-1].omitted_turns > 0


def test_the_oldest_turns_are_sent_as_a_summary_by_the_model(peer: Peer) -> None:
    peer.script = counting()
    chat = session(peer, window=605, model="mine", overflow="summarize")
    answers = [chat.ask(prompt) for prompt in ("one", "two", "three", "four")]
    sent_turn, sent = peer.requests[3:5]
    assert prompts_of(sent_turn)[-1] == SUMMARY_PROMPT
    left_out = chat.turns[-1].omitted_turns
    assert prompts_of(sent_turn)[:-1:2] == ["one", "two", "three"][:left_out]
    assert prompts_of(sent)[0] == f"{SUMMARY_PREFIX}In short."
    assert prompts_of(sent)[-1] == "four"
    assert not find_fault(sent.body, "openai")
    assert chat.turns[-1].summary == "In short."
    assert any("sent as a summary" in note for note in answers[3].notes)
    assert chat.turns[-1].usage == Usage(
        100 * (len(sent_turn.body["messages"]) + len(sent.body["messages"])), 200
    )
    chat.ask("five", window=1_200)
    assert prompts_of(peer.requests[-1])[::2] == ["one", "two", "three", "four", "five"]


def test_the_output_limit_fits_into_the_window(peer: Peer) -> None:
    peer.script = counting()
    chat = session(peer, window=1_000, model="mine", max_tokens=900)
    chat.ask("one")
    chat.ask("two")
    bounds = [seen.body["max_tokens"] for seen in peer.requests]
    assert bounds[0] == 900
    assert 700 < bounds[1] < 800


# Unsupported parts


def test_images_are_omitted_for_a_model_without_image_input(peer: Peer) -> None:
    chat = session(peer)
    chat.ask([TextPart("What is this?"), PICTURE], model="mimo-v2-omni")
    answer = chat.ask("And now?", model="mimo-v2-flash")
    chat.ask("And again?", model="mimo-v2.6-pro")
    assert "image_url" in json.dumps(prompts_of(peer.requests[0]))
    assert "image_url" not in json.dumps(prompts_of(peer.requests[1]))
    assert "image_url" in json.dumps(prompts_of(peer.requests[2]))
    assert any("mimo-v2-flash does not accept images" in note for note in answer.notes)


def test_an_image_without_text_is_a_valid_prompt(peer: Peer) -> None:
    session(peer).ask([PICTURE], model="mimo-v2-omni")
    assert [find_fault(seen.body, seen.api) for seen in peer.requests] == [""]
