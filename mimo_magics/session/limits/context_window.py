"""How much of a conversation goes to the model, whose window is not endless.

A server counts the tokens of a request and tells them afterwards. Before, they are estimated: from the count of the
request before, and from the characters of what came since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from mimo_magics.core.errors import ContextWindowExceeded
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import (
    AudioPart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
    user_message,
)
from mimo_magics.core.models import estimate_tokens, find_model
from mimo_magics.core.settings import Overflow
from mimo_magics.session.limits.media_tokens import estimate_media_tokens
from mimo_magics.session.turn import Turn, conversation_messages

WARNING_SHARE = 0.8
"""Part of the window from which on a person is told how full it is."""
MAX_FILL_SHARE = 0.95
"""Part of the window that a request may fill; the rest is left for the answer."""
TARGET_FILL_SHARE = 0.7
"""Part of the window that is filled after turns were left out, so that this is not done again each time."""
TURN_TOO_LONG_HINT = Translatable(
    "This turn alone is too long: shorten the prompt or the tool results, or use a model with a larger context window."
)
SUMMARY_PROMPT = (
    "Summarise our conversation up to here, so that it can go on without its beginning. Keep what I asked for, what was "
    "found and decided, what is still open, and the names, figures and pieces of code that may be needed again. "
    "Write the summary alone, in the language of the conversation, in at most 500 words."
)
SUMMARY_PREFIX = "This is a summary of what we said before:\n\n"
SUMMARY_ACKNOWLEDGMENT = "Thank you. I will go on from there."


@dataclass(frozen=True, slots=True)
class ContextPlan:
    """What of a conversation is sent."""

    omitted_turns: int
    """How many of its oldest turns are not."""
    tokens: int
    """Of the whole request, about."""


def get_window_size(model: str, window: int | None) -> int | None:
    """Return how many tokens the model takes in all; `None` where that is not known.

    Args:
        model: the model's id.
        window: what the person set.
    """
    model_info = find_model(model)
    return window or (model_info.context_window if model_info else None)


def estimate_message_tokens(messages: Iterable[Message]) -> int:
    """Estimate the tokens of messages from their characters."""
    return round(_estimate_messages(messages))


def plan_context(
    past: Sequence[Turn],
    other_messages: Sequence[Message],
    window: int | None,
    overflow: Overflow,
    *,
    extra_tokens: int = 0,
    omitted_before: int | None = None,
) -> ContextPlan:
    """Decide which turns are sent.

    As long as the turns that were left out before are enough, they stay the same ones: a server finds the beginning of
    a request in its cache only where it is the same.

    Args:
        past: all turns that the prompt follows, oldest first.
        other_messages: what is sent besides: system prompt, prompt, and what this turn has come to already.
        window: tokens that the model takes in all; `None` is unknown, and everything is sent.
        overflow: what is to be done when they do not fit.
        extra_tokens: tokens of what no message holds, such as the descriptions of tools.
        omitted_before: how many turns the request before left out; if it is not told, as many as the last turn's.

    Raises:
        ContextWindowExceeded: they do not fit, and nothing is to be left out or that is not enough.
    """
    sizes = _estimate_sizes(past, other_messages, extra_tokens)
    if window is None or sizes[0] <= MAX_FILL_SHARE * window:
        return ContextPlan(0, sizes[0])
    if sizes[-1] > MAX_FILL_SHARE * window:
        raise ContextWindowExceeded(_too_long_text(sizes[-1], window), TURN_TOO_LONG_HINT)
    if overflow == "error":
        raise ContextWindowExceeded(_too_long_text(sizes[0], window))
    if omitted_before is None:
        omitted_before = past[-1].omitted_turns
    omitted_turns = _count_omitted_turns(sizes, window, min(omitted_before, len(past)))
    return ContextPlan(omitted_turns, sizes[omitted_turns])


def build_window_warning(context: int, window: int | None, model: str) -> str:
    """Say how full the window is; empty as long as it is not full enough to speak of.

    Args:
        context: tokens of the last request and its answer together.
        window: tokens that the model takes in all, if that is known.
        model: the model's id.
    """
    if not window or context < WARNING_SHARE * window:
        return ""
    share = f"{context / window:.0%}".replace("%", " %")
    return Translatable(
        "The session fills {share} of the context window of {model}: {context:,} of {window:,} tokens.",
        share=share,
        model=model,
        context=context,
        window=window,
    )


def build_omission_notice(omitted_turns: int, omitted_before: int, model: str, summary: str = "") -> str:
    """Say which turns the model is not told any more; empty where it is told no fewer than before.

    Args:
        omitted_turns: how many of the oldest turns are left out.
        omitted_before: how many the request before left out.
        model: the model's id.
        summary: what is sent in their place.
    """
    if omitted_turns <= omitted_before:
        return ""
    which = Translatable(
        "The oldest turn is" if omitted_turns == 1 else "The {count} oldest turns are", count=omitted_turns
    )
    how = Translatable("sent as a summary" if summary else "not sent")
    return Translatable(
        "{which} {how}: the context window of {model} is full.", which=which, how=how, model=model
    )


def build_summary_request(turns: Iterable[Turn], earlier_summary: str = "") -> tuple[Message, ...]:
    """Return the messages that ask the model for a summary of these turns.

    Args:
        turns: what is to be summarized, oldest first.
        earlier_summary: the summary of the turns before these.
    """
    return (
        *build_summary_messages(earlier_summary),
        *conversation_messages(turns),
        user_message(SUMMARY_PROMPT),
    )


def build_summary_messages(summary: str) -> tuple[Message, ...]:
    """Return what stands at the beginning of the history for turns that are left out; nothing for no summary."""
    return (
        (user_message(SUMMARY_PREFIX + summary), Message("assistant", (TextPart(SUMMARY_ACKNOWLEDGMENT),)))
        if summary
        else ()
    )


def _estimate_sizes(past: Sequence[Turn], other_messages: Sequence[Message], extra_tokens: int) -> list[int]:
    """Estimate the request without any number of its oldest turns, from 0 to all."""
    weights = [_estimate_messages(conversation_messages((turn,))) for turn in past]
    sums = list(accumulate(reversed(weights), initial=0.0))[::-1]
    scale = _compute_scale(past, sums, extra_tokens)
    fixed_tokens = _estimate_messages(other_messages) + extra_tokens
    return [round(scale * each + fixed_tokens) for each in sums]


def _compute_scale(past: Sequence[Turn], sums: Sequence[float], extra_tokens: int) -> float:
    """Return how many tokens the server counted in the last request for one that its characters make.

    Args:
        past: the turns.
        sums: the estimates of the turns from each one to the last, by characters.
        extra_tokens: tokens that were counted, too, but stand in no turn.
    """
    last = past[-1] if past else None
    if not last or not last.context_tokens:
        return 1.0
    counted_tokens = last.context_tokens - estimate_tokens(last.system) - extra_tokens
    estimated_tokens = sums[min(last.omitted_turns, len(past) - 1)]
    return counted_tokens / estimated_tokens if counted_tokens > 0 and estimated_tokens else 1.0


def _count_omitted_turns(sizes: Sequence[int], window: int, omitted_before: int) -> int:
    """Return how many of the oldest turns must go: as many as before, or else down to the low mark."""
    if sizes[omitted_before] <= MAX_FILL_SHARE * window:
        return omitted_before
    counts = range(omitted_before, len(sizes))
    return next((place for place in counts if sizes[place] <= TARGET_FILL_SHARE * window), len(sizes) - 1)


def _too_long_text(length: int, window: int) -> str:
    return Translatable(
        "The request has about {length:,} tokens; the context window has {window:,}, reply included.",
        length=length,
        window=window,
    )


def _estimate_messages(messages: Iterable[Message]) -> float:
    return sum(_estimate_part(part) for message in messages for part in message.parts)


def _estimate_part(part: Part) -> float:
    match part:
        case TextPart(text) | ReasoningPart(text):
            return estimate_tokens(text)
        case ToolCall(_, name, arguments):
            return estimate_tokens(name) + estimate_tokens(arguments)
        case ToolResult(output=output):
            return estimate_tokens(output)
        case ImagePart() | AudioPart():
            return estimate_media_tokens(part)
