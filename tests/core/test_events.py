"""Events, and the accumulator that folds them into a reply."""

import asyncio
import json
from typing import get_args

import pytest

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.events import (
    Accumulator,
    Annotations,
    Approval,
    AudioDelta,
    Event,
    ModelPreparation,
    Note,
    Notice,
    PendingApproval,
    PromptContext,
    ReasoningDelta,
    ReplyEnded,
    ResponseRestarted,
    ResponseStarted,
    ResultExpected,
    ResultItem,
    Retrying,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
    UsageUpdate,
)
from mimo_magics.core.messages import (
    Annotation,
    ContextPart,
    Message,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    ToolResult,
    Usage,
)
from mimo_magics.core.run_progress import RunProgress
from mimo_magics.core.serialization import to_dict

HARBOUR, TIDES = Annotation("https://example.org/harbour"), Annotation("https://example.org/tides")
EVERY_EVENT = (
    ModelPreparation("mimo-small.gguf", 1, 2),
    Retrying(2, 5, 0.5, "busy"),
    ResponseStarted("r1", "mimo-v2-pro"),
    AudioDelta("c291bmQ="),
    Annotations((HARBOUR,)),
    Annotations((TIDES,)),
    Note("one page was slow"),
    Note("another failed"),
    Notice("Asked again."),
    Notice("Kept."),
    PromptContext((ContextItem(ContextPart("1", "n")),)),
    ResultExpected({"type": "object"}),
    TextDelta("Half of an ans"),
    ToolCallStart(0, "call_0", "clock"),
    ResponseRestarted("r2", "mimo-v2-pro"),
    ReasoningDelta("Hm, "),
    ReasoningDelta("yes."),
    TextDelta("Hel"),
    ResultItem({"name": "Kyoto"}),
    TextDelta("lo"),
    ToolCallStart(0, "call_1", "tide"),
    ToolCallDelta(0, "{"),
    ToolCallDelta(0, "}"),
    ToolProgress(0, "running"),
    ToolProgress(0, "done", ToolResult("call_1", "tide", "high", seconds=0.5)),
    UsageUpdate(Usage(1, 1)),
    Stopped("tool_calls"),
    UsageUpdate(Usage(9, 5, 4, 2)),
    ReplyEnded(),
    RunProgress(),
)


def folded(*events):
    accumulator = Accumulator()
    for event in events:
        accumulator.feed(event)
    return accumulator.reply


def parts(*events):
    return folded(*events).message.parts


def test_every_event_becomes_part_of_the_reply():
    assert {type(event) for event in EVERY_EVENT} == set(get_args(Event))
    assert folded(*EVERY_EVENT) == Reply(
        Message(
            "assistant",
            (
                ReasoningPart("Hm, yes."),
                TextPart("Hello"),
                ToolCall("call_1", "tide", "{}"),
                ToolResult("call_1", "tide", "high", seconds=0.5),
            ),
        ),
        Usage(9, 5, 4, 2),
        "tool_calls",
        "mimo-v2-pro",
        "r2",
        (HARBOUR, TIDES),
        ("one page was slow", "another failed"),
    )


def test_notices_are_collected_outside_the_reply():
    accumulator = Accumulator()
    for event in EVERY_EVENT:
        accumulator.feed(event)
    assert accumulator.notices == ("Asked again.", "Kept.")


def test_no_events_give_an_empty_reply():
    assert folded() == Reply()


def test_a_reply_read_early_does_not_change_later():
    accumulator = Accumulator()
    accumulator.feed(TextDelta("Hel"))
    early = accumulator.reply
    accumulator.feed(TextDelta("lo"))
    accumulator.feed(Stopped("end"))
    assert early == Reply(Message("assistant", (TextPart("Hel"),)))
    assert accumulator.reply == Reply(Message("assistant", (TextPart("Hello"),)), stop="end")


def test_reading_after_each_event_does_not_change_the_reply():
    accumulator = Accumulator()
    for event in EVERY_EVENT:
        accumulator.feed(event)
        assert accumulator.reply == accumulator.reply
    assert accumulator.reply == folded(*EVERY_EVENT)


def test_preparation_and_retries_are_not_part_of_the_reply():
    assert folded(ModelPreparation("a"), Retrying(2, 5, 1.0, "busy")) == Reply()


def test_parts_have_the_order_of_their_first_deltas():
    assert parts(
        TextDelta("a"), ReasoningDelta("b"), TextDelta("c"), ToolCallStart(0, "i", "n"), TextDelta("d")
    ) == (TextPart("a"), ReasoningPart("b"), TextPart("c"), ToolCall("i", "n"), TextPart("d"))


def test_each_response_numbers_its_calls_from_zero():
    first, second = ToolResult("i", "n", "one"), ToolCall("j", "m", "{}")
    assert parts(
        ToolCallStart(0, "i", "n"),
        ToolProgress(0, "done", first),
        ResponseStarted("r2", "mimo"),
        ToolCallStart(0, "j", "m"),
        ToolCallDelta(0, "{}"),
    ) == (ToolCall("i", "n"), first, second)


def test_no_two_calls_of_a_reply_have_the_same_id():
    result = ToolResult("i", "n", "one")
    accumulator = Accumulator()
    for event in (
        ToolCallStart(0, "i", "n"),
        ToolProgress(0, "done", result),
        ResponseStarted("r2", "mimo"),
        ToolCallStart(1, "i", "n"),
        ToolCallStart(2, "", "n"),
        ToolCallStart(3, "call_2", "n"),
        ToolCallStart(4, "", ""),
    ):
        accumulator.feed(event)
    calls = [ToolCall("call_1", "n"), ToolCall("call_2", "n"), ToolCall("call_3", "n")]
    assert accumulator.reply.message.parts == (ToolCall("i", "n"), result, *calls)
    assert accumulator.open_calls == dict(enumerate(calls, 1))


CALL = ToolCall("i", "look", '{"path": "a"}')


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("decide", "approval"),
    [
        (lambda pending: pending.approve(), Approval(allowed=True)),
        (lambda pending: pending.approve(for_session=True), Approval(allowed=True, for_session=True)),
        (lambda pending: pending.refuse("late"), Approval(allowed=False, reason="late")),
    ],
)
async def test_a_pending_approval_is_decided_once_and_from_any_thread(decide, approval):
    pending = PendingApproval(CALL)
    for each in (decide, PendingApproval.approve, PendingApproval.refuse):
        await asyncio.to_thread(each, pending)
    assert await pending.wait_for_decision() == approval
    assert pending.call == CALL


@pytest.mark.anyio
async def test_a_pending_approval_is_refused_when_its_time_is_over():
    pending = PendingApproval(CALL)
    assert await pending.wait_for_decision(0.01) == Approval(allowed=False, is_timeout=True)
    pending.approve()
    assert await pending.wait_for_decision() == Approval(allowed=False, is_timeout=True)


@pytest.mark.anyio
async def test_a_decision_in_time_is_not_replaced_by_the_timeout():
    pending = PendingApproval(CALL)
    pending.approve()
    assert await pending.wait_for_decision(0.0) == Approval(allowed=True)


@pytest.mark.anyio
async def test_a_decision_after_the_turn_is_over_has_no_effect():
    pending = PendingApproval(CALL)
    waiting = asyncio.ensure_future(pending.wait_for_decision())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    pending.approve()


def test_a_signature_ends_a_reasoning_part():
    assert parts(
        ReasoningDelta("One."), ReasoningDelta("", "sig1"), ReasoningDelta("Two."), ReasoningDelta("", "sig2")
    ) == (ReasoningPart("One.", "sig1"), ReasoningPart("Two.", "sig2"))


def test_an_empty_signature_does_not_end_a_part():
    assert parts(ReasoningDelta("One. "), ReasoningDelta("", ""), ReasoningDelta("Two.")) == (
        ReasoningPart("One. Two."),
    )


def test_signed_and_unsigned_parts_stay_separate():
    assert parts(ReasoningDelta("One.", "sig"), ReasoningDelta("Two."), TextDelta("Hi")) == (
        ReasoningPart("One.", "sig"),
        ReasoningPart("Two."),
        TextPart("Hi"),
    )


def test_a_signature_without_text_is_kept():
    assert parts(ReasoningDelta("", "sig")) == (ReasoningPart("", "sig"),)


def test_the_first_nonempty_id_and_name_are_used():
    assert parts(
        ToolCallStart(0),
        ToolCallStart(0, "call_1", ""),
        ToolCallStart(0, "", "tide"),
        ToolCallStart(0, "call_2", "clock"),
        ToolCallDelta(0, "{}"),
    ) == (ToolCall("call_1", "tide", "{}"),)


def test_arguments_can_precede_the_name():
    assert parts(ToolCallDelta(0, '{"a"'), ToolCallStart(0, "call_1", "tide"), ToolCallDelta(0, ": 1}")) == (
        ToolCall("call_1", "tide", '{"a": 1}'),
    )


def test_deltas_of_parallel_calls_may_alternate():
    assert parts(
        ToolCallStart(1, "b", "clock"),
        ToolCallStart(0, "a", "tide"),
        ToolCallDelta(0, "{"),
        ToolCallDelta(1, "["),
        ToolCallDelta(0, "}"),
        ToolCallDelta(1, "]"),
    ) == (ToolCall("b", "clock", "[]"), ToolCall("a", "tide", "{}"))


def test_a_call_without_an_id_gets_a_generated_id():
    assert parts(ToolCallStart(0, "", "tide"), ToolCallStart(3, "", "clock")) == (
        ToolCall("call_0", "tide"),
        ToolCall("call_1", "clock"),
    )


def test_a_call_without_a_name_is_dropped():
    assert parts(ToolCallStart(0, "call_1", ""), ToolCallDelta(0, "{}"), TextDelta("Hi")) == (TextPart("Hi"),)


def test_parts_without_content_are_dropped():
    assert parts(TextDelta(""), ReasoningDelta(""), TextDelta("")) == ()


def test_the_latest_start_usage_and_stop_reason_are_used():
    assert folded(
        ResponseStarted("r1", "a"),
        ResponseStarted("r2", "b"),
        UsageUpdate(Usage(1)),
        UsageUpdate(Usage(2)),
        Stopped("cut"),
        Stopped("end"),
    ) == Reply(usage=Usage(2), stop="end", model="b", id="r2")


@pytest.mark.parametrize(
    ("event", "part"),
    [
        (TextDelta, TextPart("a🌊b")),
        (ReasoningDelta, ReasoningPart("a🌊b")),
        (lambda piece: ToolCallDelta(0, piece), ToolCall("i", "n", "a🌊b")),
    ],
)
def test_a_surrogate_pair_in_two_deltas_is_joined(event, part):
    start = [ToolCallStart(0, "i", "n")] if isinstance(part, ToolCall) else []
    assert parts(*start, event("a\ud83c"), event("\udf0ab")) == (part,)


def test_half_a_surrogate_pair_is_a_replacement_character_until_the_other_half_arrives():
    accumulator = Accumulator()
    accumulator.feed(TextDelta("a\ud83c"))
    assert accumulator.reply.text == "a\ufffd"
    accumulator.feed(TextDelta("\udf0a"))
    assert accumulator.reply.text == "a🌊"


def test_unpaired_surrogates_are_replaced_one_by_one():
    assert parts(TextDelta("\udf0a潮\ud83c")) == (TextPart("\ufffd潮\ufffd"),)


HALF = "a\ud83c"  # A server that splits its strings by UTF-16 units sends lone surrogates.


@pytest.mark.parametrize(
    "event",
    [
        ResponseStarted(HALF, ""),
        ResponseStarted("", HALF),
        ReasoningDelta("Hm.", HALF),
        ToolCallStart(0, HALF, "tide"),
        ToolCallStart(0, "call_1", HALF),
        Annotations((Annotation("https://example.org", summary=HALF),)),
        Note(HALF),
        Stopped(HALF),
    ],
    ids=["id", "model", "signature", "call id", "call name", "annotation", "note", "stop"],
)
def test_a_reply_with_a_lone_surrogate_can_be_encoded_as_utf8(event):
    """Notebooks and requests are UTF-8, so a lone surrogate would break the save or the next turn."""
    assert json.dumps(to_dict(folded(event)), ensure_ascii=False).encode()
