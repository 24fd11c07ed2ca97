"""The live renderer of a reply: plain output, then widgets, then the document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.live_views import CODE_BLOCKS, create_live_renderer, finish_renderer, new_reply_renderer
from support.widget_page import WIDGETS, Cell, Clock, PageConnection

from mimo_magics.core.events import ReasoningDelta, ResponseStarted, Stopped, TextDelta
from mimo_magics.display.live.live_renderer import LiveRenderer


@pytest.fixture
def renderer(wire: PageConnection, published: list[dict[str, Any]]) -> Iterator[LiveRenderer]:
    return create_live_renderer()


def kinds(published: list[dict[str, Any]]) -> list[str]:
    return [next(iter(output["data"])) for output in published]


def test_a_reply_is_widgets_first_and_then_a_document_in_the_same_output(
    renderer: LiveRenderer, published: list[dict[str, Any]]
) -> None:
    renderer.show(ReasoningDelta("Hm."))
    renderer.show(TextDelta("Hi"))
    renderer.show(Stopped("end"))
    finish_renderer(renderer)
    assert kinds(published) == [WIDGETS, "text/html"]
    assert len({output["transient"]["display_id"] for output in published}) == 1
    assert published[-1]["metadata"] == {"mimo": {"version": 1}}


def test_the_chosen_code_block_is_inserted_when_the_reply_is_complete(
    wire: PageConnection, published: list[dict[str, Any]]
) -> None:
    cell, clock = Cell(), Clock()
    renderer = create_live_renderer(cell, clock)
    renderer.show(TextDelta(CODE_BLOCKS + "End.\n\nE"))
    clock.time += 1
    renderer.tick()
    wire.press("New cell · 2")
    assert cell.inserted == []
    finish_renderer(renderer)
    assert cell.inserted == ["c"]


def test_a_reply_that_is_complete_at_once_sends_no_probe(
    wire: PageConnection, published: list[dict[str, Any]]
) -> None:
    renderer = new_reply_renderer()
    renderer.show(TextDelta("Hi"))
    finish_renderer(renderer)
    assert wire.messages == []
    assert kinds(published)[-1] == "text/html"


def test_earlier_events_are_in_the_view_when_the_page_answers(
    wire: PageConnection, published: list[dict[str, Any]]
) -> None:
    wire.answers = False
    clock = Clock()
    renderer = create_live_renderer(now=clock)
    for word in ("one ", "two "):
        renderer.show(TextDelta(word))
    assert set(kinds(published)) == {"text/html"}
    wire.answers = True
    for _ in range(2):
        clock.time += 1
        renderer.tick()
    assert kinds(published)[-1] == WIDGETS
    assert "<p>one two</p>\n" in wire.values()


def test_a_page_that_never_answers_gets_plain_outputs_and_three_probes(
    wire: PageConnection, published: list[dict[str, Any]]
) -> None:
    wire.answers = False
    clock = Clock()
    renderer = create_live_renderer(now=clock)
    for number in range(400):
        clock.time += 0.05
        renderer.show(TextDelta(f"word{number} "))
    finish_renderer(renderer)
    assert set(kinds(published)) == {"text/html"}
    opened = [data["state"]["_model_name"] for kind, _, data in wire.messages if kind == "comm_open"]
    assert opened.count("DirectionalLinkModel") == 3
    assert wire.states == {}


def test_a_failed_call_leaves_nothing(
    wire: PageConnection, renderer: LiveRenderer, published: list[dict[str, Any]]
) -> None:
    renderer.show(ResponseStarted("1", "mimo"))
    renderer.clear()
    assert published[-1]["data"] == {"text/plain": ""}
    assert wire.states == {}
