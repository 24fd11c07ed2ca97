"""`%%mimo_map` in a real notebook: progress, Stop, and a second run that goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event
from typing import TYPE_CHECKING

import pytest
from support.peer import Answer, Peer, Seen, error, reply, stream

from browser.lab import Page, Server, expect
from browser.live import at, opened, view

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = at(("lab", "python3"))

DEFINE = """import pandas as pd
texts = [f"Review {number}: it {'broke' if number % 3 else 'works'}." for number in range(60)]
reviews = pd.DataFrame({"text": texts})"""
MAP = "%%mimo_map reviews --schema 'label str' --at-once 4 --out labels\nPraise or complaint?\n\n{text}"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    with opened(server, browser, request.param) as page:
        yield page


class Reviewer:
    """A server that labels 20 reviews, and waits with the others until its gate opens."""

    def __init__(self) -> None:
        self.gate = Event()
        self.count = 0

    def __call__(self, seen: Seen) -> Answer:
        self.count += 1
        if "Review 7:" in seen.prompt:
            return error(400, f"not allowed {HOSTILE}")
        label = "complaint" if "broke" in seen.prompt else f"praise {HOSTILE}"
        answer = stream(seen, reply(json.dumps({"label": label}), ""))
        if self.count <= 20:
            return answer
        return Answer([self.gate.is_set, *answer.pieces], headers=answer.headers)


def test_a_run_shows_its_progress_is_stopped_and_goes_on(page: Page, model: Peer) -> None:
    reviewer = Reviewer()
    model.script = reviewer
    page.fill(DEFINE)
    page.run(0)
    page.wait_idle()
    page.fill(MAP)
    page.run(0)
    live = view(page)
    expect(live).to_contain_text("20 of 60 rows, 1 failed")
    expect(live).to_contain_text("complaint")
    assert live.locator("img").count() == 0
    live.get_by_role("button", name="Stop").click()
    page.wait_idle()
    output = page.output(0)
    expect(output).to_contain_text("19 of 60 rows have a value, 41 failed")
    expect(output).to_contain_text("Interrupted: 19 rows have a result.")
    expect(output).to_contain_text("The results are saved. Run the cell again to go on.")
    reviewer.gate.set()
    sent = len(model.requests)
    page.run(0)
    page.wait_idle()
    expect(output).to_contain_text("59 of 60 rows have a value, 1 failed, 19 reused")
    assert len(model.requests) - sent == 41
    document = output.locator(".mimo-reply")
    expect(document.locator("table").first).to_contain_text("complaint")
    expect(document).to_contain_text("✗ HTTP 400 Bad Request: not allowed")
    assert document.locator("img").count() == 0
