"""The values: frozen, equal by content, with short ways to what is asked most."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import get_args

import pytest

from mimo_magics import messages
from mimo_magics.messages import (
    AudioPart,
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
    system,
    user,
)

CALL = ToolCall("call_1", "tide", "{}")
SAID = Message(
    "assistant", (ReasoningPart("Hm, "), TextPart("He"), ReasoningPart("yes."), TextPart("llo"), CALL)
)


def test_a_message_joins_its_parts_of_one_kind():
    assert (SAID.text, SAID.reasoning, SAID.tool_calls) == ("Hello", "Hm, yes.", (CALL,))


def test_a_message_without_parts_has_nothing():
    empty = Message("user")
    assert (empty.text, empty.reasoning, empty.tool_calls, empty.parts) == ("", "", (), ())


def test_a_tool_result_is_no_text():
    assert Message("tool", (ToolResult("call_1", "tide", "high at noon"),)).text == ""


def test_prompts_and_system_messages_are_built_from_text():
    assert user("Hi") == Message("user", (TextPart("Hi"),))
    assert system("Be brief.") == Message("system", (TextPart("Be brief."),))


def test_a_reply_gives_what_its_message_gives_and_prints_as_its_text():
    reply = Reply(SAID)
    assert (reply.text, reply.reasoning, reply.tool_calls) == ("Hello", "Hm, yes.", (CALL,))
    assert str(reply) == "Hello"


def test_an_empty_reply_is_an_assistant_who_said_nothing_yet():
    assert Reply() == Reply(Message("assistant"), None, None, "", "", (), (), None)


def test_usages_add_up():
    assert Usage(1, 2, 3, 4) + Usage(10, 20, 30, 40) == Usage(11, 22, 33, 44)
    assert Usage() + Usage() == Usage(0, 0, 0, 0)


def test_equal_content_is_an_equal_value():
    assert Message("user", (TextPart("Hi"),)) == user("Hi")
    assert hash(SAID) == hash(Message("assistant", SAID.parts))
    assert TextPart("Hi") != ReasoningPart("Hi")


def test_what_is_not_set_is_none_or_empty():
    assert Params("m") == Params("m", None, None, None, (), None, None, None, None, None, {})
    assert Request((), Params("m")) == Request((), Params("m"), (), stream=True)
    assert Tool("clock") == Tool("clock", "", {"type": "object", "properties": {}})
    assert Timing() == Timing(None, None, 0.0)


def test_no_two_values_share_a_default_that_can_change():
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


def test_every_part_says_its_kind():
    assert {part: part.type for part in get_args(Part)} == {
        TextPart: "text",
        ReasoningPart: "reasoning",
        ImagePart: "image",
        AudioPart: "audio",
        ToolCall: "tool_call",
        ToolResult: "tool_result",
    }
