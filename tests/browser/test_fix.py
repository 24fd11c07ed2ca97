"""A failed cell, `%mimo_fix` below it, and the corrected cell: three steps of a user, in a real notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from support.peer import Peer, reply, stream

from browser.lab import Page, Server, expect, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DEFINITION = 'def total(rows):\n    return sum(row["prize"] for row in rows)'
CORRECTED = DEFINITION.replace("prize", "price")
CALL = 'total([{"item": "tea", "price": 4}, {"item": "cup", "price": 7}])'
CELLS = ("%load_ext mimo_magics", DEFINITION, CALL, "%mimo_fix")
DEFINED, FAILED, FIX, NEW = 1, 2, 3, 4


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser, model: Peer) -> Iterator[Page]:
    text = f"The function reads the key `prize`, but the rows have `price`.\n\n```python\n{CORRECTED}\n```\n"
    model.script = lambda seen: stream(seen, reply(text, ""))
    write(server.folder / "fix.ipynb", *CELLS)
    with Page(server, browser) as page:
        page.open("fix.ipynb")
        for cell in range(FIX):
            page.run(cell)
            page.wait_idle()
        yield page


def test_an_error_is_corrected_in_three_steps(page: Page) -> None:
    expect(page.output(FAILED)).to_contain_text("KeyError")
    page.run(FIX)
    page.wait_idle()
    expect(page.output(FIX)).to_contain_text("The function reads the key prize, but the rows have price.")
    removed, added = page.output(FIX).locator("pre span").all()
    expect(removed).to_have_text('-    return sum(row["prize"] for row in rows)')
    expect(added).to_have_text('+    return sum(row["price"] for row in rows)')
    page.run(NEW)
    page.wait_idle()
    page.run(FAILED)
    page.wait_idle()
    expect(page.output(FAILED)).to_contain_text("11")
    notebook = json.loads(page.save().read_text(encoding="utf-8"))
    assert ["".join(cell["source"]) for cell in notebook["cells"]] == [*CELLS, CORRECTED]
