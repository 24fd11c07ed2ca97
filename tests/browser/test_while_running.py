"""Actions while a reply streams: stop it, queue cells, use widgets, reload the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from support.peer import SILENCE, Peer
from support.rules import find_fault

from browser.lab import Page, Server, expect
from browser.live import (
    PLACES,
    answer,
    at,
    everywhere,
    opened,
    stream_reasoning,
    stream_text,
    until,
    view,
    waiting,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    with opened(server, browser, request.param) as page:
        yield page


@pytest.fixture
def gates(page: Page) -> Iterator[list[Event]]:
    """Yield the events that streams wait for. They are set at the end of every test."""
    with waiting(page) as gates:
        yield gates


# Stop

WAYS = ["mouse", "Enter", "Space", "interrupt"]


def stop(page: Page, way: str) -> None:
    """Stop the reply, and wait until the kernel is idle."""
    button = view(page).get_by_role("button", name="Stop")
    button.focus()
    if way == "mouse":
        button.click()
    elif way == "interrupt":
        page.interrupt()
    else:
        page.window.keyboard.press(way)
    page.wait_idle()


def assert_stopped(page: Page, model: Peer) -> None:
    """Assert that the server saw the client disconnect, and that the next cell did not run."""
    assert model.settled()[-1].disconnected
    assert page.outputs(1) == []
    expect(page.cell(1).locator(".jp-InputPrompt")).to_have_text("[ ]:")


def texts(page: Page) -> list[str]:
    return page.output(0).locator(".jp-OutputArea-output").all_inner_texts()


def messages(page: Page, model: Peer) -> list[dict[str, Any]]:
    """Send another prompt, and return the request."""
    model.script = lambda _: answer(stream_text("Yes."))
    page.run(2)
    page.wait_idle()
    assert page.output(2).inner_text().startswith("Yes.")
    assert not find_fault(model.requests[-1].body, model.requests[-1].api)
    return model.requests[-1].body["messages"]


@everywhere
@pytest.mark.parametrize("way", WAYS)
def test_a_stopped_reply_is_kept_and_the_session_continues(page: Page, model: Peer, way: str) -> None:
    model.script = lambda _: answer(stream_reasoning("Hm."), stream_text("word " * 100_000, 0.05))
    page.fill("%%mimo --new\nhello", "print('ran')", "%%mimo\ngo on")
    page.run_all()
    expect(view(page)).to_contain_text("word word word")
    stop(page, way)
    assert_stopped(page, model)
    document, error = texts(page)
    assert re.fullmatch(r"Reasoning · \d\.\d s\s+word( word)+\s+stopped · mimo-test · [^\n]*", document)
    assert error == "Interrupted: The partial reply was saved to the session; %mimo continue resumes it."
    *_, prompt, partial, next_prompt = messages(page, model)
    assert (prompt["role"], prompt["content"]) == ("user", "hello")
    assert (partial["role"], partial["reasoning_content"]) == ("assistant", "Hm.")
    assert partial["content"].split() == re.findall("word", document)
    assert (next_prompt["role"], next_prompt["content"]) == ("user", "go on")


@everywhere
@pytest.mark.parametrize("way", ["mouse", "interrupt"])
def test_a_reply_can_be_stopped_while_the_server_is_silent(page: Page, model: Peer, way: str) -> None:
    model.script = lambda _: answer(stream_text("A word"), [SILENCE])
    page.fill("%%mimo --new\nhello", "print('ran')", "%%mimo\ngo on")
    page.run_all()
    expect(view(page)).to_contain_text("A word")
    stop(page, way)
    assert_stopped(page, model)
    document, error = texts(page)
    assert re.fullmatch(r"A word\s+stopped · mimo-test · [^\n]*", document)
    assert error == "Interrupted: The partial reply was saved to the session; %mimo continue resumes it."
    assert [message["content"] for message in messages(page, model)[-3:]] == ["hello", "A word", "go on"]


@everywhere
@pytest.mark.parametrize("way", ["mouse", "interrupt"])
def test_a_reply_can_be_stopped_before_its_first_token(page: Page, model: Peer, way: str) -> None:
    model.script = lambda _: answer([SILENCE])
    page.fill("%%mimo --new\nlost", "print('ran')", "%%mimo\ngo on")
    page.run_all()
    expect(view(page)).to_contain_text("Waiting for the model")
    stop(page, way)
    assert_stopped(page, model)
    assert "".join(texts(page)) == "Interrupted: No reply was received."
    contents = [message["content"] for message in messages(page, model)]
    assert contents[-1] == "go on"
    assert "lost" not in contents


# Other cells and widgets


@everywhere
def test_queued_cells_run_after_the_reply_in_order(page: Page, model: Peer, gates: list[Event]) -> None:
    model.script = lambda _: answer(stream_text("An answer."), until(gates[0]))
    page.fill("ran = []", "%%mimo\nhello", "ran += [_.text]", "ran += ['later']", "print(ran)")
    page.run(0)
    page.run(1)
    expect(view(page, 1)).to_contain_text("An answer.")
    for cell in (2, 3, 4):
        page.run(cell)
        expect(page.cell(cell).locator(".jp-InputPrompt")).to_have_text("[*]:")
    gates[0].set()
    page.wait_idle()
    expect(page.output(4)).to_have_text("['An answer.', 'later']")


SLIDER = """
from ipywidgets import IntSlider, Label, VBox

def moved(change):
    seen.append(change.new)
    label.value = f"The kernel saw {change.new}"

seen, slider, label = [], IntSlider(), Label()
slider.observe(moved, "value")
VBox([slider, label])
"""


def move(page: Page, value: int) -> None:
    """Enter a value into the field of the slider."""
    field = page.output(0).locator(".widget-readout")
    field.click()
    field.fill(str(value))
    field.press("Enter")


@everywhere
def test_a_slider_of_the_user_works_during_and_after_a_reply(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    model.script = lambda _: answer(stream_text("An answer."), until(gates[0]))
    page.fill(SLIDER, "%%mimo\nhello", "print(seen)")
    page.run_all()
    expect(view(page, 1)).to_contain_text("An answer.")
    for value in (10, 20, 30):
        move(page, value)
        expect(page.output(0)).to_contain_text(f"The kernel saw {value}")
    assert view(page, 1).is_visible()
    gates[0].set()
    page.wait_idle()
    expect(page.output(2)).to_have_text("[10, 20, 30]")
    move(page, 40)
    expect(page.output(0)).to_contain_text("The kernel saw 40")


LOUD = """
from IPython.display import clear_output
from ipywidgets import Button, Label, VBox

def clicked(_):
    print("printed")
    clear_output()
    display("displayed")
    label.value = "The kernel saw it"

button, label = Button(description="own"), Label()
button.on_click(clicked)
VBox([button, label])
"""


@everywhere
def test_output_of_a_handler_does_not_change_the_reply(page: Page, model: Peer, gates: list[Event]) -> None:
    model.script = lambda _: answer(
        stream_text("An answer"), until(gates[0]), stream_text(" goes on."), until(gates[1])
    )
    page.fill(LOUD, "%%mimo\nhello", "")
    page.run_all()
    expect(view(page, 1)).to_contain_text("An answer")
    page.output(0).get_by_role("button", name="own").click()
    expect(page.output(0)).to_contain_text("The kernel saw it")
    gates[0].set()
    expect(view(page, 1)).to_contain_text("An answer goes on.")
    gates[1].set()
    page.wait_idle()
    assert [output["data"]["text/plain"] for output in page.outputs(1)] == ["An answer goes on."]
    assert re.fullmatch(r"An answer goes on.\s+mimo-test · [^\n]*", page.output(1).inner_text())


# Reloads

CONNECTED_LATE = ("lab", "7.3.0")
"""Front ends in which a reloaded page is connected only after the cell: it does not know the comm of the old page."""


def reload(page: Page) -> None:
    """Save the notebook, and reload the page."""
    page.save()
    page.reload()


@at(*(place for place in PLACES if place != CONNECTED_LATE))
def test_a_reply_continues_after_a_reload_and_can_be_stopped(
    page: Page, model: Peer, gates: list[Event]
) -> None:
    model.script = lambda _: answer(
        stream_reasoning("Hm."), stream_text("One. "), until(gates[0]), stream_text("Two. "), [SILENCE]
    )
    page.fill("%%mimo\nhello")
    page.run(0)
    expect(view(page)).to_contain_text("One.")
    reload(page)
    expect(view(page)).to_contain_text("One.")
    gates[0].set()
    expect(view(page)).to_contain_text("One. Two.")
    stop(page, "mouse")
    assert model.settled()[-1].disconnected
    expect(view(page)).to_contain_text("stopped")
    expect(view(page)).to_contain_text("One. Two.")


@everywhere
def test_a_reply_is_complete_after_a_reload(page: Page, model: Peer, gates: list[Event]) -> None:
    words = "".join(f"word{number} " for number in range(300))
    model.script = lambda _: answer(
        stream_reasoning("Hm."), stream_text("One. "), until(gates[0]), stream_text(words, 0.002)
    )
    page.fill("%%mimo\nhello")
    page.run(0)
    expect(view(page)).to_contain_text("One.")
    reload(page)
    gates[0].set()
    page.wait_idle()
    expect(page.output(0)).to_contain_text(f"One. {words.strip()}")
    expect(page.output(0).get_by_role("button", name="Stop")).to_have_count(0)
