"""The status of a running reply: its state, its seconds and its token rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil
from typing import Protocol

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    Retrying,
    TextDelta,
    ToolCallStart,
    ToolProgress,
    UsageUpdate,
)
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Timing, Usage
from mimo_magics.core.renderer_protocol import TurnMeter

MIN_RATE_SECONDS = 1.0
"""Seconds after the first token before a token rate is shown."""
WAITING_TEXT = Translatable("Waiting for the model")
TOOL_TEXTS = {
    "waiting": Translatable("Waiting for your approval"),
    "approved": Translatable("Running a tool"),
    "running": Translatable("Running a tool"),
}


class Progress(Protocol):
    """The status of a turn or of a comparison."""

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        """Receive the meters of the replies, by their numbers."""

    def feed(self, event: Event, number: int = 0) -> None:
        """Add an event of the reply with this number."""

    @property
    def elapsed_seconds(self) -> int:
        """Whole seconds since the start."""

    @property
    def line(self) -> str:
        """The status line."""


class ReplyProgress:
    """The status of the reply with a number. The turn's meter measures its times and tokens."""

    def __init__(self, number: int = 0) -> None:
        self._number = number
        self._meters: Mapping[int, TurnMeter] = {}
        self._retry_at = 0.0
        """In seconds of the turn."""
        self._wait_event: ModelPreparation | Retrying | None = None
        self._model = ""
        self._is_input_reported = False
        self._metrics_key: object = None
        self._metrics = ""
        self.state = translate(WAITING_TEXT)
        """The state in a few words. It changes rarely, because screen readers read each change aloud."""

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        """Receive the meters of the replies, by their numbers."""
        self._meters = meters

    def feed(self, event: Event, number: int = 0) -> None:
        """Add an event."""
        match event:
            case Retrying():
                self._wait_event, self._retry_at = event, self._timing.total + event.delay
            case ModelPreparation():
                self._wait_event = event
            case ResponseStarted(_, model) | ResponseRestarted(_, model):
                self._wait_event, self._model = None, model
            case UsageUpdate(usage):
                self._is_input_reported |= bool(usage.input)
            case _:
                self.state = _describe_state(event) or self.state

    @property
    def elapsed_seconds(self) -> int:
        """Whole seconds since the request."""
        return int(self._timing.total)

    @property
    def metrics(self) -> str:
        """Seconds, model and token rate. It changes at most once a second."""
        key = (
            self.elapsed_seconds,
            self._wait_event,
            self._retry_seconds,
            self._model,
            self._timing.time_to_first_token is None,
            self._is_input_reported,
        )
        if key != self._metrics_key:
            self._metrics_key, self._metrics = key, " · ".join(self._iter_metrics())
        return self._metrics

    @property
    def line(self) -> str:
        """The status line: state and metrics."""
        return (
            self.metrics
            if self._wait_event
            else translate("{state}… {figures}", state=self.state, figures=self.metrics)
        )

    @property
    def _timing(self) -> Timing:
        meter = self._meters.get(self._number)
        return meter.timing if meter else Timing()

    @property
    def _usage(self) -> Usage:
        meter = self._meters.get(self._number)
        return meter.usage if meter else Usage()

    @property
    def _retry_seconds(self) -> int:
        return max(ceil(self._retry_at - self._timing.total), 0)

    def _iter_metrics(self) -> Iterator[str]:
        match self._wait_event:
            case Retrying():
                yield translate(str(replace(self._wait_event, delay=self._retry_seconds)))
                return
            case ModelPreparation():
                yield translate(str(self._wait_event))
                return
        timing, usage = self._timing, self._usage
        yield translate("{seconds} s", seconds=int(timing.total))
        yield from filter(None, [self._model])
        if timing.time_to_first_token is not None:
            yield translate("first token after {first:.1f} s", first=timing.time_to_first_token)
            if timing.streaming >= MIN_RATE_SECONDS:
                yield translate("about {tokens:.0f} tokens/s", tokens=usage.output / timing.streaming)
        if self._is_input_reported:
            cached = translate(" ({cached:,} cached)", cached=usage.cached) if usage.cached else ""
            yield translate("{input:,} tokens in{cached}", input=usage.input, cached=cached)


def _describe_state(event: Event) -> str:
    """Return the state that an event leads to; empty if the state stays the same."""
    match event:
        case ToolProgress(_, state):
            return translate(TOOL_TEXTS.get(state, WAITING_TEXT))
        case TextDelta(text) if text:
            return translate("Answering")
        case ReasoningDelta(text) if text:
            return translate("Thinking")
        case ToolCallStart(_, _, name) if name:
            return translate("Calling {name}", name=name)
    return ""
