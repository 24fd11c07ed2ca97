"""What stands before an answer: reasoning, tool calls and their results, as one group with a line for it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from mimo_magics.core.i18n import say
from mimo_magics.core.messages import Part, ReasoningPart, Reply, TextPart, ToolCall, ToolResult
from mimo_magics.core.text import escape_html, escape_invisible_characters
from mimo_magics.document.markdown import to_html

SHORT = 60
"""Characters of a call's arguments that its line shows."""
CAPPED = "max-height: 20em; overflow: auto"


def groups(parts: Iterable[Part]) -> Iterator[tuple[Part, ...]]:
    """Split a message's parts into texts, one by one, and the runs of steps between them."""
    for is_text, run in groupby(parts, key=lambda part: isinstance(part, TextPart)):
        if is_text:
            yield from ((part,) for part in run)
        else:
            yield tuple(run)


def folded(steps: Sequence[Part], reply: Reply, *, is_open: bool = False) -> str:
    """Return a run of steps as HTML, with nothing but its line to be seen until it is unfolded."""
    results = {part.id: part for part in steps if isinstance(part, ToolResult)}
    body = "".join(_step(part, results) for part in steps if not isinstance(part, ToolResult))
    return details(summary(steps, reply), f"<blockquote>{body}</blockquote>", is_open=is_open)


def details(line: str, body: str, *, is_open: bool = False) -> str:
    """Return what can be unfolded; `line` is text, `body` HTML."""
    return f'<details{" open" if is_open else ""}><summary dir="auto">{escape_html(line)}</summary>{body}</details>'


def summary(steps: Sequence[Part], reply: Reply) -> str:
    """Return the line of a run of steps: how long the model thought, and what it called."""
    line = " · ".join((*_thought(steps, reply), *_called(steps)))
    return line[:1].upper() + line[1:]


def call_line(call: ToolCall) -> str:
    """Return a call in short, also while its arguments are still coming."""
    arguments = " ".join(escape_invisible_characters(call.arguments).split()).strip("{} ")
    short = arguments if len(arguments) <= SHORT else f"{arguments[: SHORT - 1]}…"
    return f"{escape_invisible_characters(call.name)}({short})"


def outcome(result: ToolResult | None) -> str:
    """Return what became of a call."""
    if result is None:
        return say("not run")
    state = say("refused") if result.refused else say("failed") if result.is_error else say("done")
    return (
        state
        if result.seconds is None
        else say("{state} · {seconds:.1f} s", state=state, seconds=result.seconds)
    )


def arguments_html(arguments: str) -> str:
    """Return a call's arguments as formatted JSON, or as they are where they are none."""
    return _block(formatted(arguments or "{}"))


def result_html(result: ToolResult) -> str:
    """Return what a tool gave back, with its size, and what it printed."""
    told = say("Result, {count:,} characters", count=len(result.output))
    size = f"<div><small>{told}</small></div>"
    return size + _block(formatted(result.output)) + (_block(result.log) if result.log else "")


def _block(text: str) -> str:
    return f'<pre style="{CAPPED}"><code>{escape_html(text)}</code></pre>'


def formatted(text: str) -> str:
    """JSON with its lines and indents; what is none stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _step(part: Part, results: dict[str, ToolResult]) -> str:
    match part:
        case ReasoningPart(text):
            return to_html(text)
        case ToolCall(id_, _, arguments) as call:
            result = results.get(id_)
            body = arguments_html(arguments) + (result_html(result) if result else "")
            return details(f"{call_line(call)} · {outcome(result)}", body)
    raise TypeError(f"a reply cannot hold {part!r}")


def _thought(steps: Sequence[Part], reply: Reply) -> Iterator[str]:
    """Tell of the reasoning. Time and tokens are known for the whole reply only, and so where it has one run."""
    thoughts = sum(isinstance(part, ReasoningPart) for part in steps)
    if not thoughts:
        return
    if thoughts < sum(isinstance(part, ReasoningPart) for part in reply.message.parts):
        yield say("Thoughts")
        return
    seconds = reply.timing.reasoning if reply.timing else None
    yield say("Thought for {seconds:.1f} s", seconds=seconds) if seconds is not None else say("Thoughts")
    if reply.usage and reply.usage.reasoning:
        yield say("{reasoning:,} tokens", reasoning=reply.usage.reasoning)


def _called(steps: Sequence[Part]) -> Iterator[str]:
    names = Counter(part.name for part in steps if isinstance(part, ToolCall))
    if names:
        told = ", ".join(
            name if n == 1 else say("{name} ({n} times)", name=name, n=n) for name, n in names.items()
        )
        yield say("called {names}", names=told)
