"""A reply at rest."""

import re

import pytest
from markdown_it import MarkdownIt

from mimo_magics.core.messages import (
    Annotation,
    Message,
    ReasoningPart,
    Reply,
    TextPart,
    Timing,
    ToolCall,
    ToolResult,
    Usage,
)
from mimo_magics.document import styles
from mimo_magics.document.reply import DisplayOptions, footer, reply_bundle, reply_html


def answer(*parts: object, **fields: object) -> Reply:
    return Reply(Message("assistant", parts), **fields)


def inner(reply: Reply, status: str = "") -> str:
    head, tail = '<div class="mimo-reply jp-RenderedHTMLCommon mathjax_ignore tex2jax_ignore">', "</div>"
    html = reply_html(reply, status).replace(styles.PRINT_RULE, "")
    assert html.startswith(head)
    assert html.endswith(tail)
    return re.sub(' dir="auto"| style="opacity:0.7"', "", html.removeprefix(head).removesuffix(tail))


def test_a_document_has_html_and_markdown() -> None:
    reply = answer(ReasoningPart("*Hm.*"), TextPart("**Hello**"), stop="end")
    assert reply_bundle(reply) == {"text/html": reply_html(reply), "text/plain": "**Hello**"}
    assert inner(reply) == (
        "<details><summary>Reasoning</summary><blockquote><p><em>Hm.</em></p>\n</blockquote></details><p><strong>Hello</strong></p>\n"
    )


def test_windows_line_ends_become_newlines_in_the_text() -> None:
    bundle = reply_bundle(answer(TextPart("one\r\ntwo\rthree\r\n")))
    assert bundle["text/plain"] == "one\ntwo\ufffdthree\n"


def test_code_wraps_on_paper() -> None:
    head = f'<div class="mimo-reply jp-RenderedHTMLCommon mathjax_ignore tex2jax_ignore">{styles.PRINT_RULE}<'
    assert reply_html(answer(TextPart("```\nx\n```"))).startswith(head)
    assert "<style" not in reply_html(answer(TextPart("`x`")))


def test_reasoning_is_collapsed_with_its_time_and_tokens() -> None:
    timing = Timing(time_to_first_token=0.5, reasoning=3.21, total=5.0)
    reply = answer(ReasoningPart("Hm."), usage=Usage(1, 200, reasoning=1_740), timing=timing)
    assert "<summary>Reasoning · 3.2 s · 1,740 tokens</summary>" in inner(reply)


def test_consecutive_reasoning_and_tool_calls_are_one_group_between_texts() -> None:
    call, result = (
        ToolCall("c1", "clock", '{"zone": "UTC"}'),
        ToolResult("c1", "clock", "12:00", seconds=0.25),
    )
    parts = (
        ReasoningPart("Hm."),
        call,
        result,
        ReasoningPart("So."),
        TextPart("Noon."),
        ToolCall("c2", "bell"),
    )
    cap = "max-height: 20em; overflow: auto"
    assert inner(answer(*parts, stop="tool_calls")) == (
        "<details><summary>Reasoning · called clock</summary><blockquote><p>Hm.</p>\n"
        "<details><summary>clock(zone=&quot;UTC&quot;) · done · 0.2 s</summary>"
        f'<pre style="{cap}"><code>{{\n  &quot;zone&quot;: &quot;UTC&quot;\n}}</code></pre>'
        f'<div><small>Result, 5 characters</small></div><pre style="{cap}"><code>12:00</code></pre></details>'
        "<p>So.</p>\n</blockquote></details>"
        "<p>Noon.</p>\n"
        "<details><summary>Requested bell</summary><blockquote>"
        f'<details><summary>bell() · not run</summary><pre style="{cap}"><code>{{}}</code></pre></details>'
        "</blockquote></details>"
    )


def test_an_expanded_group_stays_expanded() -> None:
    reply = answer(ReasoningPart("One."), TextPart("Two."), ReasoningPart("Three."))
    assert re.findall("<details[^>]*>", reply_html(reply, open_groups={1})) == ["<details>", "<details open>"]


def test_names_arguments_and_results_of_tools_are_escaped() -> None:
    call = ToolCall("c1", "<b>clock</b>", '{"zone": "<script>"')
    html = reply_html(answer(call, ToolResult("c1", "clock", "<img src=x>\u202e", is_error=True)))
    assert "<b>" not in html
    assert "<script" not in html
    assert "<img" not in html
    assert "⟨U+202E⟩" in html
    assert " · failed</summary>" in html


def test_remote_images_are_links_unless_they_are_allowed() -> None:
    reply = answer(TextPart("![a cat](https://x.org/cat.png)"))
    assert "<img" not in reply_html(reply)
    assert "<img" in reply_html(reply, display_options=DisplayOptions(remote_images=True))


def test_sources_are_a_list_and_only_web_addresses_are_links() -> None:
    good = Annotation("https://x.org/?a=1&b=2", "X & Y", "", "x.org", "2026-11-22")
    bad = Annotation("javascript:alert(1)", "<b>Bad</b>")
    assert inner(answer(annotations=(good, bad))) == (
        '<ol><li><a href="https://x.org/?a=1&amp;b=2" rel="noopener noreferrer nofollow">X &amp; Y</a>'
        " · x.org · 2026-11-22</li><li>&lt;b&gt;Bad&lt;/b&gt;</li></ol>"
    )


def test_notes_are_shown_as_text() -> None:
    assert inner(answer(notes=("search <failed>",))) == "<p>⚠ search &lt;failed&gt;</p>"


def test_notices_are_shown_as_small_text_below_the_reply() -> None:
    html = reply_html(answer(TextPart("Hi"), stop="end", model="m"), notices=["Replaced <turn> 2."])
    assert "<p>Hi</p>" in html
    assert html.endswith(
        '<p dir="auto"><small style="opacity:0.7">Replaced &lt;turn&gt; 2.</small></p>'
        '<p dir="auto"><small style="opacity:0.7">m</small></p></div>'
    )


def test_the_summary_of_the_steps_is_gray_and_that_of_a_call_is_not() -> None:
    html = reply_html(answer(ReasoningPart("Hm."), ToolCall("1", "delete_file"), stop="end"))
    assert re.findall("<summary[^>]*>[^<]*", html) == [
        '<summary dir="auto" style="opacity:0.7">Reasoning · requested delete_file',
        '<summary dir="auto">delete_file() · not run',
    ]


def test_the_footer_shows_model_tokens_and_speed() -> None:
    timing = Timing(time_to_first_token=0.42, reasoning=None, total=4.42)
    reply = answer(
        TextPart("x"), stop="end", model="mimo-v2-pro", usage=Usage(1_200, 128, 1_024), timing=timing
    )
    assert footer(reply) == (
        "mimo-v2-pro · 1,200 tokens in (1,024 cached), 128 out · first token after 0.4 s · 32 tokens/s"
    )
    assert inner(reply).endswith(f"<p><small>{footer(reply)}</small></p>")


def test_a_reply_that_was_not_streamed_has_no_speed() -> None:
    timing = Timing(time_to_first_token=2.0, reasoning=None, total=2.0)
    assert footer(answer(TextPart("x"), stop="end", model="m", timing=timing)) == "m · 2.0 s"


@pytest.mark.parametrize(
    ("stop", "footer_text"),
    [
        ("end", ""),
        ("stop", ""),
        ("interrupted", "stopped"),
        ("cut", "incomplete: the connection broke"),
        ("length", "truncated at the output limit; raise --max-tokens"),
        ("filter", "stopped by the server's content filter"),
        ("repetition", "stopped by the server: the text repeats itself"),
        ("<new>", "stop reason: <new>"),
    ],
)
def test_the_footer_shows_a_stop_reason_that_is_not_normal(stop: str, footer_text: str) -> None:
    assert footer(answer(TextPart("x"), stop=stop)) == footer_text


def test_the_footer_of_a_reply_with_reasoning_only_says_that_it_is_empty() -> None:
    assert footer(answer(ReasoningPart("Hm."), stop="end")) == "empty reply"


def test_a_status_line_replaces_the_footer_of_a_running_reply() -> None:
    assert inner(answer(TextPart("Hel")), "<busy>") == "<p>Hel</p>\n<p><small>&lt;busy&gt;</small></p>"


def test_the_html_has_no_empty_line_that_would_end_it_in_markdown() -> None:
    html = reply_html(answer(TextPart("```\na\n\n\n  \nb\n```\n\n\ntext")))
    assert [line for line in html.splitlines() if not line.strip()] == []
    assert "a&#10;&#10;&#10;  \nb" in html


def test_stop_reason_and_model_name_are_escaped() -> None:
    assert "<script" not in reply_html(answer(TextPart("x"), stop="<script>", model="<script>"))


def test_an_interrupted_document_is_plain_text() -> None:
    html = reply_html(answer(TextPart("**Hello** <b>")), display_options=DisplayOptions(is_plain=True))
    assert '<pre dir="auto">**Hello** &lt;b&gt;</pre>' in html
    assert "rendering was interrupted" in html


def test_a_reply_is_plain_text_when_rendering_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise IndexError

    monkeypatch.setattr(MarkdownIt, "render", fail)
    html = reply_html(answer(TextPart("**Hello**")))
    assert '<pre dir="auto">**Hello**</pre>' in html
    assert "rendering failed" in html
