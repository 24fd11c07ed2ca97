"""A comparison in a real front end: streamed columns, a Stop button, and the cards of the document."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import TYPE_CHECKING

import pytest
from support.peer import Answer, Peer, Seen

from browser.lab import Page, Server, expect
from browser.live import answer, everywhere, opened, stream_text, until, view, waiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = everywhere

COMPARE = "%%mimo_compare -o found --temperature 0 0.5 1 --ask-above '9 USD'\nhello"
WORDS = "".join(f"word{number} " for number in range(20))


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    with opened(server, browser, request.param) as page:
        yield page


@pytest.fixture
def gates(page: Page) -> Iterator[list[Event]]:
    with waiting(page) as gates:
        yield gates


def column(page: Page, number: int) -> Locator:
    return view(page).locator(".mimo-columns > *").nth(number - 1)


def cards(page: Page) -> Locator:
    return page.output(0).locator(".mimo-reply > div > div")


def test_the_replies_stream_side_by_side_and_become_cards(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    first, last, *_ = gates

    def script(seen: Seen) -> Answer:
        if seen.body["temperature"] == 0.5:
            return answer(stream_text("A short one."))
        return answer(stream_text(WORDS, 0.02), until(first), stream_text("The end."), until(last))

    model.script = script
    page.fill(COMPARE)
    page.run(0)
    expect(column(page, 1)).to_contain_text("word19")
    expect(column(page, 2)).to_contain_text("A short one.")
    expect(column(page, 3)).to_contain_text("word19")
    expect(column(page, 3)).to_contain_text("3 · temperature 1.0")
    expect(view(page).locator(".widget-hprogress")).to_have_count(1)
    expect(view(page)).to_contain_text("1 of 3 complete")
    first.set()
    expect(column(page, 1)).to_contain_text("The end.")
    last.set()
    page.wait_idle()
    (output,) = page.outputs(0)
    assert sorted(output["data"]) == ["text/html", "text/plain"]
    shown = page.output(0)
    expect(shown.locator("table tr").nth(2)).to_contain_text("A short one.")
    expect(cards(page)).to_contain_text(["1 · temperature 0.0", "A short one.", "The end."])
    assert shown.inner_text().count("The end.") == 2


def test_the_stop_button_stops_all_replies_and_keeps_the_partial_text(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    model.script = lambda _: answer(stream_text(WORDS, 0.02), until(gates[0]), stream_text("Never."))
    page.fill(COMPARE, "print([each.reply.stop for each in found])")
    page.run(0)
    for number in (1, 2, 3):
        expect(column(page, number)).to_contain_text("word19")
    view(page).get_by_role("button", name="Stop").click()
    page.wait_idle()
    table, failure = page.outputs(0)
    assert table["data"]["text/plain"].count("word19") == 3
    assert failure["evalue"] == "Replies received, whole or partial: 3."
    page.run(1)
    page.wait_idle()
    assert page.outputs(1)[0]["text"] == "['interrupted', 'interrupted', 'interrupted']\n"
