"""The live view: a reply streams into widgets, which the user can fold, and becomes a document in the same output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, pairwise
from threading import Event
from typing import TYPE_CHECKING

import pytest
from support.peer import Peer

from browser.lab import Page, Server, expect
from browser.live import answer, everywhere, opened, stream_reasoning, stream_text, until, view, waiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = everywhere


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    with opened(server, browser, request.param) as page:
        yield page


@pytest.fixture
def gates(page: Page) -> Iterator[list[Event]]:
    """Yield the events that streams wait for. They are set at the end of every test."""
    with waiting(page) as gates:
        yield gates


def heading(page: Page) -> Locator:
    return view(page).locator(".mimo-fold").first


def panel(page: Page) -> Locator:
    return view(page).locator(".mimo-steps").first


def unfolded(page: Page) -> list[bool]:
    """Return for each group of steps of the document whether it is unfolded."""
    details = page.output(0).locator(".mimo-reply details")
    return details.evaluate_all("all => all.map(it => it.open)")


WIDGET = "application/vnd.jupyter.widget-view+json"
SHOWN = """(output.querySelector('.mimo-live > .widget-vbox') ?? output.querySelector('.mimo-reply'))
    ?.innerText.split('\\n')[0]"""
COUNT = "output.querySelectorAll('.jp-OutputArea-child').length"


def test_text_streams_into_one_output_that_becomes_the_document(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    """The server sends a word only after the page shows the word before it."""
    words = [f"word{number} " for number in range(5)]
    text = "".join(words)
    waits = [*map(until, gates), ()]
    model.script = lambda _: answer(*chain.from_iterable(zip(map(stream_text, words), waits, strict=True)))
    page.fill("%%mimo\nhello")
    states, outputs = page.watch(0, SHOWN), page.watch(0, COUNT)
    page.run(0)
    expect(view(page)).to_contain_text("word0")
    assert [list(output["data"]) for output in page.outputs(0)] == [[WIDGET, "text/plain"]]
    for word, gate in zip(words, gates, strict=False):
        expect(view(page)).to_contain_text(word.strip())
        gate.set()
    page.wait_idle()
    grown = list(filter(None, states()))
    assert [pair for pair in pairwise(grown) if not pair[1].startswith(pair[0])] == []
    assert len(set(grown)) >= 5
    assert grown[-1] == text.strip()
    assert outputs() == [1]
    assert [list(output["data"]) for output in page.outputs(0)] == [["text/html", "text/plain"]]
    assert page.outputs(0)[0]["data"]["text/plain"] == text


LAST_WORD = """panel => {
    const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    let last = null;
    while (walker.nextNode()) last = walker.currentNode.data.trim() ? walker.currentNode : last;
    const range = document.createRange();
    range.setStart(last, last.data.trimEnd().length - 1);
    range.setEnd(last, last.data.trimEnd().length);
    const [word, box] = [range.getBoundingClientRect(), panel.getBoundingClientRect()];
    return {
        hidden: panel.scrollHeight - panel.clientHeight,
        within: word.height > 0 && word.top >= box.top && word.bottom <= box.bottom,
    };
}"""
THOUGHTS = "".join(f"Thought {number} goes on and on.\n\n" for number in range(40))


def assert_shows_its_end(panel: Locator) -> None:
    shown = panel.evaluate(LAST_WORD)
    assert shown["hidden"] > 100
    assert shown["within"]


def test_reasoning_shows_its_end_and_seconds_and_folds_before_the_text(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    reasoning_gate, text_gate, *_ = gates
    model.script = lambda _: answer(
        stream_reasoning(THOUGHTS, 0.02, 4), until(reasoning_gate), stream_text("So it is."), until(text_gate)
    )
    page.fill("%%mimo\nhello")
    page.run(0)
    expect(heading(page)).to_have_text(re.compile("Thinking… [01] s"))
    for last in ("Thought 15 goes", "Thought 30 goes", "Thought 39 goes on and on."):
        expect(panel(page)).to_contain_text(last)
        assert_shows_its_end(panel(page))
    expect(heading(page)).to_have_text("Thinking… 2 s")
    assert_shows_its_end(panel(page))
    reasoning_gate.set()
    expect(view(page)).to_contain_text("So it is.")
    expect(heading(page)).to_have_text(re.compile(r"Reasoning · \d\.\d s"))
    expect(panel(page)).to_be_hidden()
    text_gate.set()
    page.wait_idle()
    assert unfolded(page) == [False]


def test_groups_folded_by_the_user_stay_so_in_the_document(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    model.script = lambda _: answer(
        stream_reasoning("One thought.\n\n"),
        until(gates[0]),
        stream_reasoning("Another thought.\n\n"),
        until(gates[1]),
        stream_text("An answer.\n\n"),
        until(gates[2]),
        stream_reasoning("A late thought."),
        stream_text("More of the answer."),
        until(gates[3]),
    )
    page.fill("%%mimo\nhello")
    page.run(0)
    expect(panel(page)).to_contain_text("One thought.")
    heading(page).click()
    expect(panel(page)).to_be_hidden()
    gates[0].set()
    expect(panel(page)).to_contain_text("Another thought.")
    expect(panel(page)).to_be_hidden()
    gates[1].set()
    expect(view(page)).to_contain_text("An answer.")
    expect(panel(page)).to_be_hidden()
    heading(page).click()
    expect(panel(page)).to_be_visible()
    gates[2].set()
    expect(view(page)).to_contain_text("More of the answer.")
    expect(panel(page)).to_be_visible()
    expect(view(page).locator(".mimo-steps").last).to_be_hidden()
    gates[3].set()
    page.wait_idle()
    assert unfolded(page) == [True, False]


def test_math_is_typeset_in_a_finished_block_and_dollar_amounts_are_not(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    text = "It costs $5 and $6.\n\nSo $x^2$ grows.\n\n$$\\int_0^1 x\\,dx$$\n\nThe end"
    model.script = lambda _: answer(
        stream_reasoning("First $y^2$.\n\nThen"), stream_text(text), until(gates[0]), stream_text(".")
    )
    page.fill("%%mimo\nhello")
    page.run(0)
    typeset = view(page).locator("mjx-container math")
    expect(typeset).to_have_count(3)
    assert typeset.evaluate_all("all => all.map(it => it.textContent)") == ["y2", "x2", "∫01xdx"]
    expect(view(page)).to_contain_text("It costs $5 and $6.")


FORMULAS = """[...output.querySelectorAll('.mimo-live .widget-htmlmath, .mimo-live .mimo-formula')]
    .filter(each => each.checkVisibility()).length"""


def test_a_formula_replaces_its_source_when_it_is_complete(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    model.script = lambda _: answer(
        stream_text("So:\n\n$$\nx^2\n"), until(gates[0]), stream_text("+ y\n$$\n\nIt is."), until(gates[1])
    )
    page.fill("%%mimo\nhello")
    shown = page.watch(0, FORMULAS)
    page.run(0)
    expect(view(page).locator(".mimo-formula")).to_be_visible()
    gates[0].set()
    expect(view(page).locator("mjx-container")).to_be_visible()
    expect(view(page)).to_contain_text("It is.")
    assert max(shown()) == 1


LONG = """
# A heading

A paragraph with $x^2$ and `code`, which is long enough for several lines where the window is as narrow as it is \
here, and then for one more, so that the space between its lines counts, too, wherever it may come from.

- one
- two
    - three

```python
def square(x):
    return x ** 2
```

| a | b |
|---|---|
| 1 | 2 |

> A quotation.

$$\\int_0^1 x\\,dx$$

The end.
"""
MANY = "pass\n" * 60
MEASURES = """output => {
    const cell = output.closest('.jp-Cell');
    let outer = cell;
    while (outer.scrollHeight <= outer.clientHeight || getComputedStyle(outer).overflowY === 'visible')
        outer = outer.parentElement;
    const below = cell.nextElementSibling.getBoundingClientRect().top;
    return {height: output.offsetHeight, below, scrolled: outer.scrollTop};
}"""


def test_the_page_does_not_jump_when_the_document_replaces_the_live_view(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    model.script = lambda _: answer(stream_reasoning(THOUGHTS), stream_text(LONG), until(gates[0]))
    page.fill(MANY, "%%mimo\nhello", MANY)
    page.run(1)
    expect(view(page, 1)).to_contain_text("The end.")
    expect(view(page, 1).locator("mjx-container")).to_have_count(2)
    page.output(1).evaluate("output => output.scrollIntoView()")
    before = page.output(1).evaluate(MEASURES)
    gates[0].set()
    page.wait_idle()
    expect(page.output(1).locator(".mimo-reply mjx-container")).to_have_count(2)
    after = page.output(1).evaluate(MEASURES)
    assert before["scrolled"] > 100
    assert after["scrolled"] == before["scrolled"]
    assert after["height"] == pytest.approx(before["height"], abs=30)
    assert after["below"] == pytest.approx(before["below"], abs=30)


TAIL = "output.querySelector('.mimo-live > .widget-vbox > .widget-vbox:last-child > .widget-html')"
CODE = "".join(f"value_{number} = {number} * {number}\n" for number in range(1_000))
PARAGRAPH = "".join(f"And so it goes on for the {number}th time. " for number in range(540)).strip()


def squeezed(*texts: str) -> str:
    return "".join("".join(texts).split())


@pytest.mark.parametrize(
    ("text", "shown", "part"),
    [(f"```python\n{CODE}```\n", CODE, "pre"), (PARAGRAPH, PARAGRAPH, "p:not(:has(small))")],
    ids=["code", "paragraph"],
)
def test_a_huge_block_is_complete_and_streams_in_small_updates(
    page: Page, model: Peer, gates: list[Event], text: str, shown: str, part: str
) -> None:
    assert len(shown) > 20_000
    model.script = lambda _: answer(stream_text(text, 0.01, 50), until(gates[0]))
    page.fill("%%mimo\nhello")
    tails = page.watch(0, f"{TAIL}?.textContent.length")
    page.run(0)
    expect(view(page)).to_contain_text(shown[-12:].strip())
    assert squeezed(*view(page).locator(part).all_text_contents()) == squeezed(shown)
    gates[0].set()
    page.wait_idle()
    assert page.output(0).locator(f".mimo-reply {part}").text_content().strip() == shown.strip()
    assert page.outputs(0)[0]["data"]["text/plain"] == text
    assert 0 < max(filter(None, tails())) < 3_000


PARAGRAPHS = "".join(f"Paragraph {number}.\n\n" for number in range(40))
PLACE = "element => element.getBoundingClientRect().top"


def test_stop_stays_in_sight_in_a_long_reply_and_the_document_moves_nothing(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    """The reply is higher than the window, but not so high that Notebook 7 folds it."""
    model.script = lambda _: answer(
        stream_reasoning("Hm."), stream_text(PARAGRAPHS, words=8), until(gates[0])
    )
    page.fill("%%mimo\nhello", MANY)
    page.run(0)
    expect(view(page)).to_contain_text("Paragraph 39.")
    stop = view(page).get_by_role("button", name="Stop")
    for number in (5, 30, 20):
        view(page).get_by_text(f"Paragraph {number}.").evaluate("element => element.scrollIntoView()")
        expect(stop).to_be_in_viewport(ratio=1)
    before = [heading(page).evaluate(PLACE), view(page).get_by_text("Paragraph 20.").evaluate(PLACE)]
    gates[0].set()
    page.wait_idle()
    document = page.output(0).locator(".mimo-reply")
    after = [
        document.locator("summary").evaluate(PLACE),
        document.get_by_text("Paragraph 20.").evaluate(PLACE),
    ]
    assert after == pytest.approx(before, abs=2)
