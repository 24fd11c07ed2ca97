"""Requests that are adapted after a server refused one because of an unknown or a missing field.

Only fields that this package adds by itself are changed. Parameters that the user set stay, and the error is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from mimo_magics.core.errors import ApiError
from mimo_magics.core.i18n import Translatable

REFUSAL_STATUSES = (400, 422)
UNKNOWN = re.compile(
    r"unsupported|not supported|unknown|unrecogni[sz]ed|unexpected|extra|not permitted|not allowed|additional|forbidden"
    r"|invalid (?:field|parameter|argument|property)|do(?:es)? not (?:take|accept|support|exist)|no such|不支持|不被支持|未知",
    re.IGNORECASE,
)
"""Words in the error of a server that does not know a field."""
REASONING_NAME = r"(?<![\w.])(?:reasoning_content|thinking)(?![\w.])"
MISSING_REASONING = re.compile(
    rf"{REASONING_NAME}.*\b(?:must|missing|lacks?|required|passed back)\b|\b(?:missing|lacks?)\b.*{REASONING_NAME}",
    re.IGNORECASE,
)
"""Words in the error of a server that requires reasoning: MiMo, DeepSeek, Moonshot, Anthropic."""

ALTERNATIVES = {"max_completion_tokens": "max_tokens", "max_tokens": "max_completion_tokens"}
"""Alternative names of a field."""
OPTIONAL_FIELDS = (
    *("stream_options", "chat_template_kwargs", "enable_thinking", "reasoning_effort", "reasoning_content"),
    *("thinking", *ALTERNATIVES),
)


@dataclass(frozen=True, slots=True)
class AdaptedBody:
    """A body that the server may accept."""

    field: str
    """The changed field."""
    body: dict[str, Any]
    notice: str = ""
    """A notice for the user, if the change affects the reply."""

    @property
    def fields(self) -> frozenset[str]:
        """The field and its alternative name; neither is changed again."""
        return frozenset({self.field, ALTERNATIVES.get(self.field, self.field)})


def adapt_body(
    body: Mapping[str, Any], error: ApiError, protected: Collection[str] = ()
) -> AdaptedBody | None:
    """Return an adapted body for a refused one, or `None` if the refusal had another reason.

    Fields in `protected` stay, as the user set them or an earlier attempt changed them.
    """
    if error.status not in REFUSAL_STATUSES:
        return None
    if "reasoning_content" not in protected and _is_reasoning_missed(str(error)):
        padded = _change_messages(body, _pad_reasoning)
        return None if padded == body else AdaptedBody("reasoning_content", padded)
    for name in OPTIONAL_FIELDS:
        if name not in protected and _is_refused(name, str(error)):
            relaxed = leave_out_field(body, name)
            if relaxed != body:
                return AdaptedBody(name, relaxed, _build_notice(name))
    return None


def _is_reasoning_missed(message: str) -> bool:
    """Return whether a server requires reasoning. Groq, which refuses it, also uses the word «must»."""
    return bool(MISSING_REASONING.search(message) and not UNKNOWN.search(message))


def _is_refused(name: str, message: str) -> bool:
    is_named = re.search(rf"(?<!\w){name}(?!\w)", message)
    return bool(is_named and (name == "stream_options" or UNKNOWN.search(message)))


def _build_notice(name: str) -> str:
    if name == "stream_options" or name in ALTERNATIVES:
        return ""
    return Translatable("The server does not support {name}; the request was repeated without it.", name=name)


def leave_out_field(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a body without a field. A limit of the output has its alternative name instead."""
    if name not in body:
        return _change_messages(body, lambda message: _without_reasoning(message, name))
    relaxed = {key: value for key, value in body.items() if key != name}
    return relaxed | ({ALTERNATIVES[name]: body[name]} if name in ALTERNATIVES else {})


def _change_messages(
    body: Mapping[str, Any], change: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    messages = [
        change(message) if message.get("role") == "assistant" else message for message in body["messages"]
    ]
    return {**body, "messages": messages}


def _without_reasoning(message: Mapping[str, Any], name: str) -> dict[str, Any]:
    if name == "thinking" and isinstance(message["content"], list):
        blocks = [block for block in message["content"] if block.get("type") != "thinking"]
        return {**message, "content": blocks or message["content"]}
    return {key: value for key, value in message.items() if not key == name == "reasoning_content"}


def _pad_reasoning(message: Mapping[str, Any]) -> dict[str, Any]:
    """Add placeholder reasoning: to calls, and in the OpenAI format to every reply (openclaw/openclaw#73417)."""
    content = message["content"]
    if not isinstance(content, list):
        return {"reasoning_content": " ", **message}
    kinds = [block.get("type") for block in content]
    if "tool_use" in kinds and "thinking" not in kinds:
        content = [{"type": "thinking", "thinking": " ", "signature": ""}, *content]
    return {**message, "content": content}
