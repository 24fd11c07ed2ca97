"""A reply at rest: the document that stays in the notebook. Pure strings, no kernel, no widget, no script.

The same output is `text/html` for people and `text/plain`, the answer's Markdown source, for programs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from mimo_magics.core.i18n import Words, say
from mimo_magics.core.messages import Annotation, Reply, TextPart
from mimo_magics.core.pricing import PRICES_AS_OF
from mimo_magics.core.settings import Format
from mimo_magics.core.text import escape_html, escape_invisible_characters, replace_control_characters
from mimo_magics.document import steps
from mimo_magics.document.markdown import code_html, to_html
from mimo_magics.document.sanitizer import NO_MATH, REL, leads_out

ENDS = {
    "interrupted": Words("stopped"),
    "cut": Words("cut off: the connection broke"),
    "budget": Words("stopped: the budget is used up"),
    "length": Words("cut off at the output limit; --max-tokens raises it"),
    "filter": Words("withheld by the server's content filter"),
    "repetition": Words("cut off by the server: it repeated itself"),
}
"""Ends that a reader must know of."""

EMPTY_LINE = re.compile(r"\n(?=[ \t]*\n)")
"""In Markdown, where `nbconvert --to markdown` puts the document, an empty line would end it."""

INSTANT = 0.05
"""Seconds in which no one speaks of speed."""
CENTS = 0.0001
"""US dollars below which a price is only said to be lower."""

ORDINARY = (None, "end", "stop", "tool_calls")


@dataclass(frozen=True, slots=True)
class Look:
    """How a person wants replies shown."""

    form: Format = "markdown"
    images: bool = False
    """Load pictures from the web, which tells their servers who reads."""


def bundle(
    reply: Reply, status: str = "", look: Look = Look(), opened: Collection[int] = ()
) -> dict[str, str]:
    """Return the output as Jupyter's MIME bundle.

    Args:
        reply: what to show.
        status: a line for a reply that is still on its way, instead of the footer.
        look: how to show it.
        opened: numbers of the groups of steps, from 0, that are not folded.
    """
    return {
        "text/html": page(reply, status, look, opened),
        "text/plain": replace_control_characters(reply.text),
    }


def page(reply: Reply, status: str = "", look: Look = Look(), opened: Collection[int] = ()) -> str:
    """Return the reply as sanitised HTML."""
    return enclosed(body(reply, look, opened) + small(status or footer(reply)))


def body(reply: Reply, look: Look = Look(), opened: Collection[int] = ()) -> str:
    """Return all of the reply but its last line, as sanitised HTML."""
    inner = (
        *_sections(reply, look, opened),
        _sources(reply.annotations),
        *(f'<p dir="auto">⚠ {escape_html(say(note))}</p>' for note in reply.notes),
        *map(small, map(say, reply.told)),
    )
    return "".join(inner)


def enclosed(inner: str) -> str:
    """Return HTML as a document of ours, of which nothing ends it in Markdown and nothing unmarked is math."""
    return f'<div class="mimo-reply jp-RenderedHTMLCommon {NO_MATH}">{EMPTY_LINE.sub("&#10;", inner)}</div>'


def small(line: str) -> str:
    """Return a quiet line, of which all is text, as HTML."""
    return f'<p dir="auto"><small>{escape_html(line)}</small></p>' if line else ""


def footer(reply: Reply) -> str:
    """Return the last line: model, tokens, speed, and why the reply ended if that is not ordinary."""
    return " · ".join(
        (*_end(reply), *filter(None, [reply.model]), *_tokens(reply), *_speed(reply), *_cost(reply))
    )


def whole_time(reply: Reply) -> str:
    """Return how long all of a reply took, where its last line tells only when it began and how fast it went on."""
    timing = reply.timing
    streamed = (
        timing
        and timing.time_to_first_token is not None
        and timing.total - timing.time_to_first_token > INSTANT
    )
    return say("{total:.1f} s in all", total=timing.total) if timing and streamed else ""


def _sections(reply: Reply, look: Look, opened: Collection[int]) -> Iterator[str]:
    number = 0
    for group in steps.groups(reply.message.parts):
        match group:
            case (TextPart(text),):
                yield _answer(text, look)
            case _:
                yield steps.folded(group, reply, is_open=number in opened)
                number += 1


def _answer(text: str, look: Look) -> str:
    match look.form:
        case "json":
            return code_html(escape_invisible_characters(steps.formatted(text)), "json")
        case "text":
            return f'<pre dir="auto">{escape_html(text)}</pre>'
        case _:
            return to_html(text, images=look.images)


def _sources(annotations: tuple[Annotation, ...]) -> str:
    items = "".join(f'<li dir="auto">{_source(each)}</li>' for each in annotations)
    return f"<ol>{items}</ol>" if items else ""


def _source(source: Annotation) -> str:
    title = escape_html(source.title or source.url)
    if leads_out(source.url):
        title = f'<a href="{escape_html(source.url)}" rel="{REL}">{title}</a>'
    return " · ".join((title, *map(escape_html, filter(None, (source.site_name, source.publish_time)))))


def _end(reply: Reply) -> Iterator[str]:
    if reply.stop == "length" and not reply.text:
        yield say("all tokens went into thinking; --max-tokens raises the limit")
    elif reply.stop not in ORDINARY:
        yield say(ENDS.get(reply.stop or "") or Words("ended: {stop}", stop=reply.stop))
    elif reply.stop and not reply.text and not reply.tool_calls:
        yield say("no answer came")


def _tokens(reply: Reply) -> Iterator[str]:
    if usage := reply.usage:
        cached = say(" ({cached:,} cached)", cached=usage.cached) if usage.cached else ""
        yield say(
            "{input:,} tokens in{cached}, {output:,} out",
            input=usage.input,
            cached=cached,
            output=usage.output,
        )


def _speed(reply: Reply) -> Iterable[str]:
    timing = reply.timing
    if timing is None or timing.time_to_first_token is None:
        return
    seconds = timing.total - timing.time_to_first_token
    if seconds > INSTANT:  # a reply in one piece has no first token
        yield say("first token after {first:.1f} s", first=timing.time_to_first_token)
        if reply.usage and reply.usage.output:
            yield say("{output:.0f} tokens/s", output=reply.usage.output / seconds)
    else:
        yield say("{total:.1f} s", total=timing.total)


def _cost(reply: Reply) -> Iterator[str]:
    if reply.cost:
        price = (
            say("about ${cost:.4f}", cost=reply.cost)
            if reply.cost >= CENTS
            else say("under ${cents}", cents=CENTS)
        )
        yield say("{price} (prices of {prices_as_of})", price=price, prices_as_of=PRICES_AS_OF)
