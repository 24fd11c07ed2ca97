"""The controls of the panel."""

from __future__ import annotations

from typing import Any

import pytest
from support.panel_board import OWN_PROMPT, control_widget, move_control, row_note, write_setting

from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.panel.layout import PanelLayout


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
def test_a_moved_control_changes_the_setting(
    board: PanelLayout, config: MimoConfig, name: str, moved: Any, expected: Any
) -> None:
    move_control(board, name, moved)
    assert (getattr(config, name), config.sources[name]) == (expected, "notebook")
    assert type(getattr(config, name)) is type(expected)
    assert config.changed_settings.keys() == {name}


def test_the_default_button_resets_the_setting(board: PanelLayout, config: MimoConfig) -> None:
    row = board.rows["temperature"]
    assert row.default_button
    assert (row.default_button.button.value, control_widget(board, "temperature").value) == (True, 1.0)
    move_control(board, "temperature", 0.3)
    assert (row.default_button.button.value, config.temperature) == (False, 0.3)
    row.default_button.button.set_state({"value": True})
    assert (config.temperature, control_widget(board, "temperature").value) == (None, 1.0)
    row.default_button.button.set_state({"value": False})
    assert (config.temperature, row_note(board, "temperature").partition("<")[0]) == (1.0, "0 to 2")


def test_a_released_default_button_stores_the_displayed_value(board: PanelLayout, config: MimoConfig) -> None:
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


def test_a_custom_system_prompt_starts_as_the_effective_one(board: PanelLayout, config: MimoConfig) -> None:
    choice, own = control_widget(board, "system"), board.rows["system"].control._custom_text.widget
    assert board.rows["system"].control.box.children == (choice,)
    move_control(board, "system", "custom")
    assert board.rows["system"].control.box.children == (choice, own)
    assert config.system == own.value
    assert own.value.startswith("You are MiMo, an AI assistant developed by Xiaomi.\n")
    own.set_state({"value": OWN_PROMPT})
    assert config.system == OWN_PROMPT
    move_control(board, "system", "service default")
    assert (config.system, board.rows["system"].control.box.children) == (None, (choice,))
    move_control(board, "system", "custom")
    assert config.system == OWN_PROMPT


def test_an_empty_custom_prompt_is_a_value(board: PanelLayout, config: MimoConfig) -> None:
    move_control(board, "system", "none")
    move_control(board, "system", "custom")
    assert (config.system, choice_of(board)) == ("", "custom")


def choice_of(board: PanelLayout) -> str:
    return str(control_widget(board, "system").value)


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
        ("system", OWN_PROMPT, "custom"),
        ("stream", False, "off"),
    ],
)
def test_a_written_setting_is_shown(
    board: PanelLayout, config: MimoConfig, name: str, value: Any, shown: Any
) -> None:
    write_setting(config, name, value)
    assert control_widget(board, name).value == shown
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
def test_a_value_outside_the_range_stays_unchanged(
    board: PanelLayout, config: MimoConfig, name: str, value: Any, shown: float
) -> None:
    before = control_widget(board, name).min, control_widget(board, name).max
    write_setting(config, name, value)
    assert getattr(config, name) == value
    assert control_widget(board, name).value == pytest.approx(shown)
    assert (control_widget(board, name).min, control_widget(board, name).max) == before
    assert row_note(board, name).startswith(f"{value} is set, outside ")
