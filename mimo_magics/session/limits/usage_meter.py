"""The token usage of a running turn."""

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
    """Counts the tokens of one turn by its events.

    Servers report the usage at the end of a response, and none for an incomplete one. Until then, and if a server
    reports none, the counts are estimated from the characters.
    """

    def __init__(self) -> None:
        self._response = _Response(0)
        self._past_usage = Usage()
        self._is_past_reported = True

    def start_response(self, tokens_in: int) -> None:
        """Start to count the response to a request of about this many tokens."""
        response_usage = self._response.usage
        self._is_past_reported = self._is_past_reported and (
            self._response.is_reported or response_usage == Usage()
        )
        self._past_usage += response_usage
        self._response = _Response(tokens_in)

    def drop_response(self) -> None:
        """Do not count the request, because it was not sent."""
        self._response = _Response(0)

    def feed(self, event: Event) -> None:
        """Count an event."""
        self._response.feed(event)

    def add(self, usage: Usage) -> None:
        """Count the usage of another request, such as one for a summary."""
        self._past_usage += usage

    @property
    def usage(self) -> Usage:
        """Tokens of all requests until now."""
        return self._past_usage + self._response.usage

    @property
    def context_tokens(self) -> int:
        """Tokens of the last request and its response."""
        last = self._response.usage
        return last.input + last.output

    @property
    def is_reported(self) -> bool:
        """Whether the server reported the usage of all responses, and no count is an estimate."""
        return self._is_past_reported and self._response.is_reported


class _Response:
    """One request and its response."""

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
        """Whether the usage is final. A server may report a part of it at the start of a response."""
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
                audio_seconds=reported.audio_seconds,
            )
        return Usage(
            max(reported.input, estimate.input),
            max(reported.output, estimate.output),
            reported.cached,
            max(reported.reasoning, estimate.reasoning),
            reported.web_searches,
            reported.audio_seconds,
        )
