"""Messages, replies and usage: frozen values, equal by content, with properties for common access."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import get_args

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core import messages
from mimo_magics.core.messages import (
    AudioPart,
    ContextPart,
    ImagePart,
    Message,
    Params,
    Part,
    ReasoningPart,
    Reply,
    Request,
    TextPart,
    Timing,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    VideoPart,
    join_texts,
    system_message,
    user_message,
    with_unique_ids,
)

CALL = ToolCall("call_1", "tide", "{}")
MESSAGE_WITH_CALL = Message(
    "assistant", (ReasoningPart("Hm, "), TextPart("He"), ReasoningPart("yes."), TextPart("llo"), CALL)
)


def test_a_message_joins_the_parts_of_each_kind():
    assert (MESSAGE_WITH_CALL.text, MESSAGE_WITH_CALL.reasoning, MESSAGE_WITH_CALL.tool_calls) == (
        "Hello",
        "Hm, yes.",
        (CALL,),
    )


def test_a_message_without_parts_is_empty():
    empty = Message("user")
    assert (empty.text, empty.reasoning, empty.tool_calls, empty.parts) == ("", "", (), ())


def test_a_tool_result_is_not_text():
    assert Message("tool", (ToolResult("call_1", "tide", "high at noon"),)).text == ""


def test_prompts_and_system_messages_are_built_from_text():
    assert user_message("Hi") == Message("user", (TextPart("Hi"),))
    assert system_message("Be brief.") == Message("system", (TextPart("Be brief."),))


def test_a_reply_has_the_properties_of_its_message_and_prints_as_its_text():
    reply = Reply(MESSAGE_WITH_CALL)
    assert (reply.text, reply.reasoning, reply.tool_calls) == ("Hello", "Hm, yes.", (CALL,))
    assert str(reply) == "Hello"


def test_an_empty_reply_has_an_empty_assistant_message():
    assert Reply() == Reply(Message("assistant"), None, None, "", "", (), (), None)


def test_usages_can_be_added():
    assert Usage(1, 2, 3, 4) + Usage(10, 20, 30, 40) == Usage(11, 22, 33, 44)
    assert Usage() + Usage() == Usage(0, 0, 0, 0)


def test_values_with_equal_content_are_equal():
    assert Message("user", (TextPart("Hi"),)) == user_message("Hi")
    assert hash(MESSAGE_WITH_CALL) == hash(Message("assistant", MESSAGE_WITH_CALL.parts))
    assert TextPart("Hi") != ReasoningPart("Hi")


def test_unset_fields_are_none_or_empty():
    assert Params("m") == Params("m", None, None, None, (), None, None, None, None, None, {})
    assert Request((), Params("m")) == Request((), Params("m"), (), stream=True)
    assert Tool("clock") == Tool("clock", "", {"type": "object", "properties": {}})
    assert Timing() == Timing(None, None, 0.0)


def test_no_two_values_share_a_mutable_default():
    assert Params("m").extra is not Params("m").extra
    assert Tool("t").parameters is not Tool("t").parameters


VALUES = [value for value in vars(messages).values() if is_dataclass(value)]


@pytest.mark.parametrize("kind", VALUES)
def test_every_value_is_frozen_and_has_slots(kind):
    assert "__slots__" in vars(kind)
    blank = object.__new__(kind)
    for field in fields(kind):
        with pytest.raises(FrozenInstanceError):
            setattr(blank, field.name, None)


def test_every_part_has_its_kind():
    assert {part: part.type for part in get_args(Part)} == {
        TextPart: "text",
        ContextPart: "context",
        ReasoningPart: "reasoning",
        ImagePart: "image",
        AudioPart: "audio",
        VideoPart: "video",
        ToolCall: "tool_call",
        ToolResult: "tool_result",
    }


def test_consecutive_texts_of_a_prompt_are_sent_as_one():
    image = ImagePart("https://example.org/a.png")
    parts = (TextPart("a "), ContextPart("b", "x"), image, ContextPart("c"), image)
    assert tuple(join_texts(parts)) == (TextPart("a b"), image, TextPart("c"), image)


def test_a_context_part_has_its_size_and_a_label():
    assert ContextPart("今\ud800", "df", detail="3 x 2").label == "df 3 x 2"
    assert ContextPart("今\ud800", detail="3 x 2").label == "3 x 2"
    assert ContextPart("今\ud800").size == 6


def test_one_result_belongs_to_one_call():
    first, second = ToolCall("i", "look", '{"path": "a"}'), ToolCall("i", "look", '{"path": "b"}')
    message = Message("assistant", (first, second, ToolResult("i", "look", "content of a")))
    assert message.open_calls == (second,)


def calls_of(*ids: str) -> Message:
    return Message("assistant", tuple(ToolCall(id_, "look") for id_ in ids))


def results_of(*ids: str) -> Message:
    return Message("tool", tuple(ToolResult(id_, "look", str(n)) for n, id_ in enumerate(ids)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([calls_of("a", "b"), results_of("a", "b")], [calls_of("a", "b"), results_of("a", "b")]),
        ([calls_of("a", "a"), results_of("a", "a")], [calls_of("a", "call_1"), results_of("a", "call_1")]),
        (
            [calls_of("", ""), results_of("", "")],
            [calls_of("call_0", "call_1"), results_of("call_0", "call_1")],
        ),
        (
            [calls_of("a"), results_of("a"), user_message("next"), calls_of("a"), results_of("a")],
            [calls_of("a"), results_of("a"), user_message("next"), calls_of("call_1"), results_of("call_1")],
        ),
        (
            [calls_of("a", "call_2"), results_of("call_2", "a"), calls_of("a"), results_of("a")],
            [calls_of("a", "call_2"), results_of("call_2", "a"), calls_of("call_3"), results_of("call_3")],
        ),
    ],
)
def test_call_ids_in_a_request_are_unique_and_match_their_results(before, after):
    assert list(with_unique_ids(before)) == after


@given(st.lists(st.lists(st.sampled_from(["", "a", "call_0", "call_1"]), min_size=1, max_size=4), max_size=5))
def test_ids_are_unique_for_any_ids_of_the_server(rounds):
    messages = [message for ids in rounds for message in (calls_of(*ids), results_of(*ids))]
    unique = list(with_unique_ids(messages))
    calls, results = unique[::2], unique[1::2]
    ids = [part.id for message in calls for part in message.parts]
    assert len(set(ids)) == len(ids)
    assert "" not in ids
    assert [[part.id for part in message.parts] for message in results] == [
        [part.id for part in message.parts] for message in calls
    ]
    assert list(with_unique_ids(unique)) == unique
