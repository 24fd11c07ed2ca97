"""`--context above` with a table, a plot and a failed cell: what is sent, and the line that shows it, also in an untrusted copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.peer import Peer, Seen, reply, stream

from browser.lab import Page, Server, expect, write
from browser.live import opened_untrusted

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = "<img src=x onerror=document.title='ran'><script>document.title='ran'</script>"
CELLS = (
    "%load_ext mimo_magics",
    "import pandas as pd\ndf = pd.DataFrame({'city': ['Oslo', 'Bergen']})\ndf",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.figure(figsize=(4, 3))\nplt.plot([1, 3, 2]);",
    f"print({HOSTILE!r})",
    "'7' + 5",
    "%%mimo --model mimo-v2-omni --context above\nWhy does the last cell fail?",
    "%%mimo --model mimo-v2-omni --context above --dry-run\nWhy does the last cell fail?",
)
PROMPT_CELL, DRY_RUN_CELL = 5, 6


@pytest.fixture(scope="module")
def seen(model: Peer) -> list[Seen]:
    """Return the prompts that the server received."""
    received: list[Seen] = []

    def answer(seen: Seen) -> Any:
        received.append(seen)
        return stream(seen, reply("A string and a number.", ""))

    model.script = answer
    return received


@pytest.fixture(scope="module")
def live(server: Server, browser: Browser, seen: list[Seen]) -> Iterator[Page]:
    seen.clear()
    write(server.folder / "context.ipynb", *CELLS)
    with Page(server, browser) as page:
        page.open("context.ipynb")
        # «Run All» stops at the failed cell.
        for cell in range(len(CELLS)):
            page.run(cell)
            page.wait_idle()
        page.save()
        yield page


@pytest.fixture(params=["live", "untrusted"])
def page(request: pytest.FixtureRequest, live: Page, server: Server, browser: Browser) -> Iterator[Page]:
    """Yield the page that ran the notebook, and one of a copy that is not trusted."""
    if request.param == "live":
        yield live
        return
    with opened_untrusted(server, browser, "context.ipynb") as page:
        yield page


def test_the_cells_above_reach_the_server(live: Page, seen: list[Seen]) -> None:
    (request,) = seen
    first, picture, second = request.body["messages"][-1]["content"]
    assert first["text"].startswith("Cell [2]:\n```python\nimport pandas as pd\n")
    assert "\nAll values: Oslo, Bergen\n" in first["text"]
    assert picture["image_url"]["url"].startswith("data:image/png;base64,")
    assert f"\nOutput of cell [4]:\n```\n{HOSTILE}\n```\n" in second["text"]
    assert "\n\nCell [5] (failed with TypeError):\n```python\n'7' + 5\n```\n" in second["text"]
    assert second["text"].endswith("\n```\n\nWhy does the last cell fail?")


@pytest.mark.parametrize("cell", [PROMPT_CELL, DRY_RUN_CELL])
def test_one_line_unfolds_to_the_exact_text(page: Page, seen: list[Seen], cell: int) -> None:
    output = page.output(cell)
    line = output.locator("summary").first
    expect(line).to_contain_text("Context: cell [2], ")
    expect(line).to_contain_text("cell [5] failed, ")
    details = output.locator("details").first
    expect(details.locator("pre").first).not_to_be_visible()
    line.click()
    expect(details.locator("pre").first).to_be_visible()
    shown = "".join(details.locator("pre").nth(number).inner_text() for number in range(4))
    sent = "".join(part.get("text", "") for part in seen[0].body["messages"][-1]["content"])
    assert "".join(shown.split()) == "".join(sent.removesuffix("Why does the last cell fail?").split())
    line.click()
    expect(output.locator("img")).to_have_count(1)
    expect(output.locator("img[onerror], script")).to_have_count(0)
