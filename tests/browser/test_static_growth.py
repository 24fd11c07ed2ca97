"""A streamed reply without widgets: it grows in one output, and can be stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import repeat
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from support.peer import Answer, Peer, Seen, frames

from browser.lab import Page, Server, expect, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SLOWLY = 0.12
"""Seconds between words: slightly more than between two updates."""


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser) -> Iterator[Page]:
    setup = "%load_ext mimo_magics\n%mimo_config live=off"
    write(server.folder / "growing.ipynb", setup, "%%mimo\nhello", "print('ran')")
    with Page(server, browser) as page:
        page.open("growing.ipynb")
        page.run(0)
        page.wait_idle()
        yield page


def test_a_reply_streams_into_one_output(page: Page, model: Peer) -> None:
    """The server sends a word only after the page shows the word before it."""
    gates = {f"word{number} ": Event() for number in range(6)}

    def script(seen: Seen) -> Answer:
        return Answer(pieces(seen))

    def pieces(seen: Seen) -> Iterator[Any]:
        for word, gate in gates.items():
            yield from frames(seen, [word], gate.is_set, end=False)
        yield from frames(seen, [])

    words = list(gates)
    model.answers(script)
    seen = page.watch(1)
    page.run(1)
    for word, gate in gates.items():
        expect(page.output(1)).to_contain_text(word.strip())
        gate.set()
    assert [list(output["data"]) for output in page.outputs(1)] == [["text/html", "text/plain"]]
    page.wait_idle()
    texts = [text.partition("\n")[0].split() for text in seen() if "word" in text]
    assert len({tuple(text) for text in texts}) == 6
    assert texts == sorted(texts, key=len)
    assert texts[-1] == "".join(words).split()
    assert len(page.outputs(1)) == 1


def test_a_long_reply_is_complete_and_has_one_output(page: Page, model: Peer) -> None:
    paragraphs = [f"{number}. " + "so it goes on, " * 20 + "\n\n" for number in range(30)]
    model.answers(lambda seen: Answer(frames(seen, paragraphs, SLOWLY)))
    seen = page.watch(1)
    page.run(1)
    page.wait_idle()
    (output,) = page.outputs(1)
    assert output["data"]["text/plain"] == "".join(paragraphs)
    counts = [text.count("so it goes on") for text in seen() if "so it" in text]
    assert counts[-1] == 600
    assert counts == sorted(counts)


def test_an_interrupt_keeps_the_partial_reply_and_aborts_the_queued_cells(page: Page, model: Peer) -> None:
    model.answers(lambda seen: Answer(frames(seen, repeat("word "), SLOWLY)))
    page.run_all()
    expect(page.output(1)).to_contain_text("word word word")
    page.interrupt()
    page.wait_idle()
    assert model.settled()[-1].disconnected
    document, error = page.output(1).locator(".jp-OutputArea-output").all_inner_texts()
    # The notice is shown if an earlier test ran the cell.
    notice = r"(Replaced turn 1. The previous version is branch \d+\.\s+)?"
    assert re.fullmatch(rf"word( word)+\s+{notice}stopped · mimo-test · first token after \d.*", document)
    assert error == "Interrupted: The partial reply was saved to the session; %mimo continue resumes it."
    assert page.outputs(2) == []
    expect(page.cell(2).locator(".jp-InputPrompt")).to_have_text("[ ]:")


def test_a_restarted_kernel_replaces_the_output(page: Page, model: Peer) -> None:
    before = page.outputs(1)
    page.restart()
    assert page.outputs(1) == before
    model.answers(lambda seen: Answer(frames(seen, ["new"])))
    page.run_all()
    page.wait_idle()
    assert [output["data"]["text/plain"] for output in page.outputs(1)] == ["new"]
    expect(page.output(2)).to_have_text("ran")
