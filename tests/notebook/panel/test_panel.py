"""The panel by its widgets, which work without a page: both ways between them and the store, and what is left below."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from IPython.core.interactiveshell import InteractiveShell
from support.hostile import HOSTILE
from support.peer import Peer

import mimo_magics
from mimo_magics.core.errors import BadOption
from mimo_magics.core.parameter_ranges import (
    DEFAULT_RANGES,
    PANEL_SETTINGS,
    TASKS,
    bounds,
    default_value,
    sampling_for_task,
)
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import to_text
from mimo_magics.notebook.commands.config import run_config_command
from mimo_magics.notebook.config.store import SETTINGS, TYPE_HINTS, MimoConfig
from mimo_magics.notebook.panel.layout import INACTIVE_CLASS, PanelLayout
from mimo_magics.notebook.panel.panel import MAX_OPEN_PANELS, Panel, close_all, insert_restore_cell
from mimo_magics.notebook.panel.state import NOTHING_TO_RESTORE, escape_control_chars, read_panel_state
from mimo_magics.session.session import Session


def shell() -> InteractiveShell:
    """The present shell: other test files of the same process may have replaced it."""
    return InteractiveShell.instance()


OWN = "Answer in verse.\nAlways."
Outputs = list[dict[str, Any]]


def widget(board: PanelLayout, name: str) -> Any:
    """What a person moves; of the system prompt the choice."""
    return board.rows[name].control._binding.widget


def move(board: PanelLayout, name: str, value: Any) -> None:
    """Change a control as a page does."""
    moved = widget(board, name)
    moved.set_state({"index": moved.options.index(value)} if hasattr(moved, "index") else {"value": value})


def press(board: PanelLayout, text: str) -> None:
    """Press the button with this text."""
    (button,) = [each for each in buttons(board.root) if each.description == text]
    button.click()


def buttons(box: Any) -> list[Any]:
    inner = [found for child in getattr(box, "children", ()) for found in buttons(child)]
    return [*([box] if hasattr(box, "click") else []), *inner]


def words(board: PanelLayout, name: str) -> str:
    return board.rows[name].box.children[-1].value


def idle(board: PanelLayout) -> set[str]:
    return {name for name, row in board.rows.items() if INACTIVE_CLASS in row.box._dom_classes}


def write(config: MimoConfig, name: str, value: Any) -> None:
    config.write(name, to_text(TYPE_HINTS[name], value))


# From the controls to the store


@pytest.mark.parametrize(
    ("name", "moved", "expected"),
    [
        ("api", "anthropic", "anthropic"),
        ("model", " mimo-v2-flash ", "mimo-v2-flash"),
        ("temperature", 0.3, 0.3),
        ("temperature", 0.30000000000000004, 0.3),
        ("top_p", 0, 0.0),
        ("max_tokens", 1024.0000000000001, 1024),
        ("max_tokens", 127999.99999999994, 128_000),
        ("stop", ["END", "\\n\\n", "a\\\\b"], ["END", "\n\n", "a\\b"]),
        ("frequency_penalty", -2, -2.0),
        ("presence_penalty", 0.5, 0.5),
        ("thinking", "off", False),
        ("system", "none", "none"),
        ("system", "MiMo 中文", "mimo-zh"),
        ("stream", "off", False),
    ],
)
def test_what_is_moved_is_set_here(
    board: PanelLayout, config: MimoConfig, name: str, moved: Any, expected: Any
) -> None:
    move(board, name, moved)
    assert (getattr(config, name), config.sources[name]) == (expected, "here")
    assert type(getattr(config, name)) is type(expected)
    assert config.changed_settings.keys() == {name}


def test_each_setting_has_a_label_and_its_help(board: PanelLayout) -> None:
    assert [*board.rows] == [*PANEL_SETTINGS]
    for name in PANEL_SETTINGS:
        assert (widget(board, name).description, widget(board, name).tooltip) == (
            name,
            SETTINGS[name].metadata["help"],
        )


def test_the_service_decides_while_default_is_pressed(board: PanelLayout, config: MimoConfig) -> None:
    row = board.rows["temperature"]
    assert row.default_button
    assert (row.default_button.button.value, widget(board, "temperature").value) == (True, 1.0)
    move(board, "temperature", 0.3)
    assert (row.default_button.button.value, config.temperature) == (False, 0.3)
    row.default_button.button.set_state({"value": True})
    assert (config.temperature, widget(board, "temperature").value) == (None, 1.0)
    row.default_button.button.set_state({"value": False})
    assert (config.temperature, words(board, "temperature").partition("<")[0]) == (1.0, "0 to 2")


def test_what_is_released_stands_where_it_stood(board: PanelLayout, config: MimoConfig) -> None:
    for name in ("model", "top_p", "max_tokens", "frequency_penalty", "presence_penalty"):
        default = board.rows[name].default_button
        assert default
        default.button.set_state({"value": False})
    found = (
        config.model,
        config.top_p,
        config.max_tokens,
        config.frequency_penalty,
        config.presence_penalty,
    )
    assert found == ("mimo-v2-pro", 0.95, 128_000, 0.0, 0.0)


def test_an_own_system_prompt_begins_as_what_is_in_force(board: PanelLayout, config: MimoConfig) -> None:
    choice, own = widget(board, "system"), board.rows["system"].control._own_text.widget
    assert board.rows["system"].control.box.children == (choice,)
    move(board, "system", "own")
    assert board.rows["system"].control.box.children == (choice, own)
    assert config.system == own.value
    assert own.value.startswith("You are MiMo, an AI assistant developed by Xiaomi.\n")
    own.set_state({"value": OWN})
    assert config.system == OWN
    move(board, "system", "service default")
    assert (config.system, board.rows["system"].control.box.children) == (None, (choice,))
    move(board, "system", "own")
    assert config.system == OWN


def test_an_empty_own_prompt_is_one(board: PanelLayout, config: MimoConfig) -> None:
    move(board, "system", "none")
    move(board, "system", "own")
    assert (config.system, choice_of(board)) == ("", "own")


def choice_of(board: PanelLayout) -> str:
    return str(widget(board, "system").value)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", ["mimo-v2-pro", "mimo-v2-flash"])
def test_a_task_sets_what_is_recommended(
    board: PanelLayout, config: MimoConfig, task: Any, model: str
) -> None:
    write(config, "model", model)
    press(board, task.capitalize())
    expected = sampling_for_task(task, SERVICES["mimo-v2"], model)
    assert {name: getattr(config, name) for name in expected} == expected
    assert {config.sources[name] for name in expected} == {"here"}


def test_a_task_tells_what_it_sets_and_whether_that_acts(board: PanelLayout, config: MimoConfig) -> None:
    (code,) = [each for each in buttons(board.root) if each.description == "Code"]
    assert code.tooltip == (
        "Sets temperature 1, top_p 0.95; without effect: mimo-v2-pro sets its own while it thinks (--thinking off)"
    )
    write(config, "model", "mimo-v2-flash")
    assert code.tooltip == "Sets temperature 0.3, top_p 0.95"


# From the store to the controls


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("api", "anthropic", "anthropic"),
        ("model", "mimo-v2-flash", "mimo-v2-flash"),
        ("temperature", 0.333, 0.333),
        ("max_tokens", 1_000, 1_000.0),
        ("stop", ("\n", "\\n", "", "\u202e"), ["\\n", "\\\\n", '""', "⟨U+202E⟩"]),
        ("thinking", True, "on"),
        ("system", "mimo", "MiMo English"),
        ("system", OWN, "own"),
        ("stream", False, "off"),
    ],
)
def test_what_is_written_is_shown(
    board: PanelLayout, config: MimoConfig, name: str, value: Any, shown: Any
) -> None:
    write(config, name, value)
    assert widget(board, name).value == shown
    assert board.rows[name].control.displayed_value == value
    assert getattr(config.snapshot(), name) == value


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("temperature", 5.0, 2),
        ("temperature", -1.0, 0),
        ("max_tokens", 1_000_000, 128_000),
        ("max_tokens", 0, 1),
        ("presence_penalty", 3.0, 2),
    ],
)
def test_what_is_out_of_range_stays_as_it_is_set(
    board: PanelLayout, config: MimoConfig, name: str, value: Any, shown: float
) -> None:
    before = widget(board, name).min, widget(board, name).max
    write(config, name, value)
    assert getattr(config, name) == value
    assert widget(board, name).value == pytest.approx(shown)
    assert (widget(board, name).min, widget(board, name).max) == before
    assert words(board, name).startswith(f"{value} is set, outside ")


def test_ranges_follow_service_and_model(board: PanelLayout, config: MimoConfig) -> None:
    def ranges() -> list[str]:
        names = ("temperature", "top_p", "max_tokens")
        return [words(board, name).partition("<")[0].rpartition(" · ")[2] for name in names]

    assert ranges() == ["0 to 2", "0 to 1", "1 to 128,000"]
    write(config, "model", "mimo-v2-flash")
    assert ranges() == ["0 to 2", "0 to 1", "1 to 65,536"]
    assert widget(board, "max_tokens").max == 16
    write(config, "model", None)
    write(config, "preset", "xiaomi")
    assert ranges() == ["0 to 1.5", "0.01 to 1", "1 to 131,072"]
    assert (widget(board, "temperature").max, widget(board, "top_p").min) == (1.5, 0.01)
    assert widget(board, "model").placeholder == "mimo-v2.6-pro"
    assert "mimo-v2.6-flash" in widget(board, "model").options
    write(config, "base_url", "https://other.example/v1")
    assert ranges() == ["0 to 2", "0 to 1", "1 to 131,072"]


def test_a_bound_of_the_output_that_is_sent_unasked_is_told(
    board: PanelLayout, config: MimoConfig, published: Outputs
) -> None:
    def told() -> str:
        return rows(document(published)["text/plain"])["max_tokens"].split("  ")[0]

    body = Session(preset="mimo-v2", system="none").draft("hi").body
    assert (told(), body["max_completion_tokens"]) == ("default: 128,000 is sent", 128_000)
    write(config, "preset", "xiaomi")
    assert told() == "server default"
    assert "max_completion_tokens" not in Session(preset="xiaomi", system="none").draft("hi").body
    write(config, "api", "anthropic")
    body = Session(preset="xiaomi", api="anthropic", system="none").draft("hi").body
    assert (told(), body["max_tokens"]) == ("default: 131,072 is sent", 131_072)


def test_a_range_that_shrinks_takes_nothing_back(board: PanelLayout, config: MimoConfig) -> None:
    move(board, "temperature", 2)
    move(board, "max_tokens", 100_000)
    write(config, "preset", "xiaomi")
    write(config, "model", "mimo-v2-flash")
    assert (config.temperature, config.max_tokens) == (2.0, 100_000)
    assert widget(board, "temperature").value == 1.5
    write(config, "preset", "mimo-v2")
    assert widget(board, "temperature").value == 2.0


def test_what_does_nothing_is_marked_with_the_reason(board: PanelLayout, config: MimoConfig) -> None:
    assert idle(board) == {"temperature", "top_p"}
    assert words(board, "temperature").endswith(
        "<br>⚠ without effect: mimo-v2-pro sets its own while it thinks (--thinking off)"
    )
    move(board, "thinking", "off")
    assert idle(board) == set()
    move(board, "api", "anthropic")
    assert idle(board) == {"frequency_penalty", "presence_penalty"}
    assert words(board, "presence_penalty").endswith(
        "⚠ without effect: the Anthropic format has no penalties"
    )
    move(board, "presence_penalty", 1)
    assert config.presence_penalty == 1.0


def test_what_only_the_eye_sees_is_said_too(board: PanelLayout, config: MimoConfig) -> None:
    assert words(board, "thinking") == '<span class="mimo-unseen">server default</span>'
    write(config, "thinking", True)
    assert words(board, "thinking") == '<span class="mimo-unseen">on</span>'


def test_settings_that_nothing_can_be_asked_with_are_told(board: PanelLayout, config: MimoConfig) -> None:
    write(config, "base_url", "https://other.example/v1")
    write(config, "preset", "local")
    told = "The embedded model has no base URL. Leave one out: %mimo_config --reset base_url"
    assert f'<span role="status">{told}</span>' in said(board)
    move(board, "temperature", 0.3)
    assert config.temperature == 0.3
    config.preset = "nowhere"
    assert "There is no preset" in said(board)
    config.reset("preset", "base_url")
    assert said(board).endswith('<span role="status"></span>')


def test_what_makes_no_sense_elsewhere_is_not_the_panels_business(
    board: PanelLayout, config: MimoConfig
) -> None:
    config.timeout = -1.0  # as %config lets it be
    move(board, "temperature", 0.3)
    assert (config.temperature, said(board).endswith('<span role="status"></span>')) == (0.3, True)


def test_a_value_that_cannot_be_is_told_and_the_panel_goes_on(board: PanelLayout, config: MimoConfig) -> None:
    config.temperature = float("nan")
    assert '<span role="status">temperature cannot be nan. It is: ' in said(board)
    move(board, "temperature", 0.3)
    assert (config.temperature, said(board).endswith('<span role="status"></span>')) == (0.3, True)


def said(board: PanelLayout) -> str:
    return "".join(child.value for box in board.root.children for child in texts(box))


def texts(box: Any) -> list[Any]:
    inner = [found for child in getattr(box, "children", ()) for found in texts(child)]
    return [*([box] if "HTML" in type(box).__name__ else []), *inner]


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "api": st.sampled_from(["openai", "anthropic"]),
    "model": st.none() | st.sampled_from(["mimo-v2-flash", "other"]) | st.text(min_size=1),
    "temperature": st.none() | st.floats(-1, 3),
    "top_p": st.none() | st.floats(-1, 2),
    "max_tokens": st.none() | st.integers(-1, 10**9),
    "stop": st.lists(st.text(), max_size=5).map(tuple),
    "frequency_penalty": st.none() | st.floats(-3, 3),
    "presence_penalty": st.none() | st.floats(-3, 3),
    "thinking": st.none() | st.booleans(),
    "system": st.none() | st.sampled_from(["none", "mimo", "mimo-zh", "default"]) | st.text(),
    "stream": st.booleans(),
    "preset": st.sampled_from([*SERVICES]),
    "base_url": st.none() | st.sampled_from(["https://other.example/v1", "nowhere"]),
}
WRITTEN = st.sampled_from([*VALUES]).flatmap(lambda name: st.tuples(st.just(name), VALUES[name]))
LABEL = {
    "api": ["openai", "anthropic"],
    "thinking": ["server default", "on", "off"],
    "stream": ["on", "off"],
    "system": ["service default", "none", "MiMo English", "MiMo 中文", "own"],
}
SEEN = st.sampled_from([*PANEL_SETTINGS]).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.sampled_from(LABEL[name])
        if name in LABEL
        else st.text()
        if name == "model"
        else st.lists(st.text(min_size=1), unique=True)
        if name == "stop"
        else st.floats(0, 1).map(lambda share: ("share", share)) | st.booleans(),
    )
)


def by_hand(board: PanelLayout, name: str, what: Any) -> None:
    """Move a slider to a share of its range, press or release a default, or choose."""
    match what:
        case bool():
            default = board.rows[name].default_button
            assert default
            default.button.set_state({"value": what})
        case ("share", share):
            slider = widget(board, name)
            low, high = slider.min, slider.max
            place = low + share * (high - low)
            move(board, name, slider.base**place if hasattr(slider, "base") else place)
        case _:
            move(board, name, what)


def stands(board: PanelLayout, config: MimoConfig, name: str) -> None:
    """Check that a control shows what the store says."""
    now = read_panel_state(config)
    value, row = now.value(name), board.rows[name]
    if row.default_button:
        assert row.default_button.button.value is (value is None)
    if name in DEFAULT_RANGES:
        low, high = bounds(name, now.service, now.model)
        shown = default_value(name, now.service, now.model) if value is None else value
        assert widget(board, name).value == pytest.approx(min(max(shown, low), high))
    elif name == "model":
        assert (widget(board, name).value, widget(board, name).placeholder) == (value or "", now.model)
    elif name == "stop":
        assert widget(board, name).value == [*dict.fromkeys(map(escape_control_chars, value))]
    else:
        assert row.control.displayed_value == value
    assert (name in now.inactive_reasons) is (INACTIVE_CLASS in row.box._dom_classes)


@given(st.lists(st.tuples(st.just("store"), WRITTEN) | st.tuples(st.just("page"), SEEN), max_size=8))
def test_whoever_writes_every_control_shows_what_the_store_says(steps: list[Any]) -> None:
    config = MimoConfig()
    panel = Panel(config, shell())
    board = panel.open()
    for where, (name, what) in steps:
        if where == "store":
            write(config, name, what)
            assert getattr(config.snapshot(), name) == what
        else:
            by_hand(board, name, what)
        for each in PANEL_SETTINGS:
            stands(board, config, each)
    close_all()


def test_only_what_is_new_is_sent(config: MimoConfig, sent: list[Any], published: Outputs) -> None:
    board = Panel(config, shell()).open()
    write(config, "thinking", False)

    def states() -> list[Any]:
        found = [data["state"] for _, data in sent]
        sent.clear()
        return found

    states()
    write(config, "temperature", 0.5)
    assert states() == [{"value": 0.5}, {"value": False}, {"value": "0 to 2"}]
    write(config, "temperature", 0.6)
    assert states() == [{"value": 0.6}]
    write(config, "temperature", 0.6)
    assert states() == []
    move(board, "temperature", 0.7)
    assert states() == [{"value": 0.7}]  # which tells other views of it
    close_all()


# What is left below


def document(published: Outputs) -> dict[str, str]:
    return published[-1]["data"]


def rows(plain: str) -> dict[str, str]:
    table = plain.partition("\n")[2]
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in table.splitlines()[: len(PANEL_SETTINGS)]}


def test_below_the_widgets_stands_a_table_that_follows(
    board: PanelLayout, config: MimoConfig, published: Outputs
) -> None:
    view, table = published
    assert view["data"].keys() == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert NOTHING_TO_RESTORE in table["data"]["text/plain"]
    move(board, "temperature", 0.3)
    changed = published[-1]
    assert (changed["update"], changed["transient"]) == (True, table["transient"])
    assert rows(document(published)["text/plain"])["temperature"].split("  ")[0] == "0.3"
    assert "<pre" in document(published)["text/html"]
    assert document(published)["text/plain"].endswith("\n%mimo_config temperature=0.3")


def test_it_is_painted_only_when_it_changes(
    board: PanelLayout, config: MimoConfig, published: Outputs
) -> None:
    assert board
    config.write("temperature", "0.3")
    before = len(published)
    config.write("temperature", "0.3")
    config.write("timeout", "5")
    assert len(published) == before


def test_the_line_restores_the_values(board: PanelLayout, config: MimoConfig, published: Outputs) -> None:
    for name, value in {"api": "anthropic", "max_tokens": 1024.0, "stop": ["\\n", "it's"]}.items():
        move(board, name, value)
    write(config, "system", OWN)
    move(board, "thinking", "on")
    move(board, "stream", "off")
    line = document(published)["text/plain"].splitlines()[-1]
    other = MimoConfig()
    run_config_command(line.removeprefix("%mimo_config "), other)
    assert other.snapshot() == config.snapshot()


def test_the_line_restores_what_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, published: Outputs
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIMO_TEMPERATURE", "0.7")
    monkeypatch.setenv("MIMO_STREAM", "off")
    config = MimoConfig()
    Panel(config, InteractiveShell.instance()).open()
    config.write("temperature", "default")
    line = document(published)["text/plain"].splitlines()[-1]
    assert line == "%mimo_config temperature=default stream=off"
    other = MimoConfig()
    run_config_command(line.removeprefix("%mimo_config "), other)
    assert other.snapshot() == config.snapshot()
    close_all()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_is_set_acts_in_the_page(
    board: PanelLayout, config: MimoConfig, published: Outputs, text: str
) -> None:
    for name in ("model", "system"):
        write(config, name, text)
    write(config, "stop", (text,))
    for shown in (said(board), document(published)["text/html"]):
        tags = set(re.findall(r"<\s*([^\s>/]+)", shown.partition("</style>")[2] or shown))
        assert tags <= {"strong", "span", "br", "div", "table", "tr", "th", "td", "p", "small", "pre"}


def test_a_button_puts_the_line_into_a_new_cell(board: PanelLayout, config: MimoConfig) -> None:
    shell().rl_next_input = None
    press(board, "New cell with these settings")
    assert (shell().rl_next_input, NOTHING_TO_RESTORE in said(board)) == (None, True)
    move(board, "temperature", 0.3)
    press(board, "New cell with these settings")
    assert shell().rl_next_input == "%mimo_config temperature=0.3"
    assert '<span role="status">It comes below the next cell that you run.</span>' in said(board)
    config.reset()
    assert not insert_restore_cell(config, shell())


# Where it is shown, and how long


def test_where_nobody_watches_there_is_only_the_table(
    panel: Panel, config: MimoConfig, published: Outputs, sent: list[Any]
) -> None:
    panel.show()
    config.write("temperature", "0.3")
    (shown,) = published
    assert (shown["data"].keys(), shown.get("update"), sent) == ({"text/html", "text/plain"}, False, [])


def test_in_a_terminal_it_is_printed(
    config: MimoConfig, sent: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    Panel(config, shell()).show()
    printed = capsys.readouterr().out
    assert (printed.splitlines()[0].split(), sent) == (["setting", "value", "range", "acts"], [])


def test_several_panels_follow_the_store_and_the_oldest_are_closed(
    config: MimoConfig, published: Outputs
) -> None:
    over: list[int] = []
    boards = [
        Panel(config, shell(), on_close=lambda number=number: over.append(number)).open()
        for number in range(MAX_OPEN_PANELS + 1)
    ]
    config.write("temperature", "0.3")
    assert [widget(board, "temperature").value for board in boards] == [1.0, 0.3, 0.3, 0.3]
    assert over == [0]
    close_all()
    assert over == [0, 1, 2, 3]


def test_a_closed_panel_hears_and_says_nothing(panel: Panel, config: MimoConfig, published: Outputs) -> None:
    board = panel.open()
    panel.close()
    before = len(published)
    config.write("temperature", "0.3")
    board.rows["temperature"].control.box.value = 0.5
    panel.close()
    assert (len(published), widget(board, "temperature").comm) == (before, None)


def test_a_foot_goes_below(config: MimoConfig, published: Outputs) -> None:
    import ipywidgets

    foot = ipywidgets.VBox()
    assert Panel(config, shell(), foot).open().root.children[-1] is foot
    close_all()
    foot.close()


# The models of the service


@pytest.mark.anyio
async def test_the_list_of_the_server_comes_in_when_it_answers(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, config: MimoConfig, panel: Panel
) -> None:
    peer.models = ["new-tts", "new"]
    listing = replace(SERVICES["xiaomi"], base_urls={"openai": f"{peer.url}/v1"})
    monkeypatch.setitem(SERVICES, "xiaomi", listing)
    config.preset = "local"
    board = panel.open()
    assert widget(board, "model").options == ("mimo-local",)
    config.preset = "xiaomi"
    assert widget(board, "model").placeholder == "mimo-v2.6-pro"
    await until(lambda: widget(board, "model").options == ("new-tts", "new"))
    assert widget(board, "model").placeholder == "new"


@pytest.mark.anyio
async def test_a_server_that_does_not_tell_is_no_failure(
    peer: Peer, config: MimoConfig, panel: Panel
) -> None:
    config.base_url = f"{peer.url}/v1"
    board = panel.open()
    config.preset = "local"
    config.base_url = None
    await until(lambda: widget(board, "model").options == ("mimo-local",))
    panel.close()
    await asyncio.sleep(0)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if true():
            return
        await asyncio.sleep(0.01)
    assert true()


# By its name


def test_it_is_called_by_its_name(published: Outputs, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadOption, match="The extension is not loaded here"):
        mimo_magics.panel()
    shell().run_line_magic("load_ext", "mimo_magics")
    mimo_magics.panel()
    shell().run_line_magic("unload_ext", "mimo_magics")
    assert len(published) == 1
