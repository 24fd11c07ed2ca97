"""A reply at rest: the document that stays in the notebook. Pure strings, no kernel, no widget, no script.

The same output is `text/html` for people and `text/plain`, the answer's Markdown source, for programs.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator

from mimo_magics.messages import Annotation, Part, ReasoningPart, Reply, TextPart, ToolCall
from mimo_magics.models import PRICES_AS_OF
from mimo_magics.render.markdown import NO_MATH, REL, SCHEMES, code_html, to_html
from mimo_magics.render.printable import printable
from mimo_magics.settings import Format

ENDS = {
    "interrupted": "stopped",
    "cut": "cut off: the connection broke",
    "length": "cut off at the output limit; --max-tokens raises it",
    "filter": "withheld by the server's content filter",
    "repetition": "cut off by the server: it repeated itself",
}
"""Ends that a reader must know of."""

EMPTY_LINE = re.compile(r"\n(?=[ \t]*\n)")
"""In Markdown, where `nbconvert --to markdown` puts the document, an empty line would end it."""

INSTANT = 0.05
"""Seconds in which no one speaks of speed."""
CENTS = 0.0001
"""US dollars below which a price is only said to be lower."""

ORDINARY = (None, "end", "stop", "tool_calls")


def bundle(reply: Reply, status: str = "", form: Format = "markdown") -> dict[str, str]:
    """Return the output as Jupyter's MIME bundle.

    Args:
        reply: what to show.
        status: a line for a reply that is still on its way, instead of the footer.
        form: how the answer is shown.
    """
    return {"text/html": page(reply, status, form), "text/plain": printable(reply.text)}


def page(reply: Reply, status: str = "", form: Format = "markdown") -> str:
    """Return the reply as sanitised HTML."""
    blocks = (
        *(_block(part, reply, form) for part in reply.message.parts),
        _sources(reply.annotations),
        *(f"<p>⚠ {html.escape(note)}</p>" for note in reply.notes),
        _small(status or footer(reply)),
    )
    return f'<div class="mimo-reply jp-RenderedHTMLCommon {NO_MATH}">{EMPTY_LINE.sub("&#10;", "".join(blocks))}</div>'


def footer(reply: Reply) -> str:
    """Return the last line: model, tokens, speed, and why the reply ended if that is not ordinary."""
    return " · ".join(
        (*_end(reply), *filter(None, [reply.model]), *_tokens(reply), *_speed(reply), *_cost(reply))
    )


def _block(part: Part, reply: Reply, form: Format) -> str:
    match part:
        case TextPart(text):
            return _answer(text, form)
        case ReasoningPart(text):
            return _folded(_thought(reply), to_html(text))
        case ToolCall(_, name, arguments):
            return _folded(f"Tool call: {name}", f"<pre><code>{html.escape(arguments)}</code></pre>")
    raise TypeError(f"a reply cannot hold {part!r}")


def _answer(text: str, form: Format) -> str:
    match form:
        case "json":
            return code_html(_formatted(text), "json")
        case "text":
            return f"<pre>{html.escape(text)}</pre>"
        case _:
            return to_html(text)


def _formatted(text: str) -> str:
    """JSON with its lines and indents; what is none stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{html.escape(summary)}</summary><blockquote>{body}</blockquote></details>"


def _thought(reply: Reply) -> str:
    seconds = reply.timing.reasoning if reply.timing else None
    tokens = reply.usage.reasoning if reply.usage else 0
    told = f"Thought for {seconds:.1f} s" if seconds is not None else "Thoughts"
    return f"{told} · {tokens:,} tokens" if tokens else told


def _sources(annotations: tuple[Annotation, ...]) -> str:
    items = "".join(f"<li>{_source(each)}</li>" for each in annotations)
    return f"<ol>{items}</ol>" if items else ""


def _source(source: Annotation) -> str:
    title = html.escape(source.title or source.url)
    if source.url.partition(":")[0].lower() in SCHEMES:
        title = f'<a href="{html.escape(source.url)}" rel="{REL}">{title}</a>'
    return " · ".join((title, *map(html.escape, filter(None, (source.site_name, source.publish_time)))))


def _small(line: str) -> str:
    return f"<p><small>{html.escape(line)}</small></p>" if line else ""


def _end(reply: Reply) -> Iterator[str]:
    if reply.stop == "length" and not reply.text:
        yield "all tokens went into thinking; --max-tokens raises the limit"
    elif reply.stop not in ORDINARY:
        yield ENDS.get(reply.stop or "", f"ended: {reply.stop}")
    elif reply.stop and not reply.text and not reply.tool_calls:
        yield "no answer came"


def _tokens(reply: Reply) -> Iterator[str]:
    if usage := reply.usage:
        cached = f" ({usage.cached:,} cached)" if usage.cached else ""
        yield f"{usage.input:,} tokens in{cached}, {usage.output:,} out"


def _speed(reply: Reply) -> Iterable[str]:
    timing = reply.timing
    if timing is None or timing.first is None:
        return
    seconds = timing.total - timing.first
    if seconds > INSTANT:  # a reply in one piece has no first token
        yield f"first token after {timing.first:.1f} s"
        if reply.usage and reply.usage.output:
            yield f"{reply.usage.output / seconds:.0f} tokens/s"
    else:
        yield f"{timing.total:.1f} s"


def _cost(reply: Reply) -> Iterator[str]:
    if reply.cost is not None:
        price = f"about ${reply.cost:.4f}" if reply.cost >= CENTS else f"under ${CENTS}"
        yield f"{price} (prices of {PRICES_AS_OF})"
