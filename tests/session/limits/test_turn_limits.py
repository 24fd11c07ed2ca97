"""What a conversation may spend, and how much of it a model can be told: against a server that counts."""

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

PICTURE = ImagePart("data:image/png;base64,AAAA")


def session(peer: Peer, **options: object) -> Session:
    return Session(**{"base_url": f"{peer.url}/v1", "system": "none", "thinking": False, **options})


def said(seen: Seen) -> list[object]:
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
    talk = session(peer, budget="70 tokens")
    talk.ask("one")
    talk.ask("two")
    with pytest.raises(
        BudgetExceeded, match=r"exceeds the rest of the budget. Used 60 of the budget of 70 tokens"
    ):
        talk.ask("three")
    assert [said(seen)[-1] for seen in peer.requests] == ["one", "two"]
    assert talk.spending == Spending(60, None)


def test_undone_and_replaced_turns_and_one_off_prompts_count(peer: Peer) -> None:
    talk = session(peer)
    talk.ask("one", cell="a")
    talk.ask("two", cell="a")
    talk.undo()
    talk.ask("aside", keep=False)
    assert talk.spending.tokens == 90
    talk.overrides["budget"] = "90 tokens"
    with pytest.raises(BudgetExceeded):
        talk.ask("three")


def test_a_budget_stops_a_running_reply_and_saves_it(peer: Peer) -> None:
    peer.answers(lambda seen: Answer(frames(seen, (f"word{n} " for n in count()), 0.002)))
    talk = session(peer)
    answer = talk.ask("go on and on", turn_budget="40 tokens")
    assert answer.stop == "budget"
    assert 10 < len(answer.text.split()) < 50
    assert peer.settled()[0].disconnected
    assert 40 <= talk.spending.tokens < 60
    peer.script = obey
    talk.ask("next")
    assert said(peer.requests[-1]) == ["go on and on", answer.text, "next"]


def test_a_budget_is_checked_between_rounds_of_tool_calls(peer: Peer) -> None:
    peer.script = calling(Usage(100, 50))
    talk = Session(base_url=f"{peer.url}/v1", system="none", tools=[clock(peer)])
    answer = talk.ask("what time is it?", turn_budget="400 tokens")
    assert len(peer.requests) == 2
    assert answer.stop == "budget"
    assert [type(part) for part in answer.message.parts][-1] is ToolResult
    assert answer.message.open_calls == ()
    peer.script = obey
    talk.ask("next", tools=())
    assert not find_fault(peer.requests[-1].body, "openai")


def test_a_budget_in_dollars_requires_a_price(peer: Peer) -> None:
    talk = session(peer, budget="1 USD", model="mine")
    with pytest.raises(BadOption, match="No price is known for mine"):
        talk.ask("one")
    assert peer.requests == []
    talk.ask("one", prices={"mine": [0, 0, 20_000]})
    talk.overrides["prices"] = {"mine": [0, 0, 50_000]}
    assert talk.spending == Spending(30, 0.5)
    talk.overrides["prices"] = {"mine": [0, 0, 100_000]}
    with pytest.raises(BudgetExceeded, match=r"1\.0000 of the budget of 1 USD"):
        talk.ask("two")


def test_an_invalid_budget_is_an_error_before_a_request_is_sent(peer: Peer) -> None:
    with pytest.raises(BadOption, match="must be an amount, not 'a lot'"):
        session(peer).ask("one", turn_budget="a lot")
    assert peer.requests == []


# The window


def test_a_nearly_full_window_gets_a_note(peer: Peer) -> None:
    peer.script = counting()
    talk = session(peer, window=500, model="mine")
    assert [talk.ask(prompt).notes for prompt in ("one", "two")] == [
        (),
        ("The session fills 80 % of the context window of mine: 400 of 500 tokens.",),
    ]


def test_a_window_that_is_full_is_an_error_and_nothing_is_sent(peer: Peer) -> None:
    peer.script = counting()
    talk = session(peer, window=405, model="mine")
    talk.ask("one")
    talk.ask("two")
    with pytest.raises(ContextWindowExceeded, match="the context window has 405"):
        talk.ask("three")
    assert len(peer.requests) == 2
    assert len(talk.turns) == 2


def test_the_oldest_turns_are_omitted_and_stay_omitted(peer: Peer) -> None:
    peer.script = counting()
    talk = session(peer, window=605, model="mine", overflow="drop-oldest")
    prompts = ["one", "two", "three", "four", "five"]
    answers = [talk.ask(prompt) for prompt in prompts]
    sent = [said(seen)[::2] for seen in peer.requests]
    assert sent[:3] == [prompts[:1], prompts[:2], prompts[:3]]
    assert sent[3][-1] == "four"
    assert sent[3] == prompts[4 - len(sent[3]) : 4]
    assert len(sent[3]) < 4
    assert any("not sent: the context window of mine is full" in note for note in answers[3].notes)
    assert [turn.omitted_turns for turn in talk.turns][:4] == [0, 0, 0, 4 - len(sent[3])]
    assert len(talk.turns) == 5


def test_rounds_of_tool_calls_are_never_split(peer: Peer) -> None:
    peer.script = calling(Usage(300, 100))
    talk = Session(base_url=f"{peer.url}/v1", system="none", tools=[clock(peer)], max_steps=2)
    talk.ask("one")
    talk.ask("two")
    talk.ask("three", window=420, overflow="drop-oldest")
    last = peer.requests[-1].body["messages"]
    assert last[0]["role"] == "user"
    assert not find_fault(peer.requests[-1].body, "openai")
    assert talk.turns[-1].omitted_turns > 0


def test_the_oldest_turns_are_sent_as_a_summary_by_the_model(peer: Peer) -> None:
    peer.script = counting()
    talk = session(peer, window=605, model="mine", overflow="summarize")
    answers = [talk.ask(prompt) for prompt in ("one", "two", "three", "four")]
    asked, sent = peer.requests[3:5]
    assert said(asked)[-1] == SUMMARY_PROMPT
    left_out = talk.turns[-1].omitted_turns
    assert said(asked)[:-1:2] == ["one", "two", "three"][:left_out]
    assert said(sent)[0] == f"{SUMMARY_PREFIX}In short."
    assert said(sent)[-1] == "four"
    assert not find_fault(sent.body, "openai")
    assert talk.turns[-1].summary == "In short."
    assert any("sent as a summary" in note for note in answers[3].notes)
    assert talk.turns[-1].usage == Usage(
        100 * (len(asked.body["messages"]) + len(sent.body["messages"])), 200
    )
    talk.ask("five", window=1_200)
    assert said(peer.requests[-1])[::2] == ["one", "two", "three", "four", "five"]


def test_the_output_limit_fits_into_the_window(peer: Peer) -> None:
    peer.script = counting()
    talk = session(peer, window=1_000, model="mine", max_tokens=900)
    talk.ask("one")
    talk.ask("two")
    bounds = [seen.body["max_tokens"] for seen in peer.requests]
    assert bounds[0] == 900
    assert 700 < bounds[1] < 800


# What a model cannot take


def test_images_are_omitted_for_a_model_without_image_input(peer: Peer) -> None:
    talk = session(peer)
    talk.ask([TextPart("What is this?"), PICTURE], model="mimo-v2-omni")
    answer = talk.ask("And now?", model="mimo-v2-flash")
    talk.ask("And again?", model="mimo-v2.6-pro")
    assert "image_url" in json.dumps(said(peer.requests[0]))
    assert "image_url" not in json.dumps(said(peer.requests[1]))
    assert "image_url" in json.dumps(said(peer.requests[2]))
    assert any("mimo-v2-flash does not accept images" in note for note in answer.notes)


def test_an_image_without_text_is_a_valid_prompt(peer: Peer) -> None:
    session(peer).ask([PICTURE], model="mimo-v2-omni")
    session(peer).ask([PICTURE], model="mimo-v2-flash")
    assert [find_fault(seen.body, seen.api) for seen in peer.requests] == ["", ""]
