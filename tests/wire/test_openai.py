"""The OpenAI format: request bodies, and decoding of every form of response."""

import json

import pytest
from support.decoded_streams import decode_body, decode_stream, decode_until_error, openai_stream

from mimo_magics.core.errors import ServerBusy
from mimo_magics.core.events import (
    AudioDelta,
    ReasoningDelta,
    ResponseStarted,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
)
from mimo_magics.core.messages import (
    Annotation,
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
from mimo_magics.core.services import ServiceFields
from mimo_magics.wire import openai
from mimo_magics.wire.formats import decode

PARAMS = Params("mimo-v2-pro")
CALL = ToolCall("call_1", "tide", '{"port": "Keelung"}')
RESULT = Message("tool", (ToolResult("call_1", "tide", "high at noon"),))


def sent(*messages, **params):
    """Return the messages of the body for this history."""
    return openai.encode(Request(messages, Params("mimo-v2-pro", **params)))["messages"]


def assistant(*parts):
    return Message("assistant", parts)


# Requests


def test_a_plain_prompt_has_a_model_and_a_message_and_requests_usage():
    assert openai.encode(Request((user_message("Hello"),), PARAMS)) == {
        "model": "mimo-v2-pro",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_call_that_is_not_streamed_has_no_stream_options():
    assert openai.encode(Request((user_message("Hello"),), PARAMS, stream=False)) == {
        "model": "mimo-v2-pro",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": False,
    }


def test_every_set_parameter_is_sent():
    params = Params(
        "mimo-v2-pro",
        temperature=0.0,
        top_p=0.95,
        max_completion_tokens=512,
        stop=("END", "\n\n"),
        frequency_penalty=0.5,
        presence_penalty=-0.5,
        thinking=False,
        tool_choice="auto",
        response_format={"type": "json_object"},
    )
    tool = Tool(
        "tide", "When the tide is high", {"type": "object", "properties": {"port": {"type": "string"}}}
    )
    assert openai.encode(Request((user_message("Hello"),), params, (tool,))) == {
        "model": "mimo-v2-pro",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 512,
        "temperature": 0.0,
        "top_p": 0.95,
        "stop": ["END", "\n\n"],
        "frequency_penalty": 0.5,
        "presence_penalty": -0.5,
        "response_format": {"type": "json_object"},
        "thinking": {"type": "disabled"},
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "tide",
                    "description": "When the tide is high",
                    "parameters": {"type": "object", "properties": {"port": {"type": "string"}}},
                },
            }
        ],
        "tool_choice": "auto",
    }


@pytest.mark.parametrize(
    ("choice", "body"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("tide", {"type": "function", "function": {"name": "tide"}}),
    ],
)
def test_a_tool_choice_is_a_keyword_or_a_tool_name(choice, body):
    request = Request((user_message("Hello"),), Params("m", tool_choice=choice), (Tool("tide"),))
    assert openai.encode(request)["tool_choice"] == body


@pytest.mark.parametrize(("how", "force"), [("on", False), ("force", True)])
def test_a_web_search_is_a_tool_that_the_server_runs(how, force):
    body = openai.encode(Request((user_message("Hello"),), Params("m", web_search=how, tool_choice="auto")))
    assert body["tools"] == [{"type": "web_search", "force_search": force}]
    assert "tool_choice" not in body


def test_extra_fields_are_sent_unchanged_and_take_precedence():
    params = Params("m", temperature=1.0, extra={"temperature": 0.2, "stream_options": None, "seed": 7})
    body = openai.encode(Request((user_message("Hello"),), params))
    assert (body["temperature"], body["stream_options"], body["seed"]) == (0.2, None, 7)


def test_a_second_turn_sends_system_text_and_reasoning_back():
    conversation = (
        system_message("Be brief."),
        user_message("Hi"),
        assistant(ReasoningPart("A greeting."), TextPart("Hello.")),
        user_message("Why?"),
    )
    assert sent(*conversation) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello.", "reasoning_content": "A greeting."},
        {"role": "user", "content": "Why?"},
    ]


def test_a_developer_message_keeps_its_role():
    assert sent(Message("developer", (TextPart("Be brief."),))) == [
        {"role": "developer", "content": "Be brief."}
    ]


def test_a_tool_round_sends_the_calls_and_one_message_for_each_result():
    other = ToolCall("call_2", "clock")
    results = Message("tool", (*RESULT.parts, ToolResult("call_2", "clock", "08:00")))
    assert sent(
        user_message("Tide?"), assistant(ReasoningPart("Look."), TextPart("I look."), CALL, other), results
    ) == [
        {"role": "user", "content": "Tide?"},
        {
            "role": "assistant",
            "content": "I look.",
            "reasoning_content": "Look.",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "tide", "arguments": '{"port": "Keelung"}'},
                },
                {"id": "call_2", "type": "function", "function": {"name": "clock", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "high at noon"},
        {"role": "tool", "tool_call_id": "call_2", "content": "08:00"},
    ]


def test_content_of_calls_is_never_null_and_missing_reasoning_is_padded():
    (message,) = sent(assistant(CALL))
    assert (message["content"], message["reasoning_content"]) == ("", " ")


@pytest.mark.parametrize(("thinking", "word"), [(True, "enabled"), (False, "disabled")])
def test_thinking_is_a_field_of_the_body(thinking, word):
    body = openai.encode(Request((user_message("Hi"),), Params("m", thinking=thinking)))
    assert body["thinking"] == {"type": word}


def test_images_and_audio_are_parts():
    parts = (
        TextPart("What is this?"),
        ImagePart("https://example.org/a.png"),
        AudioPart("data:audio/wav;base64,AAAA"),
    )
    assert sent(Message("user", parts)) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
                {"type": "input_audio", "input_audio": {"data": "data:audio/wav;base64,AAAA"}},
            ],
        }
    ]


def test_a_value_and_the_text_around_it_are_one_text():
    parts = (TextPart("Look at "), ContextPart("[1]", "rows"))
    assert sent(Message("user", parts))[0]["content"] == "Look at [1]"
    (message,) = sent(Message("user", (*parts, ImagePart("data:image/png;base64,AAAA"))))
    assert message["content"] == [
        {"type": "text", "text": "Look at [1]"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]


def test_an_image_without_text_gets_a_text_part():
    (message,) = sent(Message("user", (ImagePart("data:image/png;base64,AAAA"),)))
    assert message["content"][-1] == {"type": "text", "text": " "}


def test_a_prompt_with_a_tool_call_is_an_error():
    with pytest.raises(TypeError, match="a prompt cannot contain"):
        sent(Message("user", (CALL,)))


def test_several_text_parts_of_a_prompt_are_joined():
    assert sent(Message("user", (TextPart("a"), TextPart("b")))) == [{"role": "user", "content": "ab"}]


FORMS = {
    "thinking": {"thinking": {"type": "enabled"}},
    "chat_template_kwargs": {"chat_template_kwargs": {"enable_thinking": True}},
    "enable_thinking": {"enable_thinking": True},
    "reasoning_effort": {"reasoning_effort": "medium"},
}


@pytest.mark.parametrize("form", FORMS)
def test_thinking_on_uses_the_field_of_the_service(form):
    fields = ServiceFields(thinking=form)
    body = openai.encode(Request((user_message("Hi"),), Params("m", thinking=True), fields=fields))
    assert {name: body[name] for name in body.keys() & FORMS.keys()} == FORMS[form]
    silent = openai.encode(Request((user_message("Hi"),), Params("m"), fields=fields))
    assert not silent.keys() & FORMS.keys()


def test_thinking_off_uses_the_field_of_the_service():
    def off(form):
        request = Request((), Params("m", thinking=False), fields=ServiceFields(thinking=form))
        return openai.encode(request)[form]

    assert [off(form) for form in FORMS] == [{"type": "disabled"}, {"enable_thinking": False}, False, "none"]


def test_the_output_limit_uses_the_field_of_the_service():
    fields = ServiceFields(max_tokens="max_tokens")
    body = openai.encode(Request((), Params("m", max_completion_tokens=9), fields=fields))
    assert (body.get("max_tokens"), body.get("max_completion_tokens")) == (9, None)


# Streams


def chunk(finish=None, *, usage=None, **delta):
    """Return a chunk like those of MiMo: with every key, null if unused."""
    full = {"content": None, "role": None, "tool_calls": None, "reasoning_content": None, **delta}
    choice = {"delta": full, "finish_reason": finish, "index": 0}
    return {"id": "r1", "model": "mimo-v2-pro", "choices": [choice], "usage": usage}


def opening(index, id_, name, arguments=""):
    function = {"name": name, "arguments": arguments}
    return chunk(tool_calls=[{"index": index, "id": id_, "type": "function", "function": function}])


def continuing(arguments, **place):
    function = {"name": None, "arguments": arguments}
    return chunk(tool_calls=[{**place, "id": None, "type": None, "function": function}])


def reply(*parts, **fields):
    return Reply(assistant(*parts), model="mimo-v2-pro", id="r1", **fields)


def test_a_stream_is_decoded_event_by_event():
    stream = openai_stream(
        chunk(role="assistant", content=""),
        chunk(reasoning_content="Hm."),
        chunk(content="Hi"),
        opening(0, "call_1", "tide"),
        continuing("{}", index=0),
        chunk("tool_calls"),
    )
    assert list(decode("openai", [stream])) == [
        ResponseStarted("r1", "mimo-v2-pro"),
        ReasoningDelta("Hm."),
        TextDelta("Hi"),
        ToolCallStart(0, "call_1", "tide"),
        ToolCallDelta(0, "{}"),
        Stopped("tool_calls"),
    ]


def test_usage_after_the_finish_chunk_is_read():
    tail = {
        "id": "r1",
        "choices": [],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }
    assert decode_stream("openai", openai_stream(chunk(content="Hi"), chunk("stop"), tail)) == reply(
        TextPart("Hi"), stop="end", usage=Usage(input=9, output=5, cached=4, reasoning=2)
    )


@pytest.mark.parametrize("details", [None, {}, {"cached_tokens": None, "reasoning_tokens": None}])
def test_details_of_the_usage_may_be_null_or_empty(details):
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "prompt_tokens_details": details,
        "completion_tokens_details": details,
    }
    stream = openai_stream(chunk("stop", content="Hi", usage=usage))
    assert decode_stream("openai", stream) == reply(TextPart("Hi"), stop="end", usage=Usage(9, 5))


def test_a_reply_without_usage_has_none():
    assert decode_stream("openai", openai_stream(chunk("stop", content="Hi"))).usage is None


def test_chunks_without_choices_give_no_events():
    empty = [{"id": "r1", "model": "mimo-v2-pro", "choices": choices} for choices in ([], None)]
    assert decode_stream("openai", openai_stream(*empty, {"id": "r1"}, chunk("stop", content="Hi"))) == reply(
        TextPart("Hi"), stop="end"
    )


def test_a_choice_without_a_delta_gives_no_events():
    bare = {"id": "r1", "model": "mimo-v2-pro", "choices": [{"index": 0}, {"index": 0, "delta": None}]}
    assert decode_stream("openai", openai_stream(bare, chunk("stop"))) == reply(stop="end")


def test_null_fields_everywhere_are_ignored():
    null = {"id": None, "model": None, "choices": None, "usage": None, "error": None, "object": None}
    lone = {
        "choices": [{"index": None, "delta": {"content": None, "annotations": None, "error_message": None}}]
    }
    assert decode_stream("openai", openai_stream(null, lone)) == Reply(stop="end")


def test_null_ids_and_names_continue_an_open_call():
    stream = openai_stream(
        opening(0, "call_1", "tide"),
        continuing('{"port"', index=0),
        continuing(': "Keelung"}', index=0),
        chunk("tool_calls"),
    )
    assert decode_stream("openai", stream) == reply(CALL, stop="tool_calls")


def test_empty_ids_and_names_continue_an_open_call():
    delta = chunk(tool_calls=[{"index": 0, "id": "", "function": {"name": "", "arguments": "{}"}}])
    assert decode_stream("openai", openai_stream(opening(0, "call_1", "tide"), delta)).tool_calls == (
        ToolCall("call_1", "tide", "{}"),
    )


def test_a_missing_index_means_the_last_open_call():
    stream = openai_stream(
        opening(0, "call_1", "tide"),
        opening(1, "call_2", "clock"),
        continuing('{"zone": '),
        continuing("8}", index=None),
    )
    assert decode_stream("openai", stream).tool_calls == (
        ToolCall("call_1", "tide", ""),
        ToolCall("call_2", "clock", '{"zone": 8}'),
    )


def test_one_delta_may_open_several_calls():
    calls = [
        {"index": place, "id": f"call_{place}", "function": {"name": "clock", "arguments": "{}"}}
        for place in range(3)
    ]
    assert decode_stream("openai", openai_stream(chunk(tool_calls=calls))).tool_calls == (
        ToolCall("call_0", "clock", "{}"),
        ToolCall("call_1", "clock", "{}"),
        ToolCall("call_2", "clock", "{}"),
    )


def test_a_repeated_id_and_name_are_not_duplicated():
    stream = openai_stream(
        opening(0, "call_1", "tide", '{"port": '), opening(0, "call_1", "tide", '"Keelung"}')
    )
    assert decode_stream("openai", stream).tool_calls == (CALL,)


def test_a_call_without_a_name_is_dropped():
    stream = openai_stream(continuing("{}", index=3), opening(0, "call_1", "clock", "{}"))
    assert decode_stream("openai", stream).tool_calls == (ToolCall("call_1", "clock", "{}"),)


def test_a_call_without_an_id_gets_a_generated_id():
    assert decode_stream("openai", openai_stream(opening(2, None, "clock"))).tool_calls == (
        ToolCall("call_0", "clock"),
    )


def test_a_stream_may_end_without_done():
    stream = openai_stream(chunk("stop", content="Hi")).removesuffix(b"data: [DONE]\n\n")
    assert decode_stream("openai", stream) == reply(TextPart("Hi"), stop="end")


def test_sources_of_a_web_search_may_be_in_the_first_delta():
    items = [{"type": "url_citation", "url": "https://example.org", "title": "Tides", "logo_url": None}]
    stream = openai_stream(
        chunk(role="assistant", content="", annotations=items), chunk("stop", content="Hi")
    )
    assert decode_stream("openai", stream) == reply(
        TextPart("Hi"), stop="end", annotations=(Annotation("https://example.org", "Tides"),)
    )


def test_a_source_may_be_wrapped_as_openai_does():
    items = [{"type": "url_citation", "url_citation": {"url": "https://example.org", "title": None}}]
    assert decode_stream("openai", openai_stream(chunk(annotations=items))).annotations == (
        Annotation("https://example.org"),
    )


def test_a_failed_web_search_is_a_note():
    assert decode_stream("openai", openai_stream(chunk(error_message="search timed out"))).notes == (
        "search timed out",
    )


def test_the_field_reasoning_is_read_and_not_duplicated():
    stream = openai_stream(chunk(reasoning="Hm, "), chunk(reasoning="yes.", reasoning_content="yes."))
    assert decode_stream("openai", stream).reasoning == "Hm, yes."


def test_further_choices_are_ignored():
    other = {"index": 1, "delta": {"content": "Another answer"}, "finish_reason": "length"}
    first = chunk(content="Hi")
    first["choices"].append(other)
    assert decode_stream("openai", openai_stream(first, chunk("stop"))) == reply(TextPart("Hi"), stop="end")


def test_an_error_event_may_be_plain_text():
    assert decode_until_error("openai", [b'data: {"error": "upstream gone"}\n\n']) == (
        Reply(),
        "ServerBusy: HTTP 500 Internal Server Error: upstream gone",
    )


def hearing(*deltas, **more):
    """Return the reply of a stream with these deltas."""
    frames = [{"id": "r1", "model": "m", "choices": [{"index": 0, "delta": each}]} for each in deltas]
    return decode_stream("openai", openai_stream(*frames, chunk("stop", **more)))


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm "}]},
                {"type": "text", "text": "Hi"},
            ],
            (ReasoningPart("hm "), TextPart("Hi")),
        ),
        ([{"type": "reasoning", "text": "hm"}, "Hi"], (ReasoningPart("hm"), TextPart("Hi"))),
        ([{"type": "output_text", "text": "Hi"}], (TextPart("Hi"),)),
        ({"type": "text", "text": "Hi"}, (TextPart("Hi"),)),
        (5, (TextPart("5"),)),
        ([None, 7, {"type": "image_url"}], (TextPart("7"),)),
    ],
)
def test_content_may_be_a_list_with_reasoning_parts(content, parts):
    assert hearing({"content": content}).message.parts == parts


@pytest.mark.parametrize(
    "choice",
    [
        {"index": "0", "delta": {"content": "Hi"}},
        {"index": 0.0, "delta": {"content": "Hi"}},
        {"index": None, "message": {"role": "assistant", "content": "Hi"}},
        {"index": 0, "text": "Hi"},
        {"delta": {"refusal": "Hi"}},
        {"message": "Hi"},
        {"delta": {}, "message": {"content": "Hi"}},
        {"delta": "Hi"},
    ],
)
def test_text_is_found_in_unusual_fields(choice):
    assert (
        decode_stream("openai", openai_stream({"model": "m", "choices": [choice]}, chunk("stop"))).text
        == "Hi"
    )


def test_a_full_message_at_the_end_is_not_read_twice():
    last = {"model": "m", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    assert decode_stream("openai", openai_stream(chunk(content="Hi"), last)).text == "Hi"


def test_a_delta_with_only_a_role_does_not_replace_the_final_message():
    last = {"model": "m", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    assert decode_stream("openai", openai_stream(chunk(role="assistant"), last)).text == "Hi"


def test_a_call_may_lack_its_function():
    call = {"index": 0, "id": "c", "name": "look", "arguments": '{"city": "Rome"}'}
    assert hearing({"tool_calls": [call]}).tool_calls == (ToolCall("c", "look", '{"city": "Rome"}'),)


def test_an_error_in_a_choice_is_raised():
    failed = {"delta": {"content": ""}, "finish_reason": "error", "error": {"code": 502, "message": "gone"}}
    with pytest.raises(ServerBusy, match="HTTP 502 Bad Gateway: gone"):
        decode_stream("openai", openai_stream(chunk(content="Half"), {"choices": [failed]}))


def test_the_legacy_function_call_is_a_tool_call():
    pieces = [
        {"function_call": {"name": "tide", "arguments": ""}},
        {"function_call": {"arguments": '{"a": 1}'}},
    ]
    (call,) = hearing(*pieces).tool_calls
    assert (call.name, call.arguments) == ("tide", '{"a": 1}')


@pytest.mark.parametrize("arguments", [{"city": "Rome"}, '{"city": "Rome"}'])
@pytest.mark.parametrize("index", ["0", 0, None, "x"])
def test_arguments_may_be_an_object_and_an_index_a_string(arguments, index):
    call = {"index": index, "id": "c", "function": {"name": "look", "arguments": arguments}}
    assert hearing({"tool_calls": [call]}).tool_calls == (ToolCall("c", "look", '{"city": "Rome"}'),)


@pytest.mark.parametrize(
    "frame",
    [
        *({"choices": 7}, {"choices": [None]}, {"type": "ping"}, {}),
        *({"choices": [], "model": ""}, {"object": "chat.completion.chunk", "prompt_filter_results": []}),
    ],
)
def test_the_first_model_name_is_used(frame):
    answer = decode_stream("openai", openai_stream(frame, chunk(content="Hi"), chunk("stop")))
    assert (answer.text, answer.model) == ("Hi", chunk()["model"])


@pytest.mark.parametrize(
    "late",
    [
        *({"usage": {"prompt_tokens": 1, "prompt_tokens_details": [1]}}, {"usage": "none"}, {"usage": 3}),
        *(
            {"choices": [{"delta": {"annotations": "none"}}]},
            {"choices": [{"delta": {"annotations": ["a"]}}]},
        ),
        *({"choices": [{"delta": {"tool_calls": 7}}]}, {"choices": {"delta": [1]}}),
    ],
)
def test_an_invalid_value_in_another_field_does_not_affect_the_text(late):
    answer = decode_stream("openai", openai_stream(chunk("stop", content="Hi"), late))
    assert (answer.text, answer.stop) == ("Hi", "end")


def test_non_bmp_characters_and_line_separators_are_kept():
    text = "🌊 \u2028 \u0085 潮"
    line = json.dumps(chunk("stop", content=text), ensure_ascii=False).encode()
    assert decode_stream("openai", b"data: " + line + b"\n\n").text == text


# Full replies


def test_a_full_reply_decodes_like_a_stream():
    body = {
        "id": "r1",
        "model": "mimo-v2-pro",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": "I look.",
                    "reasoning_content": "Hm.",
                    "tool_calls": [
                        {"id": "call_1", "type": "function", "function": {"name": "tide", "arguments": "{}"}},
                        {"id": "call_2", "type": "function", "function": {"name": "clock", "arguments": ""}},
                    ],
                    "annotations": [{"url": "https://example.org"}],
                    "error_message": "one page was slow",
                },
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": None},
    }
    assert decode_body("openai", body) == reply(
        ReasoningPart("Hm."),
        TextPart("I look."),
        ToolCall("call_1", "tide", "{}"),
        ToolCall("call_2", "clock"),
        usage=Usage(9, 5),
        stop="tool_calls",
        annotations=(Annotation("https://example.org"),),
        notes=("one page was slow",),
    )


def test_a_full_reply_may_have_nulls_everywhere():
    message = {"content": None, "reasoning_content": None, "tool_calls": None}
    choice = {"index": 0, "finish_reason": None, "message": message}
    body = {"id": None, "model": None, "usage": None, "choices": [choice]}
    assert decode_body("openai", body) == Reply(stop="end")


@pytest.mark.parametrize(
    ("web_search_usage", "count"),
    [
        ({"tool_usage": 2, "page_usage": 9}, 2),
        ({}, 0),
        (None, 0),
        ([1], 0),
        ("x", 0),
        ({"tool_usage": -1}, 0),
    ],
)
def test_web_searches_are_counted(web_search_usage, count):
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "web_search_usage": web_search_usage}
    answer = decode_stream("openai", openai_stream(chunk(content="Hi"), chunk("stop", usage=usage)))
    assert answer == reply(TextPart("Hi"), stop="end", usage=Usage(9, 5, web_searches=count))


@pytest.mark.parametrize("audio", [None, "", [], {}, {"data": None}, {"data": 7}, {"data": ["QQ=="]}])
def test_a_field_audio_without_data_is_ignored(audio):
    frame = {"choices": [{"delta": {"content": "Hi", "audio": audio}, "finish_reason": "stop"}]}
    assert [*openai.Decoder().feed("", frame)][1:] == [TextDelta("Hi"), Stopped("end")]


def test_audio_is_an_event_of_its_own_and_not_decoded_here():
    frame = {"choices": [{"delta": {"content": "Hi", "audio": {"data": "no base64!"}}}]}
    assert [*openai.Decoder().feed("", frame)][1:] == [TextDelta("Hi"), AudioDelta("no base64!")]
