"""The transcript of a session."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from support.cells import CELL_ATTRIBUTES
from support.context_items import PROMPT
from support.hostile import HOSTILE, everywhere
from support.read_html import find_harm
from support.turns_strategy import histories

from mimo_magics.core.messages import (
    AudioPart,
    ContextPart,
    ImagePart,
    Message,
    Params,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    ToolResult,
    Usage,
    user_message,
)
from mimo_magics.core.text import CONTROL_CHARACTERS
from mimo_magics.document.reply import reply_html
from mimo_magics.session.history import History
from mimo_magics.session.storage.transcript import (
    Transcript,
    TranscriptRow,
    build_transcript,
    describe_origins,
    prompt_text,
)
from mimo_magics.session.turn import Turn

CREATED_AT = 1_767_225_600.0


@pytest.fixture(autouse=True)
def _greenwich() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def turn(prompt: str = "What is 2+2?", *parts: object, **fields: Any) -> Turn:
    answer = Message("assistant", parts or (TextPart("**4**"),))
    reply = Reply(answer, Usage(1_200, 30), "end", "mimo-test", cost=0.25)
    return replace(
        Turn(user_message(prompt), reply, Params("mimo-asked"), "mimo-v2", "openai", CREATED_AT), **fields
    )


def history_of(*turns: Turn) -> History:
    history = History()
    for each in turns:
        history = history.append_turn(each)
    return history


def row(history: History, number: int = 1) -> TranscriptRow:
    return build_transcript(history, "main").rows[number - 1]


def test_a_transcript_has_the_turns_of_the_current_branch_and_then_the_stale_ones() -> None:
    one, two, three, rerun = (turn(prompt, cell=cell) for prompt, cell in ("1a", "2b", "3c", "4a"))
    history = history_of(one, two, three).rewind_to_cell("a").append_turn(rerun)
    shown = build_transcript(history, "main")
    assert shown.name == "main"
    assert [(row.number, row.branch, row.prompt, row.is_stale, row.is_current) for row in shown.rows] == [
        (1, 4, "4", False, True),
        (2, 2, "2", True, False),
        (3, 3, "3", True, False),
    ]
    assert [row.title for row in shown.rows] == ["Turn 1", "Stale: branch 2", "Stale: branch 3"]


def test_a_row_has_the_data_of_a_turn() -> None:
    first_turn = turn(cell="c1", omitted_turns=3, summary="They said hello.")
    assert build_transcript(history_of(first_turn), "main") == Transcript(
        "main",
        (
            TranscriptRow(
                number=1,
                branch=1,
                prompt="What is 2+2?",
                reply=first_turn.reply,
                model="mimo-test",
                input_tokens=1_200,
                output_tokens=30,
                cost=0.25,
                cell="c1",
                created_at=CREATED_AT,
                is_stale=False,
                omitted_turns=3,
                summary="They said hello.",
            ),
        ),
    )


def test_model_and_tokens_that_the_server_did_not_report_are_those_of_the_request_and_estimates() -> None:
    silent = replace(turn().reply, model="", usage=None, cost=None)
    line = row(history_of(turn(reply=silent, usage=Usage(7, 2))))
    assert (line.model, line.input_tokens, line.output_tokens, line.cost) == ("mimo-asked", 7, 2, None)
    assert line.footer == "mimo-asked · 7 tokens in, 2 out · 2026-01-01 00:00"
    assert row(history_of(turn(reply=silent))).footer == "mimo-asked · 2026-01-01 00:00"


def test_images_and_audio_of_a_prompt_are_named() -> None:
    prompt = Message("user", (TextPart("Look:"), ImagePart("data:,x"), AudioPart("data:,y")))
    assert row(history_of(replace(turn(), prompt=prompt))).prompt == "Look:\n(image)\n(audio)"


def test_the_footer_shows_model_tokens_cost_time_and_omitted_turns() -> None:
    usual = "mimo-test · 1,200 tokens in, 30 out · about $0.2500 (prices of 2026-09) · 2026-01-01 00:00"
    assert row(history_of(turn())).footer == usual
    assert row(history_of(turn(omitted_turns=1))).footer == f"{usual} · the oldest turn was not sent"
    assert (
        row(history_of(turn(omitted_turns=2, summary="x"))).footer
        == f"{usual} · the 2 oldest turns were not sent, but a summary was"
    )
    assert (
        row(history_of(turn("one"), turn(cell="a")).drop_last(1), 2).footer
        == f"stale: not on the current branch · {usual}"
    )


@pytest.mark.parametrize("first_turn", [1e300, -1e300, 1e18])
def test_an_impossible_time_is_left_out(first_turn: float) -> None:
    assert row(history_of(turn(created_at=first_turn))).footer.endswith("(prices of 2026-09)")


def test_a_transcript_prints_as_plain_text() -> None:
    called = (ReasoningPart("Hm."), ToolCall("1", "clock"), ToolResult("1", "clock", "12"), TextPart("Noon."))
    history = (
        history_of(turn("one\nand more"), turn("When?", *called, cell="a"))
        .drop_last(1)
        .append_turn(turn("three"))
    )
    small = "mimo-test · 1,200 tokens in, 30 out · about $0.2500 (prices of 2026-09) · 2026-01-01 00:00"
    assert str(build_transcript(history, "main")) == (
        f"Turn 1\n> one\n> and more\n**4**\n({small})\n\n"
        f"Turn 2\n> three\n**4**\n({small})\n\n"
        f"Stale: branch 2\n> When?\n[Reasoning · called clock]\nNoon.\n(stale: not on the current branch · {small})"
    )


def test_an_empty_session_has_a_transcript() -> None:
    nothing = build_transcript(History(), "main")
    assert str(nothing) == "The session has no turns yet."
    assert nothing.bundle() == {
        "text/html": '<div class="mathjax_ignore tex2jax_ignore"><p>The session has no turns yet.</p></div>',
        "text/plain": "The session has no turns yet.",
    }


def test_a_transcript_has_html_with_the_documents_of_its_replies() -> None:
    history = history_of(turn("a\n\n<b>", summary="So far.", omitted_turns=1))
    transcript = build_transcript(history, "main")
    (line,) = transcript.rows
    body = (
        '<blockquote><pre dir="auto">a&#10;\n&lt;b&gt;</pre></blockquote>'
        '<details><summary dir="auto">Sent in place of older turns</summary>'
        '<pre dir="auto">So far.</pre></details>'
        f"{reply_html(line.reply, line.footer)}"
    )
    summary = '<summary dir="auto">Turn 1 · a &lt;b&gt;</summary>'
    assert transcript.html == f'<div class="mathjax_ignore tex2jax_ignore"><h3>Turn 1</h3>{body}</div>'
    assert transcript.bundle() == {
        "text/html": f'<div class="mathjax_ignore tex2jax_ignore"><details open>{summary}{body}</details></div>',
        "text/plain": str(transcript),
    }


def test_turns_that_do_not_fit_on_a_screen_are_folded() -> None:
    turns = [turn(f"Question {n}", TextPart("A line.\n\n" * 9)) for n in range(1, 5)]
    page = build_transcript(history_of(*turns), "main").bundle()["text/html"]
    assert re.findall(r"<details( open)?><summary dir=\"auto\">Turn (\d)", page) == [
        ("", "1"),
        ("", "2"),
        ("", "3"),
        (" open", "4"),
    ]
    (long,) = build_transcript(history_of(turn("x", TextPart("long " * 1_000))), "main").rows
    assert (
        " open"
        not in build_transcript(history_of(turn("x", long.reply.message.parts[0])), "").bundle()["text/html"]
    )


@pytest.mark.parametrize("count", [12, 13, 200])
def test_only_the_newest_turns_are_shown_with_their_replies(count: int) -> None:
    turns = [turn(f"Question {n}", TextPart(f"Reply {n}.")) for n in range(1, count + 1)]
    transcript = build_transcript(history_of(*turns), "main")
    bundle = transcript.bundle()
    assert len(re.findall("Reply [0-9]+", bundle["text/html"])) == min(count, 12)
    assert ("Older turns" in bundle["text/html"], "Older turns" in bundle["text/plain"]) == (count > 12,) * 2
    assert re.findall(r"Question (\d+)\b", bundle["text/plain"]) == [str(n) for n in range(1, count + 1)]
    assert ("Reply 1." in bundle["text/plain"]) is (count <= 12)
    assert (
        len(re.findall("Reply [0-9]+", str(transcript)))
        == len(re.findall("Reply [0-9]+", transcript.html))
        == count
    )


def test_older_stale_turns_are_listed() -> None:
    turns = [turn(f"Question {n}", cell=f"c{n}") for n in range(1, 10)]
    page = build_transcript(history_of(*turns).drop_last(8), "main").bundle()["text/html"]
    assert '<summary dir="auto">Older stale turns</summary>' in page
    assert re.findall(r"Stale: branch \d", page) == [f"Stale: branch {n}" for n in range(2, 10)]


def hostile(text: str) -> History:
    """Return a history of two turns with a text in every field. The second one is stale."""
    hostile_turn = turn(text, system=text, summary=text, omitted_turns=1, tools=(text,), cell=text)
    hostile_turn = replace(hostile_turn, reply=everywhere(text), params=Params(text), digest=text, id=text)
    return history_of(hostile_turn, hostile_turn).drop_last(1)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_harmless_anywhere_in_a_transcript(name: str) -> None:
    shown = build_transcript(hostile(HOSTILE[name]), HOSTILE[name])
    assert len(shown.rows) == 2
    assert find_harm(shown.html) == []
    html = shown.bundle()["text/html"]
    assert find_harm(html) == []
    assert [token.type for token in MarkdownIt("commonmark").parse(html)] == ["html_block"]
    assert not CONTROL_CHARACTERS.search(str(shown))


@given(histories())
def test_any_history_can_be_shown(history: History) -> None:
    shown = build_transcript(history, "main")
    assert [line.branch - 1 for line in shown.rows] == [*history.path, *history.stale_turns]
    assert find_harm(shown.bundle()["text/html"], CELL_ATTRIBUTES) == []
    assert find_harm(shown.html) == []


def test_a_loaded_session_is_described_by_its_system_prompts_and_tools() -> None:
    results = [ToolCall("1", "clock"), ToolResult("1", "clock", "12"), ToolCall("2", "weather")]
    more = [ToolResult("2", "weather", "rain"), ToolCall("3", "clock"), ToolResult("3", "clock", "13")]
    history = history_of(
        turn(system="Be brief.", tools=("clock", "weather")),
        turn("When?", *results, *more, system="Be brief.", tools=("weather", "tide")),
        turn(system="Be\nlong."),
        turn("gone", system="Obey.", tools=("rm",)),
    ).drop_last(1)
    assert describe_origins(history) == (
        "System prompt: Be brief.",
        "System prompt: Be long.",
        "Tools offered to the model: clock, weather, tide.",
        "Tool results sent to the model: clock (2), weather (1).",
    )


def test_a_session_without_system_prompts_and_tools_has_no_description() -> None:
    assert describe_origins(history_of(turn())) == describe_origins(History()) == ()


def test_a_long_system_prompt_is_truncated_with_its_length() -> None:
    assert describe_origins(history_of(turn(system="word " * 1_000))) == (
        f"System prompt: {'word ' * 60}… (5,000 characters)",
    )


def test_a_short_value_is_part_of_the_prompt() -> None:
    parts = (TextPart("Is "), ContextPart("Oslo", "city", "str", "str", 4), TextPart(" rainy?"))
    assert prompt_text(Message("user", parts)) == "Is Oslo rainy?"
    assert prompt_text(PROMPT) == "Describe {df⟨U+202E⟩} now."


def test_files_and_cells_have_lines_of_their_own() -> None:
    cells = (ContextPart(f"Cell [{number}]:\nx\n\n", f"cell [{number}]") for number in (1, 2))
    files = (ContextPart(f'\n\nFile "{name}":\nx', name) for name in ("a.csv", "b.pdf"))
    parts = (*cells, TextPart("Why?"), *files)
    assert prompt_text(Message("user", parts)) == "{cell [1]}\n{cell [2]}\nWhy?\n{a.csv}\n{b.pdf}"
    with_picture = (parts[0], ImagePart("data:image/png;base64,AA=="), *parts[1:])
    assert prompt_text(Message("user", with_picture)).startswith("{cell [1]}\n(image)\n{cell [2]}\nWhy?")
