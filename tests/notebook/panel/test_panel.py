"""The panel by its widgets, which work without a page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.hostile import HOSTILE
from support.panel_board import (
    Outputs,
    control_widget,
    last_bundle,
    move_control,
    panel_html,
    shell,
    table_rows,
    write_setting,
)

import mimo_magics
from mimo_magics.core.errors import BadOption
from mimo_magics.core.parameter_ranges import (
    DEFAULT_RANGES,
    PANEL_SETTINGS,
    bounds,
    default_value,
)
from mimo_magics.core.services import SERVICES
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.panel.layout import INACTIVE_CLASS, UNSENT_CLASS, PanelLayout
from mimo_magics.notebook.panel.panel import MAX_OPEN_PANELS, Panel, close_all
from mimo_magics.notebook.panel.state import NOTHING_TO_RESTORE, escape_control_chars, read_panel_state

# From the store to the controls


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
    "system": ["service default", "none", "MiMo English", "MiMo 中文", "custom"],
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
    """Move a slider, click a default button, or choose a value."""
    match what:
        case bool():
            default = board.rows[name].default_button
            assert default
            default.button.set_state({"value": what})
        case ("share", share):
            slider = control_widget(board, name)
            low, high = slider.min, slider.max
            place = low + share * (high - low)
            move_control(board, name, slider.base**place if hasattr(slider, "base") else place)
        case _:
            move_control(board, name, what)


def check_control(board: PanelLayout, config: MimoConfig, name: str) -> None:
    """Check that a control shows the stored value."""
    now = read_panel_state(config)
    value, row = now.value(name), board.rows[name]
    if row.default_button:
        assert row.default_button.button.value is (value is None)
    if name in DEFAULT_RANGES:
        low, high = bounds(name, now.service, now.model)
        shown = default_value(name, now.service, now.model) if value is None else value
        assert control_widget(board, name).value == pytest.approx(min(max(shown, low), high))
    elif name == "model":
        assert (control_widget(board, name).value, control_widget(board, name).placeholder) == (
            value or "",
            now.model,
        )
    elif name == "stop":
        assert control_widget(board, name).value == [*dict.fromkeys(map(escape_control_chars, value))]
    else:
        assert row.control.displayed_value == value
    assert (name in now.inactive_reasons) is (INACTIVE_CLASS in row.box._dom_classes)
    assert now.is_sent(name) is (UNSENT_CLASS not in row.box._dom_classes)


@given(st.lists(st.tuples(st.just("store"), WRITTEN) | st.tuples(st.just("page"), SEEN), max_size=8))
def test_every_control_shows_the_stored_value_whatever_wrote_it(steps: list[Any]) -> None:
    config = MimoConfig()
    panel = Panel(config, shell())
    board = panel.open()
    for source, (name, what) in steps:
        if source == "store":
            write_setting(config, name, what)
            assert getattr(config.snapshot(), name) == what
        else:
            by_hand(board, name, what)
        for each in PANEL_SETTINGS:
            check_control(board, config, each)
    close_all()


def test_only_changes_are_sent(config: MimoConfig, sent: list[Any], published: Outputs) -> None:
    board = Panel(config, shell()).open()
    write_setting(config, "thinking", False)

    def states() -> list[Any]:
        found = [data["state"] for _, data in sent]
        sent.clear()
        return found

    states()
    write_setting(config, "temperature", 0.5)
    assert states() == [
        {"value": 0.5},
        {"value": False},
        {"value": "0 to 2"},
        {"_dom_classes": ("mimo-row",)},
    ]
    write_setting(config, "temperature", 0.6)
    assert states() == [{"value": 0.6}]
    write_setting(config, "temperature", 0.6)
    assert states() == []
    move_control(board, "temperature", 0.7)
    # The message is for the other views.
    assert states() == [{"value": 0.7}]
    close_all()


# The table below the widgets


def test_the_table_below_the_widgets_follows_the_store(
    board: PanelLayout, config: MimoConfig, published: Outputs
) -> None:
    view, table = published
    assert view["data"].keys() == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert NOTHING_TO_RESTORE in table["data"]["text/plain"]
    move_control(board, "temperature", 0.3)
    changed = published[-1]
    assert (changed["update"], changed["transient"]) == (True, table["transient"])
    assert table_rows(last_bundle(published)["text/plain"])["temperature"].split("  ")[0] == "0.3"
    assert "<pre" in last_bundle(published)["text/html"]
    assert last_bundle(published)["text/plain"].endswith("\n%mimo_config temperature=0.3")


def test_the_table_is_folded_beside_the_widgets_and_the_restore_line_is_not(
    board: PanelLayout, config: MimoConfig, published: Outputs
) -> None:
    move_control(board, "temperature", 0.3)
    folded, _, line = last_bundle(published)["text/html"].partition("</details>")
    assert folded.startswith(
        '<div class="mathjax_ignore tex2jax_ignore"><details><summary dir="auto">Table of values</summary><table>'
    )
    assert line.endswith("%mimo_config temperature=0.3</pre></div>")


def test_the_table_is_painted_only_when_it_changes(
    board: PanelLayout, config: MimoConfig, published: Outputs
) -> None:
    assert board
    config.write("temperature", "0.3")
    before = len(published)
    config.write("temperature", "0.3")
    config.write("timeout", "5")
    assert len(published) == before


ALLOWED_TAGS = {
    *("strong", "span", "br", "div", "table", "thead", "tr", "th", "td"),
    *("p", "small", "pre", "details", "summary"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_settings_are_text_in_the_page(
    board: PanelLayout, config: MimoConfig, published: Outputs, text: str
) -> None:
    for name in ("model", "system", "base_url"):
        write_setting(config, name, text)
    write_setting(config, "stop", (text,))
    for shown in (panel_html(board), last_bundle(published)["text/html"]):
        tags = set(re.findall(r"<\s*([^\s>/]+)", shown.partition("</style>")[2] or shown))
        assert tags <= ALLOWED_TAGS


# Targets and lifetime


def test_an_unattended_run_gets_only_the_table(
    panel: Panel, config: MimoConfig, published: Outputs, sent: list[Any]
) -> None:
    panel.show()
    config.write("temperature", "0.3")
    (shown,) = published
    assert "<details" not in shown["data"]["text/html"]
    assert (shown["data"].keys(), shown.get("update"), sent) == ({"text/html", "text/plain"}, False, [])


def test_a_terminal_prints_the_table(
    config: MimoConfig, sent: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    Panel(config, shell()).show()
    printed = capsys.readouterr().out
    assert (printed.splitlines()[0].split(), sent) == (
        ["setting", "value", "range", "has", "an", "effect"],
        [],
    )


def test_several_panels_follow_the_store_and_the_oldest_are_closed(
    config: MimoConfig, published: Outputs
) -> None:
    over: list[int] = []
    boards = [
        Panel(config, shell(), on_close=lambda number=number: over.append(number)).open()
        for number in range(MAX_OPEN_PANELS + 1)
    ]
    config.write("temperature", "0.3")
    assert [control_widget(board, "temperature").value for board in boards] == [1.0, 0.3, 0.3, 0.3]
    assert over == [0]
    close_all()
    assert over == [0, 1, 2, 3]


def test_a_closed_panel_does_not_follow_the_store(
    panel: Panel, config: MimoConfig, published: Outputs
) -> None:
    board = panel.open()
    panel.close()
    before = len(published)
    config.write("temperature", "0.3")
    board.rows["temperature"].control.box.value = 0.5
    panel.close()
    assert (len(published), control_widget(board, "temperature").comm) == (before, None)


def test_the_footer_is_below_the_controls(config: MimoConfig, published: Outputs) -> None:
    import ipywidgets

    foot = ipywidgets.VBox()
    assert Panel(config, shell(), foot).open().root.children[-1] is foot
    close_all()
    foot.close()


# The magic


def test_mimo_panel_opens_the_panel(
    published: Outputs, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadOption, match="The extension is not loaded"):
        mimo_magics.panel()
    shell().run_line_magic("load_ext", "mimo_magics")
    mimo_magics.panel()
    shell().run_line_magic("unload_ext", "mimo_magics")
    assert len(published) == 1
