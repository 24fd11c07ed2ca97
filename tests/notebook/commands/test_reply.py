"""The commands of %mimo for replies that exist: show, copy and insert."""

import pytest
from support.kernel import Kernel
from support.peer import Peer
from support.turns import turn

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import Message, Reply, TextPart
from mimo_magics.notebook.command_table import MAGICS
from mimo_magics.notebook.commands.reply import (
    ReplyCommand,
    copyable_bundle,
    parse_line,
    select_code_block,
    select_turn,
)
from mimo_magics.notebook.help_page import help_page

TWO_BLOCKS = "One:\n\n```python\na = 1\nb = 2\n```\n\n- two:\n\n  ```\n  c\n  ```\n\nThat is all."


def reply(text: str) -> Reply:
    return Reply(Message("assistant", (TextPart(text),)))


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("show", ReplyCommand("show")),
        (" copy  2 ", ReplyCommand("copy", 2)),
        ("insert 0", ReplyCommand("insert", 0)),
        ("help", ReplyCommand("help")),
        ("help 2", None),
        ("continue", None),
        ("show me Tokyo", None),
        ("-- show", None),
        ("show -1", None),
        ("Show", None),
        ("", None),
    ],
)
def test_a_line_is_a_subcommand_with_at_most_a_number_or_else_a_prompt(
    line: str, command: ReplyCommand | None
) -> None:
    assert parse_line(line) == command


def test_a_number_selects_a_turn_and_the_last_one_is_the_default() -> None:
    turns = [turn("one"), turn("two"), turn("three")]
    assert [select_turn(turns, number).prompt.text for number in (None, 1, 3)] == ["three", "one", "three"]


@pytest.mark.parametrize("number", [0, 3])
def test_a_number_without_a_turn_is_refused(number: int) -> None:
    with pytest.raises(BadOption) as error:
        select_turn([turn("one"), turn("two")], number)
    assert (str(error.value), error.value.hint) == (f"There is no turn {number}.", "Number of turns: 2.")


def test_a_number_selects_the_code_of_a_code_block() -> None:
    assert [select_code_block(reply(TWO_BLOCKS), number) for number in (1, 2)] == ["a = 1\nb = 2", "c"]
    assert select_code_block(reply("```\nonly\n```"), None) == "only"


@pytest.mark.parametrize(
    ("text", "number", "message", "hint"),
    [
        ("No code.", None, "The last reply has no code block.", ""),
        (None, 1, "The last reply has no code block.", ""),
        (TWO_BLOCKS, None, "The last reply has 2 code blocks.", "Choose one: %mimo insert 1"),
        (TWO_BLOCKS, 3, "There is no code block 3.", "Number of code blocks: 2."),
    ],
)
def test_a_missing_or_ambiguous_code_block_is_refused(
    text: str | None, number: int | None, message: str, hint: str
) -> None:
    with pytest.raises(BadOption) as error:
        select_code_block(None if text is None else reply(text), number)
    assert (str(error.value), error.value.hint) == (message, hint)


def test_a_text_for_copying_is_escaped_in_both_formats() -> None:
    assert copyable_bundle("a <b>\x1b[31m") == {
        "text/html": '<pre style="user-select: all; white-space: pre-wrap">a &lt;b&gt;⟨U+001B⟩[31m</pre>',
        "text/plain": "a <b>�[31m",
    }


def test_code_for_copying_is_highlighted() -> None:
    code = "import httpx  # <b>\x1b"
    assert copyable_bundle(code, "python") == {
        "text/html": (
            '<pre class="highlight" style="user-select: all; white-space: pre-wrap">'
            '<span class="kn">import</span> <span class="nn">httpx</span>  '
            '<span class="c1"># &lt;b&gt;⟨U+001B⟩</span>\n</pre>'
        ),
        "text/plain": "import httpx  # <b>�",
    }


def test_a_prompt_may_begin_with_the_name_of_a_subcommand(kernel: Kernel, peer: Peer) -> None:
    for line in ("show me Tokyo", "-- show", "insert 1 coin", "copy that?"):
        kernel.run(f"%mimo {line}")
    assert [seen.prompt for seen in peer.requests] == ["show me Tokyo", "show", "insert 1 coin", "copy that?"]


def test_show_without_turns_is_an_error(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("%mimo show").error == ["BadOption: The session has no turns yet."]


def test_help_shows_the_help_page_and_sends_nothing(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("%mimo help").documents == [help_page(MAGICS["%mimo"])]
    assert peer.requests == []
    kernel.run("%mimo -- help")
    assert [seen.prompt for seen in peer.requests] == ["help"]
