"""Code blocks in a real page: one click selects them, and one of them goes into a new cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from threading import Event
from typing import TYPE_CHECKING

import pytest
from support.peer import Peer

from browser.lab import Page, Server, copy, expect
from browser.live import answer, at, opened, stream_text, until, view, waiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = at(("lab", "python3"), ("notebook", "python3"))
CODED = "First:\n\n```python\na = 1\n```\n\n- then:\n\n  ```\n  b = 2\n  ```\n\nThat is all.\n\n"
LONG_CODE = "".join(f"value_{number} = {number}  # \t {number}\n\n" for number in range(60))
SELECTED = "Selected: new cell after the run"


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    with opened(server, browser, request.param) as page:
        yield page


@pytest.fixture
def gate(page: Page) -> Iterator[Event]:
    """Yield the event that the stream waits for."""
    with waiting(page) as gates:
        yield gates[0]


def sources(page: Page) -> list[str]:
    return page.window.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.sharedModel.source)"
    )


def button(page: Page, label: str) -> Locator:
    # An icon stands before the label.
    return view(page).get_by_role("button", name=re.compile(rf"(^|\W){re.escape(label)}$"))


def selected(page: Page, code: Locator) -> str:
    """Click into a code block, and return the selected text."""
    code.click(position={"x": 40, "y": 12})
    return page.window.evaluate("() => getSelection().toString()")


def test_the_block_of_the_last_click_is_inserted_into_a_new_cell(
    page: Page, model: Peer, gate: Event
) -> None:
    model.script = lambda _: answer(stream_text(CODED), until(gate))
    page.fill("%%mimo\nhello")
    page.run(0)
    button(page, "New cell").click()
    expect(button(page, SELECTED)).to_have_count(1)
    button(page, "New cell · 2").press("Enter")
    expect(button(page, "New cell")).to_have_count(1)
    expect(button(page, SELECTED)).to_have_count(1)
    gate.set()
    page.wait_idle()
    expect(page.window.locator(".jp-Notebook .jp-Cell")).to_have_count(2)
    assert sources(page) == ["%%mimo\nhello", "b = 2"]
    expect(page.output(0).get_by_role("button")).to_have_count(0)


def test_the_cell_that_inserts_a_code_block_is_replaced_once(page: Page, model: Peer) -> None:
    model.script = lambda _: answer(stream_text(CODED))
    page.fill("%%mimo\nhello", "%mimo insert 1")
    page.run_all()
    page.wait_idle()
    expect(page.cell(1)).to_contain_text("a = 1")
    page.run_all()
    page.wait_idle()
    assert sources(page) == ["%%mimo\nhello", "a = 1"]


@pytest.mark.parametrize("code", ["x = 1\n    y\n", LONG_CODE], ids=["short", "long"])
def test_one_click_selects_a_code_block(page: Page, model: Peer, gate: Event, code: str) -> None:
    model.script = lambda _: answer(stream_text(f"So:\n\n```python\n{code}```\n\nEnd.\n\n"), until(gate))
    page.fill("%%mimo\nhello")
    page.run(0)
    expect(button(page, "New cell")).to_be_visible()
    assert selected(page, view(page).locator("pre").first).strip("\n") == code.strip("\n")
    gate.set()
    page.wait_idle()
    assert selected(page, page.output(0).locator(".mimo-reply pre")).strip("\n") == code.strip("\n")


HEADS = """output => [...output.querySelectorAll('pre.highlight')].map(pre => {
    const [head, block] = [pre.previousElementSibling, getComputedStyle(pre.parentElement)];
    return [head.innerText, getComputedStyle(head).backgroundColor, block.borderTopStyle];
})"""


def test_the_head_stays_in_a_notebook_that_is_not_trusted(page: Page, model: Peer) -> None:
    model.script = lambda _: answer(stream_text(CODED))
    page.fill("%%mimo\nhello")
    page.run(0)
    page.wait_idle()
    heads = [[text, "rgba(136, 136, 136, 0.133)", "solid"] for text in ("1 · python", "2")]
    assert page.output(0).evaluate(HEADS) == heads
    received = copy(page.save(), f"received-{page.server.kind}.ipynb")
    with Page(page.server, page.window.context.browser) as other:
        other.open(received.name, kernel=False)
        assert not other.is_trusted()
        assert other.output(0).evaluate(HEADS) == heads
