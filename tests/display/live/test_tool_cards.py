"""Groups of reasoning and tool calls in the live view, by the messages to the page."""

from __future__ import annotations

import asyncio
import html
import re
from itertools import groupby

import pytest
from support.deceptive_arguments import DECEPTIVE, IDS, DeceptiveArguments
from support.live_views import CLOCK, create_view, feed_view
from support.widget_page import PageConnection

from mimo_magics.core.events import (
    Approval,
    PendingApproval,
    ReasoningDelta,
    ResponseStarted,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
)
from mimo_magics.core.messages import ToolCall, ToolResult
from mimo_magics.document.approval_text import arguments_text, more_text


def test_reasoning_is_unfolded_while_it_grows_and_folded_when_text_begins(wire: PageConnection) -> None:
    feed_view(create_view(), ReasoningDelta("Hm, "), ReasoningDelta("yes."))
    heading = wire.find("ToggleButtonModel", "Thinking… 0 s")
    assert wire.states[heading]["value"] is True
    assert "<p>Hm, yes.</p>\n" in wire.values()


def test_a_folded_group_shows_its_summary(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, ReasoningDelta("Hm."), TextDelta("Yes."))
    heading = wire.find("ToggleButtonModel", "Reasoning · ")
    assert wire.states[heading]["value"] is False
    assert shown.open_groups == frozenset()


@pytest.mark.parametrize("is_open", [True, False])
def test_a_group_that_the_user_folds_or_unfolds_stays_so(wire: PageConnection, is_open: bool) -> None:
    shown = create_view()
    feed_view(shown, ReasoningDelta("Hm."))
    wire.update(wire.find("ToggleButtonModel", "Thinking"), {"value": False})
    if is_open:
        wire.update(wire.find("ToggleButtonModel", "Thinking"), {"value": True})
    feed_view(shown, ReasoningDelta(" And."), TextDelta("Yes."))
    assert wire.states[wire.find("ToggleButtonModel", "Reasoning")]["value"] is is_open
    assert shown.open_groups == (frozenset([0]) if is_open else frozenset())


def test_a_tool_call_is_shown_from_its_name_to_its_result(wire: PageConnection) -> None:
    shown = create_view()
    result = ToolResult("i", "clock", "<b>12:00</b>", seconds=1.25)
    states = []
    for event in (
        ToolCallStart(0, "i", "clock"),
        ToolCallDelta(0, '{"zone": "U'),
        ToolCallDelta(0, 'TC"}'),
        ToolProgress(0, "waiting", approval=PendingApproval(CLOCK)),
        ToolProgress(0, "approved"),
        ToolProgress(0, "running"),
        ToolProgress(0, "done", result),
    ):
        feed_view(shown, event)
        states.append(wire.states[wire.find("ToggleButtonModel", "clock(")]["description"])
    assert states[:3] == ["clock()", 'clock(zone="U")', 'clock(zone="UTC")']
    small = [value for value in wire.values() if value.startswith("<small>") and len(value) > 15]
    shown_states = [
        state for state, _ in groupby(re.sub(r"running · \d+ s", "running", each) for each in small)
    ]
    assert shown_states == [
        f"<small>{state}</small>"
        for state in ("waiting for your approval", "approved", "running", "done · 1.2 s")
    ]
    assert "&lt;b&gt;12:00&lt;/b&gt;" in wire.values()[-1] or any("12:00" in value for value in wire.values())
    assert not any("<b>" in value for value in wire.values())


def test_consecutive_calls_and_reasoning_are_one_group(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(
        shown,
        ReasoningDelta("Hm."),
        ToolCallStart(0, "i", "clock"),
        ToolProgress(0, "done", ToolResult("i", "clock", "12")),
        ResponseStarted("2"),
        ReasoningDelta("So."),
        TextDelta("Noon."),
    )
    headings = [
        re.sub(r"\d\.\d s", "N s", state["description"])
        for state in wire.states.values()
        if state.get("_model_name") == "ToggleButtonModel"
    ]
    assert headings == ["Reasoning · N s · called clock", "clock()"]


CALL = (ToolCallStart(0, "i", "clock"), ToolCallDelta(0, '{"zone": "UTC"}'))


@pytest.mark.parametrize(
    ("button", "approval"),
    [
        ("Approve", Approval(allowed=True)),
        ("Approve for this session", Approval(allowed=True, for_session=True)),
        ("Refuse", Approval(allowed=False, reason="not today")),
    ],
)
def test_a_waiting_call_shows_its_arguments_and_the_user_decides(
    wire: PageConnection, button: str, approval: Approval
) -> None:
    pending = PendingApproval(CLOCK)
    shown = create_view()
    feed_view(shown, *CALL, ToolProgress(0, "waiting", approval=pending))
    assert wire.states[wire.find("ToggleButtonModel", "clock(")]["value"] is True
    assert any("&quot;zone&quot;: &quot;UTC&quot;" in value for value in wire.values())
    (reason,) = [id_ for id_, state in wire.states.items() if state["_model_name"] == "TextModel"]
    wire.update(reason, {"value": "not today"})
    content = {"data": {"method": "custom", "content": {"event": "click"}}}
    (pressed,) = [id_ for id_, state in wire.states.items() if state.get("description") == button]
    wire.comms[pressed].handle_msg({"content": content, "buffers": []})
    assert asyncio.run(pending.wait_for_decision()) == approval
    feed_view(shown, ToolProgress(0, "approved"))
    assert wire.states[wire.find("ToggleButtonModel", "clock(")]["value"] is False


def waiting(wire: PageConnection, arguments: str) -> PendingApproval:
    pending = PendingApproval(ToolCall("i", "shell", arguments))
    feed_view(
        create_view(),
        ToolCallStart(0, "i", "shell"),
        ToolCallDelta(0, arguments),
        ToolProgress(0, "waiting", approval=pending),
    )
    return pending


@pytest.mark.parametrize("deceptive", DECEPTIVE, ids=IDS)
def test_deceptive_arguments_are_shown_whole_before_the_decision(
    wire: PageConnection, deceptive: DeceptiveArguments
) -> None:
    waiting(wire, deceptive.text)
    full_text = arguments_text(deceptive.text)
    approve = wire.find("ButtonModel", "Approve")
    assert wire.states[approve]["disabled"] is deceptive.is_long
    assert wire.states[wire.find("ToggleButtonModel", "shell")]["description"] == "shell(…)"
    if deceptive.is_long:
        wire.press(more_text(full_text.removeprefix(shown_text(wire))))
    assert wire.states[approve]["disabled"] is False
    assert shown_text(wire) == full_text


def shown_text(wire: PageConnection) -> str:
    """Return the text of the newest card. It contains only the elements of the card."""
    tag = re.compile(r"</?(?:pre|code|bdi)\b[^>]*>")
    box = next(value for value in reversed(wire.values()) if "<pre" in value)
    text = tag.sub("", box)
    assert "<" not in text
    return html.unescape(text)


def test_right_to_left_words_stay_in_the_order_of_the_call(wire: PageConnection) -> None:
    waiting(wire, '{"cmd": "cp \u05d0\u05d1 \u05d2\u05d3/12"}')
    assert "cp <bdi>\u05d0\u05d1</bdi> <bdi>\u05d2\u05d3</bdi>/12" in wire.values()[-1]


def test_all_arguments_are_shown_before_an_approval(wire: PageConnection) -> None:
    waiting(wire, '{"cmd": "ls' + " " * 200 + '; rm -rf ~\u202e"}')
    (shown,) = [value for value in wire.values() if "rm -rf" in value and "<pre" in value]
    assert "ls⟨spaces: 200⟩; rm -rf ~⟨U+202E⟩" in shown
    assert "white-space: pre-wrap" in shown
    assert "max-height" not in shown
    assert any("mimo-waiting" in state.get("_dom_classes", ()) for state in wire.states.values())


async def decided(pending: PendingApproval) -> Approval:
    return await pending.wait_for_decision()


def test_long_arguments_must_be_shown_before_an_approval(wire: PageConnection) -> None:
    pending = waiting(wire, '{"cmd": "' + "x" * 4_000 + '; rm"}')
    approve = wire.states[wire.find("ButtonModel", "Approve")]
    assert (approve["disabled"], wire.values()[-1].count("x") < 4_000) == (True, True)
    wire.press("2,497 more characters")
    assert wire.states[wire.find("ButtonModel", "2,497 more characters shown")]["disabled"] is True
    assert wire.states[wire.find("ButtonModel", "Approve")]["disabled"] is False
    assert "; rm" in wire.values()[-1]
    wire.press("Approve")
    assert asyncio.run(decided(pending)).allowed


def test_the_buttons_are_sent_after_the_arguments(wire: PageConnection) -> None:
    """In this order, no button can be clicked before the page shows the arguments."""
    waiting(wire, '{"cmd": "' + "x" * 4_000 + '; rm"}')
    wire.press("2,497 more characters")
    states = [data["state"] for kind, _, data in wire.messages if kind != "comm_close"]
    first = next(n for n, state in enumerate(states) if "xxx" in str(state.get("value")))
    shown = next(n for n, state in enumerate(states) if "; rm" in str(state.get("value")))
    row = next(n for n, state in enumerate(states) if "mimo-ask" in state.get("_dom_classes", ()))
    enabled = next(n for n, state in enumerate(states) if state.get("disabled") is False and n > row)
    assert first < row < shown < enabled


def test_two_calls_with_the_same_id_are_decided_separately(wire: PageConnection) -> None:
    shown = create_view()
    pending = [PendingApproval(ToolCall("c1", "shell", f'{{"cmd": "{cmd}"}}')) for cmd in ("ls", "rm -rf /")]
    for index, each in enumerate(pending):
        feed_view(shown, ToolCallStart(index, "c1", "shell"), ToolCallDelta(index, each.call.arguments))
    feed_view(shown, ToolProgress(0, "waiting", approval=pending[0]))
    assert shown_text(wire) == '{\n  "cmd": "ls"\n}'
    wire.press("Approve")
    assert asyncio.run(decided(pending[0])).allowed
    feed_view(shown, ToolProgress(0, "approved"), ToolProgress(1, "waiting", approval=pending[1]))
    assert shown_text(wire) == '{\n  "cmd": "rm -rf /"\n}'
    wire.press("Refuse")
    assert not asyncio.run(decided(pending[1])).allowed
