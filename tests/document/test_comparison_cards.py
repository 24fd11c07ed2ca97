"""The document of a comparison."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape, unescape

import pytest
from markdown_it import MarkdownIt
from support.hostile import FORMS, HOSTILE, everywhere, find_unexpected
from support.read_html import ParsedHtml, find_harm, reparse_html
from support.results import ADA, BO, people_reply

from mimo_magics.core.messages import Message, ReasoningPart, Reply, TextPart, Timing, Usage
from mimo_magics.core.text import CONTROL_CHARACTERS
from mimo_magics.document.comparison_cards import Card, card_heading, comparison_bundle
from mimo_magics.document.reply import DisplayOptions, footer, reply_body_html

ENCLOSED = '<div class="mimo-reply jp-RenderedHTMLCommon mathjax_ignore tex2jax_ignore">'
GRID = (
    '<div style="display:grid;grid-template-columns:repeat(auto-fit, minmax(min(17em, 100%), 1fr));gap:1em;margin:0 0 1em;'
    'overflow-wrap:break-word">'
)
CARD = '<div style="border:1px solid #8886;padding:0.5em 1em;page-break-inside:avoid">'
RULE = '<hr style="display:none">'
ROW = '<tr style="background:none">'


def reply(text: str, **fields: object) -> Reply:
    parts = (ReasoningPart("Hm."), TextPart(text))
    return Reply(Message("assistant", parts), Usage(42, 7), "end", "mimo-v2-pro", **fields)


def html(*shown: Card, **settings: object) -> str:
    return comparison_bundle(shown, **settings)["text/html"]


def summary(*shown: Card) -> list[list[str]]:
    """Return the texts of the summary table, by row."""
    rows = re.findall("<tr.*?</tr>", html(*shown).partition("</table>")[0], re.DOTALL)
    return [
        [unescape(re.sub("<.*?>", "", cell)) for cell in re.findall("<t[hd].*?</t[hd]>", row)] for row in rows
    ]


def test_a_comparison_is_a_summary_and_a_card_for_each_reply() -> None:
    one = reply("**Yes.**\n\n\nNo.", timing=Timing(total=2.0, time_to_first_token=2.0), cost=0.0123)
    cards = Card("temperature 0.7", one), Card("temperature 1.0", None, "HTTP 429")
    assert html(*cards, caption="As you like.") == (
        f"{ENCLOSED}<table><thead><tr>"
        '<td><div align="left"></div></td><th align="right">tokens in → out</th><th align="right">seconds</th>'
        '<th align="right">USD</th><th><div align="left">first words</div></th></tr></thead>'
        f'{ROW}<td><div align="left">1 · temperature 0.7</div></td><td align="right">42 → 7</td>'
        '<td align="right">2.0</td><td align="right">0.0123</td><td><div align="left">Yes. No.</div></td></tr>'
        f'{ROW}<td><div align="left">2 · temperature 1.0</div></td><td align="right">–</td>'
        '<td align="right">–</td><td align="right">–</td><td><div align="left">HTTP 429</div></td></tr></table>'
        f"{GRID}{CARD}<p><strong>1 · temperature 0.7</strong></p>{reply_body_html(one)}</div>{RULE}"
        f'{CARD}<p><strong>2 · temperature 1.0</strong></p><p dir="auto"><em>HTTP 429</em></p></div></div>'
        '<p dir="auto"><small style="opacity:0.7">mimo-v2-pro · prices of 2026-09 · As you like.</small></p></div>'
    )
    assert "<details><summary" in reply_body_html(one)
    assert "<strong>Yes.</strong>" in reply_body_html(one)


def test_the_summary_has_only_columns_with_values() -> None:
    bare = Reply(Message("assistant", (TextPart("Hi"),)), stop="end")
    assert summary(Card("a", bare), Card("b")) == [
        ["", "first words"],
        ["1 · a", "Hi"],
        ["2 · b", "No reply."],
    ]
    timed = replace(bare, timing=Timing(total=12.34))
    assert summary(Card("a", bare), Card("b", timed)) == [
        ["", "seconds", "first words"],
        ["1 · a", "–", "Hi"],
        ["2 · b", "12.3", "Hi"],
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("## The square\n\nIt is **big**.", "The square It is big…"),
        ("- `a_b`\n- c", "a_b c"),
        ("```python\nx = 1\n```", "x = 1"),
        ("word " * 100_000, "word word word word …"),
        ("你" * 100_000, "你" * 20 + "…"),
        ("", ""),
    ],
)
def test_the_first_words_have_no_marks(text: str, words: str) -> None:
    assert summary(Card("a", reply(text)))[1][-1] == words


def test_in_plain_text_the_replies_are_one_below_the_other() -> None:
    one = reply(
        "One.\n\nTwo.\n",
        notes=("Temperature will not act.",),
        timing=Timing(total=2.5, time_to_first_token=0.5),
    )
    shown = comparison_bundle([Card("a", one), Card("b", None, "HTTP 429")], caption="Go on.")
    assert shown["text/plain"] == (
        "1 · a\n> Hm.\nOne.\n\nTwo.\n⚠ Temperature will not act.\n"
        f"{footer(one)} · 2.5 s in total\n\n"
        "2 · b\nHTTP 429\n\nGo on."
    )


def test_a_long_heading_is_truncated_and_on_one_line() -> None:
    title = "system " + "<b>x</b>\n\n" * 100_000
    heading = card_heading(1, title)
    assert heading.startswith("1 · system <b>x</b> <b>x</b>")
    assert (len(heading), heading[-1]) == (len("1 · ") + 201, "…")
    shown = html(Card(title, reply("Hi")))
    assert len(shown) < 3_000
    assert f"<strong>{escape(heading)}</strong>" in shown


def test_the_reason_for_a_missing_or_incomplete_reply_is_shown_before_it() -> None:
    shown = html(
        Card("a", None, "failed: 429"),
        Card("b", reply("Half an ans"), "<cut off>"),
        Card("c"),
        Card("d", Reply(Message("assistant", (TextPart("Yes"),)), stop="length")),
    )
    assert re.findall('<strong>(.) · .</strong></p><p dir="auto"><em>(.*?)</em></p>', shown) == [
        ("1", "failed: 429"),
        ("2", "&lt;cut off&gt;"),
        ("3", "No reply."),
        ("4", "truncated at the output limit; raise --max-tokens"),
    ]
    assert "Half an ans" in shown


MAX_CARD_BYTES, MAX_FIXED_BYTES = 450, 600
"""Bytes of HTML for a reply beside its own HTML, and for the rest of a comparison."""


@pytest.mark.parametrize("count", [1, 6, 100])
def test_the_size_of_the_html_is_limited(count: int) -> None:
    timing = Timing(total=12.34, time_to_first_token=0.5)
    one = reply("word " * 50, timing=timing, cost=0.0123)
    shown = html(*[Card("temperature 0.5", one)] * count, caption="x" * 100)
    own_size = len(reply_body_html(one).encode())
    assert len(shown.encode()) <= MAX_FIXED_BYTES + count * (own_size + MAX_CARD_BYTES)


@pytest.mark.parametrize("form", FORMS)
def test_the_display_options_apply_to_each_reply(form: str) -> None:
    one = reply('{"*a*": 1}')
    assert reply_body_html(one, DisplayOptions(form)) in html(
        Card("a", one), display_options=DisplayOptions(form)
    )


def test_a_card_shows_the_notices_of_its_turn() -> None:
    shown = html(Card("a", reply("One."), notices=("Retried <twice>.",)), Card("b", reply("Two.")))
    assert shown.count(">Retried &lt;twice&gt;.</small>") == 1


def test_no_empty_line_ends_the_html_inside_markdown() -> None:
    code = reply("```\na\n\n\n  \nb\n```\n\n\ntext")
    shown = html(Card("a\n\nb", code, "c\n\n\nd"), Card("b"), caption="e\n\nf")
    assert [line for line in shown.splitlines() if not line.strip()] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_harmless_in_every_field(name: str) -> None:
    text = HOSTILE[name]
    for form in FORMS:
        shown = [Card(text, everywhere(text), text), Card(text, None, text)]
        found = comparison_bundle(shown, display_options=DisplayOptions(form), caption=text)
        assert find_unexpected(ParsedHtml(found["text/html"]).found) == []
        assert find_harm(reparse_html(found["text/html"])) == []
        assert [token.type for token in MarkdownIt("commonmark").parse(found["text/html"])] == ["html_block"]
        assert not CONTROL_CHARACTERS.search(found["text/plain"])


def test_replies_with_a_schema_have_tables_and_their_counts() -> None:
    one, other = people_reply(ADA, BO), people_reply(ADA, errors=("Item 2: no",))
    rows = summary(Card("a", one), Card("b", other), Card("c", None, "HTTP 429"))
    assert [row[-3:-1] for row in rows] == [["valid items", "errors"], ["2", "0"], ["1", "1"], ["–", "–"]]
    found = comparison_bundle([Card("a", other)])
    assert "<table" in found["text/html"].partition("</table>")[2]
    assert "name  age\nAda    36\n⚠ Item 2: no" in found["text/plain"]
