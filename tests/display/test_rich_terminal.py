"""IPython in a terminal with rich: the reply is laid out while it grows."""

import io

from rich.console import Console
from support.terminal_turn import EVENTS, REPLY

from mimo_magics.core.events import Retrying
from mimo_magics.display.rich_terminal import RichTerminalRenderer


def test_rich_lays_the_answer_out() -> None:
    screen = io.StringIO()
    renderer = RichTerminalRenderer(
        console=Console(file=screen, width=60, force_terminal=True, color_system=None)
    )
    for event in EVENTS:
        renderer.show(event)
    renderer.finish(REPLY, {})
    shown = screen.getvalue()
    assert "# Hello" not in shown
    assert "Hello" in shown.rpartition("Hm.")[2]
    assert "\x1b]0;" not in shown


def test_rich_tells_of_waits_and_leaves_nothing_of_a_call_of_which_nothing_came() -> None:
    screen = io.StringIO()
    renderer = RichTerminalRenderer(
        console=Console(file=screen, width=60, force_terminal=True, color_system=None)
    )
    renderer.show(Retrying(2, 5, 1.5, "HTTP 503: busy"))
    renderer.tick()
    assert "HTTP 503: busy · again in 1.5 s, attempt 2 of 5" in screen.getvalue()
    renderer.clear()
    assert screen.getvalue().endswith("\x1b[2K")
