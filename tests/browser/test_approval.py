"""Approvals of tool calls in a real page."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.peer import Answer, Peer, Seen, finish, sse
from support.rules import find_fault

from browser.lab import Page, Server, expect
from browser.live import answer, at, opened, stream_reasoning, stream_text, view

if TYPE_CHECKING:
    from playwright.sync_api import Browser

somewhere = at(("lab", "python3"), ("lab", "6.31.0"), ("notebook", "python3"))
TOOL = """import mimo_magics, threading
from mimo_magics.tools.registry import REGISTERED_TOOLS
REGISTERED_TOOLS.clear()
ran, returned = [], []
if "go_on" in globals():
    go_on.set()
go_on = threading.Event()

@mimo_magics.tool
def weather(city: str, waits: bool = False) -> str:
    "Tell the weather of a city."
    ran.append(city)
    if waits:
        go_on.wait()
    returned.append(city)
    return f"Rain in {city}." """


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    with opened(server, browser, request.param) as page:
        yield page


def calls(arguments: str = '{"city": "Tokyo"}') -> Any:
    """Call the tool, and reply when the result is there."""

    def script(seen: Seen) -> Answer:
        assert not find_fault(seen.body, seen.api)
        if seen.body["messages"][-1]["role"] == "tool":
            return answer(stream_text("Take an umbrella."))
        call = {"index": 0, "id": "c1", "function": {"name": "weather", "arguments": arguments}}
        delta = {"id": "1", "model": "mimo-test", "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
        return Answer([*stream_reasoning("Hm."), sse(delta), finish("tool_calls"), b"data: [DONE]\n\n"])

    return script


def ask(page: Page, model: Peer, arguments: str = '{"city": "Tokyo"}') -> None:
    """Start a turn with a call that waits for its approval."""
    model.script = calls(arguments)
    model.requests.clear()
    page.fill(TOOL, "%%mimo --new\nUmbrella?", "print(ran)", "%%mimo\nAnd now?", "print(returned)")
    page.run(0)
    page.wait_idle()
    page.run(1)
    expect(button(page, "Refuse")).to_be_visible()


def button(page: Page, text: str) -> Any:
    return view(page, 1).get_by_role("button", name=re.compile(rf"(^|\W){text}$"))  # an icon stands before it


def ran(page: Page) -> str:
    page.run(2)
    page.wait_idle()
    return page.output(2).inner_text().strip()


def tool_result(model: Peer) -> str:
    """Return the tool result that the model received."""
    return next(m["content"] for m in reversed(model.requests[-1].body["messages"]) if m["role"] == "tool")


@somewhere
@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_a_call_runs_after_its_approval(page: Page, model: Peer, way: str) -> None:
    ask(page, model)
    expect(view(page, 1)).to_contain_text('"city": "Tokyo"')
    if way == "mouse":
        button(page, "Approve").click()
    else:
        button(page, "Approve").focus()
        page.window.keyboard.press("Enter")
    page.wait_idle()
    document = page.output(1)
    expect(document.locator("summary").first).to_have_text(
        re.compile(r"^Reasoning · \d\.\d s · called weather$")
    )
    expect(document).to_contain_text("Take an umbrella.")
    assert (ran(page), tool_result(model)) == ("['Tokyo']", "Rain in Tokyo.")


@somewhere
def test_a_refused_call_does_not_run_and_the_model_receives_the_reason(page: Page, model: Peer) -> None:
    ask(page, model)
    view(page, 1).get_by_role("textbox").fill("it is late")
    view(page, 1).get_by_role("textbox").blur()
    button(page, "Refuse").click()
    page.wait_idle()
    assert (ran(page), tool_result(model)) == ("[]", "The user refused this call: it is late")


@somewhere
def test_a_tool_approved_for_the_session_needs_no_further_approval(page: Page, model: Peer) -> None:
    ask(page, model)
    button(page, "Approve for this session").click()
    page.wait_idle()
    model.script = calls('{"city": "Rome"}')
    page.run(3)
    page.wait_idle()
    assert ran(page) == "['Tokyo', 'Rome']"


@somewhere
@pytest.mark.parametrize("way", ["button", "interrupt"])
def test_stopping_while_a_call_waits_runs_nothing_and_the_session_continues(
    page: Page, model: Peer, way: str
) -> None:
    ask(page, model)
    page.interrupt() if way == "interrupt" else button(page, "Stop").click()
    page.wait_idle()
    assert len(model.requests) == 1
    assert ran(page) == "[]"
    model.script = lambda _: answer(stream_text("Yes."))
    page.run(3)
    page.wait_idle()
    assert tool_result(model) == "The user stopped this call before it ran."
    assert not find_fault(model.requests[-1].body, "openai")


@somewhere
def test_a_call_that_waits_too_long_is_refused_and_stops_run_all(page: Page, model: Peer) -> None:
    model.script = calls()
    page.fill(TOOL, "%mimo_config approval_timeout=0.5", "%%mimo --new\nUmbrella?", "print(ran)")
    page.run_all()
    page.wait_idle()
    expect(page.output(2)).to_contain_text("ApprovalTimeout: Approval timed out after 0.5 s")
    assert page.outputs(3) == []
    page.fill("%mimo_config approval_timeout=default")
    page.run(0)
    page.wait_idle()


@somewhere
def test_an_interrupt_ends_a_running_tool_at_once(page: Page, model: Peer) -> None:
    """The tool returns only when the next test allows it."""
    ask(page, model, '{"city": "Tokyo", "waits": true}')
    button(page, "Approve").click()
    expect(view(page, 1)).to_contain_text("running")
    page.interrupt()
    page.wait_idle()
    page.run(4)
    page.wait_idle()
    assert page.output(4).inner_text().strip() == "[]"
    expect(page.output(1).locator(".mimo-reply")).to_contain_text("stopped")
    page.output(1).locator("summary").first.click()
    page.output(1).locator("summary").nth(1).click()
    expect(page.output(1)).to_contain_text("It may still have effects")


@somewhere
def test_a_call_that_waits_during_a_reload_still_needs_its_approval(page: Page, model: Peer) -> None:
    ask(page, model)
    page.save()
    page.reload()
    expect(button(page, "Approve")).to_be_visible()
    time.sleep(0.5)
    assert len(model.requests[-1].body["messages"]) == 1
    button(page, "Approve").click()
    expect(view(page, 1)).to_contain_text("Take an umbrella.")
    page.wait_idle()
    assert ran(page) == "['Tokyo']"


@somewhere
def test_a_long_call_can_be_approved_only_after_it_is_opened(page: Page, model: Peer) -> None:
    ask(page, model, '{"city": "' + "a" * 4_000 + ' rm -rf ~"}')
    expect(button(page, "Approve")).to_be_disabled()
    expect(view(page, 1)).not_to_contain_text("rm -rf")
    button(page, "more characters").click()
    expect(view(page, 1)).to_contain_text("rm -rf")
    expect(button(page, "Approve")).to_be_enabled()
    button(page, "Refuse").click()
    page.wait_idle()
