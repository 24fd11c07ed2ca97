"""The line beneath a reply on its way: what is going on, for how long, and how fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil
from time import monotonic
from typing import Protocol

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    Retrying,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
    UsageUpdate,
)
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Usage
from mimo_magics.core.models import estimate_tokens

MIN_RATE_SECONDS = 1.0
"""Seconds of tokens from which on a rate says something."""
WAITING_TEXT = Translatable("Waiting for the model")


class Progress(Protocol):
    """The status line of a turn or of a comparison."""

    def feed(self, event: Event, number: int = 0) -> None:
        """Add an event of the reply with this number."""

    @property
    def elapsed_seconds(self) -> int:
        """Whole seconds since the start."""

    @property
    def line(self) -> str:
        """The status line."""


class ReplyProgress:
    """The status of one reply."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._started_at = now()
        self._first_token_at: float | None = None
        self._retry_at = 0.0
        self._wait_event: ModelPreparation | Retrying | None = None
        self._token_count = 0.0
        self._model = ""
        self._usage: Usage | None = None
        self._metrics_key: object = None
        self._metrics = ""
        self.state = translate(WAITING_TEXT)
        """What is going on, in few words that change rarely: for those who are read to."""

    def feed(self, event: Event, number: int = 0) -> None:
        """Add an event."""
        match event:
            case Retrying():
                self._wait_event, self._retry_at = event, self._now() + event.delay
            case ModelPreparation():
                self._wait_event, self._started_at = event, self._now()
            case ResponseStarted(_, model) | ResponseRestarted(_, model):
                self._wait_event, self._model = None, model
            case UsageUpdate(usage):
                self._usage = usage
            case ToolProgress(_, "waiting"):
                self.state = translate("Waiting for your approval")
            case ToolProgress(_, "approved" | "running"):
                self.state = translate("Running a tool")
            case ToolProgress():
                self.state = translate(WAITING_TEXT)
            case _:
                self._feed_delta(event)

    @property
    def elapsed_seconds(self) -> int:
        """Whole seconds since the question."""
        return int(self._now() - self._started_at)

    @property
    def metrics(self) -> str:
        """For how long, and how fast; counted anew once a second."""
        key = (
            self.elapsed_seconds,
            self._wait_event,
            self._retry_seconds,
            self._model,
            self._first_token_at is None,
            self._usage,
        )
        if key != self._metrics_key:
            self._metrics_key, self._metrics = key, " · ".join(self._iter_metrics())
        return self._metrics

    @property
    def line(self) -> str:
        """All of it."""
        return (
            self.metrics
            if self._wait_event
            else translate("{state}… {figures}", state=self.state, figures=self.metrics)
        )

    @property
    def _retry_seconds(self) -> int:
        return max(ceil(self._retry_at - self._now()), 0)

    def _feed_delta(self, event: Event) -> None:
        match event:
            case TextDelta(text) if text:
                self._add_tokens(text, translate("Answering"))
            case ReasoningDelta(text) if text:
                self._add_tokens(text, translate("Thinking"))
            case ToolCallStart(_, _, name) if name:
                self._add_tokens("", translate("Calling {name}", name=name))
            case ToolCallDelta(_, arguments):
                self._add_tokens(arguments, self.state)

    def _add_tokens(self, text: str, state: str) -> None:
        self._first_token_at = self._first_token_at or self._now()
        self.state = state
        self._token_count += estimate_tokens(text)

    def _iter_metrics(self) -> Iterator[str]:
        match self._wait_event:
            case Retrying():
                yield translate(str(replace(self._wait_event, delay=self._retry_seconds)))
                return
            case ModelPreparation():
                yield translate(str(self._wait_event))
                return
        yield translate("{seconds} s", seconds=self.elapsed_seconds)
        yield from filter(None, [self._model])
        if self._first_token_at is not None:
            yield translate("first token after {first:.1f} s", first=self._first_token_at - self._started_at)
            elapsed = self._now() - self._first_token_at
            if elapsed >= MIN_RATE_SECONDS:
                yield translate("about {tokens:.0f} tokens/s", tokens=self._token_count / elapsed)
        if self._usage and self._usage.input:
            cached = (
                translate(" ({cached:,} cached)", cached=self._usage.cached) if self._usage.cached else ""
            )
            yield translate("{input:,} tokens in{cached}", input=self._usage.input, cached=cached)
