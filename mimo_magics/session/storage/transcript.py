"""A conversation as a value that prints itself, in a terminal and on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from mimo_magics.core.i18n import Words, say
from mimo_magics.core.messages import AudioPart, ImagePart, Message, Part, Reply, TextPart, ToolResult, Usage
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.document import steps
from mimo_magics.document.reply import EMPTY_LINE, footer, page
from mimo_magics.document.sanitizer import NO_MATH
from mimo_magics.session.history import History
from mimo_magics.session.turn import Turn

NOTHING = Words("Nothing was said yet.")
SHORT = 300
"""Characters of a text that is quoted."""


@dataclass(frozen=True, slots=True)
class Line:
    """A turn as a row of the transcript."""

    number: int
    """Its place in the transcript, from 1; on the line of the conversation the turn's number."""
    branch: int
    """Its place among all turns of the history, from 1: what `Session.switch` wants."""
    prompt: str
    """Its words, with a remark for each picture and sound."""
    reply: Reply
    model: str
    """Who answered, by its own account, or else who was asked."""
    input: int
    """Tokens, as the server told them or else as they were estimated; 0 is unknown."""
    output: int
    cost: float | None
    """Estimate in US dollars; `None` where no price is known."""
    cell: str
    """Who asked, as in `Turn`."""
    asked: float
    """When, in seconds since 1970."""
    stale: bool = False
    """Whether its cell still shows it, but the conversation no longer says it."""
    left_out: int = 0
    """How many of the oldest turns before it were not sent."""
    summary: str = ""
    """What was sent in place of those."""

    @property
    def on_the_line(self) -> bool:
        """Whether the next prompt follows it."""
        return not self.stale

    @property
    def title(self) -> str:
        """What it is called."""
        return (
            say("Stale: branch {branch}", branch=self.branch)
            if self.stale
            else say("Turn {number}", number=self.number)
        )

    @property
    def small(self) -> str:
        """Model, tokens, speed, cost, time, and what a reader must know besides."""
        counted = Usage(self.input, self.output) if self.input or self.output else None
        reply = replace(self.reply, model=self.model, usage=self.reply.usage or counted, cost=self.cost)
        stale = say("stale: no longer part of the conversation") if self.stale else ""
        return " · ".join(filter(None, (stale, footer(reply), clock(self.asked), self._missing())))

    def _missing(self) -> str:
        if not self.left_out:
            return ""
        return say(
            "the oldest turn was not sent{but}"
            if self.left_out == 1
            else "the {count} oldest turns were not sent{but}",
            count=self.left_out,
            but=say(", but a summary was") if self.summary else "",
        )


@dataclass(frozen=True, slots=True)
class Transcript:
    """The turns of a conversation, first to last, and then those that are stale."""

    name: str
    rows: tuple[Line, ...]

    def __str__(self) -> str:
        return "\n\n".join(map(_text, self.rows)) or say(NOTHING)

    def bundle(self) -> dict[str, str]:
        """Return it as Jupyter's MIME bundle, which can do no harm whoever said what."""
        body = "".join(map(_html, self.rows)) or f"<p>{escape_html(say(NOTHING))}</p>"
        html = f'<div class="{NO_MATH}">{EMPTY_LINE.sub("&#10;", body)}</div>'
        return {"text/html": html, "text/plain": str(self)}


def transcript(history: History, name: str) -> Transcript:
    """Return what the conversation says, and what its cells show besides.

    Args:
        history: all that was said.
        name: of the session.
    """
    line, stale = history.line, history.stale
    numbers = enumerate((*line, *stale), 1)
    rows = (_row(history.all[each], number, each + 1, stale=number > len(line)) for number, each in numbers)
    return Transcript(name, tuple(rows))


def origins(history: History) -> tuple[str, ...]:
    """Tell a person who takes a conversation over what the model was told and will be told again.

    The sentences quote what may be a stranger's words, unescaped; long ones are cut.
    """
    turns = history.turns
    parts = (part for turn in turns for part in turn.reply.message.parts)
    results = Counter(part.name for part in parts if isinstance(part, ToolResult))
    prompts = dict.fromkeys(turn.system for turn in turns if turn.system)
    offered = dict.fromkeys(name for turn in turns for name in turn.tools)
    counted = ", ".join(f"{name} ({count})" for name, count in results.items())
    return (
        *(say("Asked with the system prompt: {short}", short=_short(prompt)) for prompt in prompts),
        *(
            [say("These tools were offered to the model: {short}.", short=_short(", ".join(offered)))]
            if offered
            else ()
        ),
        *(
            [say("Results of these tools will be sent to the model: {short}.", short=_short(counted))]
            if counted
            else ()
        ),
    )


def words(prompt: Message) -> str:
    """Return the words of a prompt, with a remark for each picture and sound."""
    return "\n".join(map(_said, prompt.parts))


def clock(seconds: float) -> str:
    """Return a time, in seconds since 1970, as clocks here show it; empty for one that no clock has."""
    try:
        return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return ""


def _row(turn: Turn, number: int, branch: int, *, stale: bool) -> Line:
    reply = turn.reply
    usage = reply.usage or turn.spent
    return Line(
        number,
        branch,
        words(turn.prompt),
        reply,
        reply.model or turn.params.model,
        usage.input,
        usage.output,
        reply.cost,
        turn.cell,
        turn.asked,
        stale,
        turn.left_out,
        turn.summary,
    )


def _said(part: Part) -> str:
    match part:
        case TextPart(text):
            return text
        case ImagePart():
            return say("(a picture)")
        case AudioPart():
            return say("(a sound)")
    raise TypeError(f"a prompt cannot hold {part!r}")


def _short(text: str) -> str:
    """Return a text on one line, with its length where it is cut."""
    line = " ".join(text.split())
    return (
        line
        if len(line) <= SHORT
        else say("{line}… ({count:,} characters)", line=line[:SHORT], count=len(text))
    )


def _text(line: Line) -> str:
    asked = "\n".join(f"> {each}" for each in line.prompt.split("\n"))
    done = steps.summary(_steps(line.reply), line.reply)
    pieces = (line.title, asked, f"[{done}]" if done else "", line.reply.text, f"({line.small})")
    return replace_control_characters("\n".join(filter(None, pieces)))


def _steps(reply: Reply) -> list[Part]:
    return [part for part in reply.message.parts if not isinstance(part, TextPart)]


def _html(line: Line) -> str:
    return "".join(
        (
            f'<h3>{line.title}</h3><blockquote><pre dir="auto">{escape_html(line.prompt)}</pre></blockquote>',
            *_summary(line),
            page(replace(line.reply, told=()), line.small),  # what was told then is no news
        )
    )


def _summary(line: Line) -> Iterable[str]:
    if line.summary:
        yield steps.details(
            say("Sent in place of older turns"), f'<pre dir="auto">{escape_html(line.summary)}</pre>'
        )
