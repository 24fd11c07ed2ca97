"""The renderer for IPython in a terminal with rich."""

import io
import re

import pytest
from rich.console import Console
from support.context_items import ITEMS, LINE
from support.results import ADA, PEOPLE_SCHEMA, people_reply
from support.terminal_turn import EVENTS, REPLY

from mimo_magics.core.events import (
    PendingApproval,
    PromptContext,
    ResultExpected,
    ResultItem,
    Retrying,
    TextDelta,
    ToolProgress,
)
from mimo_magics.core.messages import Message, ReasoningPart, Reply, TextPart, ToolCall
from mimo_magics.core.text import INVISIBLE_CHARACTERS
from mimo_magics.display import rich_terminal
from mimo_magics.display.rich_terminal import RichTerminalRenderer, render_reply
from mimo_magics.document.reply import ReplyDocument


def test_rich_formats_the_reply() -> None:
    screen = io.StringIO()
    renderer = RichTerminalRenderer(
        console=Console(file=screen, width=60, force_terminal=True, color_system=None)
    )
    for event in EVENTS:
        renderer.show(event)
    renderer.finish(ReplyDocument(REPLY), {})
    shown = screen.getvalue()
    assert "# Hello" not in shown
    assert "Hello" in shown.rpartition("Hm.")[2]
    assert "\x1b]0;" not in shown


def test_rich_shows_waits_and_leaves_nothing_of_a_failed_call() -> None:
    screen = io.StringIO()
    renderer = RichTerminalRenderer(
        console=Console(file=screen, width=60, force_terminal=True, color_system=None)
    )
    renderer.show(Retrying(2, 5, 1.5, "HTTP 503: busy"))
    renderer.tick()
    assert "HTTP 503: busy · retrying in 1.5 s, attempt 2 of 5" in screen.getvalue()
    renderer.clear()
    assert screen.getvalue().endswith("\x1b[2K")


@pytest.mark.parametrize(
    "text",
    [
        "<http://x/%1b%5d52;c;cm0gLXJmIH4K%1b%5c>",
        "[a](http://x/%1b%5b2J '&#x1b;]0;title&#7;')",
        "x&#x1b;[2J&#x9b;1m",
        "`\x1b[2J`\n\n```\n\x1b]52;c;x\x07\n```",
        "![&#x1b;[2J](http://x/%9b1m)",
        "| &#x1b;[2J |\n|---|",
        "x&#x202e;y&#xe0041;",
    ],
)
def test_rich_shows_decoded_control_characters_as_text(text: str) -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=60, force_terminal=True, color_system=None)
    console.print(render_reply(Reply(Message("assistant", (ReasoningPart(text), TextPart(text))))))
    styles = re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue())
    assert INVISIBLE_CHARACTERS.findall(styles) == []


def test_rich_does_not_paint_while_an_approval_is_pending() -> None:
    """Otherwise rich would parse the question as markup, and paint over it."""
    screen = io.StringIO()
    console = Console(file=screen, width=60, force_terminal=True, color_system=None)
    renderer = RichTerminalRenderer(console=console)
    renderer.show(TextDelta("I look."))
    renderer.tick()
    pending = PendingApproval(ToolCall("call_1", "shell", "{}"))
    renderer.show(ToolProgress(0, "waiting", approval=pending))
    painted = screen.getvalue()
    renderer.tick()
    assert screen.getvalue() == painted
    renderer.clear()


def test_an_answered_question_stays_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next frame starts below the question, not at the position of the last frame."""
    monkeypatch.setattr(rich_terminal, "FRAME_INTERVAL", 0)
    screen = io.StringIO()
    console = Console(file=screen, width=60, force_terminal=True, color_system=None)
    renderer = RichTerminalRenderer(console=console)
    renderer.show(TextDelta("I look.\n\nAnd look."))
    renderer.show(ToolProgress(0, "waiting", approval=PendingApproval(ToolCall("call_1", "shell", "{}"))))
    screen.write("shell {}\nRun it? y\n")
    renderer.show(ToolProgress(0, "running"))
    assert screen.getvalue().rpartition("Run it? y\n")[2].count("\x1b[1A") == 0
    renderer.clear()


def test_rich_prints_the_context_as_one_line() -> None:
    screen = io.StringIO()
    renderer = RichTerminalRenderer(console=Console(file=screen, width=60, color_system=None))
    renderer.show(PromptContext(ITEMS))
    renderer.finish(ReplyDocument(REPLY), {})
    assert screen.getvalue().count(LINE) == 1


def test_rich_shows_the_items_of_a_result_and_its_table() -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=60, height=20, force_terminal=True, color_system=None)
    renderer = RichTerminalRenderer(console=console)
    for event in (ResultExpected(PEOPLE_SCHEMA), TextDelta('{"items": ['), ResultItem(ADA)):
        renderer.show(event)
    renderer._paint()
    assert "1 item so far" in screen.getvalue()
    renderer.finish(ReplyDocument(people_reply(ADA, errors=("Item 2: \x1b[2J",))), {})
    shown = screen.getvalue()
    assert 'items"' not in shown
    assert "Ada    36" in shown
    assert "⚠ Item 2: ⟨U+001B⟩[2J" in shown
