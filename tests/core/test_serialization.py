"""Conversion of values to JSON, in the documented format."""

from mimo_magics.core.messages import (
    AudioPart,
    ImagePart,
    Message,
    Params,
    ReasoningPart,
    Reply,
    TextPart,
    Timing,
    Tool,
    ToolCall,
    ToolResult,
    VideoPart,
)
from mimo_magics.core.serialization import to_dict

MESSAGE = Message(
    "assistant",
    (
        ReasoningPart("Hm.", "sig"),
        TextPart("Hello."),
        ImagePart("https://example.org/a.png"),
        AudioPart("data:audio/wav;base64,AAAA", "bell"),
        VideoPart("https://example.org/a.mp4", "tide", 0.5, "max"),
        ToolCall("call_1", "tide", '{"port": "基隆"}'),
        ToolResult("call_1", "tide", "high at noon", is_error=True),
    ),
)


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
            {"type": "audio", "url": "data:audio/wav;base64,AAAA", "name": "bell"},
            {
                "type": "video",
                "url": "https://example.org/a.mp4",
                "name": "tide",
                "fps": 0.5,
                "media_resolution": "max",
            },
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


def test_a_renamed_field_has_its_old_name_in_files():
    assert to_dict(Timing(time_to_first_token=0.5, total=2.0)) == {"first": 0.5, "total": 2.0}
