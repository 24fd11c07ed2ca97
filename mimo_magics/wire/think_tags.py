"""Reasoning that stands in the answer between `<think>` and `</think>`: events in, events out.

Servers without a parser for it send it so, some after tool calls only, and some without the first tag, which stands in
their template of the prompt. (vllm-project/vllm#34625; section 2 of the second API notes)
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
"""Characters of white space before the first tag."""
MAX_BLOCKS = 100
"""Of reasoning in a row; some models think in several."""
PARTIAL_LAST_TAG = re.compile(rf"(?:{'|'.join(LAST_TAG[:end] for end in range(1, len(LAST_TAG)))})\Z")


class ThinkTagFilter:
    """Takes such reasoning out of one answer's text."""

    def __init__(self) -> None:
        self._place: Literal["head", "reasoning", "answer", "gap", "text"] = "head"
        """Before anything is known; in the tags; in what may be reasoning whose first tag is missing; behind the tags."""
        self._held = ""
        self._answer: list[str] = []
        self._has_reasoning = False
        self._block_count = 0
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
        """Return what was held back."""
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
        """Find out what begins, and return its text."""
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
        """Pass reasoning on; return what stands behind it."""
        reasoning, tag, rest = text.partition(LAST_TAG)
        if tag:
            self._place = "gap"
        else:
            reasoning, self._held = _split_partial_tag(reasoning)
        if reasoning:
            yield ReasoningDelta(reasoning)
        return rest

    def _read_answer(self, text: str) -> Generator[Event, None, str]:
        """Pass an answer on; if its last tag comes, what was told of it becomes reasoning. Return what stands behind it."""
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
    """Tell whether a text ends in a fence, or behind an odd backtick of its last line."""
    return bool(text.count("```") % 2 or text.rpartition("\n")[2].count("`") % 2)
