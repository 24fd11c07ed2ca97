"""Reasoning that stands in the answer between `<think>` and `</think>`: events in, events out.

Servers without a parser for it send it so, some after tool calls only, and some without the first tag, which stands in
their template of the prompt. (vllm-project/vllm#34625; section 2 of the second API notes)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
"""Characters of white space before the first tag."""
PARTIAL_LAST_TAG = re.compile(rf"(?:{'|'.join(LAST_TAG[:end] for end in range(1, len(LAST_TAG)))})\Z")


class ThinkTagFilter:
    """Takes such reasoning out of one answer's text."""

    def __init__(self) -> None:
        self._place: Literal["head", "reasoning", "answer", "gap", "text"] = "head"
        """Before anything is known; in the tags; in what may be reasoning whose first tag is missing; behind the tags."""
        self._held = ""
        self._answer: list[str] = []
        self._has_reasoning = False
        self._response = ResponseStarted()

    def feed(self, event: Event) -> Iterator[Event]:
        """Pass an event on, unless it may be part of a tag."""
        match event:
            case TextDelta(text) if self._place != "text":
                yield from self._read(text)
                return
            case ResponseStarted():
                self._response = event
            case ResponseRestarted():
                self._place, self._held, self._answer, self._has_reasoning = "head", "", [], False
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
        """Return what was held back."""
        held, self._held = self._held, ""
        if held:
            yield ReasoningDelta(held) if self._place == "reasoning" else TextDelta(held)
        if self._place != "reasoning":
            self._place, self._answer = "text", []

    def _read(self, text: str) -> Iterator[Event]:
        text, self._held = self._held + text, ""
        if self._place == "head":
            head = text.lstrip()
            if len(text) <= MAX_HELD_CHARS and head != FIRST_TAG and FIRST_TAG.startswith(head):
                self._held = text
                return
            if head.startswith(FIRST_TAG):
                self._place, text = "reasoning", head.removeprefix(FIRST_TAG)
            else:
                self._place = "text" if self._has_reasoning else "answer"
        match self._place:
            case "reasoning":
                yield from self._read_reasoning(text)
            case "answer":
                yield from self._read_answer(text)
            case _:
                yield from self._read_text(text)

    def _read_reasoning(self, text: str) -> Iterator[Event]:
        reasoning, tag, rest = text.partition(LAST_TAG)
        if not tag:
            reasoning, self._held = _split_partial_tag(reasoning)
        if reasoning:
            yield ReasoningDelta(reasoning)
        if tag:
            self._place = "gap"
            yield from self._read_text(rest)

    def _read_answer(self, text: str) -> Iterator[Event]:
        """Pass an answer on; if its last tag comes, what was told of it becomes reasoning."""
        before, tag, rest = text.partition(LAST_TAG)
        if not tag:
            before, self._held = _split_partial_tag(before)
        self._answer.append(before)
        if not tag or _is_in_code(answer := "".join(self._answer)):
            if before or tag:
                yield TextDelta(before + tag)
            if tag:
                yield from self.flush()
                yield from [TextDelta(rest)] if rest else []
            return
        yield ResponseRestarted(self._response.id, self._response.model)
        yield from [ReasoningDelta(answer)] if answer else []
        self._place, self._answer = "gap", []
        yield from self._read_text(rest)

    def _read_text(self, text: str) -> Iterator[Event]:
        if self._place == "gap":
            text = text.lstrip("\n")
        if text:
            self._place = "text"
            yield TextDelta(text)


def _split_partial_tag(text: str) -> tuple[str, str]:
    match = PARTIAL_LAST_TAG.search(text)
    return (text[: match.start()], match[0]) if match else (text, "")


def _is_in_code(text: str) -> bool:
    """Tell whether a text ends in a fence, or behind an odd backtick of its last line."""
    return bool(text.count("```") % 2 or text.rpartition("\n")[2].count("`") % 2)
