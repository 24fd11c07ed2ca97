"""The Anthropic format: request bodies, and decoding of every form of response."""

import json

import httpx
import pytest
from support.decoded_streams import (
    anthropic_stream,
    decode_body,
    decode_stream,
    decode_until_error,
    fold_events,
)

from mimo_magics.core.errors import ApiError, BadOption
from mimo_magics.core.events import (
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    UsageUpdate,
)
from mimo_magics.core.messages import (
    AudioPart,
    ContextPart,
    ImagePart,
    Message,
    Params,
    ReasoningPart,
    Reply,
    Request,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    system_message,
    user_message,
)
from mimo_magics.core.secret import Secret
from mimo_magics.wire import anthropic
from mimo_magics.wire.formats import decode, decode_full

PARAMS = Params("mimo-v2-pro", max_completion_tokens=1024)
CALL = ToolCall("call_1", "tide", '{"port": "Keelung"}')
CALL_BLOCK = {"type": "tool_use", "id": "call_1", "name": "tide", "input": {"port": "Keelung"}}


def sent(*messages, **params):
    """Return the messages of the body for this history."""
    return anthropic.encode(Request(messages, Params("mimo-v2-pro", **params)))["messages"]


def assistant(*parts):
    return Message("assistant", parts)


def words(text):
    return {"type": "text", "text": text}


# Requests


def test_a_plain_prompt_has_a_model_a_message_and_an_output_limit():
    assert anthropic.encode(Request((user_message("Hello"),), PARAMS)) == {
        "model": "mimo-v2-pro",
        "messages": [{"role": "user", "content": [words("Hello")]}],
        "stream": True,
        "max_tokens": 1024,
    }


def test_every_set_parameter_is_sent():
    params = Params(
        "mimo-v2-pro",
        temperature=0.0,
        top_p=0.95,
        max_completion_tokens=512,
        stop=("END",),
        thinking=True,
        tool_choice="auto",
    )
    schema = {"type": "object", "properties": {"port": {"type": "string"}}}
    tool = Tool("tide", "When the tide is high", schema)
    assert anthropic.encode(Request((user_message("Hello"),), params, (tool,), stream=False)) == {
        "model": "mimo-v2-pro",
        "messages": [{"role": "user", "content": [words("Hello")]}],
        "stream": False,
        "max_tokens": 512,
        "temperature": 0.0,
        "top_p": 0.95,
        "stop_sequences": ["END"],
        "thinking": {"type": "enabled"},
        "tools": [
            {
                "name": "tide",
                "description": "When the tide is high",
                "type": "custom",
                "input_schema": schema,
            }
        ],
        "tool_choice": {"type": "auto"},
    }


@pytest.mark.parametrize(
    ("choice", "body"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ("tide", {"type": "tool", "name": "tide"}),
    ],
)
def test_a_tool_choice_is_a_type_or_a_tool_name(choice, body):
    request = Request((user_message("Hello"),), Params("m", tool_choice=choice), (Tool("tide"),))
    assert anthropic.encode(request)["tool_choice"] == body


@pytest.mark.parametrize(
    "field",
    [{"frequency_penalty": 0.0}, {"presence_penalty": 1.0}, {"response_format": {"type": "json_object"}}],
)
def test_an_unsupported_parameter_is_an_error(field):
    (name,) = field
    with pytest.raises(BadOption, match=f"The Anthropic format does not support {name}"):
        anthropic.encode(Request((user_message("Hello"),), Params("m", **field)))


def test_extra_fields_are_sent_unchanged_and_take_precedence():
    params = Params("m", max_completion_tokens=8, extra={"max_tokens": 9, "system": "Mine.", "top_k": 5})
    body = anthropic.encode(Request((system_message("Yours."), user_message("Hello")), params))
    assert (body["max_tokens"], body["system"], body["top_k"]) == (9, "Mine.", 5)


def test_system_and_developer_messages_become_one_system_field():
    conversation = (
        system_message("Be brief."),
        Message("developer", (TextPart("Be kind."),)),
        user_message("Hi"),
    )
    body = anthropic.encode(Request(conversation, Params("m")))
    assert body["system"] == "Be brief.\n\nBe kind."
    assert body["messages"] == [{"role": "user", "content": [words("Hi")]}]


def test_a_second_turn_sends_unsigned_reasoning_back():
    assert sent(
        user_message("Hi"), assistant(ReasoningPart("A greeting."), TextPart("Hello.")), user_message("Why?")
    ) == [
        {"role": "user", "content": [words("Hi")]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "A greeting.", "signature": ""},
                words("Hello."),
            ],
        },
        {"role": "user", "content": [words("Why?")]},
    ]


def test_signed_reasoning_is_sent_back_with_its_signature_in_order():
    message = assistant(ReasoningPart("One.", "sig1"), TextPart("A"), ReasoningPart("Two.", "sig2"), CALL)
    assert sent(message)[0]["content"] == [
        {"type": "thinking", "thinking": "One.", "signature": "sig1"},
        words("A"),
        {"type": "thinking", "thinking": "Two.", "signature": "sig2"},
        CALL_BLOCK,
    ]


def test_signed_reasoning_without_text_is_sent_back_unchanged():
    signed = {"type": "thinking", "thinking": "", "signature": "sig"}
    assert sent(assistant(ReasoningPart("", "sig"), CALL))[0]["content"] == [signed, CALL_BLOCK]


def test_a_tool_round_sends_all_results_in_one_user_message():
    results = (
        Message("tool", (ToolResult("call_1", "tide", "high at noon"),)),
        Message("tool", (ToolResult("call_2", "clock", "no clock", is_error=True),)),
    )
    calls = assistant(ReasoningPart("Look."), TextPart("I look."), CALL, ToolCall("call_2", "clock"))
    assert sent(user_message("Tide?"), calls, *results, user_message("And?")) == [
        {"role": "user", "content": [words("Tide?")]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Look.", "signature": ""},
                words("I look."),
                CALL_BLOCK,
                {"type": "tool_use", "id": "call_2", "name": "clock", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": "high at noon"},
                {"type": "tool_result", "tool_use_id": "call_2", "content": "no clock", "is_error": True},
                words("And?"),
            ],
        },
    ]


def test_adjacent_messages_of_one_role_are_merged():
    assert sent(user_message("a"), user_message("b"), assistant(TextPart("c")), assistant(TextPart("d"))) == [
        {"role": "user", "content": [words("a"), words("b")]},
        {"role": "assistant", "content": [words("c"), words("d")]},
    ]


def test_merging_does_not_change_the_messages():
    conversation = (user_message("a"), user_message("b"))
    sent(*conversation)
    assert conversation == (user_message("a"), user_message("b"))
    assert sent(*conversation) == sent(*conversation)


def test_with_thinking_off_no_reasoning_is_sent():
    message = assistant(ReasoningPart("Hm.", "sig"), TextPart("Hello."), CALL)
    assert sent(message, thinking=False)[0]["content"] == [words("Hello."), CALL_BLOCK]
    assert sent(assistant(CALL), thinking=False)[0]["content"] == [CALL_BLOCK]


def test_a_reply_without_text_or_calls_gets_a_placeholder():
    thought = {"type": "thinking", "thinking": "All tokens went here.", "signature": ""}
    only_thought = assistant(ReasoningPart("All tokens went here."))
    assert sent(only_thought)[0]["content"] == [thought, words("(no answer)")]
    assert sent(only_thought, thinking=False)[0]["content"] == [words("(no answer)")]
    assert sent(assistant())[0]["content"] == [words("(no answer)")]


def test_images_are_blocks_with_a_source():
    parts = (ImagePart("https://example.org/a.png"), ImagePart("data:image/png;base64,AAAA"), TextPart("Hm?"))
    assert sent(Message("user", parts))[0]["content"] == [
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
        words("Hm?"),
    ]


def test_a_value_and_the_text_around_it_are_one_block():
    parts = (
        TextPart("Look at "),
        ContextPart("[1]", "rows"),
        ImagePart("https://example.org/a.png"),
        TextPart("."),
    )
    assert sent(Message("user", parts))[0]["content"] == [
        words("Look at [1]"),
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        words("."),
    ]


def test_audio_is_an_error():
    with pytest.raises(BadOption, match="does not support audio"):
        sent(Message("user", (AudioPart("data:audio/wav;base64,AAAA"),)))


@pytest.mark.parametrize("arguments", ['{"port": "Kee', "[1]", "null", "three", '{"a": 1} {"b": 2}'])
def test_arguments_that_are_not_an_object_are_sent_as_text(arguments):
    blocks = sent(assistant(ToolCall("call_1", "tide", arguments)), thinking=False)[0]["content"]
    assert blocks[0]["input"] == {"unreadable": arguments}


@pytest.mark.parametrize(
    "arguments",
    ['{"a": NaN}', '{"a": 1e999}', '{"a": ' * 100_000],
    ids=["not a number", "infinite", "nested too deep"],
)
def test_arguments_that_are_not_strict_json_are_sent_as_text(arguments):
    """httpx sends strict JSON, which has neither NaN nor infinity."""
    blocks = sent(assistant(ToolCall("call_1", "tide", arguments)), thinking=False)[0]["content"]
    assert blocks[0]["input"] == {"unreadable": arguments}


def test_arguments_with_an_escaped_surrogate_can_be_sent():
    """httpx sends UTF-8, which has no surrogates."""
    messages = sent(assistant(ToolCall("call_1", "tide", '{"a": "\\ud800"}')))
    assert httpx.Request("POST", "http://host", json=messages).content


def test_the_headers_contain_the_version_and_the_key():
    assert anthropic.headers(Secret("sk-1")) == {"anthropic-version": "2023-06-01", "api-key": "sk-1"}
    assert anthropic.headers(Secret("sk-1"), "x-api-key") == {
        "anthropic-version": "2023-06-01",
        "x-api-key": "sk-1",
    }


# Streams

START = {
    "type": "message_start",
    "message": {"id": "m1", "model": "mimo-v2-pro", "content": [], "usage": None},
}
STOP = {"type": "message_stop"}


def opens(index, **block):
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index, **fields):
    return {"type": "content_block_delta", "index": index, "delta": fields}


def ends(reason, usage=None):
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


def reply(*parts, **fields):
    return Reply(assistant(*parts), model="mimo-v2-pro", id="m1", **fields)


def test_a_stream_is_decoded_event_by_event():
    stream = anthropic_stream(
        START,
        opens(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="Hm."),
        delta(0, type="signature_delta", signature="sig"),
        {"type": "content_block_stop", "index": 0},
        {"type": "ping"},
        opens(1, type="text", text=""),
        delta(1, type="text_delta", text="Hi"),
        opens(2, type="tool_use", id="call_1", name="tide", input={}),
        delta(2, type="input_json_delta", partial_json='{"port"'),
        ends("tool_use", {"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 4}),
        STOP,
    )
    assert list(decode("anthropic", [stream])) == [
        ResponseStarted("m1", "mimo-v2-pro"),
        ReasoningDelta("Hm."),
        ReasoningDelta("", "sig"),
        TextDelta("Hi"),
        ToolCallStart(0, "call_1", "tide"),
        ToolCallDelta(0, '{"port"'),
        UsageUpdate(Usage(input=13, output=5, cached=4)),
        Stopped("tool_calls"),
    ]


def test_an_unsigned_block_is_reasoning():
    stream = anthropic_stream(
        START,
        opens(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="Hm."),
        delta(0, type="signature_delta", signature=""),
        opens(1, type="text", text=""),
        delta(1, type="text_delta", text="Hi"),
        ends("end_turn"),
        STOP,
    )
    assert decode_stream("anthropic", stream) == reply(ReasoningPart("Hm."), TextPart("Hi"), stop="end")


def test_the_start_of_a_block_may_contain_its_content():
    stream = anthropic_stream(
        START,
        opens(0, type="thinking", thinking="Hm", signature="sig"),
        opens(1, type="text", text="Hel"),
        delta(1, type="text_delta", text="lo"),
        opens(2, type="tool_use", id="call_1", name="tide", input={"port": "基隆"}),
        ends("tool_use"),
    )
    assert decode_stream("anthropic", stream) == reply(
        ReasoningPart("Hm", "sig"),
        TextPart("Hello"),
        ToolCall("call_1", "tide", '{"port": "基隆"}'),
        stop="tool_calls",
    )


def test_two_signed_blocks_stay_two_parts():
    stream = anthropic_stream(
        START,
        opens(0, type="thinking", thinking=""),
        delta(0, type="thinking_delta", thinking="One."),
        delta(0, type="signature_delta", signature="sig1"),
        opens(1, type="thinking", thinking=""),
        delta(1, type="thinking_delta", thinking="Two."),
        delta(1, type="signature_delta", signature="sig2"),
        ends("end_turn"),
    )
    assert decode_stream("anthropic", stream).message.parts == (
        ReasoningPart("One.", "sig1"),
        ReasoningPart("Two.", "sig2"),
    )


def test_null_fields_are_ignored():
    stream = anthropic_stream(
        {"type": "message_start", "message": {"id": None, "model": None, "usage": {"input_tokens": None}}},
        opens(0, type="text", text=None),
        delta(0, type="text_delta", text=None),
        delta(0, type="thinking_delta", thinking=None),
        delta(0, type="signature_delta", signature=None),
        delta(0, type="input_json_delta", partial_json=None),
        {"type": "message_delta", "delta": None, "usage": None},
        ends(None),
    )
    assert decode_stream("anthropic", stream) == Reply(stop="cut")


def test_usage_at_the_end_replaces_zeros_at_the_start():
    start = {"id": "m1", "model": "mimo-v2-pro", "usage": {"input_tokens": 0, "output_tokens": 0}}
    stream = anthropic_stream(
        {"type": "message_start", "message": start},
        ends("end_turn", {"input_tokens": 20, "output_tokens": 7, "cache_read_input_tokens": None}),
    )
    assert decode_stream("anthropic", stream) == reply(stop="end", usage=Usage(20, 7))


def test_usage_at_the_start_is_kept():
    usage = {
        "input_tokens": 20,
        "cache_creation_input_tokens": 3,
        "cache_read_input_tokens": 4,
        "output_tokens": 1,
    }
    stream = anthropic_stream(
        {"type": "message_start", "message": {"id": "m1", "model": "mimo-v2-pro", "usage": usage}},
        ends("end_turn", {"output_tokens": 7}),
    )
    assert decode_stream("anthropic", stream) == reply(stop="end", usage=Usage(input=27, output=7, cached=4))


def test_unknown_events_blocks_and_deltas_are_ignored():
    stream = anthropic_stream(
        START,
        {"type": "vendor_hello", "anything": [1]},
        opens(0, type="redacted_thinking", data="AAAA"),
        opens(1, type="server_tool_use", id="s", name="web_search", input={}),
        delta(1, type="citations_delta", citation={}),
        opens(2, type="text", text="Hi"),
        ends("end_turn"),
        STOP,
    )
    assert decode_stream("anthropic", stream) == reply(TextPart("Hi"), stop="end")


def test_the_event_name_replaces_a_missing_type():
    stream = (
        b'event: message_start\ndata: {"message": {"id": "m1", "model": "mimo-v2-pro"}}\n\n'
        b'event: content_block_delta\ndata: {"index": 0, "delta": {"type": "text_delta", "text": "Hi"}}\n\n'
        b'event: message_delta\ndata: {"delta": {"stop_reason": "end_turn"}}\n\n'
    )
    assert decode_stream("anthropic", stream) == reply(TextPart("Hi"), stop="end")


def test_the_type_replaces_a_missing_event_name():
    frames = [START, delta(0, type="text_delta", text="Hi"), ends("end_turn"), STOP]
    stream = "".join(f"data: {json.dumps(frame)}\n\n" for frame in frames).encode()
    assert decode_stream("anthropic", stream) == reply(TextPart("Hi"), stop="end")


def test_the_done_marker_of_the_other_format_is_ignored():
    stream = anthropic_stream(START, ends("end_turn")) + b"data: [DONE]\n\n"
    assert decode_stream("anthropic", stream) == reply(stop="end")


def test_a_stream_without_start_and_stop_reason_is_incomplete():
    stream = anthropic_stream(delta(0, type="text_delta", text="Half"))
    assert decode_stream("anthropic", stream) == Reply(assistant(TextPart("Half")), stop="cut")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            {"type": "overloaded_error", "message": "Overloaded"},
            "ServerBusy: HTTP 503 Service Unavailable: Overloaded",
        ),
        (
            {"type": "rate_limit_error", "message": "Slow down"},
            "RateLimited: HTTP 429 Too Many Requests: Slow down",
        ),
        (
            {"code": "400", "message": "Param Incorrect", "param": "the useful text", "type": ""},
            "BadRequest: HTTP 400 Bad Request: Param Incorrect: the useful text",
        ),
    ],
)
def test_an_error_event_follows_the_partial_text(error, expected):
    stream = anthropic_stream(
        START, delta(0, type="text_delta", text="Half"), {"type": "error", "error": error}
    )
    assert decode_until_error("anthropic", [stream]) == (reply(TextPart("Half")), expected)


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "content_block_delta", "index": "0", "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": ["H", {"text": "i"}]}},
        {"type": "content_block_delta", "index": 0, "delta": "Hi"},
        {"type": "content_block_delta", "index": None, "delta": {"text": "Hi"}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}},
    ],
)
def test_text_is_found_in_unusual_fields(frame):
    assert decode_stream("anthropic", anthropic_stream(START, frame, ends("end_turn"))).text == "Hi"


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "content_block_delta", "index": 0},
        {"type": "content_block_delta", "index": 0, "delta": [7]},
        {"type": "content_block_start", "index": 0, "content_block": None},
        {"type": "message_start", "message": []},
        {"type": "message_delta", "delta": None, "usage": "none"},
        {"type": "message_delta", "usage": [1]},
        {"type": ["ping"]},
    ],
)
def test_an_empty_event_is_ignored(frame):
    text = delta(0, type="text_delta", text="Hi")
    named = frame if isinstance(frame["type"], str) else {**frame, "type": "ping"}
    assert decode_stream("anthropic", anthropic_stream(START, named, text, ends("end_turn"))).text == "Hi"


def test_arguments_at_the_start_of_a_call_are_used_unless_others_follow():
    opened = opens(0, type="tool_use", id="c", name="tide", input={"port": "Keelung"})
    alone = decode_stream("anthropic", anthropic_stream(START, opened, ends("tool_use"), STOP))
    assert alone.tool_calls == (ToolCall("c", "tide", '{"port": "Keelung"}'),)
    following = delta(0, type="input_json_delta", partial_json='{"port": "Anping"}')
    grown = decode_stream("anthropic", anthropic_stream(START, opened, following, ends("tool_use"), STOP))
    assert grown.tool_calls == (ToolCall("c", "tide", '{"port": "Anping"}'),)


def test_a_restarted_stream_drops_its_first_part():
    second_start = {"type": "message_start", "message": {"id": "m2", "model": "other"}}
    stream = anthropic_stream(
        START,
        delta(0, type="text_delta", text="Half of an ans"),
        opens(1, type="tool_use", id="c", name="tide", input={}),
        delta(1, type="input_json_delta", partial_json='{"po'),
        second_start,
        delta(0, type="text_delta", text="Hello."),
        ends("end_turn"),
        STOP,
    )
    assert decode_stream("anthropic", stream) == Reply(
        Message("assistant", (TextPart("Hello."),)), None, "end", "other", "m2"
    )
    assert ResponseRestarted("m2", "other") in list(decode("anthropic", [stream]))


def test_a_repeated_start_changes_nothing():
    text = delta(0, type="text_delta", text="Hi")
    assert decode_stream("anthropic", anthropic_stream(START, text, START, ends("end_turn"), STOP)) == reply(
        TextPart("Hi"), stop="end"
    )


# Full replies


def test_a_full_reply_decodes_like_a_stream():
    body = {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "mimo-v2-pro",
        "content": [
            {"type": "thinking", "thinking": "Hm."},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "call_1", "name": "tide", "input": {"port": "Keelung"}},
            {"type": "tool_use", "id": "call_2", "name": "clock", "input": {}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 1},
    }
    assert decode_body("anthropic", body) == reply(
        ReasoningPart("Hm."),
        TextPart("I look."),
        CALL,
        ToolCall("call_2", "clock"),
        usage=Usage(input=10, output=5, cached=1),
        stop="tool_calls",
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"error": {"code": "400", "message": "Param Incorrect", "param": "the useful text"}}',
            "HTTP 400 Bad Request: Param Incorrect: the useful text",
        ),
        (
            b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}',
            "HTTP 503 Service Unavailable: Over",
        ),
        (
            b'{"type": "server_error", "message": "Upstream request failed: gone"}',
            "HTTP 500 Internal Server Error: Upstream request",
        ),
    ],
)
def test_an_error_instead_of_a_full_reply_is_raised(body, expected):
    with pytest.raises(ApiError, match=expected):
        fold_events(decode_full("anthropic", body))


def test_a_web_search_is_an_error():
    with pytest.raises(BadOption, match="does not support web search") as caught:
        anthropic.encode(Request((user_message("Hello"),), Params("m", web_search="on")))
    assert caught.value.hint == "Use --api openai, or omit --web-search."
