"""How much of a conversation goes to the model, whose window is not endless.

A server counts the tokens of a request and tells them afterwards. Before, they are estimated: from the count of the
request before, and from the characters of what came since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from mimo_magics.core.errors import WindowFull
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import (
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
    user_message,
)
from mimo_magics.core.models import MODELS, estimate_tokens
from mimo_magics.core.settings import Overflow
from mimo_magics.session.turn import Turn, history

WARN = 0.8
"""Part of the window from which on a person is told how full it is."""
FULL = 0.95
"""Part of the window that a request may fill; the rest is left for the answer."""
LOW = 0.7
"""Part of the window that is filled after turns were left out, so that this is not done again each time."""
MEDIUM = 1_000
"""Tokens of a picture or a sound, about."""
ALONE = Words(
    "This turn alone is too long: shorten the prompt or what its tools return, or ask a model with a larger window."
)
SUMMARISE = (
    "Summarise our conversation up to here, so that it can go on without its beginning. Keep what I asked for, what was "
    "found and decided, what is still open, and the names, figures and pieces of code that may be needed again. "
    "Write the summary alone, in the language of the conversation, in at most 500 words."
)
SUMMARY = "This is a summary of what we said before:\n\n"
UNDERSTOOD = "Thank you. I will go on from there."


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a conversation is sent."""

    left_out: int
    """How many of its oldest turns are not."""
    tokens: int
    """Of the whole request, about."""


def size(model: str, window: int | None) -> int | None:
    """Return how many tokens the model takes in all; `None` where that is not known.

    Args:
        model: the model's id.
        window: what the person set.
    """
    known = MODELS.get(model)
    return window or (known.context_window if known else None)


def estimated(messages: Iterable[Message]) -> int:
    """Estimate the tokens of messages from their characters."""
    return round(_weight(messages))


def plan(
    past: Sequence[Turn],
    own: Sequence[Message],
    window: int | None,
    overflow: Overflow,
    *,
    beside: int = 0,
    before: int | None = None,
) -> Plan:
    """Decide which turns are sent.

    As long as the turns that were left out before are enough, they stay the same ones: a server finds the beginning of
    a request in its cache only where it is the same.

    Args:
        past: all turns that the prompt follows, oldest first.
        own: what is sent besides: system prompt, prompt, and what this turn has come to already.
        window: tokens that the model takes in all; `None` is unknown, and everything is sent.
        overflow: what is to be done when they do not fit.
        beside: tokens of what no message holds, such as the descriptions of tools.
        before: how many turns the request before left out; if it is not told, as many as the last turn's.

    Raises:
        WindowFull: they do not fit, and nothing is to be left out or that is not enough.
    """
    sizes = _sizes(past, own, beside)
    if window is None or sizes[0] <= FULL * window:
        return Plan(0, sizes[0])
    if sizes[-1] > FULL * window:
        raise WindowFull(_too_long(sizes[-1], window), ALONE)
    if overflow == "error":
        raise WindowFull(_too_long(sizes[0], window))
    if before is None:
        before = past[-1].left_out
    left_out = _left_out(sizes, window, min(before, len(past)))
    return Plan(left_out, sizes[left_out])


def warning(context: int, window: int | None, model: str) -> str:
    """Say how full the window is; empty as long as it is not full enough to speak of.

    Args:
        context: tokens of the last request and its answer together.
        window: tokens that the model takes in all, if that is known.
        model: the model's id.
    """
    if not window or context < WARN * window:
        return ""
    share = f"{context / window:.0%}".replace("%", " %")
    return Words(
        "The conversation fills {share} of the window of {model}: {context:,} of {window:,} tokens.",
        share=share,
        model=model,
        context=context,
        window=window,
    )


def told(left_out: int, before: int, model: str, summary: str = "") -> str:
    """Say which turns the model is not told any more; empty where it is told no fewer than before.

    Args:
        left_out: how many of the oldest turns are left out.
        before: how many the request before left out.
        model: the model's id.
        summary: what is sent in their place.
    """
    if left_out <= before:
        return ""
    which = Words("The oldest turn is" if left_out == 1 else "The {count} oldest turns are", count=left_out)
    how = Words("sent as a summary" if summary else "left out")
    return Words("{which} {how}: the window of {model} is full.", which=which, how=how, model=model)


def summary_request(turns: Iterable[Turn], earlier: str = "") -> tuple[Message, ...]:
    """Return the messages that ask the model for a summary of these turns.

    Args:
        turns: what is to be summarised, oldest first.
        earlier: the summary of the turns before these.
    """
    return (*opening(earlier), *history(turns), user_message(SUMMARISE))


def opening(summary: str) -> tuple[Message, ...]:
    """Return what stands at the beginning of the history for turns that are left out; nothing for no summary."""
    return (user_message(SUMMARY + summary), Message("assistant", (TextPart(UNDERSTOOD),))) if summary else ()


def _sizes(past: Sequence[Turn], own: Sequence[Message], beside: int) -> list[int]:
    """Estimate the request without any number of its oldest turns, from 0 to all."""
    weights = [_weight(history((turn,))) for turn in past]
    sums = list(accumulate(reversed(weights), initial=0.0))[::-1]
    scale = _scale(past, sums, beside)
    rest = _weight(own) + beside
    return [round(scale * each + rest) for each in sums]


def _scale(past: Sequence[Turn], sums: Sequence[float], beside: int) -> float:
    """Return how many tokens the server counted in the last request for one that its characters make.

    Args:
        past: the turns.
        sums: the estimates of the turns from each one to the last, by characters.
        beside: tokens that were counted, too, but stand in no turn.
    """
    last = past[-1] if past else None
    if not last or not last.context:
        return 1.0
    counted = last.context - estimate_tokens(last.system) - beside
    sent = sums[min(last.left_out, len(past) - 1)]
    return counted / sent if counted > 0 and sent else 1.0


def _left_out(sizes: Sequence[int], window: int, before: int) -> int:
    """Return how many of the oldest turns must go: as many as before, or else down to the low mark."""
    if sizes[before] <= FULL * window:
        return before
    places = range(before, len(sizes))
    return next((place for place in places if sizes[place] <= LOW * window), len(sizes) - 1)


def _too_long(length: int, window: int) -> str:
    return Words(
        "The request has about {length:,} tokens, and the model takes {window:,}, its answer included.",
        length=length,
        window=window,
    )


def _weight(messages: Iterable[Message]) -> float:
    return sum(_part(part) for message in messages for part in message.parts)


def _part(part: Part) -> float:
    match part:
        case TextPart(text) | ReasoningPart(text):
            return estimate_tokens(text)
        case ToolCall(_, name, arguments):
            return estimate_tokens(name) + estimate_tokens(arguments)
        case ToolResult(output=output):
            return estimate_tokens(output)
    return MEDIUM
