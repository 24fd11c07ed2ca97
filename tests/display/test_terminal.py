"""The renderers for a terminal, and a real IPython with and without rich."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from support.comparisons import DOCUMENT, METADATA, TITLES
from support.context_items import ITEMS, LINE
from support.hostile import HOSTILE
from support.peer import KEY, SILENCE, Answer, Peer, frames
from support.results import ADA, BO, CITY_SCHEMA, people_reply, result_reply
from support.terminal_turn import EVENTS, REPLY

from mimo_magics.core.events import (
    Event,
    PromptContext,
    ReasoningDelta,
    ReplyEnded,
    ResultExpected,
    ResultItem,
    TextDelta,
)
from mimo_magics.core.messages import Reply, SchemaResult
from mimo_magics.core.text import CONTROL_CHARACTERS
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.terminal import TerminalComparisonRenderer, TerminalRenderer
from mimo_magics.document.reply import ReplyDocument


def test_text_is_printed_at_once_and_reasoning_is_dim(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = TerminalRenderer()
    for event in EVENTS:
        renderer.show(event)
    renderer.finish(ReplyDocument(REPLY), {})
    assert capsys.readouterr().out == (
        "Starting x …\n⚠ too warm\nHTTP 503: busy · retrying in 1.5 s, attempt 2 of 5\n"
        "\x1b[2mHm\x1b[0m\x1b[2m.\x1b[0m\n# Hello⟨U+001B⟩]0;title⟨U+0007⟩\n"
    )


def test_a_character_in_two_deltas_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = TerminalRenderer()
    for piece in ("Hi ", "👨", "\u200d", "👩", "\u200d👧", ".\u200b", " ☎", "\ufe0e"):
        renderer.show(TextDelta(piece))
    renderer.show(ReasoningDelta("Hm\U000e0041"))
    renderer.finish(ReplyDocument(REPLY), {})
    assert capsys.readouterr().out == (
        "Hi 👨\u200d👩\u200d👧.⟨U+200B⟩ ☎\ufe0e\n\x1b[2mHm\x1b[0m\x1b[2m⟨U+E0041⟩\x1b[0m\n"
    )


@pytest.fixture(params=["dumb", "xterm"])
def terminal(peer: Peer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[pexpect.spawn]:
    """Start a real IPython in a pseudo-terminal, without and with rich."""
    environment = {"IPYTHONDIR": str(tmp_path), "TERM": request.param}
    settings = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{peer.url}/v1", **environment}
    command = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    with pexpect.spawn(
        sys.executable, command, env={**os.environ, **settings}, encoding="utf-8", timeout=60
    ) as shell:
        shell.expect_exact("In [1]: ")
        shell.sendline("%load_ext mimo_magics")
        shell.expect_exact("In [2]: ")
        yield shell
        # A busy machine needs longer to end it than `close` waits.
        shell.kill(signal.SIGKILL)
        shell.wait()


def test_a_terminal_prints_the_reply_and_the_footer_as_the_value(terminal: pexpect.spawn) -> None:
    terminal.sendline("%mimo Hello there?")
    terminal.expect_exact("You said: Hello there?")
    terminal.expect(r"Out\[2\]: mimo-test · 20 tokens in")
    terminal.sendline("_.text.upper()")
    terminal.expect_exact("'YOU SAID: HELLO THERE?'")
    terminal.sendline("_2")
    terminal.expect(r"Out\[4\]: You said: Hello there\?")


def test_ctrl_c_in_a_terminal_stops_the_reply_and_the_session_continues(
    terminal: pexpect.spawn, peer: Peer
) -> None:
    obeying = peer.script
    peer.answers(lambda seen: Answer([*frames(seen, ["half an answer"], end=False), SILENCE]))
    terminal.sendline("%mimo Hello")
    terminal.expect_exact("half an answer")
    terminal.sendintr()
    terminal.expect_exact("The partial reply was saved to the session; %mimo continue resumes it.")
    peer.script = obeying
    terminal.sendline("%mimo go on")
    terminal.expect_exact("You said: go on")
    assert peer.settled()[0].disconnected


def test_a_terminal_gets_a_line_for_each_reply_and_all_replies_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    renderer = TerminalComparisonRenderer(ComparisonProgress(TITLES))
    renderer.show(TextDelta("Hi"), 1)
    renderer.tick()
    renderer.show(ReplyEnded(), 1)
    renderer.show(ReplyEnded("HTTP 429:\n\ntoo many\x1b[2J"), 0)
    renderer.finish(DOCUMENT, METADATA)
    assert capsys.readouterr().out == (
        "1 of 3 complete: temperature 0.7\n"
        "1 of 3 complete, 1 failed: temperature 0: HTTP 429: too many\ufffd[2J\n\nAll\n"
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_titles_and_errors_have_no_effect_on_a_terminal(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    TerminalComparisonRenderer(ComparisonProgress([HOSTILE[name]])).show(ReplyEnded(HOSTILE[name]))
    assert not CONTROL_CHARACTERS.search(capsys.readouterr().out.removesuffix("\n"))


def test_the_context_is_one_dim_line(capsys: pytest.CaptureFixture[str]) -> None:
    TerminalRenderer().show(PromptContext(ITEMS))
    assert capsys.readouterr().out == f"\x1b[2m{LINE}\x1b[0m\n"


def test_a_comparison_prints_the_context_once(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = TerminalComparisonRenderer(ComparisonProgress(TITLES))
    for number in range(len(TITLES)):
        renderer.show(PromptContext(ITEMS), number)
    assert capsys.readouterr().out == f"\x1b[2m{LINE}\x1b[0m\n"


def print_result(reply: Reply, *events: Event) -> None:
    renderer = TerminalRenderer()
    for event in (ResultExpected(reply.result.schema if reply.result else {}), *events):
        renderer.show(event)
    renderer.finish(ReplyDocument(reply), {})


def test_each_item_of_a_result_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = {"name": "\x1b[2J", "age": 7}
    reply = people_reply(ADA, hostile, errors=("Item 3: no \x1b]0;title\x07",))
    print_result(reply, ReasoningDelta("Hm."), TextDelta("{"), ResultItem(ADA), ResultItem(hostile))
    assert capsys.readouterr().out == (
        "\x1b[2mHm.\x1b[0m\n1. Ada · 36\n2. ⟨U+001B⟩[2J · 7\n⚠ Item 3: no ⟨U+001B⟩]0;title⟨U+0007⟩\n"
    )


def test_the_fields_of_one_object_and_repaired_items_are_printed_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = result_reply('{"city": "Kyoto"}', SchemaResult(CITY_SCHEMA))
    print_result(one, TextDelta("{"), ResultItem({"city": "Kyoto"}))
    assert capsys.readouterr().out == "field  value\ncity   Kyoto\n"
    print_result(people_reply(ADA, BO), TextDelta("{"), ResultItem(ADA))
    assert capsys.readouterr().out == "1. Ada · 36\nname  age\nAda    36\nBo      7\n"
