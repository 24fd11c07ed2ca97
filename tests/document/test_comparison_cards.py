"""The document of a comparison."""

from __future__ import annotations

import re
from itertools import chain

import pytest
from markdown_it import MarkdownIt
from support.hostile import FORMS, HOSTILE, everywhere, find_unexpected
from support.read_html import ParsedHtml, find_harm, reparse_html

from mimo_magics.core.messages import Message, ReasoningPart, Reply, TextPart, Timing, Usage
from mimo_magics.core.text import CONTROL_CHARACTERS
from mimo_magics.document.comparison_cards import Column, comparison_bundle
from mimo_magics.document.reply import DisplayOptions, footer, reply_body_html

ENCLOSED = '<div class="mimo-reply jp-RenderedHTMLCommon mathjax_ignore tex2jax_ignore">'


def reply(text: str, **fields: object) -> Reply:
    parts = (ReasoningPart("Hm."), TextPart(text))
    return Reply(Message("assistant", parts), Usage(42, 7), "end", "mimo-v2-pro", **fields)


def columns(number: int) -> list[Column]:
    return [Column(f"no. {each}", reply("Hi")) for each in range(1, number + 1)]


def html(*shown: Column, **settings: object) -> str:
    return comparison_bundle(shown, **settings)["text/html"]


def heads(html: str) -> list[list[str]]:
    """Return the headings of each row."""
    bands = re.findall("<tbody>(.*?)</tbody>", html, re.DOTALL)
    return [
        re.findall(
            r'<th width="33%" valign="top" style="vertical-align: top"><div align="left">(.*?)</div></th>',
            band,
        )
        for band in bands
    ]


def test_a_column_has_a_heading_the_document_of_the_reply_and_its_metrics() -> None:
    one = reply("**Yes.**\n\n\nNo.", timing=Timing(total=2.0, time_to_first_token=2.0), cost=0.0123)
    cell = '<td valign="top" style="vertical-align: top"><div align="left">'
    assert html(Column("mimo-v2-pro · temperature 0.7", one), caption="As you like.") == (
        f"{ENCLOSED}<table><tbody>"
        '<tr><th width="33%" valign="top" style="vertical-align: top"><div align="left">1 · mimo-v2-pro · temperature 0.7</div></th></tr>'
        f"<tr>{cell}{ENCLOSED}{reply_body_html(one)}</div></div></td></tr>"
        f'<tr>{cell}<p dir="auto"><small>{footer(one)}</small></p></div></td></tr>'
        '</tbody></table><p dir="auto"><small>As you like.</small></p></div>'
    )
    assert "<details><summary" in reply_body_html(one)
    assert "<strong>Yes.</strong>" in reply_body_html(one)


def test_in_plain_text_the_replies_are_one_below_the_other() -> None:
    one = reply(
        "One.\n\nTwo.\n",
        notes=("Temperature will not act.",),
        timing=Timing(total=2.5, time_to_first_token=0.5),
    )
    shown = comparison_bundle([Column("a", one), Column("b", None, "HTTP 429")], caption="Go on.")
    assert shown["text/plain"] == (
        "1 · a\n> Hm.\nOne.\n\nTwo.\n⚠ Temperature will not act.\n"
        "mimo-v2-pro · 42 tokens in, 7 out · first token after 0.5 s · 4 tokens/s · 2.5 s in total\n\n"
        "2 · b\nHTTP 429\n\nGo on."
    )
    assert "2.5 s in total" in shown["text/html"]


@pytest.mark.parametrize(
    ("number", "bands"), [(0, []), (1, [1]), (3, [3]), (4, [2, 2]), (5, [3, 2]), (7, [3, 3, 1]), (9, [3] * 3)]
)
def test_a_row_has_at_most_three_columns(number: int, bands: list[int]) -> None:
    found = heads(html(*columns(number)))
    assert [len(band) for band in found] == bands
    assert [*chain(*found)] == [f"{each} · no. {each}" for each in range(1, number + 1)]


def test_the_reason_for_a_missing_or_incomplete_reply_is_shown_before_it() -> None:
    shown = html(
        Column("a", None, "failed: 429"), Column("b", reply("Half an ans"), "<cut off>"), Column("c")
    )
    _, answers, _ = re.findall("<tr>.*?</tr>", shown, re.DOTALL)
    assert re.findall("<em>(.*?)</em></p>(<div|</div)", answers) == [
        ("failed: 429", "</div"),
        ("&lt;cut off&gt;", "<div"),
        ("No reply.", "</div"),
    ]
    assert "Half an ans" in answers


@pytest.mark.parametrize("form", FORMS)
def test_the_display_options_apply_to_each_reply(form: str) -> None:
    one = reply('{"*a*": 1}')
    assert reply_body_html(one, DisplayOptions(form)) in html(
        Column("a", one), display_options=DisplayOptions(form)
    )


def test_a_card_shows_the_notices_of_its_turn() -> None:
    shown = html(Column("a", reply("One."), notices=("Retried <twice>.",)), Column("b", reply("Two.")))
    assert shown.count("<small>Retried &lt;twice&gt;.</small>") == 1


def test_a_truncated_reply_is_marked_in_its_metrics() -> None:
    shown = comparison_bundle([Column("a", Reply(Message("assistant", (TextPart("Yes"),)), stop="length"))])
    assert all("truncated at the output limit" in each for each in shown.values())


def test_no_empty_line_ends_the_html_inside_markdown() -> None:
    code = reply("```\na\n\n\n  \nb\n```\n\n\ntext")
    shown = html(Column("a\n\nb", code, "c\n\n\nd"), Column("b"), caption="e\n\nf")
    assert [line for line in shown.splitlines() if not line.strip()] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_harmless_in_every_field(name: str) -> None:
    text = HOSTILE[name]
    for form in FORMS:
        shown = [Column(text, everywhere(text), text), Column(text, None, text)]
        found = comparison_bundle(shown, display_options=DisplayOptions(form), caption=text)
        assert find_unexpected(ParsedHtml(found["text/html"]).found) == []
        assert find_harm(reparse_html(found["text/html"])) == []
        assert [token.type for token in MarkdownIt("commonmark").parse(found["text/html"])] == ["html_block"]
        assert not CONTROL_CHARACTERS.search(found["text/plain"])
