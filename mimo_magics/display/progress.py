"""The line beneath a reply on its way: what is going on, for how long, and how fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil
from time import monotonic

from mimo_magics.core.events import (
    Event,
    Preparing,
    ReasoningDelta,
    Retrying,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
    UsageUpdate,
)
from mimo_magics.core.i18n import Words, say
from mimo_magics.core.messages import Usage
from mimo_magics.core.models import estimate_tokens

SETTLED = 1.0
"""Seconds of tokens from which on a rate says something."""
WAITING = Words("Waiting for the model")


class Progress:
    """Follows the events of one turn."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._start = now()
        self._first: float | None = None
        self._again = 0.0
        self._wait: Preparing | Retrying | None = None
        self._tokens = 0.0
        self._model = ""
        self._usage: Usage | None = None
        self._told: object = None
        self._figures = ""
        self.state = say(WAITING)
        """What is going on, in few words that change rarely: for those who are read to."""

    def feed(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case Retrying():
                self._wait, self._again = event, self._now() + event.delay
            case Preparing():
                self._wait, self._start = event, self._now()
            case Started(_, model):
                self._wait, self._model = None, model
            case UsageUpdate(usage):
                self._usage = usage
            case ToolProgress(_, "waiting"):
                self.state = say("Waiting for your approval")
            case ToolProgress(_, "approved" | "running"):
                self.state = say("Running a tool")
            case ToolProgress():
                self.state = say(WAITING)
            case _:
                self._come(event)

    @property
    def seconds(self) -> int:
        """Whole seconds since the question."""
        return int(self._now() - self._start)

    @property
    def figures(self) -> str:
        """For how long, and how fast; counted anew once a second."""
        now = (self.seconds, self._wait, self._left, self._model, self._first is None, self._usage)
        if now != self._told:
            self._told, self._figures = now, " · ".join(self._words())
        return self._figures

    @property
    def line(self) -> str:
        """All of it."""
        return (
            self.figures if self._wait else say("{state}… {figures}", state=self.state, figures=self.figures)
        )

    @property
    def _left(self) -> int:
        return max(ceil(self._again - self._now()), 0)

    def _come(self, event: Event) -> None:
        match event:
            case TextDelta(text) if text:
                self._count(text, say("Answering"))
            case ReasoningDelta(text) if text:
                self._count(text, say("Thinking"))
            case ToolCallStart(_, _, name) if name:
                self._count("", say("Calling {name}", name=name))
            case ToolCallDelta(_, arguments):
                self._count(arguments, self.state)

    def _count(self, text: str, state: str) -> None:
        self._first = self._first or self._now()
        self.state = state
        self._tokens += estimate_tokens(text)

    def _words(self) -> Iterator[str]:
        match self._wait:
            case Retrying():
                yield say(str(replace(self._wait, delay=self._left)))
                return
            case Preparing():
                yield say(str(self._wait))
                return
        yield say("{seconds} s", seconds=self.seconds)
        yield from filter(None, [self._model])
        if self._first is not None:
            yield say("first token after {first:.1f} s", first=self._first - self._start)
            elapsed = self._now() - self._first
            if elapsed >= SETTLED:
                yield say("about {tokens:.0f} tokens/s", tokens=self._tokens / elapsed)
        if self._usage and self._usage.input:
            cached = say(" ({cached:,} cached)", cached=self._usage.cached) if self._usage.cached else ""
            yield say("{input:,} tokens in{cached}", input=self._usage.input, cached=cached)
