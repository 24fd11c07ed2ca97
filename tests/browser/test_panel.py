"""The panel in a real page: its controls change the next request, and settings move the controls, also after a reload."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from support.peer import Peer, obey

from browser.lab import Page, Server, Theme, copy, expect
from browser.live import answer, at, everywhere, opened, stream_text, until, waiting
from browser.test_accessibility import AXE, complaints

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

both = at(("lab", "python3"), ("notebook", "python3"))
SETUP = "%unload_ext mimo_magics\n%load_ext mimo_magics\nimport mimo_magics\n%mimo_config system=none model=mimo-v2-flash"
PANEL, ASK, CONFIG = range(1, 4)
"""Indexes of the cells below the setup."""
ACTIVE = re.compile(r"\bmod-active\b")
RESTORE_LINE = re.compile(
    r"%mimo_config base_url=http://127\.0\.0\.1:\d+/v1 model=mimo-v2-flash temperature=0\.35 system=none"
)
LAST = "%mimo_config temperature top_p max_tokens stop thinking"


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    with opened(server, browser, request.param) as page:
        yield page


@pytest.fixture(autouse=True)
def _panel_is_open(page: Page, model: Peer) -> None:
    model.script = obey
    page.fill(SETUP, "mimo_magics.panel()", "%%mimo --no-history\nhello", LAST)
    run(page, 0, PANEL)
    expect(panel(page)).to_be_visible()
    model.requests.clear()


def run(page: Page, *cells: int) -> None:
    for cell in cells:
        page.run(cell)
        page.wait_idle()


def panel(page: Page) -> Locator:
    return page.output(PANEL).locator(".mimo-panel")


def row(page: Page, name: str) -> Locator:
    return panel(page).locator(".mimo-row").filter(has=page.window.get_by_text(name, exact=True))


def default(page: Page, name: str) -> Locator:
    return row(page, name).get_by_role("button", name="default")


def readout(page: Page, name: str) -> Locator:
    return row(page, name).locator(".widget-readout")


def type_in(page: Page, name: str, value: str) -> None:
    """Type a number beside a slider."""
    readout(page, name).fill(value)
    readout(page, name).press("Enter")


def drag(page: Page, name: str, share: float) -> None:
    """Drag a slider to a share of its range."""
    handle = row(page, name).locator(".noUi-handle").bounding_box()
    track = row(page, name).locator(".noUi-base").bounding_box()
    assert handle
    assert track
    mouse, height = page.window.mouse, handle["y"] + handle["height"] / 2
    mouse.move(handle["x"] + handle["width"] / 2, height)
    mouse.down()
    mouse.move(track["x"] + share * track["width"], height, steps=5)
    mouse.up()


def value(page: Page, name: str) -> Locator:
    """Return the text below the widgets."""
    rows = page.output(PANEL).locator("tr")
    return rows.filter(has=page.window.get_by_text(name, exact=True)).locator("td").nth(1)


def send_prompt(page: Page, model: Peer) -> dict[str, Any]:
    """Send a prompt, and return the request."""
    run(page, ASK)
    return model.requests[-1].body


def typed_and_asked(page: Page, model: Peer, temperature: float) -> None:
    """Enter a temperature and send a prompt. Repeat it while the reloaded page still receives widget states."""
    for _ in range(5):
        type_in(page, "temperature", str(temperature))
        page.wait_idle()
        if send_prompt(page, model)["temperature"] == temperature:
            return
    pytest.fail(f"{temperature} was typed five times and never asked with")


def settings(page: Page) -> dict[str, list[str]]:
    """Return value and source of each setting in the table of the last cell."""
    run(page, CONFIG)
    lines = page.outputs(CONFIG)[0]["data"]["text/plain"].splitlines()[1:]
    return {line.split()[0]: line.split()[1:3] for line in lines}


MOVES = {
    "temperature": "0.35",
    "top_p": "0.5",
    "max_tokens": "1000",
    "frequency_penalty": "-1.25",
    "presence_penalty": "2",
}
SENT = {
    "temperature": 0.35,
    "top_p": 0.5,
    "max_tokens": 1_000,
    "frequency_penalty": -1.25,
    "presence_penalty": 2.0,
}


@everywhere
def test_each_slider_changes_the_next_request_and_the_settings_table(page: Page, model: Peer) -> None:
    before = send_prompt(page, model)
    assert not SENT.keys() & before.keys()
    for name, typed in MOVES.items():
        type_in(page, name, typed)
        expect(value(page, name)).to_contain_text(typed)
    assert send_prompt(page, model) == {**before, **SENT}
    table = settings(page)
    assert table["temperature"] == ["0.35", "notebook"]
    assert table["max_tokens"] == ["1000", "notebook"]


@both
def test_sliders_can_be_dragged(page: Page, model: Peer) -> None:
    drag(page, "temperature", 0.25)
    expect(value(page, "temperature")).to_have_text(re.compile("0.5|0.4[89]|0.5[12]"))
    dragged = float(value(page, "temperature").text_content() or "")
    drag(page, "max_tokens", 0)
    expect(value(page, "max_tokens")).to_have_text("1")
    drag(page, "max_tokens", 1)
    expect(value(page, "max_tokens")).to_have_text("65536")
    expect(default(page, "temperature")).not_to_have_class(ACTIVE)
    sent = send_prompt(page, model)
    assert (sent["temperature"], sent["max_tokens"]) == (dragged, 65_536)


@everywhere
def test_a_written_setting_moves_the_controls_and_default_sends_nothing(page: Page, model: Peer) -> None:
    page.edit(
        CONFIG, "%mimo_config temperature=0.333 top_p=0.2 max_tokens=1234 thinking=on stop=END system=mimo"
    )
    run(page, CONFIG)
    for name, shown in {"temperature": "0.333", "top_p": "0.2", "max_tokens": "1234"}.items():
        expect(readout(page, name)).to_have_text(shown)
        expect(default(page, name)).not_to_have_class(ACTIVE)
    expect(row(page, "thinking").get_by_role("button", name="on")).to_have_class(ACTIVE)
    expect(row(page, "stop").locator(".jupyter-widget-tag").first).to_have_text("END")
    expect(page.window.get_by_label("system")).to_have_value("MiMo English")
    for name in ("temperature", "top_p", "max_tokens"):
        default(page, name).click()
        expect(value(page, name)).to_have_text("server default")
        expect(default(page, name)).to_have_class(ACTIVE)
    assert not {"temperature", "top_p", "max_tokens"} & send_prompt(page, model).keys()


@both
def test_a_value_out_of_range_is_kept_with_a_notice(page: Page, model: Peer) -> None:
    page.edit(CONFIG, "%mimo_config temperature=5")
    run(page, CONFIG)
    expect(row(page, "temperature")).to_contain_text("5.0 is set, outside 0 to 2")
    expect(readout(page, "temperature")).to_have_text("2")
    readout(page, "temperature").focus()
    page.window.keyboard.press("Tab")
    expect(value(page, "temperature")).to_have_text("5.0")
    assert send_prompt(page, model)["temperature"] == 5.0


@both
def test_the_other_controls_change_the_next_request(page: Page, model: Peer) -> None:
    window = page.window
    window.get_by_label("model", exact=True).fill("mimo-v2-pro")
    window.get_by_label("model", exact=True).press("Enter")
    expect(value(page, "model")).to_have_text("mimo-v2-pro")
    for text in ("END", "\\n\\n"):
        row(page, "stop").get_by_role("combobox").press_sequentially(text)
        row(page, "stop").get_by_role("combobox").press("Tab")
        expect(value(page, "stop")).to_contain_text(text)
    expect(value(page, "stop")).to_have_text("END, \\n\\n")
    row(page, "thinking").get_by_role("button", name="off").click()
    window.get_by_label("system").select_option("custom")
    window.get_by_label("custom text").fill("Answer in verse.")
    window.get_by_label("custom text").blur()
    row(page, "stream").get_by_role("button", name="off").click()
    expect(value(page, "stream")).to_have_text("off")
    sent = send_prompt(page, model)
    assert sent["messages"][0] == {"role": "system", "content": "Answer in verse."}
    assert (sent["model"], sent["stop"], sent["chat_template_kwargs"]) == (
        "mimo-v2-pro",
        ["END", "\n\n"],
        {"enable_thinking": False},
    )
    assert not sent.get("stream")
    row(page, "stop").get_by_role("combobox").press("Backspace")  # by keyboard also where there are some
    expect(value(page, "stop")).to_have_text("END")
    row(page, "api").get_by_role("button", name="anthropic").click()
    expect(row(page, "presence_penalty")).to_contain_text(
        "no effect: the Anthropic format does not support penalties"
    )
    expect(page.output(PANEL).locator("tr", has_text="presence_penalty")).to_contain_text("no: the Anthropic")


@both
def test_a_task_moves_the_sliders(page: Page, model: Peer) -> None:
    type_in(page, "temperature", "0.35")
    expect(readout(page, "temperature")).to_have_text("0.35")
    panel(page).get_by_role("button", name="Code").click()
    expect(readout(page, "temperature")).to_have_text("1")
    expect(readout(page, "top_p")).to_have_text("0.95")
    sent = send_prompt(page, model)
    assert (sent["temperature"], sent["top_p"]) == (1.0, 0.95)


@both
def test_two_panels_move_together(page: Page) -> None:
    page.edit(CONFIG, "mimo_magics.panel()")
    run(page, CONFIG)
    type_in(page, "temperature", "0.35")
    other = page.output(CONFIG)
    expect(other.locator(".mimo-row", has_text="temperature").locator(".widget-readout")).to_have_text("0.35")
    expect(other.locator("table")).to_contain_text("0.35")


def reload(page: Page) -> None:
    """Reload the page, up to three times.

    JupyterLab requests the widgets from the kernel once, with a timeout of some seconds. On a busy machine it gives up,
    and «Loading widget…» stays. A user would reload the page again.
    """
    for _ in range(3):
        page.reload()
        page.wait_idle()
        with suppress(AssertionError):
            expect(panel(page)).to_be_visible(timeout=20_000)
            return


@everywhere
def test_the_widgets_work_after_a_reload(page: Page, model: Peer) -> None:
    type_in(page, "temperature", "0.35")
    expect(value(page, "temperature")).to_have_text("0.35")
    page.save()
    reload(page)
    expect(readout(page, "temperature")).to_have_text("0.35")
    typed_and_asked(page, model, 0.45)
    expect(default(page, "temperature")).not_to_have_class(ACTIVE)
    page.edit(CONFIG, "%mimo_config temperature=0.55")
    run(page, CONFIG)
    expect(readout(page, "temperature")).to_have_text("0.55")


@both
def test_a_notebook_without_a_kernel_shows_the_table_and_the_line(page: Page) -> None:
    type_in(page, "temperature", "0.35")
    expect(value(page, "temperature")).to_have_text("0.35")
    path = page.save()
    page.open(copy(path, f"kept-{page.server.kind}.ipynb").name, kernel=False)
    expect(value(page, "temperature")).to_have_text("0.35")
    line = page.output(PANEL).locator("pre", has_text="%mimo_config")
    expect(line.last).to_have_text(RESTORE_LINE)
    page.open(path.name)


@both
def test_the_line_is_inserted_below_the_next_executed_cell(page: Page) -> None:
    type_in(page, "temperature", "0.35")
    expect(value(page, "temperature")).to_have_text("0.35")
    panel(page).get_by_role("button", name="New cell with these settings").click()
    expect(panel(page).get_by_role("status").last).to_have_text(
        "The cell will be inserted below the next cell that you run."
    )
    run(page, CONFIG)
    expect(page.cell(CONFIG + 1)).to_contain_text(RESTORE_LINE)


@everywhere
def test_the_panel_works_while_a_cell_runs(page: Page, model: Peer) -> None:
    with waiting(page) as (over, *_):
        model.script = lambda _: answer(stream_text("one "), until(over), stream_text("two"))
        page.run(ASK)
        expect(page.output(ASK)).to_contain_text("one")
        type_in(page, "temperature", "0.35")
        expect(value(page, "temperature")).to_have_text("0.35")
    assert settings(page)["temperature"] == ["0.35", "notebook"]


UNNAMED = "aria-input-field-name"
"""ipywidgets gives the handles of its sliders no accessible name, and no way to set one."""


@both
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_panel_passes_axe_except_for_the_handles_of_ipywidgets(page: Page, theme: Theme) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not there: make browser")
    page.window.add_script_tag(path=AXE)
    page.theme(theme)
    page.window.get_by_label("system").select_option("custom")
    expect(page.window.get_by_label("custom text")).to_be_visible()
    found, unsure = complaints(page, PANEL)
    assert ([each for each in found if not each.startswith(UNNAMED)], unsure) == ([], [])
    assert len(found) == len(MOVES)


@both
def test_a_prompt_can_be_tried_stopped_and_added_to_the_session_in_the_panel(page: Page, model: Peer) -> None:
    prompt_box = panel(page).locator(".mimo-prompt-box")
    with waiting(page) as gates:
        model.script = lambda _: answer(
            stream_text("One two three. "), until(gates[0]), stream_text("Never.")
        )
        prompt_box.get_by_label("Prompt").fill("Count.")
        type_in(page, "temperature", "0.4")
        prompt_box.get_by_role("button", name="Run").click()
        expect(prompt_box.locator(".mimo-live")).to_contain_text("One two three.")
        expect(prompt_box.get_by_role("button", name="Run")).to_be_disabled()
        prompt_box.get_by_role("button", name="Stop").click()
        expect(prompt_box.locator(".mimo-reply")).to_contain_text("One two three.")
        expect(prompt_box).to_contain_text("stopped")
    assert model.requests[-1].body["temperature"] == 0.4
    prompt_box.get_by_role("button", name="Keep in session").click()
    expect(prompt_box).to_contain_text("Saved as turn 1 of session main.")
    model.script = obey
    page.edit(ASK, "%%mimo\nAnd then?")
    contents = [message["content"] for message in send_prompt(page, model)["messages"]]
    assert contents == ["Count.", "One two three. ", "And then?"]
