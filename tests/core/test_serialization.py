"""Conversion of values to JSON and back, in the documented format."""

import json

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.messages import (
    Annotation,
    AudioPart,
    ImagePart,
    Message,
    Params,
    ReasoningPart,
    Reply,
    Request,
    TextPart,
    Timing,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from mimo_magics.core.serialization import from_dict, to_dict

MESSAGE = Message(
    "assistant",
    (
        ReasoningPart("Hm.", "sig"),
        TextPart("Hello."),
        ImagePart("https://example.org/a.png"),
        AudioPart("data:audio/wav;base64,AAAA"),
        ToolCall("call_1", "tide", '{"port": "基隆"}'),
        ToolResult("call_1", "tide", "high at noon", is_error=True),
    ),
)
PARAMS = Params(
    "mimo-v2-pro",
    temperature=0.0,
    top_p=0.9,
    max_completion_tokens=64,
    stop=("a", "b"),
    frequency_penalty=0.5,
    presence_penalty=-0.5,
    thinking=False,
    tool_choice="auto",
    response_format={"type": "json_object"},
    extra={"nested": {"list": [1, None, {"deep": True}]}},
)
TOOL = Tool("tide", "When the tide is high", {"type": "object", "properties": {"port": {"type": "string"}}})
REPLY = Reply(
    MESSAGE,
    Usage(1, 2, 3, 4),
    "end",
    "mimo-v2-pro",
    "r1",
    (Annotation("https://example.org", "t", "s", "n", "p"), Annotation("https://example.net")),
    ("a note",),
    Timing(0.5, 1.5, 3.0),
)


@pytest.mark.parametrize(
    "value",
    [
        *MESSAGE.parts,
        MESSAGE,
        Message("user"),
        PARAMS,
        Params("m"),
        TOOL,
        Tool("clock"),
        Request((MESSAGE, Message("tool")), PARAMS, (TOOL, Tool("clock")), stream=False),
        Request((), Params("m")),
        Usage(1, 2, 3, 4),
        Usage(),
        Timing(0.5, 1.5, 3.0),
        Timing(),
        *REPLY.annotations,
        REPLY,
        Reply(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_round_trips_through_json(value):
    assert from_dict(type(value), json.loads(json.dumps(to_dict(value)))) == value


def test_a_message_has_the_documented_json():
    assert to_dict(Message("assistant", (ReasoningPart("Hm."), TextPart("Hello.")))) == {
        "role": "assistant",
        "parts": [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "Hello."}],
    }


def test_the_json_of_every_part_has_its_kind():
    assert to_dict(MESSAGE) == {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "text": "Hm.", "signature": "sig"},
            {"type": "text", "text": "Hello."},
            {"type": "image", "url": "https://example.org/a.png"},
            {"type": "audio", "url": "data:audio/wav;base64,AAAA"},
            {"type": "tool_call", "id": "call_1", "name": "tide", "arguments": '{"port": "基隆"}'},
            {
                "type": "tool_result",
                "id": "call_1",
                "name": "tide",
                "output": "high at noon",
                "is_error": True,
            },
        ],
    }


def test_defaults_are_omitted_and_other_zeros_are_not():
    assert to_dict(Reply()) == {}
    assert to_dict(Tool("clock")) == {"name": "clock"}
    assert to_dict(Params("m", temperature=0.0, thinking=False)) == {
        "model": "m",
        "temperature": 0.0,
        "thinking": False,
    }


def test_unknown_fields_are_ignored():
    data = {
        "role": "user",
        "parts": [{"type": "text", "text": "Hi", "color": "blue"}],
        "mood": ["good"],
    }
    assert from_dict(Message, data) == Message("user", (TextPart("Hi"),))
    assert from_dict(Reply, {"usage": {"input": 1, "later": 2}, "later": {}}) == Reply(usage=Usage(1))


@pytest.mark.parametrize(
    "part", [{"type": "video", "url": "u"}, {"type": None}, {"text": "Hi"}, {"type": []}]
)
def test_an_unknown_kind_of_part_is_an_error(part):
    with pytest.raises(ValueError, match="is no kind of part"):
        from_dict(Message, {"role": "user", "parts": [part]})


@pytest.mark.parametrize(
    ("kind", "data"), [(Message, {}), (Params, {"temperature": 1}), (ToolCall, {"id": "call_1"})]
)
def test_a_missing_required_field_is_an_error(kind, data):
    with pytest.raises(TypeError, match="missing"):
        from_dict(kind, data)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (TextPart, {"text": None}),
        (TextPart, {"text": ["Hello."]}),
        (ToolResult, {"id": "c", "name": "tide", "output": {"high": "noon"}}),
        (ToolResult, {"id": "c", "name": "tide", "output": "high", "is_error": "no"}),
        (Message, {"role": "king"}),
        (Message, {"role": "user", "parts": "Hello."}),
        (Message, {"role": "user", "parts": {"type": "text", "text": "Hello."}}),
        (Message, {"role": "user", "parts": ["Hello."]}),
        (Params, {"model": 1}),
        (Params, {"model": "m", "temperature": "warm"}),
        (Params, {"model": "m", "temperature": float("nan")}),
        (Params, {"model": "m", "max_completion_tokens": 1.5}),
        (Params, {"model": "m", "thinking": 1}),
        (Params, {"model": "m", "stop": "a"}),
        (Params, {"model": "m", "stop": ["a", 1]}),
        (Params, {"model": "m", "extra": ["seed", 1]}),
        (Usage, {"input": True}),
        (Usage, {"input": "1"}),
        (Reply, {"message": "Hello."}),
        (Reply, {"message": []}),
        (Reply, {"usage": 3}),
        (Reply, {"usage": {"input": None}}),
        (Reply, {"annotations": [{"url": 1}]}),
        (Reply, {"notes": [None]}),
        (Reply, {"timing": {"total": "long"}}),
    ],
)
def test_a_json_value_of_the_wrong_type_is_an_error(kind, data):
    with pytest.raises(ValueError, match="is of another type"):
        from_dict(kind, data)


def test_integers_are_valid_floats_and_null_is_valid_for_optional_fields():
    assert from_dict(Params, {"model": "m", "temperature": 1, "top_p": None}) == Params("m", temperature=1.0)


TEXT = st.text(max_size=20)
PARTS = st.one_of(
    st.builds(TextPart, TEXT),
    st.builds(ReasoningPart, TEXT, TEXT),
    st.builds(ImagePart, TEXT),
    st.builds(AudioPart, TEXT),
    st.builds(ToolCall, TEXT, TEXT, TEXT),
    st.builds(ToolResult, TEXT, TEXT, TEXT, st.booleans()),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=5,
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)


@given(
    st.builds(
        Request,
        messages=st.lists(
            st.builds(
                Message,
                st.sampled_from(["system", "user", "assistant", "tool"]),
                st.lists(PARTS, max_size=3).map(tuple),
            )
        ).map(tuple),
        params=st.builds(
            Params,
            TEXT,
            temperature=st.none() | st.floats(0, 2),
            stop=st.lists(TEXT, max_size=2).map(tuple),
            thinking=st.none() | st.booleans(),
            response_format=st.none() | OBJECTS,
            extra=OBJECTS,
        ),
        tools=st.lists(st.builds(Tool, TEXT, TEXT, OBJECTS), max_size=2).map(tuple),
        stream=st.booleans(),
    )
)
def test_any_request_round_trips_through_json(request_):
    assert from_dict(Request, json.loads(json.dumps(to_dict(request_)))) == request_


def test_a_renamed_field_keeps_its_name_in_files():
    timing = Timing(time_to_first_token=0.5, total=2.0)
    saved = {"first": 0.5, "total": 2.0}
    assert (to_dict(timing), from_dict(Timing, saved)) == (saved, timing)


@pytest.mark.parametrize("value", [{}, {"url": "https://example.org"}, "text", 7, None])
def test_an_object_instead_of_a_list_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match="is of another type"):
        from_dict(Reply, {"annotations": value})
