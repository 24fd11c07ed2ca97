"""Incomplete and truncated replies: the prompt that continues them, and the reply that results."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import takewhile
from math import isfinite

from mimo_magics.core.messages import Part, ReasoningPart, Reply, TextPart, Timing, Usage
from mimo_magics.session.turn import Turn

CONTINUE_PROMPT = "Your last reply was interrupted. Continue exactly where it stopped. Do not repeat any of it, and add nothing else."
"""Sent as a prompt, because the OpenAI format of MiMo does not document how to continue the last message."""
MIN_OVERLAP_CHARS, MAX_OVERLAP_CHARS = 12, 4_000
"""Characters. A shorter overlap may be a coincidence."""


def can_continue(turn: Turn) -> bool:
    """Return whether a reply is incomplete or truncated."""
    return not turn.is_complete or turn.reply.stop == "length"


def join_turns(first: Turn, second: Turn) -> Turn:
    """Return the turn of a reply and its continuation: one prompt and one reply."""
    reply = replace(
        second.reply,
        message=replace(
            first.reply.message, parts=_join_parts(first.reply.message.parts, second.reply.message.parts)
        ),
        usage=_add_usage(first.reply.usage, second.reply.usage),
        annotations=first.reply.annotations + second.reply.annotations,
        notes=first.reply.notes + second.reply.notes,
        timing=_add_timing(first.reply, second.reply),
        cost=None if first.reply.cost is None else _add(first.reply.cost, second.reply.cost or 0.0),
    )
    return replace(
        first,
        reply=reply,
        usage=first.usage + second.usage,
        context_tokens=second.context_tokens,
        omitted_turns=second.omitted_turns,
        summary=second.summary,
        hides_values=first.hides_values and second.hides_values,
    )


def _join_parts(first: tuple[Part, ...], second: tuple[Part, ...]) -> tuple[Part, ...]:
    """Join the texts at the border of both replies. The reasoning between them goes before the joined text."""
    reasoning = tuple(takewhile(lambda part: isinstance(part, ReasoningPart), second))
    remaining = second[len(reasoning) :]
    if not (first and remaining and isinstance(first[-1], TextPart) and isinstance(remaining[0], TextPart)):
        return first + second
    text = first[-1].text + remaining[0].text[_count_overlap(first[-1].text, remaining[0].text) :]
    return (*first[:-1], *reasoning, TextPart(text), *remaining[1:])


def _count_overlap(first: str, second: str) -> int:
    """Return how many characters of the continuation repeat the end of the first reply. Models do this unprompted."""
    max_overlap = min(len(first), len(second), MAX_OVERLAP_CHARS)
    return next(
        (size for size in range(max_overlap, MIN_OVERLAP_CHARS - 1, -1) if first.endswith(second[:size])), 0
    )


def _add_usage(first: Usage | None, second: Usage | None) -> Usage | None:
    return first + second if first and second else first or second


def _add_timing(first: Reply, second: Reply) -> Timing | None:
    if first.timing is None or second.timing is None:
        return first.timing or second.timing
    reasoning_seconds = [
        each for each in (first.timing.reasoning, second.timing.reasoning) if each is not None
    ]
    return Timing(
        first.timing.time_to_first_token,
        reduce(_add, reasoning_seconds) if reasoning_seconds else None,
        round(_add(first.timing.total, second.timing.total), 3),
        round(_add(first.timing.tools, second.timing.tools), 3),
    )


def _add(first: float, second: float) -> float:
    """Return a finite sum. The numbers of an untrusted file may add up to infinity, which JSON does not support."""
    total = first + second
    return total if isfinite(total) else 0.0
