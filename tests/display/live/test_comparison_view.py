"""The live view of a comparison, by the messages to the page."""

from __future__ import annotations

import re
from html import escape

import pytest
from support.comparisons import BUNDLE, DOCUMENT, METADATA, plain_texts
from support.context_items import ITEMS, LINE
from support.hostile import HOSTILE, find_unexpected
from support.live_views import WatchedComparison
from support.read_html import ParsedHtml
from support.widget_page import WIDGETS, PageConnection, Published, text

from mimo_magics.core.events import (
    Note,
    PromptContext,
    ReasoningDelta,
    ReplyEnded,
    ResponseStarted,
    TextDelta,
)
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.live.comparison_view import ComparisonView
from mimo_magics.document.comparison_cards import card_heading
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.notebook.kernel.async_cell import AsyncCell


@pytest.fixture
def live(wire: PageConnection, published: Published) -> WatchedComparison:
    """Return a renderer whose page has answered the probe."""
    watched = WatchedComparison()
    watched.renderer.tick()
    return watched


def kinds(published: Published) -> list[str]:
    return [next(iter(output["data"])) for output in published]


def shown(wire: PageConnection) -> str:
    """Return all HTML in the page."""
    return "\n".join(str(state.get("value")) for state in wire.states.values())


def test_replies_are_widgets_first_and_then_a_document_in_the_same_output(
    live: WatchedComparison, published: Published
) -> None:
    live.add_text(1, "Hi")
    live.renderer.show(ReplyEnded(), 1)
    live.renderer.finish(DOCUMENT, METADATA)
    assert kinds(published) == [WIDGETS, "text/html"]
    assert len({output["transient"]["display_id"] for output in published}) == 1
    assert (published[-1]["data"], published[-1]["metadata"]) == (BUNDLE, METADATA)


def test_each_reply_grows_between_its_title_and_its_status(
    live: WatchedComparison, wire: PageConnection
) -> None:
    live.add_text(0, "Zero")
    live.show(2, ReasoningDelta("Hm."))
    live.renderer.show(Note("careful"), 2)
    live.advance(1.0)
    (grid,) = (state for state in wire.states.values() if "mimo-columns" in state.get("_dom_classes", ()))
    assert [texts(wire, column) for column in grid["children"]] == [
        ["1 · temperature 0", "Zero", "Answering… 1 s · first token after 0.0 s · about 1 tokens/s"],
        ["2 · temperature 0.7", "Waiting for the model… 1 s"],
        [
            "3 · temperature 1",
            "Hm.",
            "⚠ careful",
            "Thinking… 1 s · first token after 0.0 s · about 1 tokens/s",
        ],
    ]


def texts(wire: PageConnection, widget: str) -> list[str]:
    """Return the texts of a widget and of its children."""
    state = wire.states[widget.removeprefix("IPY_MODEL_")]
    own = re.sub("<[^>]*>", "", str(state.get("value", ""))).strip() if "children" not in state else ""
    own = "" if state["_model_name"] == "ToggleButtonModel" else own
    child_texts = [each for child in state.get("children", ()) for each in texts(wire, child)]
    return [own, *child_texts] if own else child_texts


def test_progress_is_visible_and_read_aloud(live: WatchedComparison, wire: PageConnection) -> None:
    bar = wire.find("IntProgressModel", "Replies")
    live.advance(12.0)
    live.renderer.show(ReplyEnded(), 0)
    live.renderer.show(ReplyEnded("HTTP 429: <too many>"), 2)
    assert (wire.states[bar]["value"], wire.states[bar]["max"]) == (2, 3)
    assert '<span role="status">1 of 3 complete, 1 failed</span>' in shown(wire)
    assert "12 s" in wire.values()
    assert "⚠ HTTP 429: &lt;too many&gt;" in shown(wire)


def test_the_stop_button_stops_the_cell(live: WatchedComparison, wire: PageConnection) -> None:
    assert not live.cell.stopped
    wire.press("Stop")
    assert live.cell.stopped


def test_a_comparison_that_is_over_at_once_sends_no_probe(wire: PageConnection, published: Published) -> None:
    watched = WatchedComparison()
    watched.add_text(0, "Hi")
    watched.renderer.finish(DOCUMENT, METADATA)
    assert wire.messages == []
    assert plain_texts(published) == ["All"]


def test_earlier_events_are_in_the_columns_when_the_page_answers(
    wire: PageConnection, published: Published
) -> None:
    wire.answers = False
    watched = WatchedComparison()
    watched.renderer.tick()
    watched.add_text(0, "one ")
    watched.renderer.show(ReasoningDelta("Hm."), 1)
    watched.add_text(1, "One: $x$")
    watched.renderer.show(ReplyEnded(), 1)
    assert plain_texts(published) == ["0 of 3 complete · 0 s", "1 of 3 complete · 0 s"]
    watched.add_text(0, "two")
    wire.answers = True
    watched.advance(1.0)
    watched.advance(1.0)
    assert kinds(published)[-1] == WIDGETS
    assert "<p>one two</p>" in shown(wire)
    assert shown(wire).count("$x$") == 1
    assert "Complete · 0 s" in shown(wire)


def test_a_page_that_never_answers_gets_one_line_a_second_and_three_probes(
    wire: PageConnection, published: Published
) -> None:
    wire.answers = False
    watched = WatchedComparison()
    for number in range(101):
        watched.add_text(0, f"word{number} ")
        watched.advance(0.05)
    watched.renderer.finish(DOCUMENT, METADATA)
    assert plain_texts(published) == [*(f"0 of 3 complete · {second} s" for second in range(6)), "All"]
    opened = [data["state"]["_model_name"] for kind, _, data in wire.messages if kind == "comm_open"]
    assert opened.count("DirectionalLinkModel") == 3
    assert wire.states == {}


def test_nothing_is_sent_when_nothing_changed(live: WatchedComparison, wire: PageConnection) -> None:
    live.add_text(0, "Hello")
    live.advance(0.5)
    wire.messages.clear()
    for _ in range(4):
        live.advance(0.1)
    assert wire.messages == []


def test_only_replies_that_changed_are_sent_again(live: WatchedComparison, wire: PageConnection) -> None:
    for number in range(3):
        live.add_text(number, f"word{number}")
    live.advance(0.5)
    wire.messages.clear()
    live.add_text(1, " and more")
    live.advance(0.4)
    assert wire.values() == ["<p>word1 and more</p>\n"]


@pytest.mark.thorough
def test_bytes_sent_are_proportional_to_the_texts(wire: PageConnection, published: Published) -> None:
    sent = []
    for length in (800, 8_000):  # characters, about 2,000 tokens
        wire.messages.clear()
        watched = WatchedComparison("abcdef")
        watched.renderer.tick()
        source = text(length)
        for start in range(0, len(source), 8):  # 50 tokens a second each
            for number in range(6):
                watched.add_text(number, source[start : start + 8])
            watched.advance(0.04)
        for number in range(6):
            watched.renderer.show(ReplyEnded(), number)
        watched.renderer.finish(DOCUMENT, METADATA)
        sent.append(wire.sent)
    assert sent[1] / sent[0] <= 11
    assert sent[1] <= 40 * 6 * 8_000
    assert max(len(str(data)) for _, _, data in wire.messages) < 10_000


def test_a_reply_is_complete_as_soon_as_it_is_over(live: WatchedComparison, wire: PageConnection) -> None:
    live.renderer.show(ReasoningDelta("Hm."), 0)
    live.add_text(0, "Yes: ")
    live.add_text(0, "$x$")
    live.renderer.show(ReplyEnded(), 0)
    assert shown(wire).count("Yes: ") == 1
    assert wire.states[wire.find("ToggleButtonModel", "Reasoning")]["value"] is False
    live.renderer.finish(DOCUMENT, METADATA)
    assert shown(wire).count("Yes: ") == 1


def test_a_reloaded_page_shows_the_partial_replies_of_a_stopped_comparison(
    live: WatchedComparison, wire: PageConnection
) -> None:
    live.renderer.show(ReplyEnded(), 0)
    live.renderer.show(ReasoningDelta("Hm."), 1)
    live.add_text(1, "Half an ans")
    live.renderer.finish(DOCUMENT, METADATA)
    assert "<p>Half an ans</p>" in shown(wire)
    assert shown(wire).count("<small>Stopped</small>") == 2
    (head,) = (state for state in wire.states.values() if "mimo-foot" in state.get("_dom_classes", ()))
    assert len(head["children"]) == 2


def test_a_failed_comparison_leaves_nothing(
    live: WatchedComparison, wire: PageConnection, published: Published
) -> None:
    live.renderer.show(ResponseStarted("1", "mimo"), 0)
    live.renderer.show(ReplyEnded("HTTP 500"), 0)
    live.renderer.clear()
    assert published[-1]["data"] == {"text/plain": ""}
    assert wire.states == {}


def test_a_long_title_is_truncated_as_in_the_document(wire: PageConnection, published: Published) -> None:
    title = "stop " + "<b>" * 10_000
    watched = WatchedComparison((title, "b"))
    watched.renderer.tick()
    assert f"<p><strong>{escape(card_heading(1, title))}</strong></p>" in wire.values()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_titles_and_notes_are_text(wire: PageConnection, published: Published, name: str) -> None:
    hostile = HOSTILE[name]
    watched = WatchedComparison((hostile, hostile))
    watched.renderer.tick()
    watched.renderer.show(Note(hostile), 0)
    watched.renderer.show(ReplyEnded(hostile), 0)
    watched.advance(1.0)
    values = [value for value in wire.values() if not value.startswith("<style>")]
    assert [find_unexpected(ParsedHtml(value).found) for value in values] == [[]] * len(values)


def test_the_context_is_shown_once(live: WatchedComparison, wire: PageConnection) -> None:
    for number in range(3):
        live.show(number, PromptContext(ITEMS))
    assert shown(wire).count(LINE) == 1


def test_without_columns_it_shows_how_many_replies_are_complete(wire: PageConnection) -> None:
    progress = ComparisonProgress(["a", "b"])
    view = ComparisonView(DisplayOptions(), progress, AsyncCell(None), has_columns=False)
    for event in (TextDelta("Hidden"), ReplyEnded()):
        progress.feed(event, 0)
        view.show(event, 0)
    assert view.paint() == 0
    assert "1 of 2 complete" in shown(wire)
    assert "Hidden" not in shown(wire)
