"""Requests that are adapted after a refusal."""

from __future__ import annotations

from typing import Any

import pytest

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
from mimo_magics.wire.formats import FORMATS
from mimo_magics.wire.refused_requests import adapt_body


def refusal(message: str, status: int = 400) -> ApiError:
    return ApiError(f"HTTP {status}: {message}", status=status)


def openai_body(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}


@pytest.mark.parametrize(
    ("message", "field", "before", "after"),
    [
        ("Unknown field stream_options", "stream_options", {"stream_options": {}}, {}),
        ("stream_options", "stream_options", {"stream_options": {}}, {}),
        ("property 'thinking' is unsupported", "thinking", {"thinking": {"type": "enabled"}}, {}),
        (
            "Extra inputs are not permitted: chat_template_kwargs",
            "chat_template_kwargs",
            {"chat_template_kwargs": {"enable_thinking": True}},
            {},
        ),
        (
            "Unrecognized request argument: reasoning_effort",
            "reasoning_effort",
            {"reasoning_effort": "none"},
            {},
        ),
        (
            "Unknown parameter: 'max_completion_tokens'",
            "max_completion_tokens",
            {"max_completion_tokens": 50},
            {"max_tokens": 50},
        ),
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "max_tokens",
            {"max_tokens": 50},
            {"max_completion_tokens": 50},
        ),
        (
            "mistral does not support parameters: {'max_completion_tokens': 4096}, for model=m. To drop these, …",
            "max_completion_tokens",
            {"max_completion_tokens": 50},
            {"max_tokens": 50},
        ),
        (
            '{"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options", "include_usage"]}]}',
            "stream_options",
            {"stream_options": {"include_usage": True}},
            {},
        ),
        (
            "property 'stream_options' is unsupported, did you mean 'stream'?",
            "stream_options",
            {"stream_options": {}},
            {},
        ),
        ('"qwen2.5" does not support thinking', "thinking", {"thinking": {"type": "enabled"}}, {}),
        ("不支持的参数: `enable_thinking`", "enable_thinking", {"enable_thinking": True}, {}),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_an_unknown_field_is_omitted_or_renamed(
    message: str, field: str, before: dict[str, Any], after: dict[str, Any], status: int
) -> None:
    adapted = adapt_body(openai_body(**before), refusal(message, status))
    assert adapted
    assert (adapted.field, adapted.body) == (field, openai_body(**after))


def test_a_notice_reports_an_omitted_field() -> None:
    notices = [
        adapt_body(openai_body(**{name: 1}), refusal(f"{name} is unsupported"))
        for name in ("thinking", "stream_options", "max_tokens")
    ]
    assert [each and each.notice for each in notices] == [
        "The server does not support thinking; the request was repeated without it.",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Param Incorrect: temperature", 400),
        ("max_tokens is too large", 400),
        ("Unknown field stream_options", 401),
        ("Unknown field stream_options", 500),
        ("Unsupported model m", 400),
        ("Unknown field seed", 400),
        ("Unknown field max_tokens_to_sample", 400),
        ("parameter.enable_thinking must be set to false for non-streaming calls", 400),
        ("thinking.type must be one of: enabled, disabled", 400),
    ],
)
def test_an_unrelated_error_changes_nothing(message: str, status: int) -> None:
    body = openai_body(stream_options={}, max_tokens=9, temperature=1, seed=7, thinking={})
    body["messages"] += [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Hi"}]
    assert adapt_body(body, refusal(message, status)) is None


def test_protected_fields_are_not_changed() -> None:
    body = openai_body(reasoning_effort="high")
    assert adapt_body(body, refusal("Unknown field reasoning_effort"), {"reasoning_effort"}) is None
    first = adapt_body(openai_body(max_tokens=9), refusal("max_tokens is unsupported"))
    assert first
    assert adapt_body(first.body, refusal("max_completion_tokens is unsupported"), first.fields) is None


CALL = ToolCall("c", "look", "{}")
CONVERSATION = (
    user_message("Hi"),
    Message("assistant", (ReasoningPart("Hm."), TextPart("I look."), CALL)),
    Message("tool", (ToolResult("c", "look", "sand"),)),
)


@pytest.mark.parametrize(
    ("api", "message"),
    [
        ("openai", "property 'reasoning_content' is unsupported"),
        (
            "openai",
            '[{"type":"extra_forbidden","loc":["body","messages",1,"reasoning_content"],"msg":"Extra inputs"}]',
        ),
        ("anthropic", "messages.1.content.0.thinking: Extra inputs are not permitted"),
        (
            "openai",
            "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property "
            "'reasoning_content' is unsupported)], 'messages.3' : for 'role:assistant' the following must be satisfied",
        ),
        (
            "openai",
            "messages.2.assistant.reasoning_content: property 'messages.2.assistant.reasoning_content' is unsupported",
        ),
        (
            "openai",
            "Extra inputs are not permitted, field: 'messages[8].reasoning_content', value: 'Is it missing?'",
        ),
        ("openai", "Unknown name \"reasoning_content\" at 'messages[1]': Cannot find field."),
        ("openai", "messages[1]: unknown field `reasoning_content`, expected one of `role`, `content`"),
    ],
)
def test_unknown_reasoning_fields_are_removed_from_all_messages(api: Any, message: str) -> None:
    request = Request(CONVERSATION, Params("m"), (Tool("look"),))
    adapted = adapt_body(FORMATS[api].encode(request), refusal(message))
    unreasoned = Message("assistant", (TextPart("I look."), CALL))
    plain = Request((CONVERSATION[0], unreasoned, CONVERSATION[2]), Params("m"), (Tool("look"),))
    plain = Request(plain.messages, plain.params, plain.tools, fields=ServiceFields(pads_reasoning=False))
    assert adapted
    assert adapted.body == FORMATS[api].encode(plain)


@pytest.mark.parametrize("api", ["openai", "anthropic"])
@pytest.mark.parametrize(
    "message",
    [
        "The reasoning_content in the thinking mode must be passed back to the API.",
        "Missing `reasoning_content` field in the assistant message at message index 2.",
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2",
        "When `thinking` is enabled, a final `assistant` message must start with a thinking block",
    ],
)
def test_missing_reasoning_is_replaced_by_a_placeholder(api: Any, message: str) -> None:
    messages = (user_message("Hi"), Message("assistant", (CALL,)), CONVERSATION[2])
    bare = Request(messages, Params("m"), fields=ServiceFields(pads_reasoning=False))
    error = refusal(message)
    adapted = adapt_body(FORMATS[api].encode(bare), error)
    assert adapted
    assert (adapted.body, adapted.notice) == (FORMATS[api].encode(Request(messages, Params("m"))), "")
    assert adapt_body(adapted.body, error, adapted.fields) is None


def test_missing_reasoning_is_padded_in_every_reply_of_the_openai_format() -> None:
    body = openai_body()
    body["messages"] += [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Well?"}]
    adapted = adapt_body(body, refusal("reasoning_content must be passed back"))
    assert adapted
    assert adapted.body["messages"][1] == {"role": "assistant", "content": "Hi", "reasoning_content": " "}
