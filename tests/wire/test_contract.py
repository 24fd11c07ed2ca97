"""The contract of both wire formats, tested in the syntax of each."""

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


# Requests


@every_format
def test_a_history_with_tools_is_sent_back_with_its_reasoning(case: FormatCase) -> None:
    results = Message("tool", (ToolResult("call_1", "tide", "high at noon"),))
    body = case.encode(
        user_message("Tide?"),
        assistant(ReasoningPart("Look."), TextPart("I look."), TIDE),
        results,
        assistant(ReasoningPart("So."), TextPart("At noon.")),
        user_message("Thanks."),
    )
    assert case.sent(body) == [
        ("user", None, "Tide?", (), ()),
        ("assistant", "Look.", "I look.", (("call_1", "tide", {"port": "Keelung"}),), ()),
        ("tool", None, "", (), (("call_1", "high at noon"),)),
        ("assistant", "So.", "At noon.", (), ()),
        ("user", None, "Thanks.", (), ()),
    ]


@every_format
def test_missing_reasoning_is_padded_for_calls_only(case: FormatCase) -> None:
    call_body, reply_body = case.encode(assistant(TIDE)), case.encode(assistant(TextPart("Hello.")))
    assert case.sent(call_body) == [("assistant", " ", "", (("call_1", "tide", {"port": "Keelung"}),), ())]
    assert case.sent(reply_body) == [("assistant", None, "Hello.", (), ())]


@every_format
def test_other_services_get_no_placeholder_reasoning(case: FormatCase) -> None:
    fields = ServiceFields(pads_reasoning=False)
    request = Request((assistant(TIDE), assistant(ReasoningPart("Hm."), TIDE)), Params("m"), fields=fields)
    reasoning = [message[1] for message in case.sent(FORMATS[case.api].encode(request))]
    assert reasoning in ([None, "Hm."], ["Hm."])  # Adjacent messages of one role are one message.


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
def test_arguments_are_sent_back_as_an_object(case: FormatCase, arguments: str, sent: dict[str, str]) -> None:
    ((*_, calls, _),) = case.sent(case.encode(assistant(ToolCall("c", "look", arguments))))
    assert calls == (("c", "look", sent),)


@every_format
@pytest.mark.parametrize(
    ("name", "sent"),
    [("look", "look"), ("look.file<|x|>", "look_file__x__"), ("查", "_"), ("", "_"), ("a" * 100, "a" * 64)],
)
def test_an_invalid_tool_name_is_sent_back_as_a_valid_one(case: FormatCase, name: str, sent: str) -> None:
    ((*_, calls, _),) = case.sent(case.encode(assistant(ToolCall("c", name, "{}"))))
    assert calls == (("c", sent, {}),)


@every_format
def test_with_thinking_off_no_reasoning_is_sent(case: FormatCase) -> None:
    message = assistant(ReasoningPart("Hm."), TextPart("Hello."), TIDE)
    (sent,) = case.sent(case.encode(message, thinking=False))
    assert sent == ("assistant", None, "Hello.", (("call_1", "tide", {"port": "Keelung"}),), ())


@every_format
def test_an_empty_reply_and_an_empty_result_get_placeholders(case: FormatCase) -> None:
    silent = case.encode(assistant(ReasoningPart("All tokens went here.")), assistant())
    assert [sent[2] for sent in case.sent(silent)] in (
        ["(no answer)", "(no answer)"],
        ["(no answer)(no answer)"],  # Adjacent messages of one role are one message.
    )
    (result,) = case.sent(case.encode(Message("tool", (ToolResult("call_1", "tide", ""),))))
    assert result == ("tool", None, "", (), (("call_1", "(no output)"),))


@every_format
def test_a_tool_choice_without_tools_is_not_sent(case: FormatCase) -> None:
    prompt = user_message("Hello")
    assert "tool_choice" not in case.encode(prompt, tool_choice="auto")
    assert "tool_choice" in case.encode(prompt, tool_choice="auto", tools=(Tool("tide"),))


@every_format
def test_extra_fields_are_sent_unchanged_and_take_precedence(case: FormatCase) -> None:
    body = case.encode(user_message("Hello"), temperature=1.0, extra={"temperature": 0.2, "seed": 7})
    assert (body["temperature"], body["seed"]) == (0.2, 7)


# Streams


@pytest.mark.parametrize(
    ("case", "word", "stop"),
    [(case, word, stop) for case in FORMAT_CASES for word, stop in case.stops.items()],
    ids=lambda value: getattr(value, "api", value),
)
def test_a_known_stop_reason_is_mapped_and_others_are_kept(case: FormatCase, word: str, stop: str) -> None:
    assert case.read(case.text("Hi"), case.stop(word)) == reply(TextPart("Hi"), stop=stop)


@every_format
def test_deltas_of_parallel_calls_may_alternate(case: FormatCase) -> None:
    grown = case.read(
        *case.call(0, "call_1", "tide"),
        *case.call(1, "call_2", "clock"),
        case.arguments(0, '{"port": '),
        case.arguments(1, "{}"),
        case.arguments(0, '"Keelung"}'),
    )
    assert grown.tool_calls == (TIDE, CLOCK)


@every_format
def test_calls_with_equal_or_missing_ids_are_separate(case: FormatCase) -> None:
    opened = [case.call(index, id_, "clock") for index, id_ in enumerate(["same", "same", "", ""])]
    calls = case.read(*(frame for frames in opened for frame in frames)).tool_calls
    assert [call.name for call in calls] == ["clock"] * 4
    assert (calls[0].id, len({call.id for call in calls}), all(call.id for call in calls)) == (
        "same",
        4,
        True,
    )


@every_format
def test_two_calls_at_one_index_are_separate(case: FormatCase) -> None:
    calls = case.read(
        *case.call(0, "a", "look"),
        case.arguments(0, '{"city": "Rome"}'),
        *case.call(0, "b", "look"),
        case.arguments(0, '{"city": "Oslo"}'),
    ).tool_calls
    assert calls == (
        ToolCall("a", "look", '{"city": "Rome"}'),
        ToolCall("b", "look", '{"city": "Oslo"}'),
    )


@every_format
def test_arguments_replace_an_empty_object(case: FormatCase) -> None:
    grown = case.read(
        *case.call(0, "a", "look"), case.arguments(0, "{}"), case.arguments(0, '{"city": "Rome"}')
    )
    assert grown.tool_calls == (ToolCall("a", "look", '{"city": "Rome"}'),)


@every_format
def test_invalid_arguments_are_kept_unchanged(case: FormatCase) -> None:
    read_reply = case.read(*case.call(0, "call_1", "tide"), case.arguments(0, '{"port": "Kee'))
    assert read_reply.tool_calls == (ToolCall("call_1", "tide", '{"port": "Kee'),)


@every_format
def test_null_fields_are_ignored(case: FormatCase) -> None:
    word = next(iter(case.stops))
    assert case.read(case.null, case.text("Hi"), case.stop(word)) == reply(TextPart("Hi"), stop="end")


@every_format
def test_an_error_event_follows_the_partial_text(case: FormatCase) -> None:
    stream = case.stream(case.start, case.text("Half"), case.error)
    assert decode_until_error(case.api, [stream]) == (
        reply(TextPart("Half")),
        "RateLimited: HTTP 429: Too many requests",
    )


# Full replies


@every_format
def test_a_full_reply_decodes_like_a_stream(case: FormatCase) -> None:
    assert decode_body(case.api, case.full_body("Hm.", "I look.", TIDE)) == reply(
        ReasoningPart("Hm."), TextPart("I look."), TIDE, stop="tool_calls"
    )


@every_format
@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            b'{"error": {"code": "401", "message": "Invalid API Key", "param": "Please provide valid API Key"}}',
            "HTTP 401 Unauthorized: Invalid API Key: Please provide valid API Key",
        ),
        (
            b'{"type": "server_error", "message": "Upstream request failed: gone"}',
            "HTTP 500 Internal Server Error: Upstream request failed: gone",
        ),
    ],
)
def test_an_error_instead_of_a_full_reply_is_raised(case: FormatCase, body: bytes, line: str) -> None:
    with pytest.raises(ApiError, match=line):
        fold_events(decode_full(case.api, body))
