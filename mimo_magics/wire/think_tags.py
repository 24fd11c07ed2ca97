"""Reasoning that a server sends as text between `<think>` and `</think>`: events in, events out.

Servers without a reasoning parser do this, some only after tool calls. Some omit the first tag, because it is part of
their prompt template. (vllm-project/vllm#34625; section 2 of the second API notes)
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Literal

from mimo_magics.core.events import (
    Event,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    Stopped,
    TextDelta,
    ToolCallStart,
)

FIRST_TAG, LAST_TAG = "<think>", "</think>"
MAX_HELD_CHARS = 1_000
"""Maximum white space before the first tag."""
MAX_BLOCKS = 100
"""Maximum number of reasoning blocks in a row, as some models write several."""
UNESCAPED_QUOTE = re.compile(r'(?<!\\)"')
PARTIAL_LAST_TAG = re.compile(rf"(?:{'|'.join(LAST_TAG[:end] for end in range(1, len(LAST_TAG)))})\Z")


class ThinkTagFilter:
    """Extracts such reasoning from the events of one reply."""

    def __init__(self) -> None:
        self._place: Literal["head", "reasoning", "answer", "gap", "text"] = "head"
        """The state: before any text; between the tags; in text that may be reasoning without its first tag; after the tags."""
        self._held = ""
        self._answer: list[str] = []
        self._has_reasoning = False
        self._block_count = 0
        self._response = ResponseStarted()

    def feed(self, event: Event) -> Iterator[Event]:
        """Forward an event, unless it may be part of a tag."""
        match event:
            case TextDelta(text) if self._place != "text":
                yield from self._read(text)
                return
            case ResponseStarted():
                self._response = event
            case ResponseRestarted():
                self._place, self._held, self._answer = "head", "", []
                self._has_reasoning, self._block_count = False, 0
            case ReasoningDelta(text) if text:
                self._has_reasoning = True
                if self._place == "answer":
                    yield from self.flush()
            case ToolCallStart() if self._place != "head":
                yield from self.flush()
            case Stopped():
                yield from self.flush()
        yield event

    def flush(self) -> Iterator[Event]:
        """Return the text that was held back."""
        held, self._held = self._held.lstrip("\n") if self._place == "gap" else self._held, ""
        if held:
            yield ReasoningDelta(held) if self._place == "reasoning" else TextDelta(held)
        if self._place != "reasoning":
            self._place, self._answer = "text", []

    def _read(self, text: str) -> Iterator[Event]:
        text, self._held = self._held + text, ""
        while text:
            if self._place in ("head", "gap"):
                head = text.lstrip()
                if len(text) <= MAX_HELD_CHARS and head != FIRST_TAG and FIRST_TAG.startswith(head):
                    self._held = text
                    return
                text = self._begin(text, head)
            if self._place == "reasoning":
                text = yield from self._read_reasoning(text)
            elif self._place == "answer":
                text = yield from self._read_answer(text)
            else:
                yield from [TextDelta(text)] if text else []
                return

    def _begin(self, text: str, head: str) -> str:
        """Decide what the text is, and return it without the tag."""
        if head.startswith(FIRST_TAG) and self._block_count < MAX_BLOCKS:
            self._place = "reasoning"
            self._block_count += 1
            return head.removeprefix(FIRST_TAG)
        if self._place == "gap":
            self._place = "text"
            return text.lstrip("\n")
        self._place = "text" if self._has_reasoning else "answer"
        return text

    def _read_reasoning(self, text: str) -> Generator[Event, None, str]:
        """Forward reasoning; return the text after it."""
        reasoning, tag, rest = text.partition(LAST_TAG)
        if tag:
            self._place = "gap"
        else:
            reasoning, self._held = _split_partial_tag(reasoning)
        if reasoning:
            yield ReasoningDelta(reasoning)
        return rest

    def _read_answer(self, text: str) -> Generator[Event, None, str]:
        """Forward text that may be reasoning, and restart the reply if the closing tag follows. Return the text after it."""
        before, tag, rest = text.partition(LAST_TAG)
        if not tag:
            before, self._held = _split_partial_tag(before)
        self._answer.append(before)
        if not tag or _is_in_code(answer := "".join(self._answer)):
            if before or tag:
                yield TextDelta(before + tag)
            if tag:
                yield from self.flush()
            return rest
        yield ResponseRestarted(self._response.id, self._response.model)
        yield from [ReasoningDelta(answer)] if answer else []
        self._place, self._answer = "gap", []
        return rest


def _split_partial_tag(text: str) -> tuple[str, str]:
    match = PARTIAL_LAST_TAG.search(text)
    return (text[: match.start()], match[0]) if match else (text, "")


def _is_in_code(text: str) -> bool:
    """Return whether a text ends within a code fence, within inline code, or within a string of a JSON reply."""
    is_in_string = text.lstrip().startswith(("{", "[")) and len(UNESCAPED_QUOTE.findall(text)) % 2
    return bool(is_in_string or text.count("```") % 2 or text.rpartition("\n")[2].count("`") % 2)
