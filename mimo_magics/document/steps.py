"""Steps of a reply: reasoning, tool calls and tool results, folded into groups with a summary line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, starmap
from typing import Literal

from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Part, ReasoningPart, Reply, TextPart, ToolCall, ToolResult
from mimo_magics.core.text import escape_html
from mimo_magics.document import styles
from mimo_magics.document.call_line import call_line
from mimo_magics.document.details import details_html
from mimo_magics.document.json_text import format_json
from mimo_magics.document.markdown import to_html

Outcome = Literal["done", "invalid", "failed", "refused", "requested"]
OUTCOME_TEXTS: dict[Outcome, str] = {
    "done": Translatable("done"),
    "invalid": Translatable("invalid arguments"),
    "failed": Translatable("failed"),
    "refused": Translatable("refused"),
    "requested": Translatable("not run"),
}
"""The outcome of one call."""
SUMMARY_TEXTS: dict[Outcome, str] = {
    "done": Translatable("called {names}"),
    "invalid": Translatable("invalid arguments for {names}"),
    "failed": Translatable("failed {names}"),
    "refused": Translatable("refused {names}"),
    "requested": Translatable("requested {names}"),
}
"""The outcome of the calls of a group, in the order of its summary."""
SCROLL_STYLE = "max-height: 20em; overflow: auto"


def group_parts(parts: Iterable[Part]) -> Iterator[tuple[Part, ...]]:
    """Split the parts of a message into single texts and the groups of steps between them."""
    for is_text, run in groupby(parts, key=lambda part: isinstance(part, TextPart)):
        if is_text:
            yield from ((part,) for part in run)
        else:
            yield tuple(run)


def steps_html(steps: Sequence[Part], reply: Reply, *, is_open: bool = False) -> str:
    """Return a group of steps as HTML that shows its summary line and unfolds."""
    results = {part.id: part for part in steps if isinstance(part, ToolResult)}
    body = "".join(_step_html(part, results) for part in steps if not isinstance(part, ToolResult))
    line = summary_line(steps, reply)
    return details_html(line, f"<blockquote>{body}</blockquote>", is_open=is_open, is_quiet=True)


def summary_line(steps: Sequence[Part], reply: Reply) -> str:
    """Return the summary of a group of steps: reasoning with its time and tokens, and the names of the called tools."""
    line = " · ".join((*_iter_reasoning_summary(steps, reply), *_iter_call_summary(steps)))
    return line[:1].upper() + line[1:]


def outcome_text(result: ToolResult | None) -> str:
    """Return the outcome of a call, with its time."""
    state = translate(OUTCOME_TEXTS[_outcome(result)])
    if result is None or result.seconds is None:
        return state
    return translate("{state} · {seconds:.1f} s", state=state, seconds=result.seconds)


def arguments_html(arguments: str) -> str:
    """Return the arguments of a call as formatted JSON, or unchanged if they are not JSON."""
    return _pre_html(format_json(arguments or "{}"))


def result_html(result: ToolResult) -> str:
    """Return the result of a tool with its size, and the text that the tool printed."""
    label = translate("Result, {count:,} characters", count=len(result.output))
    log = _label_html(translate("Printed output")) + _pre_html(result.log) if result.log else ""
    return _label_html(label) + _pre_html(format_json(result.output)) + log


def _label_html(label: str) -> str:
    return f'<div><small style="{styles.QUIET}">{escape_html(label)}</small></div>'


def _pre_html(text: str) -> str:
    return f'<pre style="{SCROLL_STYLE}"><code>{escape_html(text)}</code></pre>'


def _step_html(part: Part, results: dict[str, ToolResult]) -> str:
    match part:
        case ReasoningPart(text):
            return to_html(text)
        case ToolCall(id_, _, arguments) as call:
            result = results.get(id_)
            body = arguments_html(arguments) + (result_html(result) if result else "")
            return details_html(f"{call_line(call)} · {outcome_text(result)}", body)
    raise TypeError(f"a reply cannot hold {part!r}")


def _iter_reasoning_summary(steps: Sequence[Part], reply: Reply) -> Iterator[str]:
    """Yield the label of the reasoning, with time and tokens if the group has all reasoning of the reply."""
    reasoning_count = sum(isinstance(part, ReasoningPart) for part in steps)
    if not reasoning_count:
        return
    yield translate("Reasoning")
    # Time and tokens are known only for the whole reply.
    if reasoning_count < sum(isinstance(part, ReasoningPart) for part in reply.message.parts):
        return
    if reply.timing and reply.timing.reasoning is not None:
        yield translate("{seconds:.1f} s", seconds=reply.timing.reasoning)
    if reply.usage and reply.usage.reasoning:
        yield translate("{reasoning:,} tokens", reasoning=reply.usage.reasoning)


def _outcome(result: ToolResult | None) -> Outcome:
    if result is None:
        return "requested"
    if result.refused:
        return "refused"
    if result.invalid_arguments:
        return "invalid"
    return "failed" if result.is_error else "done"


def _iter_call_summary(steps: Sequence[Part]) -> Iterator[str]:
    """Yield the names of the tools by the outcome of their calls."""
    results = {part.id: part for part in steps if isinstance(part, ToolResult)}
    names: dict[Outcome, Counter[str]] = defaultdict(Counter)
    for part in steps:
        if isinstance(part, ToolCall):
            names[_outcome(results.get(part.id))][part.name] += 1
    for outcome, text in SUMMARY_TEXTS.items():
        if outcome in names:
            yield translate(text, names=", ".join(starmap(_count_name, names[outcome].items())))


def _count_name(name: str, count: int) -> str:
    return name if count == 1 else translate("{name} ({n} times)", name=name, n=count)
