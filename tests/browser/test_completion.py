"""Completion in a real front end: options, values, settings, models and variables of magics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from browser.lab import Page, Server, expect
from browser.live import at, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = at(("lab", "python3"), ("notebook", "python3"))


SOURCE = "jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.getSource()"


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    with opened(server, browser, request.param) as page:
        page.fill("%unload_ext mimo_magics\n%load_ext mimo_magics\ncity = 'Tokyo'")
        page.run(0)
        page.wait_idle()
        yield page


def tab(page: Page, text: str) -> None:
    """Type the end of a cell, and press Tab."""
    page.fill(text[:-1])
    page.cell(0).locator(".cm-content").click()
    page.window.keyboard.press("Control+End")
    page.window.keyboard.type(text[-1])
    page.window.keyboard.press("Tab")


def shown(page: Page) -> list[str]:
    """Return the offered completions."""
    offered = page.window.locator(".jp-Completer-item")
    expect(offered.first).to_be_visible(timeout=60_000)
    return offered.evaluate_all("items => items.map(item => item.dataset.value)")


@pytest.mark.parametrize(
    ("typed", "offered", "completed"),
    [
        ("%%mimo --temp", "--temperature", "%%mimo --temperature"),
        ("%%mimo --thinking of", "off", "%%mimo --thinking off"),
        ("%%mimo\nWhat is in {cit", "city", "%%mimo\nWhat is in {city"),
        ("%mimo_config max_t", "max_tokens=", "%mimo_config max_tokens="),
        ("%%mimo -m mimo-v2.5-pro-u", "mimo-v2.5-pro-ultraspeed", "%%mimo -m mimo-v2.5-pro-ultraspeed"),
    ],
)
def test_a_single_completion_is_inserted(page: Page, typed: str, offered: str, completed: str) -> None:
    tab(page, typed)
    assert shown(page) == [offered]
    page.window.keyboard.press("Enter")
    page.window.wait_for_function(f"completed => {SOURCE} === completed", arg=completed, timeout=60_000)


def test_several_completions_are_offered_without_python_names(page: Page) -> None:
    tab(page, "%%mimo --max-")
    assert set(shown(page)) == {"--max-tokens", "--max-steps"}
    page.window.keyboard.press("Escape")
    tab(page, "%mimo_config tape=re")
    assert set(shown(page)) == {"record:", "replay:"}
    page.window.keyboard.press("Escape")


def test_nothing_is_offered_without_a_match(page: Page) -> None:
    tab(page, "%mimo_config stop=pri")
    page.window.wait_for_timeout(1_000)
    expect(page.window.locator(".jp-Completer-item").locator("visible=true")).to_have_count(0)
    assert page.window.evaluate(SOURCE) == "%mimo_config stop=pri"
