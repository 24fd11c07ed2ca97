"""What can be done with answers that are there: `%mimo show`, `%mimo copy` and `%mimo insert`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.document.markdown import code_blocks
from mimo_magics.session.turn import Turn

COMMANDS = ("show", "copy", "insert")
COMMAND = re.compile(rf"({'|'.join(COMMANDS)})(?:\s+(\d+))?")

OVER = Words("The last answer came to its end: nothing was asked.")
"""What `%mimo continue` shows then, so that a notebook that has it can be run again."""


@dataclass(frozen=True, slots=True)
class Command:
    """One of the three, with a number from 1."""

    name: str
    number: int | None = None


def command(line: str) -> Command | None:
    """Read a line of `%mimo`; `None` when it is a prompt, such as `show me Tokyo`."""
    found = COMMAND.fullmatch(line.strip())
    return found and Command(found[1], int(found[2]) if found[2] else None)


def turn(turns: Sequence[Turn], number: int | None) -> Turn:
    """Return a turn of the conversation, the last one unless a number says which.

    Raises:
        BadOption: there is none.
    """
    if not turns:
        raise BadOption(Words("There is no turn in the conversation yet."))
    if number is None:
        return turns[-1]
    if not 1 <= number <= len(turns):
        raise BadOption(
            Words("There is no turn {number}.", number=number),
            Words("The conversation has {count}.", count=len(turns)),
        )
    return turns[number - 1]


def code(reply: Reply | None, number: int | None) -> str:
    """Return a code block of an answer: nothing but the code.

    Raises:
        BadOption: there is none, or there are more and no number says which.
    """
    blocks = code_blocks(reply.text) if reply else []
    if not blocks:
        raise BadOption(Words("The last answer has no code block."))
    if number is None and len(blocks) > 1:
        raise BadOption(
            Words("The last answer has {count} code blocks.", count=len(blocks)),
            Words("Say which: %mimo insert 1."),
        )
    if not 1 <= (number or 1) <= len(blocks):
        raise BadOption(
            Words("There is no code block {number}.", number=number),
            Words("The last answer has {count}.", count=len(blocks)),
        )
    return blocks[(number or 1) - 1].rstrip("\n")


def to_copy(text: str) -> dict[str, str]:
    """Return a text as a MIME bundle in which one click selects all of it."""
    html = f'<pre style="user-select: all; white-space: pre-wrap">{escape_html(text)}</pre>'
    return {"text/html": html, "text/plain": replace_control_characters(text)}
