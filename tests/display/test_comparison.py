"""Comparisons without widgets, by what is sent to the page or printed."""

from __future__ import annotations

import pytest
from support.comparisons import BUNDLE, METADATA, TITLES, plain_texts
from support.hostile import HOSTILE
from support.widget_page import Clock, Published

from mimo_magics.core.events import TextDelta
from mimo_magics.core.text import CONTROL_CHARACTERS
from mimo_magics.display.comparison import StaticComparisonRenderer, TerminalComparisonRenderer
from mimo_magics.display.comparison_progress import ComparisonProgress


def test_a_line_tells_how_far_it_is_and_the_document_takes_its_place(published: Published) -> None:
    clock = Clock()
    renderer = StaticComparisonRenderer(ComparisonProgress(TITLES, now=clock))
    for _ in range(12):
        clock.time += 0.1
        renderer.tick()
    renderer.show(0, TextDelta("Hi"))
    renderer.end_reply(0)
    renderer.end_reply(1, "HTTP 429")
    renderer.finish(BUNDLE, METADATA)
    assert plain_texts(published) == [
        "0 of 3 answered · 0 s",
        "0 of 3 answered · 1 s",
        "1 of 3 answered · 1 s",
        "1 of 3 answered, 1 failed · 1 s",
        "All",
    ]
    assert len({output["transient"]["display_id"] for output in published}) == 1
    assert published[-1]["metadata"] == METADATA


def test_of_a_line_nothing_is_left_when_nothing_came(published: Published) -> None:
    renderer = StaticComparisonRenderer(ComparisonProgress(TITLES))
    renderer.clear()
    assert published == []
    renderer.tick()
    renderer.clear()
    assert published[-1]["data"] == {"text/plain": ""}


def test_a_terminal_gets_a_line_for_each_reply_and_all_of_them_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    renderer = TerminalComparisonRenderer(ComparisonProgress(TITLES))
    renderer.show(1, TextDelta("Hi"))
    renderer.tick()
    renderer.end_reply(1)
    renderer.end_reply(0, "HTTP 429:\n\ntoo many\x1b[2J")
    renderer.finish(BUNDLE, METADATA)
    assert capsys.readouterr().out == (
        "1 of 3 answered: temperature 0.7\n"
        "1 of 3 answered, 1 failed: temperature 0: HTTP 429: too many\ufffd[2J\n\nAll\n"
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_terminal_obeys_no_hostile_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    TerminalComparisonRenderer(ComparisonProgress([HOSTILE[name]])).end_reply(0, HOSTILE[name])
    assert not CONTROL_CHARACTERS.search(capsys.readouterr().out.removesuffix("\n"))
