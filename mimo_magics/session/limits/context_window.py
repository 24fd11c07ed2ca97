"""The context window: which turns fit into a request.

A server reports the tokens of a request after it. Before the request they are estimated from the count of the previous
request and the characters that were added since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from mimo_magics.core.errors import ContextWindowExceeded
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.media_tokens import estimate_media_tokens
from mimo_magics.core.messages import (
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
from mimo_magics.session.turn import Turn, history_messages

WARNING_SHARE = 0.8
"""Share of the window from which on the user gets a warning."""
MAX_FILL_SHARE = 0.95
"""Share of the window that a request may fill; the rest is for the reply."""
TARGET_FILL_SHARE = 0.7
"""Share of the window that is filled after turns were omitted, so that not every request omits more turns."""
TURN_TOO_LONG_HINT = Translatable(
    "This turn alone is too long: shorten the prompt or the tool results, or use a model with a larger context window."
)
SUMMARY_PROMPT = (
    "Summarize our conversation up to here, so that it can continue without its beginning. Keep what I asked for, what was "
    "found and decided, what is still open, and the names, figures and pieces of code that may be needed again. "
    "Write the summary alone, in the language of the conversation, in at most 500 words."
)
SUMMARY_PREFIX = "This is a summary of what we said before:\n\n"
SUMMARY_ACKNOWLEDGMENT = "Thank you. I will go on from there."


@dataclass(frozen=True, slots=True)
class ContextPlan:
    """Which turns are sent."""

    omitted_turns: int
    """Number of the oldest turns that are not sent."""
    tokens: int
    """Estimated tokens of the request."""


def get_window_size(model: str, window: int | None) -> int | None:
    """Return the size of the context window in tokens; `None` if it is unknown.

    Args:
        model: id of the model.
        window: the setting `window`.
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

    If the turns that the previous request omitted are enough, the same turns are omitted: the prefix cache of a server
    needs requests with the same beginning.

    Args:
        past: all turns before the prompt, oldest first.
        other_messages: the other messages of the request: system prompt, prompt, and those of the running turn.
        window: size of the context window in tokens; `None` is unknown, and all turns are sent.
        overflow: the setting `overflow`.
        extra_tokens: tokens outside of messages, such as those of tool descriptions.
        omitted_before: number of turns that the previous request omitted; by default that of the last turn.

    Raises:
        ContextWindowExceeded: the request does not fit, and no turn may be omitted or that is not enough.
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
    """Return a warning that the context window is nearly full; empty if it is not.

    Args:
        context: tokens of the last request and its response.
        window: size of the context window in tokens, if it is known.
        model: id of the model.
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
    """Return a notice about turns that are not sent; empty if the previous request omitted as many.

    Args:
        omitted_turns: number of the oldest turns that are not sent.
        omitted_before: number of turns that the previous request omitted.
        model: id of the model.
        summary: summary that is sent in their place.
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
    """Return the messages of a request for a summary.

    Args:
        turns: turns to summarize, oldest first.
        earlier_summary: summary of the turns before these.
    """
    return (
        *build_summary_messages(earlier_summary),
        *history_messages(turns),
        user_message(SUMMARY_PROMPT),
    )


def build_summary_messages(summary: str) -> tuple[Message, ...]:
    """Return the messages that replace the omitted turns; none without a summary."""
    return (
        (user_message(SUMMARY_PREFIX + summary), Message("assistant", (TextPart(SUMMARY_ACKNOWLEDGMENT),)))
        if summary
        else ()
    )


def _estimate_sizes(past: Sequence[Turn], other_messages: Sequence[Message], extra_tokens: int) -> list[int]:
    """Return the estimated tokens of the request for each number of omitted turns, from 0 to all."""
    weights = [_estimate_messages(history_messages((turn,))) for turn in past]
    sums = list(accumulate(reversed(weights), initial=0.0))[::-1]
    scale = _compute_scale(past, sums, extra_tokens)
    fixed_tokens = _estimate_messages(other_messages) + extra_tokens
    return [round(scale * each + fixed_tokens) for each in sums]


def _compute_scale(past: Sequence[Turn], sums: Sequence[float], extra_tokens: int) -> float:
    """Return the ratio of the tokens that the server counted in the last request to the estimated tokens.

    Args:
        past: past turns.
        sums: for each turn the estimated tokens from it to the last turn.
        extra_tokens: tokens outside of the turns that the server counted.
    """
    last = past[-1] if past else None
    if not last or not last.context_tokens:
        return 1.0
    counted_tokens = last.context_tokens - estimate_tokens(last.system) - extra_tokens
    estimated_tokens = sums[min(last.omitted_turns, len(past) - 1)]
    return counted_tokens / estimated_tokens if counted_tokens > 0 and estimated_tokens else 1.0


def _count_omitted_turns(sizes: Sequence[int], window: int, omitted_before: int) -> int:
    """Return the number of turns to omit: as many as before, or so many that the target share is reached."""
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
    return estimate_media_tokens(part)
