"""A reply with a schema: its items appear as rows while they stream, and the document has the whole table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from threading import Event
from typing import TYPE_CHECKING

import pytest
from support.peer import Peer, sse

from browser.lab import Page, Server, expect
from browser.live import answer, at, opened, until, view, waiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = at(("lab", "python3"))

ITEMS = [
    {"name": "Ada Lovelace", "born": 1815, "field": "mathematics", "tags": ["notes", "engine"]},
    {"name": "<img src=x onerror=alert(1)>", "born": 1906, "field": "\u202ecompilers", "tags": []},
    {"name": "Barbara Liskov", "born": "in 1939", "field": "types", "tags": ["CLU"]},
    {"name": "Frances Allen", "born": 1932, "field": "optimization", "tags": None},
]
SCHEMA = "'name, born int, field, tags list[str]?'"


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    with opened(server, browser, request.param) as page:
        yield page


@pytest.fixture
def gates(page: Page) -> Iterator[list[Event]]:
    with waiting(page) as gates:
        yield gates


def piece(text: str) -> bytes:
    return sse({"id": "1", "model": "mimo-test", "choices": [{"index": 0, "delta": {"content": text}}]})


def stream_items(gates: list[Event]) -> Iterator[bytes | float]:
    """Yield the items, the end of each only after its gate opened."""
    yield piece('{"items": [')
    for item, gate in zip(ITEMS, gates, strict=True):
        text = json.dumps(item)
        yield piece(text[:-6])
        yield from until(gate)
        yield piece(f"{text[-6:]}, ")
    yield piece("]}")


def test_items_appear_as_rows_and_become_the_table_of_the_document(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    unrepaired = [piece('{"items": [{"name": "?"}]}')]
    scripts = iter([lambda: stream_items(gates), lambda: unrepaired, lambda: unrepaired])
    model.script = lambda _: answer(chain(next(scripts)()))
    page.fill(f"%%mimo --schema {SCHEMA} --many\nWho?")
    page.run(0)
    rows = view(page).locator("tr:has(td)")
    expect(view(page)).to_contain_text("0 items so far")
    gates[0].set()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Ada Lovelace")
    gates[1].set()
    expect(rows).to_have_count(2)
    expect(view(page)).to_contain_text("2 items so far")
    assert view(page).locator("img").count() == 0
    for gate in gates:
        gate.set()
    page.wait_idle()
    document = page.output(0).locator(".mimo-reply")
    expect(document.locator("table")).to_have_count(1)
    expect(document.locator("tr:has(td)")).to_have_count(3)
    expect(document).to_contain_text("Item 3")
    expect(document.locator("details summary", has_text="Raw text")).to_have_count(1)
    assert document.locator("img").count() == 0
    box = document.locator("div[tabindex='0']:has(table)")
    box.focus()
    assert box.evaluate("it => document.activeElement === it")


def test_the_fields_of_one_object_appear_when_they_are_complete(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    parts = ['{"city": "Kyoto", "people": 14', '63723, "note"', ': "Old capital."}']
    waits = [until(gates[0]), until(gates[1]), iter(())]
    model.script = lambda _: answer(
        chain.from_iterable(chain([piece(text)], wait) for text, wait in zip(parts, waits, strict=True))
    )
    page.fill("%%mimo --schema 'city, people int, note'\nKyoto?")
    page.run(0)
    expect(view(page)).to_contain_text("Kyoto")
    expect(view(page).locator("tr:has(td)")).to_have_count(1)
    gates[0].set()
    expect(view(page)).to_contain_text("1463723")
    gates[1].set()
    page.wait_idle()
    expect(page.output(0).locator(".mimo-reply tr:has(td)")).to_have_count(3)
