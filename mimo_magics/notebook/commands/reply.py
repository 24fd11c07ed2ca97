"""The subcommands of `%mimo` for replies that exist: show, copy and insert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply, TextPart
from mimo_magics.core.text import escape_invisible_characters, replace_control_characters
from mimo_magics.document.highlighting import highlight_code
from mimo_magics.document.markdown import code_blocks
from mimo_magics.notebook.cell_request import CONTINUE_COMMAND
from mimo_magics.notebook.command_table import MAGICS
from mimo_magics.session.turn import Turn

ALREADY_COMPLETE = Translatable("The last reply is complete; there is nothing to continue.")
"""A notice instead of an error, so that a notebook with `%mimo continue` can be run again."""


@dataclass(frozen=True, slots=True)
class ReplyCommand:
    """A subcommand of `%mimo`, with the number of a turn or a code block from 1."""

    name: str
    number: int | None = None


def parse_line(line: str) -> ReplyCommand | None:
    """Parse a line of `%mimo`. Return `None` if it is a prompt, such as `show me Tokyo`, or `continue`."""
    commands = {command.name: command for command in MAGICS["%mimo"].commands}
    match line.split():
        case [name] if name in commands and name != CONTINUE_COMMAND:
            return ReplyCommand(name)
        case [name, number] if name in commands and commands[name].arguments and number.isdecimal():
            return ReplyCommand(name, int(number))
    return None


def select_turn(turns: Sequence[Turn], number: int | None) -> Turn:
    """Return the turn of this number, or the last turn.

    Raises:
        BadOption: There is no such turn.
    """
    if not turns:
        raise BadOption(Translatable("The session has no turns yet."))
    if number is None:
        return turns[-1]
    if not 1 <= number <= len(turns):
        raise BadOption(
            Translatable("There is no turn {number}.", number=number),
            Translatable("Number of turns: {count}.", count=len(turns)),
        )
    return turns[number - 1]


def select_code_block(reply: Reply | None, number: int | None) -> str:
    """Return the code of the code block of this number, or of the only one.

    Raises:
        BadOption: There is no such code block, or there are several and no number.
    """
    blocks = [code for text in _texts(reply) for code in code_blocks(text)]
    if not blocks:
        raise BadOption(Translatable("The last reply has no code block."))
    if number is None and len(blocks) > 1:
        raise BadOption(
            Translatable("The last reply has {count} code blocks.", count=len(blocks)),
            Translatable("Choose one: %mimo insert 1"),
        )
    if not 1 <= (number or 1) <= len(blocks):
        raise BadOption(
            Translatable("There is no code block {number}.", number=number),
            Translatable("Number of code blocks: {count}.", count=len(blocks)),
        )
    return blocks[(number or 1) - 1].rstrip("\n")


def _texts(reply: Reply | None) -> list[str]:
    """Return the texts between the tool calls. The document numbers the code blocks of each in turn."""
    return [part.text for part in reply.message.parts if isinstance(part, TextPart)] if reply else []


def copyable_bundle(text: str, language: str = "") -> dict[str, str]:
    """Return a text as a MIME bundle. One click selects all of it. Code of a known language is highlighted."""
    inner = highlight_code(escape_invisible_characters(text), language)
    class_attribute = ' class="highlight"' if language else ""
    html = f'<pre{class_attribute} style="user-select: all; white-space: pre-wrap">{inner}</pre>'
    return {"text/html": html, "text/plain": replace_control_characters(text)}
