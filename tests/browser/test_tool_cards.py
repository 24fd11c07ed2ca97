"""Tool cards in the live view: the call, its state, and, unfolded, its arguments and its result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from browser.lab import Page, Server, expect, write
from browser.live import view

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

HOSTILE = "<img src=x onerror='ran = 1'><script>ran = 1</script> $x^2$ *new* </code></pre>\n"
SETUP = f"""
import asyncio
from pathlib import Path

from mimo_magics.notebook.kernel.async_cell import AsyncCell
from mimo_magics.core.events import (
    Accumulator, PendingApproval, TextDelta, ToolCallDelta, ToolCallStart, ToolProgress
)
from mimo_magics.core.messages import ToolCall, ToolResult
from mimo_magics.document.reply import ReplyDocument
from mimo_magics.core.settings import Settings
from mimo_magics.display.selection import choose_renderer

hostile = {HOSTILE!r}

async def show(*events):
    for event in events:
        accumulator.feed(event)
        renderer.show(event)
    renderer.tick()

async def until(name):
    while not Path(name).exists():
        renderer.tick()
        await asyncio.sleep(0.02)

def ended(index, state, **more):
    return ToolProgress(index, state, ToolResult(str(index + 1), "search", hostile * 1_250, **more))
"""
CELL = """
accumulator, renderer = Accumulator(), choose_renderer("front end", Settings(), AsyncCell(get_ipython()))
await show(ToolCallStart(0, "1", "search"), ToolCallDelta(0, '{"query": "<b>sq'))
await until("arguments")
await show(ToolCallDelta(0, 'uare</b>", "limit": 3}'))
await until("second")
await show(ToolCallStart(1, "2", "read"), ToolCallDelta(1, hostile), ToolCallStart(2, "3", "write"))
await until("waiting")
await show(ToolProgress(0, "waiting", approval=PendingApproval(ToolCall("1", "search"))))
await until("approved")
await show(ToolProgress(0, "approved"))
await until("running")
await show(ToolProgress(0, "running"))
await until("done")
await show(ended(0, "done", seconds=1.2))
await until("failed")
await show(ended(1, "failed", is_error=True, seconds=0.04))
await until("refused")
await show(ToolProgress(2, "refused", ToolResult("3", "write", "No.", refused=True)))
await until("answer")
await show(TextDelta("So it is."))
await until("end")
renderer.finish(ReplyDocument(accumulator.reply), {})
"""
STEPS = re.findall(r'until\("(\w+)"\)', CELL)


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser) -> Iterator[Page]:
    write(server.folder / "cards.ipynb", SETUP, CELL)
    with Page(server, browser) as page:
        page.open("cards.ipynb")
        page.run_all()
        yield page


@pytest.fixture(scope="module")
def go(server: Server) -> Callable[[str], None]:
    """Let the reply continue up to this point."""

    def as_far_as(step: str) -> None:
        for each in STEPS[: STEPS.index(step) + 1]:
            (server.folder / each).touch()

    return as_far_as


def card(page: Page, number: int) -> Locator:
    return view(page, 1).locator(".mimo-steps > * > *").nth(number)


def heading(page: Page) -> Locator:
    return view(page, 1).locator(".mimo-fold").first


def test_a_card_shows_the_name_the_streamed_arguments_and_the_state(
    page: Page, go: Callable[[str], None]
) -> None:
    expect(card(page, 0)).to_have_text('search(query="<b>sq")')
    expect(heading(page)).to_have_text(re.compile(r"Calling search… \d+ s"))
    go("arguments")
    expect(card(page, 0)).to_have_text('search(query="<b>square</b>", limit=3)')
    go("second")
    expect(card(page, 1)).to_have_text(re.compile(r"read\(<img src=x onerror='ran = 1'>.*…\)"))
    expect(card(page, 2)).to_have_text("write()")
    go("waiting")
    expect(card(page, 0)).to_contain_text("search(…)waiting for your approval")
    expect(heading(page)).to_contain_text("Waiting for your approval…")
    go("approved")
    expect(card(page, 0)).to_contain_text("3)approved")
    go("running")
    expect(card(page, 0)).to_contain_text("3)running · 1 s")
    go("done")
    expect(card(page, 0)).to_contain_text("3)done · 1.2 s")
    expect(heading(page)).to_contain_text("Calling read…")
    go("failed")
    expect(card(page, 1)).to_contain_text("failed · 0.0 s")
    go("refused")
    expect(card(page, 2)).to_contain_text("write()refused")


def test_an_unfolded_card_shows_arguments_and_result_in_scrollable_boxes(
    page: Page, go: Callable[[str], None]
) -> None:
    go("done")
    expect(card(page, 0)).to_contain_text("done")
    arguments, result = card(page, 0).locator("pre").all()
    expect(result).to_be_hidden()
    card(page, 0).get_by_role("button").click()
    expect(result).to_be_visible()
    assert arguments.inner_text().splitlines() == ["{", '  "query": "<b>square</b>",', '  "limit": 3', "}"]
    assert result.text_content() == HOSTILE * 1_250
    assert "Result, 100,000 characters" in card(page, 0).inner_text()
    assert result.evaluate("box => [box.offsetHeight < 400, box.scrollHeight > 4_000]") == [True, True]
    assert card(page, 0).locator("img, script, b, mjx-container").count() == 0


def test_cards_fold_before_the_text_and_unfold_in_the_document(page: Page, go: Callable[[str], None]) -> None:
    go("answer")
    expect(heading(page)).to_have_text("Called search · failed read · refused write")
    expect(card(page, 0)).to_be_hidden()
    go("end")
    page.wait_idle()
    summaries = page.output(1).locator(".mimo-reply summary")
    expect(summaries).to_have_count(4)
    assert page.output(1).locator("details[open]").count() == 0
    summaries.first.click()
    assert [re.sub(r"\(.*\)", "", line) for line in summaries.all_inner_texts()] == [
        "Called search · failed read · refused write",
        "search · done · 1.2 s",
        "read · failed · 0.0 s",
        "write · refused",
    ]


def test_no_code_of_the_reply_was_executed(page: Page, go: Callable[[str], None]) -> None:
    go("end")
    page.wait_idle()
    assert page.window.evaluate("window.ran") is None
    assert page.output(1).locator("img, script").count() == 0
