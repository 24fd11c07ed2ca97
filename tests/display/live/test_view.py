"""The view of one reply: the Stop button, the status line and the field for code cells."""

from __future__ import annotations

import re

from support.live_views import CODE_BLOCKS, create_view, feed_view
from support.widget_page import Cell, PageConnection

from mimo_magics.core.events import TextDelta


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


def test_each_finished_code_block_can_be_chosen_for_a_new_cell(wire: PageConnection) -> None:
    shown = create_view()
    offered = []
    for piece in (*re.split("(?<=\n)", CODE_BLOCKS), f"```\n{LONG}", "```\n\nThat is all.\n"):
        feed_view(shown, TextDelta(piece))
        offered.append(any(state["_model_name"] == "BoundedIntTextModel" for state in wire.states.values()))
    assert offered == [False] * 7 + [True] * (len(offered) - 7)
    block_numbers = []
    for number in (0, 1, 2, 3, 4):
        wire.update(wire.find("BoundedIntTextModel", "New cell"), {"value": number})
        block_numbers.append(shown.code_to_insert)
    assert block_numbers == [None, "a = 1\n\nb = 2", "c", LONG.rstrip("\n"), None]
