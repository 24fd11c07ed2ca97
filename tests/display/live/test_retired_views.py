"""Views that a document has replaced."""

from __future__ import annotations

from typing import Any

from support.comparisons import DOCUMENT, METADATA
from support.live_views import WatchedComparison, create_live_renderer, finish_renderer
from support.widget_page import PageConnection, Published

from mimo_magics.core.events import TextDelta
from mimo_magics.display.live.retired_views import MAX_RETIRED_VIEWS


def test_the_widgets_of_the_last_comparisons_stay_for_reloaded_pages_and_are_closed_later(
    wire: PageConnection, published: Published
) -> None:
    sizes = []
    for _ in range(3 * MAX_RETIRED_VIEWS):
        watched = WatchedComparison()
        watched.renderer.tick()
        watched.add_text(0, "Hi")
        watched.renderer.finish(DOCUMENT, METADATA)
        sizes.append(len(wire.states))
    assert sizes[MAX_RETIRED_VIEWS] == sizes[-1]
    assert sizes[0] < sizes[MAX_RETIRED_VIEWS - 1] == sizes[-1]


def test_the_widgets_of_the_last_turns_stay_for_reloaded_pages_and_are_closed_later(
    wire: PageConnection, published: list[dict[str, Any]]
) -> None:
    sizes = []
    for _ in range(3 * MAX_RETIRED_VIEWS):
        renderer = create_live_renderer()
        renderer.show(TextDelta("Hi"))
        finish_renderer(renderer)
        sizes.append(len(wire.states))
    assert sizes[MAX_RETIRED_VIEWS] == sizes[-1]
    assert sizes[0] < sizes[MAX_RETIRED_VIEWS - 1] == sizes[-1]
