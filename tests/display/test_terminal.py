"""IPython in a terminal: on its own, and with rich."""

import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from rich.console import Console
from support.peer import KEY, SILENCE, Answer, Peer, frames

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    Note,
    ReasoningDelta,
    ResponseStarted,
    Retrying,
    TextDelta,
)
from mimo_magics.core.messages import Message, ReasoningPart, Reply, TextPart
from mimo_magics.core.text import INVISIBLE_CHARACTERS, replace_control_characters
from mimo_magics.display.rich_terminal import RichTerminalRenderer, render_reply
from mimo_magics.display.terminal import TerminalRenderer

EVENTS: list[Event] = [
    ModelPreparation("Fetching x", 1, 9),
    ModelPreparation("Starting x"),
    Note("too warm"),
    Retrying(2, 5, 1.5, "HTTP 503: busy"),
    ResponseStarted(),
    ReasoningDelta("Hm"),
    ReasoningDelta("."),
    TextDelta("# Hel"),
    TextDelta("lo\x1b]0;title\x07"),
]
REPLY = Reply(Message("assistant", (ReasoningPart("Hm."), TextPart("# Hello\x1b]0;title\x07"))), stop="end")


def test_words_are_printed_as_they_come_and_the_reasoning_is_dim(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = TerminalRenderer()
    for event in EVENTS:
        renderer.show(event)
    renderer.finish(REPLY, {})
    assert capsys.readouterr().out == (
        "Starting x …\n⚠ too warm\nHTTP 503: busy · again in 1.5 s, attempt 2 of 5\n"
        "\x1b[2mHm\x1b[0m\x1b[2m.\x1b[0m\n# Hello⟨U+001B⟩]0;title⟨U+0007⟩\n"
    )


def test_a_character_that_comes_in_pieces_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = TerminalRenderer()
    for piece in ("Hi ", "👨", "\u200d", "👩", "\u200d👧", ".\u200b", " ☎", "\ufe0e"):
        renderer.show(TextDelta(piece))
    renderer.show(ReasoningDelta("Hm\U000e0041"))
    renderer.finish(REPLY, {})
    assert capsys.readouterr().out == (
        "Hi 👨\u200d👩\u200d👧.⟨U+200B⟩ ☎\ufe0e\n\x1b[2mHm\x1b[0m\x1b[2m⟨U+E0041⟩\x1b[0m\n"
    )


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
def test_rich_obeys_nothing_that_a_parser_decodes(text: str) -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=60, force_terminal=True, color_system=None)
    console.print(render_reply(Reply(Message("assistant", (ReasoningPart(text), TextPart(text))))))
    styles = re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue())
    assert INVISIBLE_CHARACTERS.findall(styles) == []


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


def test_control_characters_of_a_model_do_not_reach_a_terminal() -> None:
    assert (
        replace_control_characters("a\tb\nc\r\x1b[31m\x07\x9b\u202e你好🙂")
        == "a\tb\nc\ufffd\ufffd[31m\ufffd\ufffd\ufffd你好🙂"
    )


@pytest.fixture(params=["dumb", "xterm"])
def terminal(peer: Peer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[pexpect.spawn]:
    """A real IPython in a pseudo-terminal: a plain one, and one that rich paints on."""
    where = {"IPYTHONDIR": str(tmp_path), "TERM": request.param}
    settings = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{peer.url}/v1", **where}
    command = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    with pexpect.spawn(
        sys.executable, command, env={**os.environ, **settings}, encoding="utf-8", timeout=60
    ) as shell:
        shell.expect_exact("In [1]: ")
        shell.sendline("%load_ext mimo_magics")
        shell.expect_exact("In [2]: ")
        yield shell
        shell.close(force=True)


def test_a_prompt_in_a_terminal_is_answered_and_its_value_is_the_footer(terminal: pexpect.spawn) -> None:
    terminal.sendline("%mimo Hello there?")
    terminal.expect_exact("You said: Hello there?")
    terminal.expect(r"Out\[2\]: mimo-test · 20 tokens in")
    terminal.sendline("_.text.upper()")
    terminal.expect_exact("'YOU SAID: HELLO THERE?'")
    terminal.sendline("_2")
    terminal.expect(r"Out\[4\]: You said: Hello there\?")


def test_ctrl_c_in_a_terminal_stops_the_answer_and_the_next_prompt_goes_on(
    terminal: pexpect.spawn, peer: Peer
) -> None:
    obeying = peer.script
    peer.answers(lambda seen: Answer([*frames(seen, ["half an answer"], end=False), SILENCE]))
    terminal.sendline("%mimo Hello")
    terminal.expect_exact("half an answer")
    terminal.sendintr()
    terminal.expect_exact("The answer was stopped; what had come is kept.")
    peer.script = obeying
    terminal.sendline("%mimo go on")
    terminal.expect_exact("You said: go on")
    assert peer.settled()[0].disconnected
