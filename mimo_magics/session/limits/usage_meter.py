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
from mimo_magics.session.turn import BROKEN_OFF


class Meter:
    """Listens to the events of one turn.

    Servers tell their counts at the end of an answer, and none for one that is broken off: until then, and
    where they tell none at all, the counts are estimates made from characters.
    """

    def __init__(self) -> None:
        self._round = _Round(0)
        self._past = Usage()
        self._past_told = True

    def asking(self, tokens_in: int) -> None:
        """Begin a round: a request of about this many tokens is sent."""
        done = self._round.usage
        self._past_told = self._past_told and (self._round.told or done == Usage())
        self._past += done
        self._round = _Round(tokens_in)

    def feed(self, event: Event) -> None:
        """Take one event in."""
        self._round.feed(event)

    def add(self, usage: Usage) -> None:
        """Count a request beside the rounds, such as one for a summary."""
        self._past += usage

    @property
    def spent(self) -> Usage:
        """Tokens of all requests up to now."""
        return self._past + self._round.usage

    @property
    def context(self) -> int:
        """Tokens of the last request and its answer together."""
        last = self._round.usage
        return last.input + last.output

    @property
    def told(self) -> bool:
        """Whether nothing of it is an estimate: the server told the counts of each round, and the last is over."""
        return self._past_told and self._round.told


class _Round:
    """One request and its answer."""

    def __init__(self, tokens_in: int) -> None:
        self._input = tokens_in
        self._output = self._reasoning = 0.0
        self._server = Usage()
        self._over = False

    def feed(self, event: Event) -> None:
        match event:
            case TextDelta(text) | ToolCallDelta(_, text) | ToolCallStart(_, _, text):
                self._output += estimate_tokens(text)
            case ReasoningDelta(text):
                self._output += estimate_tokens(text)
                self._reasoning += estimate_tokens(text)
            case UsageUpdate(usage):
                self._server = usage
            case Stopped(reason):
                self._over = reason not in BROKEN_OFF

    @property
    def told(self) -> bool:
        """A server may tell a few tokens at the beginning, and the others at the end only."""
        return self._over and self._server.output > 0

    @property
    def usage(self) -> Usage:
        server, guess = self._server, Usage(self._input, round(self._output), 0, round(self._reasoning))
        if self._over:
            answer = server if server.output else guess
            return replace(answer, input=server.input or guess.input, cached=server.cached)
        return Usage(
            max(server.input, guess.input),
            max(server.output, guess.output),
            server.cached,
            max(server.reasoning, guess.reasoning),
        )
