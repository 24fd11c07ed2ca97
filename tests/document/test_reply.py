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
from mimo_magics.document.reply import DisplayOptions, footer, reply_bundle, reply_html


def answer(*parts: object, **fields: object) -> Reply:
    return Reply(Message("assistant", parts), **fields)


def inner(reply: Reply, status: str = "") -> str:
    head, tail = '<div class="mimo-reply jp-RenderedHTMLCommon mathjax_ignore tex2jax_ignore">', "</div>"
    html = reply_html(reply, status)
    assert html.startswith(head)
    assert html.endswith(tail)
    return html.removeprefix(head).removesuffix(tail).replace(' dir="auto"', "")


def test_a_document_is_html_for_people_and_markdown_for_programs() -> None:
    reply = answer(ReasoningPart("*Hm.*"), TextPart("**Hello**"), stop="end")
    assert reply_bundle(reply) == {"text/html": reply_html(reply), "text/plain": "**Hello**"}
    assert inner(reply) == (
        "<details><summary>Reasoning</summary><blockquote><p><em>Hm.</em></p>\n</blockquote></details><p><strong>Hello</strong></p>\n"
    )


def test_a_carriage_return_before_a_line_end_is_left_out_of_the_text() -> None:
    bundle = reply_bundle(answer(TextPart("one\r\ntwo\rthree\r\n")))
    assert bundle["text/plain"] == "one\ntwo\ufffdthree\n"


def test_reasoning_is_folded_with_its_time_and_tokens() -> None:
    timing = Timing(time_to_first_token=0.5, reasoning=3.21, total=5.0)
    reply = answer(ReasoningPart("Hm."), usage=Usage(1, 200, reasoning=1_740), timing=timing)
    assert "<summary>Reasoning · 3.2 s · 1,740 tokens</summary>" in inner(reply)


def test_reasoning_and_tools_in_a_row_are_one_group_and_answers_stand_between_groups() -> None:
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
        "<details><summary>clock(&quot;zone&quot;: &quot;UTC&quot;) · done · 0.2 s</summary>"
        f'<pre style="{cap}"><code>{{\n  &quot;zone&quot;: &quot;UTC&quot;\n}}</code></pre>'
        f'<div><small>Result, 5 characters</small></div><pre style="{cap}"><code>12:00</code></pre></details>'
        "<p>So.</p>\n</blockquote></details>"
        "<p>Noon.</p>\n"
        "<details><summary>Called bell</summary><blockquote>"
        f'<details><summary>bell() · not run</summary><pre style="{cap}"><code>{{}}</code></pre></details>'
        "</blockquote></details>"
    )


def test_a_group_that_a_person_opened_is_open() -> None:
    reply = answer(ReasoningPart("One."), TextPart("Two."), ReasoningPart("Three."))
    assert re.findall("<details[^>]*>", reply_html(reply, open_groups={1})) == ["<details>", "<details open>"]


def test_names_arguments_and_results_of_tools_stay_text() -> None:
    call = ToolCall("c1", "<b>clock</b>", '{"zone": "<script>"')
    html = reply_html(answer(call, ToolResult("c1", "clock", "<img src=x>\u202e", is_error=True)))
    assert "<b>" not in html
    assert "<script" not in html
    assert "<img" not in html
    assert "⟨U+202E⟩" in html
    assert " · failed</summary>" in html


def test_pictures_are_links_unless_a_person_wants_to_see_them() -> None:
    reply = answer(TextPart("![a cat](https://x.org/cat.png)"))
    assert "<img" not in reply_html(reply)
    assert "<img" in reply_html(reply, display_options=DisplayOptions(remote_images=True))


def test_sources_are_a_list_of_links_and_only_web_addresses_are_links() -> None:
    good = Annotation("https://x.org/?a=1&b=2", "X & Y", "", "x.org", "2026-11-22")
    bad = Annotation("javascript:alert(1)", "<b>Bad</b>")
    assert inner(answer(annotations=(good, bad))) == (
        '<ol><li><a href="https://x.org/?a=1&amp;b=2" rel="noopener noreferrer nofollow">X &amp; Y</a>'
        " · x.org · 2026-11-22</li><li>&lt;b&gt;Bad&lt;/b&gt;</li></ol>"
    )


def test_remarks_of_the_server_are_shown_as_text() -> None:
    assert inner(answer(notes=("search <failed>",))) == "<p>⚠ search &lt;failed&gt;</p>"


def test_the_footer_tells_model_tokens_and_speed() -> None:
    timing = Timing(time_to_first_token=0.42, reasoning=None, total=4.42)
    reply = answer(
        TextPart("x"), stop="end", model="mimo-v2-pro", usage=Usage(1_200, 128, 1_024), timing=timing
    )
    assert footer(reply) == (
        "mimo-v2-pro · 1,200 tokens in (1,024 cached), 128 out · first token after 0.4 s · 32 tokens/s"
    )
    assert inner(reply).endswith(f"<p><small>{footer(reply)}</small></p>")


def test_a_reply_in_one_piece_has_no_speed() -> None:
    timing = Timing(time_to_first_token=2.0, reasoning=None, total=2.0)
    assert footer(answer(TextPart("x"), stop="end", model="m", timing=timing)) == "m · 2.0 s"


@pytest.mark.parametrize(
    ("stop", "told"),
    [
        ("end", ""),
        ("stop", ""),
        ("interrupted", "stopped"),
        ("cut", "cut off: the connection broke"),
        ("length", "cut off at the output limit; --max-tokens raises it"),
        ("filter", "withheld by the server's content filter"),
        ("repetition", "cut off by the server: it repeated itself"),
        ("<new>", "ended: <new>"),
    ],
)
def test_an_end_that_is_not_ordinary_is_told(stop: str, told: str) -> None:
    assert footer(answer(TextPart("x"), stop=stop)) == told


def test_an_answer_that_was_all_reasoning_says_so() -> None:
    assert footer(answer(ReasoningPart("Hm."), stop="end")) == "no answer came"


def test_a_line_tells_how_a_reply_on_its_way_is_doing() -> None:
    assert inner(answer(TextPart("Hel")), "<busy>") == "<p>Hel</p>\n<p><small>&lt;busy&gt;</small></p>"


def test_no_empty_line_ends_the_document_in_markdown() -> None:
    html = reply_html(answer(TextPart("```\na\n\n\n  \nb\n```\n\n\ntext")))
    assert [line for line in html.splitlines() if not line.strip()] == []
    assert "a&#10;&#10;&#10;  \nb" in html


def test_names_from_a_server_stay_text() -> None:
    assert "<script" not in reply_html(answer(TextPart("x"), stop="<script>", model="<script>"))


def test_a_document_that_was_stopped_is_the_words_alone() -> None:
    html = reply_html(answer(TextPart("**Hello** <b>")), display_options=DisplayOptions(is_plain=True))
    assert '<pre dir="auto">**Hello** &lt;b&gt;</pre>' in html
    assert "its document was stopped" in html


def test_a_fault_in_what_renders_a_reply_costs_no_word_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise IndexError

    monkeypatch.setattr(MarkdownIt, "render", fail)
    html = reply_html(answer(TextPart("**Hello**")))
    assert '<pre dir="auto">**Hello**</pre>' in html
    assert "it cannot be shown as a document" in html
