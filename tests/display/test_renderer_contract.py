"""The contract of renderers: each renderer passes these tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from support.comparisons import TITLES
from support.hostile import HOSTILE
from support.read_html import find_harm
from support.widget_page import Cell, PageConnection

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    Note,
    Notice,
    PendingApproval,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    Retrying,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
    UsageUpdate,
)
from mimo_magics.core.messages import Message, ReasoningPart, Reply, TextPart, ToolCall, ToolResult, Usage
from mimo_magics.core.renderer_protocol import CellControl, DisplayTarget, Renderer
from mimo_magics.core.settings import Settings
from mimo_magics.display.live.widgets import STYLE
from mimo_magics.display.rich_terminal import RichTerminalRenderer
from mimo_magics.display.selection import choose_renderer
from mimo_magics.document.reply import ReplyDocument, reply_bundle

Published = list[dict[str, Any]]
CALL = ToolCall("call_1", "clock", '{"zone": "UTC"}')
RESULT = ToolResult("call_1", "clock", "12:00")
REPLY = Reply(Message("assistant", (ReasoningPart("Hm."), CALL, RESULT, TextPart("**Noon**"))), stop="end")
METADATA = {"mimo": {"version": 1}}
TURN: list[Event] = [
    ModelPreparation("Fetching x", 1, 9),
    Retrying(2, 5, 1.5, "HTTP 503: busy"),
    ResponseStarted("0", "mimo"),
    TextDelta("Half of an ans"),
    ToolCallStart(0, "call_0", "erase"),
    ResponseRestarted("1", "mimo"),
    Note("too warm"),
    Notice("Replaced turn 2."),
    ReasoningDelta("Hm."),
    ToolCallStart(0, "call_1", "clock"),
    ToolCallDelta(0, '{"zone": "UTC"}'),
    Stopped("tool_calls"),
    ToolProgress(0, "waiting", approval=PendingApproval(CALL)),
    ToolProgress(0, "running"),
    ToolProgress(0, "done", RESULT),
    ResponseStarted("2", "mimo"),
    TextDelta("**Noon**"),
    UsageUpdate(Usage(9, 5)),
    Stopped("end"),
]
"""The events of a turn with a tool call, at least one of each type."""


@dataclass(frozen=True)
class Choice:
    """The arguments of `choose_renderer`, and whether the renderer leaves a document."""

    name: str
    target: DisplayTarget
    options: dict[str, Any]
    has_cell: bool = True
    leaves_document: bool = True
    titles: tuple[str, ...] = ()
    """The titles of a comparison."""

    def __call__(self) -> Renderer:
        if self.name == "RichTerminalRenderer":
            # It is chosen only in a real terminal.
            return RichTerminalRenderer()
        cell: CellControl | None = Cell() if self.has_cell else None
        return choose_renderer(self.target, Settings(**self.options), cell, titles=self.titles)


CHOICES = [
    Choice("SilentRenderer", "front end", {"quiet": True}, leaves_document=False),
    Choice("FinalRenderer", "unattended", {}, has_cell=False),
    Choice("StaticRenderer", "front end", {"live": False}),
    Choice("StaticRenderer", "front end", {}, has_cell=False),
    Choice("LiveRenderer", "front end", {}),
    Choice("TerminalRenderer", "terminal", {}, leaves_document=False),
    Choice("RichTerminalRenderer", "terminal", {}, leaves_document=False),
    Choice("FinalRenderer", "unattended", {}, has_cell=False, titles=TITLES),
    Choice("StatusRenderer", "front end", {"live": False}, titles=TITLES),
    Choice("LiveRenderer", "front end", {}, titles=TITLES),
    Choice("TerminalComparisonRenderer", "terminal", {}, leaves_document=False, titles=TITLES),
]
WITH_DOCUMENT = [choice for choice in CHOICES if choice.leaves_document]


def name(choice: Choice) -> str:
    kind = "comparison" if choice.titles else "turn"
    return f"{choice.name}-{kind}-{'cell' if choice.has_cell else 'no cell'}"


each = pytest.mark.parametrize("choice", CHOICES, ids=name)
each_with_document = pytest.mark.parametrize("choice", WITH_DOCUMENT, ids=name)


def data(published: Published) -> list[dict[str, Any]]:
    """Return the current content of the cell: the newest data of each output."""
    shown: dict[object, dict[str, Any]] = {}
    for number, output in enumerate(published):
        shown[(output["transient"] or {}).get("display_id", number)] = output
    return [output["data"] for output in shown.values() if output["data"] != {"text/plain": ""}]


@each
def test_the_choice_gives_the_renderer(choice: Choice) -> None:
    assert type(choice()).__name__ == choice.name


@each
@pytest.mark.anyio
async def test_only_the_live_renderer_has_buttons(
    choice: Choice, wire: PageConnection, published: Published
) -> None:
    renderer = choice()
    renderer.tick()
    assert await renderer.has_buttons() == (choice.name == "LiveRenderer")
    renderer.clear()


@each_with_document
@pytest.mark.parametrize("events", [[], TURN[:3], TURN], ids=["no event", "no text", "a whole turn"])
def test_the_document_of_the_reply_remains_with_its_record(
    choice: Choice, events: list[Event], wire: PageConnection, published: Published
) -> None:
    renderer = choice()
    for event in events:
        renderer.show(event)
        renderer.tick()
    renderer.finish(ReplyDocument(REPLY), METADATA)
    assert data(published) == [reply_bundle(REPLY)]
    assert published[-1]["metadata"] == METADATA


@each_with_document
@pytest.mark.parametrize("events", [[], TURN], ids=["no event", "a whole turn"])
def test_the_document_shows_the_notices_of_the_turn(
    choice: Choice, events: list[Event], wire: PageConnection, published: Published
) -> None:
    renderer = choice()
    for event in events:
        renderer.show(event)
        renderer.tick()
    renderer.finish(ReplyDocument(REPLY, notices=("Replaced turn 2.",)), METADATA)
    assert data(published) == [reply_bundle(REPLY, notices=["Replaced turn 2."])]


@each
def test_a_turn_without_a_reply_leaves_nothing(
    choice: Choice, wire: PageConnection, published: Published
) -> None:
    renderer = choice()
    renderer.show(Retrying(2, 5, 1.5, "HTTP 503: busy"))
    renderer.tick()
    renderer.clear()
    assert data(published) == []
    assert wire.states == {}


EVENTS = st.lists(
    st.one_of(
        st.sampled_from(TURN),
        st.builds(TextDelta, st.text(max_size=80)),
        st.builds(ReasoningDelta, st.text(max_size=80)),
        st.builds(ToolCallStart, st.integers(0, 3), st.text(max_size=5), st.text(max_size=5)),
        st.builds(ToolCallDelta, st.integers(0, 3), st.text(max_size=20)),
    ),
    max_size=12,
)


@pytest.mark.thorough
@each
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS)
def test_events_may_come_in_any_order(
    choice: Choice, events: list[Event], wire: PageConnection, published: Published
) -> None:
    """The server decides the order, and a broken server sends any order."""
    published.clear()
    renderer = choice()
    for event in events:
        renderer.show(event)
        renderer.tick()
    renderer.finish(ReplyDocument(REPLY), METADATA)
    assert data(published) == ([reply_bundle(REPLY)] if choice.leaves_document else [])


CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\x1b(?!\[[0-9;?]*[A-Za-z])"
)


@pytest.mark.thorough
@each
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=[*HOSTILE])
def test_hostile_text_has_no_effect(
    choice: Choice,
    hostile: str,
    wire: PageConnection,
    published: Published,
    capsys: pytest.CaptureFixture[str],
) -> None:
    renderer = choice()
    for event in (TextDelta(hostile), ReasoningDelta(hostile), Note(hostile), Notice(hostile)):
        renderer.show(event)
        renderer.tick()
    parts = (ReasoningPart(hostile), TextPart(hostile))
    reply = Reply(Message("assistant", parts), stop="end", notes=(hostile,))
    renderer.finish(ReplyDocument(reply), METADATA)
    pages = [output["data"].get("text/html", "") for output in published]
    pages += [value for value in wire.values() if value != STYLE]
    assert [found for page in pages for found in find_harm(page)] == []
    assert CONTROLS.findall(capsys.readouterr().out.replace("\r", "").replace("\t", "")) == []
