"""The parts of a reply in the live view: steps, texts and notes, one below the other."""

from __future__ import annotations

import json

from support.context_items import ITEMS
from support.live_views import create_view, feed_view
from support.results import PEOPLE_SCHEMA
from support.widget_page import PageConnection

from mimo_magics.core.events import (
    Note,
    Notice,
    PromptContext,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    ResultExpected,
    ResultItem,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
)
from mimo_magics.core.messages import Message, Reply
from mimo_magics.document.context_html import context_html
from mimo_magics.document.reply import ReplyDocument


def test_open_groups_are_those_that_the_user_unfolded(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, ReasoningDelta("One."), TextDelta("Two."), ReasoningDelta("Three."), TextDelta("Four."))
    wire.update(wire.find("ToggleButtonModel", "Reasoning"), {"value": True})
    assert shown.open_groups == frozenset([1])


def test_surrogate_halves_are_joined_and_lone_ones_do_no_harm(wire: PageConnection) -> None:
    half, other = "\ud83d", "\ude42"
    events = [ReasoningDelta(half), ReasoningDelta(other), ToolCallStart(0, "i", f"cl{half}ock")]
    events += [ToolCallDelta(0, half), ToolCallDelta(0, other), Note(other), TextDelta("One." + half)]
    shown = create_view()
    feed_view(shown, *events, TextDelta(f"{other}\n\nTwo.{half}"))
    shown.end(ReplyDocument(Reply(Message("assistant", ()))))
    for _, _, data in wire.messages:
        json.dumps(data, ensure_ascii=False).encode()
    assert "<p>One.🙂</p>\n" in wire.values()


def test_notes_are_shown_as_text(wire: PageConnection) -> None:
    feed_view(create_view(), Note("search <failed>"))
    assert '<p dir="auto">⚠ search &lt;failed&gt;</p>' in wire.values()


def test_notes_and_notices_stay_below_the_sections_as_in_the_document(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, Notice("replaced"), ReasoningDelta("Hm."), Note("warm"), TextDelta("One."))
    (_, body, _) = shown.root.children
    assert [child.value for child in body.children[2:]] == [
        '<p dir="auto">⚠ warm</p>',
        '<p dir="auto"><small>replaced</small></p>',
    ]


def test_a_restarted_response_removes_its_earlier_content(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, ResponseStarted("1"), ReasoningDelta("Hm."), ToolCallStart(0, "i", "clock"))
    feed_view(shown, ResponseStarted("2"), TextDelta("Half of an ans"))
    feed_view(shown, ResponseRestarted("3"), TextDelta("Whole."))
    (_, body, _) = shown.root.children
    groups, text = body.children
    assert (len(body.children), text.children[-1].value) == (2, "<p>Whole.</p>\n")
    assert "Half" not in repr([child.value for child in text.children if hasattr(child, "value")])
    assert groups is not text


def test_the_context_is_above_the_sections_as_in_the_document(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, ReasoningDelta("Hm."), PromptContext(ITEMS), TextDelta("One."))
    body = shown._body.box
    assert body.children[0].value == context_html(ITEMS)
    assert len(body.children) == 3


PEOPLE = [ResultItem({"name": f"<b>{number}", "age": number}) for number in range(40)]


def test_the_items_of_a_result_are_rows_in_place_of_its_text(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, ResponseStarted("1"), ResultExpected(PEOPLE_SCHEMA), TextDelta('{"items": ['))
    assert "0 items so far" in wire.values()[-1]
    feed_view(shown, TextDelta('{"name": …'), *PEOPLE[:2])
    (_, body, _) = shown.root.children
    (rows,) = body.children
    assert rows.value.count("<tr") == 3
    assert "&lt;b&gt;1" in rows.value
    assert "2 items so far" in rows.value
    assert not any("items&quot;" in value for value in wire.values())


def test_a_frame_of_items_is_one_small_message(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, ResponseStarted("1"), ResultExpected(PEOPLE_SCHEMA), TextDelta("["))
    before = len(wire.messages)
    for item in PEOPLE:
        shown.show(item)
    shown.paint()
    assert len(wire.messages) == before + 1
    assert len(json.dumps(wire.messages[-1][2])) < 4_000
    shown.paint()
    assert len(wire.messages) == before + 1


def test_the_rows_of_a_restarted_response_are_dropped(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, ResponseStarted("1"), ResultExpected(PEOPLE_SCHEMA), *PEOPLE[:3])
    feed_view(shown, ResponseRestarted("2"), ResultExpected(PEOPLE_SCHEMA), *PEOPLE[:1])
    (_, body, _) = shown.root.children
    assert [child.value.count("<tr") for child in body.children] == [2]


def test_the_items_of_a_repair_are_rows_of_their_own(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, ResponseStarted("1"), ResultExpected(PEOPLE_SCHEMA), *PEOPLE[:3])
    feed_view(shown, ResponseStarted("2"), ResultExpected(PEOPLE_SCHEMA), *PEOPLE[:1])
    (_, body, _) = shown.root.children
    assert [child.value.count("<tr") for child in body.children] == [4, 2]
