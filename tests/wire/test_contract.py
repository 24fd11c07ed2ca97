"""What both wire formats have in common: one contract, told in the words of each."""

from __future__ import annotations

import pytest
from support.decoded_streams import decode_body, decode_until_error, fold_events
from support.format_cases import FORMAT_CASES, FormatCase, assistant, every_format, reply

from mimo_magics.core.errors import ApiError
from mimo_magics.core.messages import (
    Message,
    Params,
    ReasoningPart,
    Request,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    user_message,
)
from mimo_magics.core.services import ServiceFields
from mimo_magics.wire.formats import FORMATS, decode_full

TIDE = ToolCall("call_1", "tide", '{"port": "Keelung"}')
CLOCK = ToolCall("call_2", "clock", "{}")


# What is sent


@every_format
def test_a_conversation_with_tools_goes_back_with_its_reasoning(dialect: FormatCase) -> None:
    results = Message("tool", (ToolResult("call_1", "tide", "high at noon"),))
    body = dialect.encode(
        user_message("Tide?"),
        assistant(ReasoningPart("Look."), TextPart("I look."), TIDE),
        results,
        assistant(ReasoningPart("So."), TextPart("At noon.")),
        user_message("Thanks."),
    )
    assert dialect.sent(body) == [
        ("user", None, "Tide?", (), ()),
        ("assistant", "Look.", "I look.", (("call_1", "tide", {"port": "Keelung"}),), ()),
        ("tool", None, "", (), (("call_1", "high at noon"),)),
        ("assistant", "So.", "At noon.", (), ()),
        ("user", None, "Thanks.", (), ()),
    ]


@every_format
def test_lost_reasoning_is_padded_before_calls_and_nowhere_else(dialect: FormatCase) -> None:
    calling, answering = dialect.encode(assistant(TIDE)), dialect.encode(assistant(TextPart("Hello.")))
    assert dialect.sent(calling) == [("assistant", " ", "", (("call_1", "tide", {"port": "Keelung"}),), ())]
    assert dialect.sent(answering) == [("assistant", None, "Hello.", (), ())]


@every_format
def test_a_service_that_does_not_want_it_gets_no_made_up_reasoning(dialect: FormatCase) -> None:
    fields = ServiceFields(pads_reasoning=False)
    request = Request((assistant(TIDE), assistant(ReasoningPart("Hm."), TIDE)), Params("m"), fields=fields)
    reasoning = [message[1] for message in dialect.sent(FORMATS[dialect.api].encode(request))]
    assert reasoning in ([None, "Hm."], ["Hm."])  # neighbors of one role are one message


@every_format
@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ("", {}),
        (" ", {}),
        ('{"path": "a"}', {"path": "a"}),
        ('{"path":"a', {"unreadable": '{"path":"a'}),
        ("null", {"unreadable": "null"}),
        ('["Rome"]', {"unreadable": '["Rome"]'}),
        ('{"a": NaN}', {"unreadable": '{"a": NaN}'}),
        ('{"a": 1}{"b": 2}', {"unreadable": '{"a": 1}{"b": 2}'}),
    ],
)
def test_arguments_go_back_as_an_object(dialect: FormatCase, arguments: str, sent: dict[str, str]) -> None:
    ((*_, calls, _),) = dialect.sent(dialect.encode(assistant(ToolCall("c", "look", arguments))))
    assert calls == (("c", "look", sent),)


@every_format
@pytest.mark.parametrize(
    ("name", "sent"),
    [("look", "look"), ("look.file<|x|>", "look_file__x__"), ("查", "_"), ("", "_"), ("a" * 100, "a" * 64)],
)
def test_the_name_of_a_call_goes_back_as_a_tool_can_have_it(
    dialect: FormatCase, name: str, sent: str
) -> None:
    ((*_, calls, _),) = dialect.sent(dialect.encode(assistant(ToolCall("c", name, "{}"))))
    assert calls == (("c", sent, {}),)


@every_format
def test_with_thinking_off_no_reasoning_is_sent(dialect: FormatCase) -> None:
    message = assistant(ReasoningPart("Hm."), TextPart("Hello."), TIDE)
    (sent,) = dialect.sent(dialect.encode(message, thinking=False))
    assert sent == ("assistant", None, "Hello.", (("call_1", "tide", {"port": "Keelung"}),), ())


@every_format
def test_an_empty_answer_and_an_empty_result_get_words_as_they_are_refused(dialect: FormatCase) -> None:
    silent = dialect.encode(assistant(ReasoningPart("All tokens went here.")), assistant())
    assert [sent[2] for sent in dialect.sent(silent)] in (
        ["(no answer)", "(no answer)"],
        ["(no answer)(no answer)"],  # neighbors of one role are one message
    )
    (result,) = dialect.sent(dialect.encode(Message("tool", (ToolResult("call_1", "tide", ""),))))
    assert result == ("tool", None, "", (), (("call_1", "(no output)"),))


@every_format
def test_a_tool_choice_without_tools_is_not_sent(dialect: FormatCase) -> None:
    prompt = user_message("Hello")
    assert "tool_choice" not in dialect.encode(prompt, tool_choice="auto")
    assert "tool_choice" in dialect.encode(prompt, tool_choice="auto", tools=(Tool("tide"),))


@every_format
def test_extra_fields_pass_untouched_and_win(dialect: FormatCase) -> None:
    body = dialect.encode(user_message("Hello"), temperature=1.0, extra={"temperature": 0.2, "seed": 7})
    assert (body["temperature"], body["seed"]) == (0.2, 7)


# What is made of a stream


@pytest.mark.parametrize(
    ("dialect", "word", "stop"),
    [(dialect, word, stop) for dialect in FORMAT_CASES for word, stop in dialect.stops.items()],
    ids=lambda value: getattr(value, "api", value),
)
def test_a_stop_reason_is_named_ours_or_passed_through(dialect: FormatCase, word: str, stop: str) -> None:
    assert dialect.read(dialect.text("Hi"), dialect.stop(word)) == reply(TextPart("Hi"), stop=stop)


@every_format
def test_parallel_calls_may_grow_in_turns(dialect: FormatCase) -> None:
    grown = dialect.read(
        *dialect.call(0, "call_1", "tide"),
        *dialect.call(1, "call_2", "clock"),
        dialect.arguments(0, '{"port": '),
        dialect.arguments(1, "{}"),
        dialect.arguments(0, '"Keelung"}'),
    )
    assert grown.tool_calls == (TIDE, CLOCK)


@every_format
def test_calls_of_one_id_or_of_none_are_calls_of_their_own(dialect: FormatCase) -> None:
    opened = [dialect.call(index, id_, "clock") for index, id_ in enumerate(["same", "same", "", ""])]
    calls = dialect.read(*(frame for frames in opened for frame in frames)).tool_calls
    assert [call.name for call in calls] == ["clock"] * 4
    assert (calls[0].id, len({call.id for call in calls}), all(call.id for call in calls)) == (
        "same",
        4,
        True,
    )


@every_format
def test_two_calls_at_one_index_are_two_calls(dialect: FormatCase) -> None:
    calls = dialect.read(
        *dialect.call(0, "a", "look"),
        dialect.arguments(0, '{"city": "Rome"}'),
        *dialect.call(0, "b", "look"),
        dialect.arguments(0, '{"city": "Oslo"}'),
    ).tool_calls
    assert calls == (
        ToolCall("a", "look", '{"city": "Rome"}'),
        ToolCall("b", "look", '{"city": "Oslo"}'),
    )


@every_format
def test_an_empty_object_gives_way_to_the_arguments(dialect: FormatCase) -> None:
    grown = dialect.read(
        *dialect.call(0, "a", "look"), dialect.arguments(0, "{}"), dialect.arguments(0, '{"city": "Rome"}')
    )
    assert grown.tool_calls == (ToolCall("a", "look", '{"city": "Rome"}'),)


@every_format
def test_broken_arguments_are_kept_as_they_came(dialect: FormatCase) -> None:
    read_reply = dialect.read(*dialect.call(0, "call_1", "tide"), dialect.arguments(0, '{"port": "Kee'))
    assert read_reply.tool_calls == (ToolCall("call_1", "tide", '{"port": "Kee'),)


@every_format
def test_null_fields_are_as_if_they_were_absent(dialect: FormatCase) -> None:
    word = next(iter(dialect.stops))
    assert dialect.read(dialect.null, dialect.text("Hi"), dialect.stop(word)) == reply(
        TextPart("Hi"), stop="end"
    )


@every_format
def test_an_error_frame_ends_a_stream_after_its_partial_text(dialect: FormatCase) -> None:
    stream = dialect.stream(dialect.start, dialect.text("Half"), dialect.error)
    assert decode_until_error(dialect.api, [stream]) == (
        reply(TextPart("Half")),
        "RateLimited: HTTP 429: Too many requests",
    )


# What is made of a whole reply


@every_format
def test_a_whole_reply_reads_as_a_stream_does(dialect: FormatCase) -> None:
    assert decode_body(dialect.api, dialect.whole("Hm.", "I look.", TIDE)) == reply(
        ReasoningPart("Hm."), TextPart("I look."), TIDE, stop="tool_calls"
    )


@every_format
@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            b'{"error": {"code": "401", "message": "Invalid API Key", "param": "Please provide valid API Key"}}',
            "HTTP 401: Invalid API Key: Please provide valid API Key",
        ),
        (
            b'{"type": "server_error", "message": "Upstream request failed: gone"}',
            "HTTP 500: Upstream request failed: gone",
        ),
    ],
)
def test_a_whole_reply_that_is_an_error_raises_it(dialect: FormatCase, body: bytes, line: str) -> None:
    with pytest.raises(ApiError, match=line):
        fold_events(decode_full(dialect.api, body))
