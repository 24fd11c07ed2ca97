"""Deceptive arguments: the approval card shows all of them, in the light and the dark theme."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.deceptive_arguments import DECEPTIVE

from browser.lab import Page, Server, Theme, expect, write
from browser.live import view
from browser.test_accessibility import AXE, complaints
from mimo_magics.document.approval_text import arguments_text

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

CELL = f"""
import asyncio, json
from pathlib import Path
from mimo_magics.core.events import PendingApproval, ToolCallDelta, ToolCallStart, ToolProgress
from mimo_magics.core.messages import ToolCall
from mimo_magics.core.settings import Settings
from mimo_magics.display.selection import choose_renderer
from mimo_magics.notebook.kernel.async_cell import AsyncCell

renderer = choose_renderer("front end", Settings(), AsyncCell(get_ipython()))
await renderer.has_buttons()
for index, text in enumerate(json.loads({json.dumps([each.text for each in DECEPTIVE])!r})):
    pending = PendingApproval(ToolCall("c1", "shell", text))
    renderer.show(ToolCallStart(index, "c1", "shell"))
    renderer.show(ToolCallDelta(index, text))
    renderer.show(ToolProgress(index, "waiting", approval=pending))
while not Path("decided").exists():
    renderer.tick()
    await asyncio.sleep(0.02)
renderer.clear()
"""
CLIPPED = """pre => {
    const clips = box => getComputedStyle(box).overflow !== 'visible'
        && (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight);
    const found = [];
    for (let box = pre; !box.classList.contains('jp-OutputArea-output'); box = box.parentElement)
        if (clips(box)) found.push(box.className);
    const text = document.createRange();
    text.selectNodeContents(pre);
    const outer = pre.closest('.mimo-live').getBoundingClientRect();  // a blank may hang over the box's edge
    const isInside = ({left, right, top, bottom}) =>
        left >= outer.left && right <= outer.right && top >= outer.top && bottom <= outer.bottom;
    return [...found, ...[...text.getClientRects()].filter(box => !isInside(box)).map(box => JSON.stringify(box))];
}"""
"""Finds hidden parts of a text: boxes that clip or scroll, and rows outside of them."""
PLACES = "words => words.map(word => word.getBoundingClientRect().left)"


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser) -> Iterator[Page]:
    if not AXE.is_file():
        pytest.skip("axe-core is not there: make browser")
    write(server.folder / "deceptive.ipynb", "%load_ext mimo_magics", CELL)
    with Page(server, browser) as page:
        page.open("deceptive.ipynb")
        page.window.add_script_tag(path=AXE)
        page.run_all()
        yield page
        (server.folder / "decided").touch()
        page.wait_idle()


def card(page: Page, name: str) -> Locator:
    """Find the card of a call in the page."""
    index = [each.name for each in DECEPTIVE].index(name)
    return view(page, 1).locator(".mimo-steps > * > *").nth(index)


def approve(card: Locator) -> Any:
    return card.locator(".mimo-ask button").filter(has_text="Approve").first


def test_a_call_can_be_approved_only_if_all_arguments_are_visible(page: Page) -> None:
    for each in DECEPTIVE:
        shown = card(page, each.name)
        pre = shown.locator("pre")
        expect(pre).to_be_visible()
        text = arguments_text(each.text)
        if each.is_long:
            expect(approve(shown)).to_be_disabled()
            assert text.startswith(pre.text_content())
            shown.get_by_role("button", name="more characters").click()
        expect(approve(shown)).to_be_enabled()
        assert pre.text_content() == text
        assert (each.name, pre.evaluate(CLIPPED)) == (each.name, [])
        assert shown.locator("script, b, a, mjx-container").count() == 0


def test_right_to_left_text_keeps_the_order_of_the_call(page: Page) -> None:
    places = card(page, "words from right to left").locator("bdi").evaluate_all(PLACES)
    assert places == sorted(places)
    assert len(places) == 2


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_approval_card_passes_axe(page: Page, theme: Theme) -> None:
    page.theme(theme)
    assert complaints(page, 1) == [[], []]
