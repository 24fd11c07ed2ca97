"""An answer that was broken off, and how it goes on."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from mimo_magics.core.messages import Part, ReasoningPart, Reply, TextPart, Timing, Usage
from mimo_magics.session.turn import Turn

GO_ON = "Your last answer was broken off. Go on exactly where it stopped: repeat nothing of it, and say nothing else."
"""A prompt, as MiMo's OpenAI format documents no way to continue an answer that is the last message."""
LEAST_REPEAT, LONGEST_REPEAT = 12, 4_000
"""Characters. Fewer than the first may be the same by chance."""


def can_go_on(turn: Turn) -> bool:
    """Tell whether an answer was broken off, by whomever."""
    return not turn.whole or turn.reply.stop == "length"


def joined(first: Turn, second: Turn) -> Turn:
    """Return the turn of an answer and what went on from it: one prompt, one answer."""
    reply = replace(
        second.reply,
        message=replace(
            first.reply.message, parts=_parts(first.reply.message.parts, second.reply.message.parts)
        ),
        usage=_sum(first.reply.usage, second.reply.usage),
        annotations=first.reply.annotations + second.reply.annotations,
        notes=first.reply.notes + second.reply.notes,
        timing=_time(first.reply, second.reply),
        cost=None if first.reply.cost is None else first.reply.cost + (second.reply.cost or 0),
    )
    return replace(
        first,
        reply=reply,
        spent=first.spent + second.spent,
        context=second.context,
        left_out=second.left_out,
        summary=second.summary,
    )


def _parts(first: tuple[Part, ...], second: tuple[Part, ...]) -> tuple[Part, ...]:
    """Join the texts where one ends and the other begins; what was thought in between goes before them."""
    thought = tuple(takewhile(lambda part: isinstance(part, ReasoningPart), second))
    rest = second[len(thought) :]
    if not (first and rest and isinstance(first[-1], TextPart) and isinstance(rest[0], TextPart)):
        return first + second
    text = first[-1].text + rest[0].text[_repeated(first[-1].text, rest[0].text) :]
    return (*first[:-1], *thought, TextPart(text), *rest[1:])


def _repeated(first: str, second: str) -> int:
    """Return how many characters of an answer repeat the end of what it goes on from; models do that unasked."""
    longest = min(len(first), len(second), LONGEST_REPEAT)
    return next((size for size in range(longest, LEAST_REPEAT - 1, -1) if first.endswith(second[:size])), 0)


def _sum(first: Usage | None, second: Usage | None) -> Usage | None:
    return first + second if first and second else first or second


def _time(first: Reply, second: Reply) -> Timing | None:
    if first.timing is None or second.timing is None:
        return first.timing or second.timing
    thought = [each for each in (first.timing.reasoning, second.timing.reasoning) if each is not None]
    total = first.timing.total + second.timing.total
    return Timing(first.timing.time_to_first_token, sum(thought) if thought else None, round(total, 3))
