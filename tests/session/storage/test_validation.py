"""Validation of saved values: valid JSON is read back, other JSON is refused with the name of a field."""

import json

import pytest
from hypothesis import given, strategies as st

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
    Timing,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    VideoPart,
)
from mimo_magics.core.serialization import to_dict
from mimo_magics.session.storage.validation import validate

MESSAGE = Message(
    "assistant",
    (
        ReasoningPart("Hm.", "sig"),
        TextPart("Hello."),
        ContextPart("[1]", "rows", "list", "list", 3),
        ImagePart("https://example.org/a.png"),
        AudioPart("data:audio/wav;base64,AAAA", "bell"),
        VideoPart("https://example.org/a.mp4", "tide", 0.5, "max"),
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
def test_a_value_is_read_back_from_its_json(value):
    assert validate(type(value), json.loads(json.dumps(to_dict(value)))) == value


def test_unknown_fields_are_ignored():
    data = {
        "role": "user",
        "parts": [{"type": "text", "text": "Hi", "color": "blue"}],
        "mood": ["good"],
    }
    assert validate(Message, data) == Message("user", (TextPart("Hi"),))
    assert validate(Reply, {"usage": {"input": 1, "later": 2}, "later": {}}) == Reply(usage=Usage(1))


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        (Message, {}, "role is missing"),
        (Params, {"temperature": 1}, "model is missing"),
        (ToolCall, {"id": "call_1"}, "name is missing"),
        (Message, {"role": "user", "parts": [{"type": "hologram", "url": "u"}]}, "parts.0 is not valid"),
        (Message, {"role": "user", "parts": [{"type": None}]}, "parts.0 is not valid"),
        (Message, {"role": "user", "parts": [{"type": []}]}, "parts.0 is not valid"),
        (Message, {"role": "user", "parts": [{"type": "\ud800"}]}, "parts.0 is not valid"),
        (Message, {"role": "user", "parts": [{"text": "Hi"}]}, "parts.0 is not valid"),
        (Message, {"role": "user", "parts": [{"type": "text"}]}, "parts.0.text.text is missing"),
        (Message, {"role": "user", "parts": "Hello."}, "parts has the wrong type"),
        (Message, {"role": "user", "parts": {"type": "text", "text": "Hi"}}, "parts has the wrong type"),
        (Message, {"role": "user", "parts": ["Hello."]}, "parts.0 has the wrong type"),
        (Message, {"role": "king"}, "role is not valid"),
        (Message, ["user"], "the value has the wrong type"),
        (TextPart, {"text": None}, "text has the wrong type"),
        (TextPart, {"text": ["Hello."]}, "text has the wrong type"),
        (ToolResult, {"id": "c", "name": "tide", "output": {"high": "noon"}}, "output has the wrong type"),
        (
            ToolResult,
            {"id": "c", "name": "tide", "output": "high", "is_error": "no"},
            "is_error has the wrong type",
        ),
        (Params, {"model": 1}, "model has the wrong type"),
        (Params, {"model": "m", "temperature": "warm"}, "temperature has the wrong type"),
        (Params, {"model": "m", "temperature": True}, "temperature has the wrong type"),
        (Params, {"model": "m", "temperature": float("nan")}, "temperature is not valid"),
        (Params, {"model": "m", "temperature": 10**400}, "temperature has the wrong type"),
        (Params, {"model": "m", "max_completion_tokens": 1.5}, "max_completion_tokens has the wrong type"),
        (Params, {"model": "m", "max_completion_tokens": 2**63}, "max_completion_tokens is not valid"),
        (Params, {"model": "m", "max_completion_tokens": 10**400}, "max_completion_tokens is not valid"),
        (Params, {"model": "m", "thinking": 1}, "thinking has the wrong type"),
        (Params, {"model": "m", "stop": "a"}, "stop has the wrong type"),
        (Params, {"model": "m", "stop": ["a", 1]}, "stop.1 has the wrong type"),
        (Params, {"model": "m", "extra": ["seed", 1]}, "extra has the wrong type"),
        (Usage, {"input": True}, "input has the wrong type"),
        (Usage, {"input": "1"}, "input has the wrong type"),
        (Reply, {"message": "Hello."}, "message has the wrong type"),
        (Reply, {"message": []}, "message has the wrong type"),
        (Reply, {"usage": 3}, "usage has the wrong type"),
        (Reply, {"usage": {"input": None}}, "usage.input has the wrong type"),
        (Reply, {"annotations": [{"url": 1}]}, "annotations.0.url has the wrong type"),
        (Reply, {"annotations": {"url": "https://example.org"}}, "annotations has the wrong type"),
        (Reply, {"annotations": "text"}, "annotations has the wrong type"),
        (Reply, {"annotations": 7}, "annotations has the wrong type"),
        (Reply, {"annotations": None}, "annotations has the wrong type"),
        (Reply, {"notes": [None]}, "notes.0 has the wrong type"),
        (Reply, {"timing": {"total": "long"}}, "timing.total has the wrong type"),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_refused_and_the_field_is_named(
    kind: type, data: object, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        validate(kind, data)
    assert (type(caught.value), str(caught.value)) == (ValueError, message)


def test_an_error_begins_with_the_name_of_the_data() -> None:
    with pytest.raises(ValueError, match=r"^turns\.1\.text is missing$"):
        validate(tuple[TextPart, ...], [{"text": "Hi"}, {}], "turns")
    with pytest.raises(ValueError, match=r"^turns has the wrong type$"):
        validate(tuple[TextPart, ...], None, "turns")


def test_an_integer_is_read_as_a_float_and_null_as_a_missing_value():
    assert validate(Params, {"model": "m", "temperature": 1, "top_p": None}) == Params("m", temperature=1.0)


TEXT = st.text(max_size=20)
PARTS = st.one_of(
    st.builds(TextPart, TEXT),
    st.builds(ContextPart, TEXT, TEXT, TEXT, TEXT, st.integers(0, 2**62)),
    st.builds(ReasoningPart, TEXT, TEXT),
    st.builds(ImagePart, TEXT),
    st.builds(AudioPart, TEXT),
    st.builds(VideoPart, TEXT, TEXT, st.none() | st.floats(allow_nan=False, allow_infinity=False), TEXT),
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
def test_any_request_is_read_back_from_its_json(request_):
    assert validate(Request, json.loads(json.dumps(to_dict(request_)))) == request_


def test_a_renamed_field_is_read_under_its_name_in_files() -> None:
    assert validate(Timing, {"first": 0.5, "total": 2.0}) == Timing(time_to_first_token=0.5, total=2.0)
