"""The events and the reply of a turn, for tests of the terminal renderers."""

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    Note,
    ReasoningDelta,
    ResponseStarted,
    Retrying,
    TextDelta,
)
from mimo_magics.core.messages import Message, ReasoningPart, Reply, TextPart

EVENTS: list[Event] = [
    ModelPreparation("Fetching x", 1, 9),
    ModelPreparation("Starting x"),
    Note("too warm"),
    Retrying(2, 5, 1.5, "HTTP 503: busy"),
    ResponseStarted(),
    ReasoningDelta("Hm"),
    ReasoningDelta("."),
    TextDelta("# Hel"),
    TextDelta("lo\x1b]0;title\x07"),
]


REPLY = Reply(Message("assistant", (ReasoningPart("Hm."), TextPart("# Hello\x1b]0;title\x07"))), stop="end")
