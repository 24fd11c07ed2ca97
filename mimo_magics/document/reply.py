"""The document of a reply: static output that needs no kernel, no widget and no script.

The output has `text/html` for display, and `text/plain` with the Markdown source of the reply.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Annotation, Reply, TextPart
from mimo_magics.core.pricing import PRICES_AS_OF
from mimo_magics.core.settings import Format, Settings
from mimo_magics.core.text import escape_html, escape_invisible_characters, replace_control_characters
from mimo_magics.document import steps, styles
from mimo_magics.document.context_html import context_html
from mimo_magics.document.highlighting import code_html
from mimo_magics.document.json_text import format_json
from mimo_magics.document.markdown import code_blocks, keep_code, to_html
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.result_table import result_html, result_text
from mimo_magics.document.sanitizer import LINK_REL, NO_MATH_CLASSES, is_external_url

STOP_TEXTS = {
    "interrupted": Translatable("stopped"),
    "cut": Translatable("incomplete: the connection broke"),
    "budget": Translatable("truncated: budget exceeded"),
    "length": Translatable("truncated at the output limit; raise --max-tokens"),
    "filter": Translatable("stopped by the server's content filter"),
    "repetition": Translatable("stopped by the server: the text repeats itself"),
}
"""Text of stop reasons in the footer."""

EMPTY_LINE = re.compile(r"\n(?=[ \t]*\n)")
"""An empty line, which would end the HTML in the output of `nbconvert --to markdown`."""

MIN_STREAMING_SECONDS = 0.05
"""Seconds of streaming below which no speed is shown."""
MIN_SHOWN_COST = 0.0001
"""US dollars. A lower cost is shown as «under» this amount."""

MAX_HTML_CHARS = 4_000_000
"""Characters of the HTML of a reply. A few kilobytes of Markdown can render to hundreds of megabytes."""
PLAIN_WHEN_LARGE = Translatable("Shown as plain text: the HTML would be too large.")
PLAIN_WHEN_STOPPED = Translatable("Shown as plain text: rendering was interrupted.")
PLAIN_WHEN_FAILED = Translatable("Shown as plain text: rendering failed.")
NORMAL_STOPS = (None, "end", "stop", "tool_calls")


@dataclass(frozen=True, slots=True)
class DisplayOptions:
    """How replies are displayed."""

    format: Format = "markdown"
    remote_images: bool = False
    """Load remote images; their hosts see the IP address of the user."""
    is_plain: bool = False
    """Show the text of a reply as plain text only."""
    has_code_numbers: bool = True
    """Number the code blocks, for `%mimo insert` and `%mimo copy`."""

    @classmethod
    def from_settings(cls, settings: Settings) -> DisplayOptions:
        """Return the options that the settings hold."""
        return cls(settings.format, settings.remote_images)


@dataclass(frozen=True, slots=True)
class ReplyDocument:
    """The document of one reply, to be rendered."""

    reply: Reply
    display_options: DisplayOptions = DisplayOptions()
    notices: tuple[str, ...] = ()
    """Notices about the turn, shown below the reply."""
    context: tuple[ContextItem, ...] = ()
    """The context of the prompt, shown above the reply."""

    @property
    def replies(self) -> tuple[Reply]:
        """The reply."""
        return (self.reply,)

    @property
    def is_plain(self) -> bool:
        """Whether only the text is shown."""
        return self.display_options.is_plain

    def as_plain(self) -> ReplyDocument:
        """Return a document that shows only the text."""
        return replace(self, display_options=replace(self.display_options, is_plain=True))

    def to_bundle(self, open_groups: Collection[int] = ()) -> dict[str, str]:
        """Return the document as a MIME bundle. The groups of steps with these numbers are unfolded."""
        head = context_html(self.context)
        return reply_bundle(self.reply, "", self.display_options, open_groups, self.notices, head=head)


def reply_bundle(
    reply: Reply,
    status: str = "",
    display_options: DisplayOptions = DisplayOptions(),
    open_groups: Collection[int] = (),
    notices: Sequence[str] = (),
    *,
    head: str = "",
) -> dict[str, str]:
    """Return the output as Jupyter's MIME bundle.

    Args:
        reply: the reply.
        status: the line of a running reply, in place of the footer.
        display_options: how to display it.
        open_groups: numbers of the expanded groups of reasoning and tool calls, from 0.
        notices: quiet lines about the turn, shown below the reply.
        head: HTML of this package about the prompt, shown above the reply.
    """
    return {
        "text/html": reply_html(reply, status, display_options, open_groups, notices, head=head),
        "text/plain": reply_plain_text(reply, display_options.format),
    }


def reply_plain_text(reply: Reply, reply_format: Format = "markdown") -> str:
    """Return the text of a reply, or the table of its result."""
    if shows_result(reply, reply_format):
        return result_text(reply)
    return replace_control_characters(reply.text)


def shows_result(reply: Reply, reply_format: Format) -> bool:
    """Return whether a reply is shown as the table of its result."""
    return reply.result is not None and reply_format in ("markdown", "table")


def reply_html(
    reply: Reply,
    status: str = "",
    display_options: DisplayOptions = DisplayOptions(),
    open_groups: Collection[int] = (),
    notices: Sequence[str] = (),
    *,
    head: str = "",
) -> str:
    """Return the reply as sanitized HTML, or as escaped plain text if its HTML would be too large."""
    body = reply_body_html(reply, display_options, open_groups, notices)
    return wrap_html(head + body + small_html(status or footer(reply)))


def _plain_body_html(reply: Reply, reason: str) -> str:
    return f'<pre dir="auto">{escape_html(reply.text[:MAX_HTML_CHARS])}</pre>{small_html(translate(reason))}'


def reply_body_html(
    reply: Reply,
    display_options: DisplayOptions = DisplayOptions(),
    open_groups: Collection[int] = (),
    notices: Sequence[str] = (),
) -> str:
    """Return the reply without its footer as sanitized HTML, or as escaped plain text if rendering fails."""
    if display_options.is_plain:
        return _plain_body_html(reply, PLAIN_WHEN_STOPPED)
    try:
        body = _render_body(reply, display_options, open_groups, notices)
    except Exception:  # noqa: BLE001
        # A reply is shown even if the renderer has a bug.
        return _plain_body_html(reply, PLAIN_WHEN_FAILED)
    return body if len(body) <= MAX_HTML_CHARS else _plain_body_html(reply, PLAIN_WHEN_LARGE)


def _render_body(
    reply: Reply, display_options: DisplayOptions, open_groups: Collection[int], notices: Sequence[str]
) -> str:
    has_result = shows_result(reply, display_options.format)
    inner = (
        *_render_sections(reply, display_options, open_groups, has_texts=not has_result),
        result_html(reply) if has_result else "",
        _render_sources(reply.annotations),
        *(f'<p dir="auto">⚠ {escape_html(translate(note))}</p>' for note in reply.notes),
        *map(small_html, map(translate, notices)),
    )
    return "".join(inner)


def wrap_html(inner: str) -> str:
    """Return HTML as a document, whose code wraps on paper.

    It has no empty lines, and no text in it is typeset as math by the page.
    """
    rule = styles.PRINT_RULE if "<pre" in inner else ""
    body = EMPTY_LINE.sub("&#10;", inner)
    return f'<div class="mimo-reply jp-RenderedHTMLCommon {NO_MATH_CLASSES}">{rule}{body}</div>'


def footer(reply: Reply) -> str:
    """Return the footer: stop reason if it is not normal, model, tokens, speed and cost."""
    return " · ".join(
        (
            *_footer_stop(reply),
            *filter(None, [reply.model]),
            *_footer_tokens(reply),
            *_footer_speed(reply),
            *_footer_cost(reply),
        )
    )


def total_time(reply: Reply) -> str:
    """Return the total time of a streamed reply, which its footer does not show."""
    timing = reply.timing
    is_streamed = timing and timing.streaming > MIN_STREAMING_SECONDS
    return translate("{total:.1f} s in total", total=timing.total) if timing and is_streamed else ""


def _render_sections(
    reply: Reply, display_options: DisplayOptions, open_groups: Collection[int], *, has_texts: bool = True
) -> Iterator[str]:
    number, code_number, previous_text = 0, 1, ""
    for group in steps.group_parts(reply.message.parts):
        match group:
            case (TextPart(),) if not has_texts:
                continue
            case (TextPart(text),):
                code_number += len(code_blocks(previous_text))
                previous_text = text
                yield _render_text(
                    text, display_options, code_number if display_options.has_code_numbers else None
                )
            case _:
                yield steps.steps_html(group, reply, is_open=number in open_groups)
                number += 1


def _render_text(text: str, display_options: DisplayOptions, code_number: int | None) -> str:
    match display_options.format:
        case "json":
            return code_html(escape_invisible_characters(format_json(text)), "json")
        case "text":
            return f'<pre dir="auto">{escape_html(text)}</pre>'
        case "code":
            return to_html(keep_code(text), code_number=code_number)
        case _:
            return to_html(text, remote_images=display_options.remote_images, code_number=code_number)


def _render_sources(annotations: tuple[Annotation, ...]) -> str:
    items = "".join(f'<li dir="auto">{_render_source(each)}</li>' for each in annotations)
    return f"<ol>{items}</ol>" if items else ""


def _render_source(source: Annotation) -> str:
    title = escape_html(source.title or source.url)
    if is_external_url(source.url):
        title = f'<a href="{escape_html(source.url)}" rel="{LINK_REL}">{title}</a>'
    return " · ".join((title, *map(escape_html, filter(None, (source.site_name, source.publish_time)))))


def stop_text(reply: Reply) -> str:
    """Return why a reply ended; empty if it ended normally."""
    return "".join(_footer_stop(reply))


def _footer_stop(reply: Reply) -> Iterator[str]:
    if reply.stop == "length" and not reply.text:
        yield translate("truncated while thinking; raise --max-tokens")
    elif reply.stop not in NORMAL_STOPS:
        yield translate(
            STOP_TEXTS.get(reply.stop or "") or Translatable("stop reason: {stop}", stop=reply.stop)
        )
    elif reply.stop and not reply.text and not reply.tool_calls:
        yield translate("empty reply")


def _footer_tokens(reply: Reply) -> Iterator[str]:
    if usage := reply.usage:
        cached = translate(" ({cached:,} cached)", cached=usage.cached) if usage.cached else ""
        yield translate(
            "{input:,} tokens in{cached}, {output:,} out",
            input=usage.input,
            cached=cached,
            output=usage.output,
        )


def _footer_speed(reply: Reply) -> Iterable[str]:
    timing = reply.timing
    if timing is None or timing.time_to_first_token is None:
        return
    # A reply that was not streamed has no first token.
    if timing.streaming > MIN_STREAMING_SECONDS:
        yield translate("first token after {first:.1f} s", first=timing.time_to_first_token)
        if reply.usage and reply.usage.output:
            yield translate("{output:.0f} tokens/s", output=reply.usage.output / timing.streaming)
    else:
        yield translate("{total:.1f} s", total=timing.total)


def price_text(cost: float) -> str:
    """Return a cost in US dollars as text."""
    if cost >= MIN_SHOWN_COST:
        return translate("about ${cost:.4f}", cost=cost)
    return translate("under ${cents}", cents=MIN_SHOWN_COST)


def _footer_cost(reply: Reply) -> Iterator[str]:
    if reply.cost:
        price = price_text(reply.cost)
        yield (
            translate("{price} (your prices)", price=price)
            if reply.uses_own_price
            else translate("{price} (prices of {prices_as_of})", price=price, prices_as_of=PRICES_AS_OF)
        )
