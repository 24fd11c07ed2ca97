"""Accessibility: the live view and the document pass axe-core, and everything works with the keyboard.

`make browser` fetches axe-core from npm: https://github.com/dequelabs/axe-core
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.paths import ROOT
from support.peer import Answer, Peer, Seen, finish, sse

from browser.lab import Page, Server, Theme, expect, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser

AXE = ROOT / "build" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHECK = """([place, rules]) => axe.run(place, {runOnly: rules})
    .then(({violations, incomplete}) => [violations, incomplete].map(found => found.flatMap(
        rule => rule.nodes.map(node => `${rule.id}: ${node.target} ${node.failureSummary}`))))"""

REASONING = "First I **think**: $y^2$.\n\n" + "A thought that takes its time. " * 60
ANSWER = """## A heading

Words, `code` and [a link](https://example.org/).

- one
- two

```python
def square(x):  # of x
    return "text", x ** 2
```

| name | value |
|:-----|------:|
| one  |     1 |

So $x^2$ grows. שלום עולם. 你好，世界。

"""
HOLD = 60.0
TABLES = (
    "%%mimo_compare --no-history --temperature 0 1\ncompared",
    "%mimo_compare diff 1 2",
    "%mimo_config temperature=0.3\n%mimo_config",
    "%mimo_panel",
    "%mimo_usage",
    "%mimo_session show",
    "%mimo_session list",
    "%mimo_session branches",
    "%mimo_models",
    "%mimo_tools",
    "%mimo_tape",
    "%%mimo --dry-run\nExplain {typo}.",
)


def chunk(**delta: Any) -> bytes:
    return sse({"id": "1", "model": "mimo-v2-pro", "choices": [{"index": 0, "delta": delta}]})


def script(seen: Seen) -> Answer:
    """Reply with reasoning, text and a tool call, or stay silent if the prompt asks for it. A comparison gets text only."""
    if seen.prompt == "compared":
        text = f"{ANSWER}{seen.body['temperature']}"
        return Answer([chunk(content=text), finish(), b"data: [DONE]\n\n"])
    call = {"index": 0, "id": "c1", "function": {"name": "clock", "arguments": '{"zone": "UTC"}'}}
    pieces = [chunk(reasoning_content=REASONING), "thinking", chunk(content=ANSWER), "answering"]
    pieces += [chunk(tool_calls=[call]), "calling", finish("tool_calls"), b"data: [DONE]\n\n"]
    held = {seen.prompt: HOLD}
    return Answer(held.get(piece, 0.0) if isinstance(piece, str) else piece for piece in pieces)


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser, model: Peer) -> Iterator[Page]:
    if not AXE.is_file():
        pytest.skip("axe-core is not there: make browser")
    states = [f"%%mimo --no-history\n{state}" for state in ("thinking", "answering", "calling", "rest")]
    write(server.folder / "accessible.ipynb", "%load_ext mimo_magics", *states, *TABLES)
    with Page(server, browser) as page:
        page.open("accessible.ipynb")
        page.window.add_script_tag(path=AXE)
        page.run(0)
        page.wait_idle()
        model.script = script
        yield page


def complaints(page: Page, cell: int) -> list[list[str]]:
    """Return the violations that axe finds in an output, and those that it is not sure of."""
    place = page.output(cell).evaluate("output => { output.id = 'looked-at'; return '#looked-at'; }")
    found = page.window.evaluate(CHECK, [place, RULES])
    page.output(cell).evaluate("output => output.removeAttribute('id')")
    return found


FIRST_TABLE = 5
NAMELESS_HANDLE = "aria-input-field-name:"
"""The rule that the handle of a slider of ipywidgets breaks: no property of the widget gives it a name."""
STATES = {"thinking": "A thought", "answering": "你好", "calling": "clock("}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("cell", "state"), [*enumerate(STATES, 1)], ids=[*STATES])
def test_the_live_view_passes_axe(page: Page, cell: int, state: str, theme: Theme) -> None:
    page.theme(theme)
    page.run(cell)
    expect(page.output(cell).locator(".mimo-live")).to_contain_text(STATES[state])
    try:
        assert complaints(page, cell) == [[], []]
    finally:
        page.interrupt()
        page.wait_idle()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_document_passes_axe(page: Page, theme: Theme) -> None:
    page.theme(theme)
    page.run(4)
    page.wait_idle()
    document = page.output(4).locator(".mimo-reply")
    document.evaluate("document => document.querySelectorAll('details').forEach(each => each.open = true)")
    expect(document.locator("mjx-container").first).to_be_visible()
    assert complaints(page, 4) == [[], []]


@pytest.fixture(scope="module")
def tables(page: Page) -> Page:
    """The page after the cells with tables have run."""
    for number in range(len(TABLES)):
        page.run(FIRST_TABLE + number)
        page.wait_idle()
    return page


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("number", range(len(TABLES)), ids=[line.split("\n")[0] for line in TABLES])
def test_every_table_and_panel_passes_axe(tables: Page, number: int, theme: Theme) -> None:
    tables.theme(theme)
    output = tables.output(FIRST_TABLE + number)
    output.evaluate("output => output.querySelectorAll('details').forEach(each => each.open = true)")
    violations, unsure = complaints(tables, FIRST_TABLE + number)
    assert ([each for each in violations if not each.startswith(NAMELESS_HANDLE)], unsure) == ([], [])
