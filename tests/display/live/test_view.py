"""The view of one reply: the Stop button, the status line and the buttons of code blocks."""

from __future__ import annotations

import re

import pytest
from support.hostile import HOSTILE
from support.live_views import CODE_BLOCKS, create_view, feed_view
from support.read_html import find_harm
from support.widget_page import Cell, PageConnection

from mimo_magics.core.events import ResponseRestarted, ResponseStarted, TextDelta, ToolCallStart
from mimo_magics.core.messages import Message, Reply
from mimo_magics.core.settings import Format
from mimo_magics.display.live.view import ReplyView
from mimo_magics.display.progress import ReplyProgress
from mimo_magics.document.reply import DisplayOptions, ReplyDocument


def test_the_stop_button_stops_the_cell(wire: PageConnection) -> None:
    cell = Cell()
    create_view(cell)
    assert not cell.stopped
    wire.press("Stop")
    assert cell.stopped


def test_nothing_is_sent_when_nothing_changed(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, TextDelta("Hello"))
    wire.messages.clear()
    for _ in range(5):
        shown.paint()
    assert wire.messages == []


LONG = "".join(f"x{n} = {n}\n{chr(10) * (n % 3)}" for n in range(300))


def labels(wire: PageConnection) -> list[str]:
    """Return the labels of the buttons of code blocks."""
    buttons = (state for state in wire.states.values() if state.get("_model_name") == "ButtonModel")
    return [state["description"] for state in buttons if state["icon"] != "stop"]


def test_each_finished_code_block_gets_a_button(wire: PageConnection) -> None:
    shown = create_view()
    counts = []
    for piece in (*re.split("(?<=\n)", CODE_BLOCKS), f"```\n{LONG}", "```\n", "That is all.\n"):
        feed_view(shown, TextDelta(piece))
        counts.append(len(labels(wire)))
    assert counts == [0] * 6 + [1] * (len(counts) - 9) + [2, 3, 3]
    assert labels(wire) == ["New cell", "New cell · 2", "New cell"]


SELECTED = "Selected: new cell after the run"


def end(view: ReplyView) -> None:
    view.end(ReplyDocument(Reply(Message("assistant", ()))))


def test_the_last_click_chooses_the_code_of_the_new_cell(wire: PageConnection) -> None:
    cell = Cell()
    shown = create_view(cell)
    feed_view(shown, TextDelta(f"{CODE_BLOCKS}```\n{LONG}```\n\nEnd.\n"))
    states = []
    for label in ("New cell · 2", "New cell"):
        wire.press(label)
        states.append(labels(wire))
    assert states == [["New cell", SELECTED, "New cell"], ["New cell", "New cell · 2", SELECTED]]
    assert cell.inserted == []
    end(shown)
    assert cell.inserted == [LONG.rstrip("\n")]


def test_a_second_click_removes_the_choice(wire: PageConnection) -> None:
    cell = Cell()
    shown = create_view(cell)
    feed_view(shown, TextDelta("```\nx\n```\n\nEnd.\n"))
    wire.press("New cell")
    wire.press(SELECTED)
    assert labels(wire) == ["New cell"]
    end(shown)
    assert cell.inserted == []


def test_a_choice_of_a_restarted_response_is_forgotten(wire: PageConnection) -> None:
    cell = Cell()
    shown = create_view(cell)
    feed_view(shown, ResponseStarted("1"), TextDelta("```\nx\n```\n\n"))
    wire.press("New cell")
    feed_view(shown, ResponseRestarted("2"), TextDelta("```\ny\n```\n\n"))
    end(shown)
    assert cell.inserted == []


def test_a_choice_of_an_earlier_response_stays(wire: PageConnection) -> None:
    cell = Cell()
    shown = create_view(cell)
    feed_view(shown, ResponseStarted("1"), TextDelta("```\nx\n```"), ToolCallStart(0, "i", "clock"))
    wire.press("New cell")
    feed_view(shown, ResponseStarted("2"), TextDelta("On."), ResponseRestarted("3"), TextDelta("Done."))
    end(shown)
    assert cell.inserted == ["x"]


def test_no_button_is_left_when_the_run_is_over(wire: PageConnection) -> None:
    shown = create_view()
    feed_view(shown, TextDelta("```\nx\n```"))
    end(shown)
    assert labels(wire) == []
    assert "mimo-ended" in wire.states[shown.root.model_id]["_dom_classes"]


def test_a_block_without_code_gets_no_button(wire: PageConnection) -> None:
    feed_view(create_view(), TextDelta("```\n\n```\n\nEnd.\n"))
    assert labels(wire) == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reply_in_another_format_has_no_code_blocks(wire: PageConnection, form: Format) -> None:
    shown = ReplyView(DisplayOptions(form), ReplyProgress(), Cell())
    feed_view(shown, TextDelta(f'{{"a": "```\n{LONG}```\n\n'))
    assert labels(wire) == []
    assert not [html for html in wire.values() if "mimo-block" in html and "<style>" not in html]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_is_harmless(wire: PageConnection, name: str) -> None:
    feed_view(create_view(), TextDelta(f"```{HOSTILE[name]}\n{HOSTILE[name]}\n```\n\n"))
    assert [find_harm(html) for html in wire.values() if "<style>" not in html and find_harm(html)] == []
    assert [label for label in labels(wire) if not label.startswith("New cell")] == []
