"""What a turn has spent while it runs, and how full the model's window is."""

from __future__ import annotations

from dataclasses import replace

from mimo_magics.core.events import (
    Event,
    ReasoningDelta,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    UsageUpdate,
)
from mimo_magics.core.messages import Usage
from mimo_magics.core.models import estimate_tokens
from mimo_magics.session.turn import INCOMPLETE_STOPS


class UsageMeter:
    """Listens to the events of one turn.

    Servers tell their counts at the end of an answer, and none for one that is broken off: until then, and
    where they tell none at all, the counts are estimates made from characters.
    """

    def __init__(self) -> None:
        self._response = _Response(0)
        self._past_usage = Usage()
        self._is_past_reported = True

    def start_response(self, tokens_in: int) -> None:
        """Begin a round: a request of about this many tokens is sent."""
        response_usage = self._response.usage
        self._is_past_reported = self._is_past_reported and (
            self._response.is_reported or response_usage == Usage()
        )
        self._past_usage += response_usage
        self._response = _Response(tokens_in)

    def feed(self, event: Event) -> None:
        """Take one event in."""
        self._response.feed(event)

    def add(self, usage: Usage) -> None:
        """Count a request beside the rounds, such as one for a summary."""
        self._past_usage += usage

    @property
    def usage(self) -> Usage:
        """Tokens of all requests up to now."""
        return self._past_usage + self._response.usage

    @property
    def context_tokens(self) -> int:
        """Tokens of the last request and its answer together."""
        last = self._response.usage
        return last.input + last.output

    @property
    def is_reported(self) -> bool:
        """Whether nothing of it is an estimate: the server told the counts of each round, and the last is over."""
        return self._is_past_reported and self._response.is_reported


class _Response:
    """One request and its answer."""

    def __init__(self, tokens_in: int) -> None:
        self._input = tokens_in
        self._output = self._reasoning = 0.0
        self._reported_usage = Usage()
        self._is_complete = False

    def feed(self, event: Event) -> None:
        match event:
            case TextDelta(text) | ToolCallDelta(_, text) | ToolCallStart(_, _, text):
                self._output += estimate_tokens(text)
            case ReasoningDelta(text):
                self._output += estimate_tokens(text)
                self._reasoning += estimate_tokens(text)
            case UsageUpdate(usage):
                self._reported_usage = usage
            case Stopped(reason):
                self._is_complete = reason not in INCOMPLETE_STOPS

    @property
    def is_reported(self) -> bool:
        """A server may tell a few tokens at the beginning, and the others at the end only."""
        return self._is_complete and self._reported_usage.output > 0

    @property
    def usage(self) -> Usage:
        reported, estimate = (
            self._reported_usage,
            Usage(self._input, round(self._output), 0, round(self._reasoning)),
        )
        if self._is_complete:
            counted = reported if reported.output else estimate
            return replace(
                counted,
                input=reported.input or estimate.input,
                cached=reported.cached,
                web_searches=reported.web_searches,
            )
        return Usage(
            max(reported.input, estimate.input),
            max(reported.output, estimate.output),
            reported.cached,
            max(reported.reasoning, estimate.reasoning),
            reported.web_searches,
        )
