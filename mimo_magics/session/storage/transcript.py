"""The transcript: the turns of a session, for a terminal and as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, groupby

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.messages import (
    AudioPart,
    ContextPart,
    ImagePart,
    Message,
    Part,
    Reply,
    TextPart,
    ToolResult,
    Usage,
    VideoPart,
)
from mimo_magics.core.text import escape_html, quote, replace_control_characters
from mimo_magics.document import steps, table
from mimo_magics.document.cells import OneLine
from mimo_magics.document.context_html import context_html, context_line
from mimo_magics.document.details import details_html
from mimo_magics.document.reply import EMPTY_LINE, footer, reply_html, reply_plain_text
from mimo_magics.document.sanitizer import NO_MATH_CLASSES
from mimo_magics.session.history import History
from mimo_magics.session.prompt_context import describe_turn_context
from mimo_magics.session.turn import Turn

EMPTY_TEXT = Translatable("The session has no turns yet.")
OLDER_TITLE, OLDER_STALE_TITLE = translatables("Older turns", "Older stale turns")
SHOW_HINT = Translatable(
    "%mimo show N shows the reply of a turn; %mimo_session export PATH writes all of them."
)
MAX_QUOTE_CHARS = 300
"""Characters of a quoted text."""
MAX_TURNS, MAX_STALE_TURNS = 12, 4
"""The newest turns that are shown with their replies."""
MAX_OPEN_LINES, LINE_CHARS = 25, 100
"""Lines of prompts and replies that fit on a screen, and characters of a line."""
MAX_PROMPT_CHARS = 60
MAX_VALUE_CHARS = 200
"""Characters of the text of a value that a prompt shows. A longer one is in the context of the prompt."""


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """A turn as a row of the transcript."""

    number: int
    """Place in the transcript, from 1. On the current branch it is the number of the turn."""
    branch: int
    """Place among all turns of the history, from 1, for `Session.switch`."""
    prompt: str
    """Text of the prompt, with a placeholder for each image and audio, and for the long text of a value."""
    reply: Reply
    model: str
    """The model that the server reports, else the model of the request."""
    input_tokens: int
    """Tokens that the server reported, else an estimate; 0 if unknown."""
    output_tokens: int
    cost: float | None
    """Estimated cost in US dollars; `None` without a known price."""
    cell: str
    """Id of the cell, as in `Turn`."""
    created_at: float
    """Time of the turn, in seconds since 1970."""
    is_stale: bool = False
    """Whether the output of a cell shows the turn, but the turn is not on the current branch."""
    omitted_turns: int = 0
    """Number of oldest turns that were not sent."""
    summary: str = ""
    """Summary that was sent in place of those turns."""
    context: tuple[ContextItem, ...] = ()
    """What the prompt sent beside its own text."""

    @property
    def is_current(self) -> bool:
        """Whether the turn is on the current branch."""
        return not self.is_stale

    @property
    def title(self) -> str:
        """Heading of the row."""
        return (
            translate("Stale: branch {branch}", branch=self.branch)
            if self.is_stale
            else translate("Turn {number}", number=self.number)
        )

    @property
    def footer(self) -> str:
        """Model, tokens, speed, cost, time, and omitted turns."""
        usage = (
            Usage(self.input_tokens, self.output_tokens) if self.input_tokens or self.output_tokens else None
        )
        reply = replace(self.reply, model=self.model, usage=self.reply.usage or usage, cost=self.cost)
        stale_note = translate("stale: not on the current branch") if self.is_stale else ""
        return " · ".join(
            filter(
                None,
                (stale_note, footer(reply), format_time(self.created_at), self._describe_omitted_turns()),
            )
        )

    def _describe_omitted_turns(self) -> str:
        if not self.omitted_turns:
            return ""
        return translate(
            "the oldest turn was not sent{but}"
            if self.omitted_turns == 1
            else "the {count} oldest turns were not sent{but}",
            count=self.omitted_turns,
            but=translate(", but a summary was") if self.summary else "",
        )


@dataclass(frozen=True, slots=True)
class Transcript:
    """The turns of the current branch, first to last, then the stale turns."""

    name: str
    rows: tuple[TranscriptRow, ...]

    def __str__(self) -> str:
        return "\n\n".join(map(_row_text, self.rows)) or translate(EMPTY_TEXT)

    @property
    def html(self) -> str:
        """The whole transcript as sanitized HTML, with a heading for each turn."""
        return _wrap_html("".join(f"<h3>{row.title}</h3>{_row_html(row)}" for row in self.rows))

    def bundle(self) -> dict[str, str]:
        """Return what fits on a screen as Jupyter's MIME bundle with sanitized HTML.

        The newest turns are folded, and those that fit are open. The older ones are a list.
        """
        current = [row for row in self.rows if row.is_current]
        stale = [row for row in self.rows if not row.is_current]
        sections = (
            (OLDER_TITLE, SHOW_HINT, *_split(current, MAX_TURNS)),
            (OLDER_STALE_TITLE, "", *_split(stale, MAX_STALE_TURNS)),
        )
        open_numbers = _find_open_rows(current)
        html, texts = [], []
        for title, hint, older, newest in sections:
            if older:
                listed = _list_bundle(older, hint)
                html.append(details_html(translate(title), listed["text/html"]))
                texts.append(f"{translate(title)}\n{listed['text/plain']}")
            html.extend(_folded_html(row, is_open=row.number in open_numbers) for row in newest)
            texts.extend(map(_row_text, newest))
        plain = "\n\n".join(texts) or translate(EMPTY_TEXT)
        return {"text/html": _wrap_html("".join(html)), "text/plain": plain}


def build_transcript(history: History, name: str) -> Transcript:
    """Return the transcript of a session: the current branch and the stale turns.

    Args:
        history: of the session.
        name: of the session.
    """
    path, stale = history.path, history.stale_turns
    numbers = enumerate((*path, *stale), 1)
    rows = (
        _build_row(history.all_turns[each], number, each + 1, is_stale=number > len(path))
        for number, each in numbers
    )
    return Transcript(name, tuple(rows))


def describe_origins(history: History) -> tuple[str, ...]:
    """Return sentences on the system prompts and tools of a loaded session, whose results are sent to the model again.

    The sentences quote untrusted text without escaping. Long texts are truncated.
    """
    turns = history.turns
    parts = (part for turn in turns for part in turn.reply.message.parts)
    results = Counter(part.name for part in parts if isinstance(part, ToolResult))
    prompts = dict.fromkeys(turn.system for turn in turns if turn.system)
    offered_tools = dict.fromkeys(name for turn in turns for name in turn.tools)
    result_counts = ", ".join(f"{name} ({count})" for name, count in results.items())
    return (
        *(translate("System prompt: {short}", short=_shorten(prompt)) for prompt in prompts),
        *(
            [
                translate(
                    "Tools offered to the model: {short}.",
                    short=_shorten(", ".join(offered_tools)),
                )
            ]
            if offered_tools
            else ()
        ),
        *(
            [
                translate(
                    "Tool results sent to the model: {short}.",
                    short=_shorten(result_counts),
                )
            ]
            if result_counts
            else ()
        ),
    )


def prompt_text(prompt: Message) -> str:
    """Return the text of a prompt, with a placeholder for each image and audio, and for the long text of a value."""
    groups = groupby(prompt.parts, lambda part: isinstance(part, TextPart))
    lines = (
        "".join(map(_part_text, parts)).removesuffix("\n") if is_text else "\n".join(map(_part_text, parts))
        for is_text, parts in groups
    )
    return "\n".join(lines)


def format_time(seconds: float) -> str:
    """Return a time, in seconds since 1970, as local date and time; empty for an impossible time."""
    try:
        return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return ""


def _build_row(turn: Turn, number: int, branch: int, *, is_stale: bool) -> TranscriptRow:
    reply = turn.reply
    usage = reply.usage or turn.usage
    return TranscriptRow(
        number,
        branch,
        prompt_text(turn.prompt),
        reply,
        reply.model or turn.params.model,
        usage.input,
        usage.output,
        reply.cost,
        turn.cell,
        turn.created_at,
        is_stale,
        turn.omitted_turns,
        turn.summary,
        describe_turn_context(turn),
    )


def _part_text(part: Part) -> str:
    match part:
        case ContextPart(text, name) if name and (len(text) > MAX_VALUE_CHARS or "\n" in text):
            # Files and cells are separated from the prompt by empty lines. Here they have lines of their own.
            placeholder = f"{{{quote(name, MAX_PROMPT_CHARS)}}}"
            return "\n" * text.startswith("\n\n") + placeholder + "\n" * text.endswith("\n\n")
        case TextPart(text):
            return text
        case ImagePart():
            return translate("(image)")
        case AudioPart():
            return translate("(audio)")
        case VideoPart():
            return translate("(video)")
    raise TypeError(f"a prompt cannot hold {part!r}")


def _shorten(text: str) -> str:
    """Return a text on one line. A truncated text ends with its length."""
    line = " ".join(text.split())
    return (
        line
        if len(line) <= MAX_QUOTE_CHARS
        else translate("{line}… ({count:,} characters)", line=line[:MAX_QUOTE_CHARS], count=len(text))
    )


def _row_text(row: TranscriptRow) -> str:
    quoted_prompt = "\n".join(f"> {each}" for each in row.prompt.split("\n"))
    step_summary = steps.summary_line(_step_parts(row.reply), row.reply)
    pieces = (
        row.title,
        quoted_prompt,
        context_line(row.context),
        f"[{step_summary}]" if step_summary else "",
        reply_plain_text(row.reply),
        f"({row.footer})",
    )
    return replace_control_characters("\n".join(filter(None, pieces)))


def _step_parts(reply: Reply) -> list[Part]:
    return [part for part in reply.message.parts if not isinstance(part, TextPart)]


def _wrap_html(body: str) -> str:
    body = body or f"<p>{escape_html(translate(EMPTY_TEXT))}</p>"
    return f'<div class="{NO_MATH_CLASSES}">{EMPTY_LINE.sub("&#10;", body)}</div>'


def _row_html(row: TranscriptRow) -> str:
    prompt = f'<blockquote><pre dir="auto">{escape_html(row.prompt)}</pre></blockquote>'
    head = context_html(row.context)
    return "".join((prompt, *_summary_html(row), reply_html(row.reply, row.footer, head=head)))


def _folded_html(row: TranscriptRow, *, is_open: bool) -> str:
    """Return a turn that is folded to its number and the first words of its prompt."""
    line = f"{row.title} · {OneLine(row.prompt, MAX_PROMPT_CHARS).text}"
    return details_html(line, _row_html(row), is_open=is_open)


def _list_bundle(rows: Sequence[TranscriptRow], hint: str) -> dict[str, str]:
    """Return turns as a table, with their prompts only, and a hint below it."""
    cells = (
        (
            row.title,
            OneLine(row.prompt, MAX_PROMPT_CHARS),
            f"{row.input_tokens:,}",
            f"{row.output_tokens:,}",
        )
        for row in rows
    )
    heads = translatables("turn", "prompt", "input tokens", "output tokens")
    return table.table_bundle(heads, cells, numeric_columns=heads[2:], caption=hint)


def _split(
    rows: Sequence[TranscriptRow], count: int
) -> tuple[Sequence[TranscriptRow], Sequence[TranscriptRow]]:
    """Return the older rows and the newest ones."""
    place = max(len(rows) - count, 0)
    return rows[:place], rows[place:]


def _find_open_rows(rows: Sequence[TranscriptRow]) -> set[int]:
    """Return the numbers of the newest turns that fit on a screen together."""
    sizes = accumulate(_count_lines(f"{row.prompt}\n{row.reply.text}") for row in reversed(rows))
    return {row.number for row, size in zip(reversed(rows), sizes, strict=True) if size <= MAX_OPEN_LINES}


def _count_lines(text: str) -> int:
    return sum(1 + len(line) // LINE_CHARS for line in text.splitlines())


def _summary_html(row: TranscriptRow) -> Iterable[str]:
    if row.summary:
        yield details_html(
            translate("Sent in place of older turns"), f'<pre dir="auto">{escape_html(row.summary)}</pre>'
        )
