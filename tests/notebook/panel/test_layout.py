"""The layout of the panel: rows, task buttons and the status line."""

from __future__ import annotations

from typing import Any

import pytest
from support.panel_board import control_widget, move_control, panel_html, row_note, shell, write_setting

from mimo_magics.core.parameter_ranges import (
    PANEL_SETTINGS,
    TASKS,
    sampling_for_task,
)
from mimo_magics.core.services import SERVICES
from mimo_magics.notebook.config.store import SETTINGS, MimoConfig
from mimo_magics.notebook.panel.layout import INACTIVE_CLASS, UNSENT_CLASS, PanelLayout
from mimo_magics.notebook.panel.panel import insert_restore_cell
from mimo_magics.notebook.panel.state import NOTHING_TO_RESTORE


def press(board: PanelLayout, text: str) -> None:
    """Click the button with this text."""
    (button,) = [each for each in buttons(board.root) if each.description == text]
    button.click()


def buttons(box: Any) -> list[Any]:
    inner = [found for child in getattr(box, "children", ()) for found in buttons(child)]
    return [*([box] if hasattr(box, "click") else []), *inner]


def idle(board: PanelLayout) -> set[str]:
    return {name for name, row in board.rows.items() if INACTIVE_CLASS in row.box._dom_classes}


def test_each_setting_has_a_label_and_its_help(board: PanelLayout) -> None:
    assert [*board.rows] == [*PANEL_SETTINGS]
    for name in PANEL_SETTINGS:
        assert (control_widget(board, name).description, control_widget(board, name).tooltip) == (
            name,
            SETTINGS[name].metadata["help"],
        )


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", ["mimo-v2-pro", "mimo-v2-flash"])
def test_a_task_button_sets_the_recommended_values(
    board: PanelLayout, config: MimoConfig, task: Any, model: str
) -> None:
    write_setting(config, "model", model)
    press(board, task.capitalize())
    expected = sampling_for_task(task, SERVICES["mimo-v2"], model)
    assert {name: getattr(config, name) for name in expected} == expected
    assert {config.sources[name] for name in expected} == {"notebook"}


def test_a_task_button_shows_its_values_and_their_effect(board: PanelLayout, config: MimoConfig) -> None:
    (code,) = [each for each in buttons(board.root) if each.description == "Code"]
    assert code.tooltip == (
        "Set temperature 1, top_p 0.95; no effect: mimo-v2-pro uses its own values while it thinks (--thinking off)"
    )
    write_setting(config, "model", "mimo-v2-flash")
    assert code.tooltip == "Set temperature 1, top_p 0.95"


def test_ranges_follow_service_and_model(board: PanelLayout, config: MimoConfig) -> None:
    def ranges() -> list[str]:
        names = ("temperature", "top_p", "max_tokens")
        return [row_note(board, name).partition("<")[0].rpartition(" · ")[2] for name in names]

    assert ranges() == ["0 to 2", "0 to 1", "1 to 128,000"]
    write_setting(config, "model", "mimo-v2-flash")
    assert ranges() == ["0 to 2", "0 to 1", "1 to 65,536"]
    assert control_widget(board, "max_tokens").max == 16
    write_setting(config, "model", None)
    write_setting(config, "preset", "xiaomi")
    assert ranges() == ["0 to 1.5", "0.01 to 1", "1 to 131,072"]
    assert (control_widget(board, "temperature").max, control_widget(board, "top_p").min) == (1.5, 0.01)
    assert control_widget(board, "model").placeholder == "mimo-v2.6-pro"
    assert "mimo-v2.6-flash" in control_widget(board, "model").options
    write_setting(config, "base_url", "https://other.example/v1")
    assert ranges() == ["0 to 2", "0 to 1", "1 to 131,072"]


def test_a_smaller_range_does_not_change_the_value(board: PanelLayout, config: MimoConfig) -> None:
    move_control(board, "temperature", 2)
    move_control(board, "max_tokens", 100_000)
    write_setting(config, "preset", "xiaomi")
    write_setting(config, "model", "mimo-v2-flash")
    assert (config.temperature, config.max_tokens) == (2.0, 100_000)
    assert control_widget(board, "temperature").value == 1.5
    write_setting(config, "preset", "mimo-v2")
    assert control_widget(board, "temperature").value == 2.0


def test_a_setting_without_effect_shows_the_reason(board: PanelLayout, config: MimoConfig) -> None:
    assert idle(board) == {"temperature", "top_p"}
    assert row_note(board, "temperature").endswith(
        "<br>⚠ no effect: mimo-v2-pro uses its own values while it thinks (--thinking off)"
    )
    move_control(board, "thinking", "off")
    assert idle(board) == set()
    move_control(board, "api", "anthropic")
    assert idle(board) == {"frequency_penalty", "presence_penalty"}
    assert row_note(board, "presence_penalty").endswith(
        "⚠ no effect: the Anthropic format does not support penalties"
    )
    move_control(board, "presence_penalty", 1)
    assert config.presence_penalty == 1.0


def test_a_parameter_that_is_not_sent_is_marked(board: PanelLayout, config: MimoConfig) -> None:
    def unsent() -> set[str]:
        return {name for name, row in board.rows.items() if UNSENT_CLASS in row.box._dom_classes}

    sliders = {"temperature", "top_p", "frequency_penalty", "presence_penalty"}
    assert unsent() - {"model", "system", "thinking"} == sliders
    move_control(board, "temperature", 0.5)
    assert "temperature" not in unsent()
    write_setting(config, "preset", "xiaomi")
    assert "max_tokens" in unsent()


def test_the_pressed_button_is_also_text_for_screen_readers(board: PanelLayout, config: MimoConfig) -> None:
    assert row_note(board, "thinking") == '<span class="mimo-unseen">server default</span>'
    write_setting(config, "thinking", True)
    assert row_note(board, "thinking") == '<span class="mimo-unseen">on</span>'


def test_settings_that_cannot_be_used_are_an_error_in_the_status(
    board: PanelLayout, config: MimoConfig
) -> None:
    write_setting(config, "base_url", "https://other.example/v1")
    write_setting(config, "preset", "local")
    message = (
        "The embedded model has no base URL. Remove one of the two settings: %mimo_config --reset base_url"
    )
    assert f'<span role="status">{message}</span>' in panel_html(board)
    move_control(board, "temperature", 0.3)
    assert config.temperature == 0.3
    config.preset = "nowhere"
    assert "Unknown preset" in panel_html(board)
    config.reset("preset", "base_url")
    assert panel_html(board).endswith('<span role="status"></span>')


def test_invalid_settings_outside_the_panel_do_not_affect_it(board: PanelLayout, config: MimoConfig) -> None:
    config.timeout = -1.0  # as %config lets it be
    move_control(board, "temperature", 0.3)
    assert (config.temperature, panel_html(board).endswith('<span role="status"></span>')) == (0.3, True)


def test_an_invalid_value_is_reported_and_the_panel_continues(board: PanelLayout, config: MimoConfig) -> None:
    config.temperature = float("nan")
    assert '<span role="status">temperature must be a number, not nan. Sampling temperature' in panel_html(
        board
    )
    move_control(board, "temperature", 0.3)
    assert (config.temperature, panel_html(board).endswith('<span role="status"></span>')) == (0.3, True)


def test_a_button_inserts_the_restore_line(board: PanelLayout, config: MimoConfig) -> None:
    shell().rl_next_input = None
    press(board, "New cell with these settings")
    assert (shell().rl_next_input, NOTHING_TO_RESTORE in panel_html(board)) == (None, True)
    move_control(board, "temperature", 0.3)
    press(board, "New cell with these settings")
    assert shell().rl_next_input == "%mimo_config temperature=0.3"
    assert (
        '<span role="status">The cell will be inserted below the next cell that you run.</span>'
        in panel_html(board)
    )
    config.reset()
    assert not insert_restore_cell(config, shell())
