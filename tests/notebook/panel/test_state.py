"""The state of the panel, and the restore line."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from support.panel_board import OWN_PROMPT, Outputs, last_bundle, move_control, table_rows, write_setting

from mimo_magics.notebook.commands.config import run_config_command
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.panel.layout import PanelLayout
from mimo_magics.notebook.panel.panel import Panel, close_all
from mimo_magics.notebook.panel.state import (
    build_restore_line,
    escape_control_chars,
    read_panel_state,
    summary_bundle,
)
from mimo_magics.session.session import Session


def test_the_default_output_limit_is_shown(
    board: PanelLayout, config: MimoConfig, published: Outputs
) -> None:
    def max_tokens_text() -> str:
        return table_rows(last_bundle(published)["text/plain"])["max_tokens"].split("  ")[0]

    body = Session(preset="mimo-v2", system="none").draft("hi").body
    assert (max_tokens_text(), body["max_completion_tokens"]) == ("default: 128,000", 128_000)
    write_setting(config, "preset", "xiaomi")
    assert max_tokens_text() == "server default"
    assert "max_completion_tokens" not in Session(preset="xiaomi", system="none").draft("hi").body
    write_setting(config, "api", "anthropic")
    body = Session(preset="xiaomi", api="anthropic", system="none").draft("hi").body
    assert (max_tokens_text(), body["max_tokens"]) == ("default: 131,072", 131_072)


def test_the_restore_line_restores_the_values(
    board: PanelLayout, config: MimoConfig, published: Outputs
) -> None:
    for name, value in {"api": "anthropic", "max_tokens": 1024.0, "stop": ["\\n", "it's"]}.items():
        move_control(board, name, value)
    write_setting(config, "system", OWN_PROMPT)
    move_control(board, "thinking", "on")
    move_control(board, "stream", "off")
    line = last_bundle(published)["text/plain"].splitlines()[-1]
    other = MimoConfig()
    run_config_command(line.removeprefix("%mimo_config "), other)
    assert other.snapshot() == config.snapshot()


def test_the_restore_line_overrides_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, published: Outputs
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIMO_TEMPERATURE", "0.7")
    monkeypatch.setenv("MIMO_STREAM", "off")
    config = MimoConfig()
    Panel(config, InteractiveShell.instance()).open()
    config.write("temperature", "default")
    line = last_bundle(published)["text/plain"].splitlines()[-1]
    assert line == "%mimo_config temperature=default stream=off"
    other = MimoConfig()
    run_config_command(line.removeprefix("%mimo_config "), other)
    assert other.snapshot() == config.snapshot()
    close_all()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 中文", "plain 中文"),
        ("", '""'),
        ("a\n\tb", r"a\n\tb"),
        (r"a\n", r"a\\n"),
        ("\u202e", "⟨U+202E⟩"),
    ],
)
def test_a_text_is_shown_on_one_line_with_every_character_visible(text: str, shown: str) -> None:
    assert escape_control_chars(text) == shown


def test_without_changes_the_defaults_hold_and_there_is_nothing_to_restore(config: MimoConfig) -> None:
    state = read_panel_state(config)
    assert (state.model, state.host, state.error) == ("mimo-v2-pro", "api.mimo-v2.com", "")
    assert (state.changed_settings, build_restore_line(state)) == (frozenset(), "")
    assert [state.format_value(name) for name in ("model", "temperature", "stop", "stream")] == [
        "service default: mimo-v2-pro",
        "server default",
        "none",
        "on",
    ]


def test_changed_settings_are_restored_and_the_others_are_not(config: MimoConfig) -> None:
    write_setting(config, "temperature", 5.0)
    write_setting(config, "stop", ("END", "\n"))
    state = read_panel_state(config)
    assert state.changed_settings == {"temperature", "stop"}
    assert [state.is_out_of_range(name) for name in ("temperature", "top_p", "stop")] == [True, False, False]
    assert (state.format_value("stop"), state.format_range("temperature")) == (r"END, \n", "0 to 2")
    other = MimoConfig()
    run_config_command(build_restore_line(state).removeprefix("%mimo_config "), other)
    assert other.snapshot() == config.snapshot()


def test_settings_that_cannot_be_used_together_are_an_error_of_the_state(config: MimoConfig) -> None:
    write_setting(config, "base_url", "https://other.example/v1")
    write_setting(config, "preset", "local")
    assert read_panel_state(config).error == (
        "The embedded model has no base URL. Remove one of the two settings: %mimo_config --reset base_url"
    )


def test_the_restore_line_names_the_service(config: MimoConfig) -> None:
    for name, value in {"preset": "xiaomi", "base_url": "https://other.example/v1", "top_p": 0.5}.items():
        write_setting(config, name, value)
    line = build_restore_line(read_panel_state(config))
    assert line == "%mimo_config preset=xiaomi base_url=https://other.example/v1 top_p=0.5"
    other = MimoConfig()
    run_config_command(line.removeprefix("%mimo_config "), other)
    assert other.snapshot() == config.snapshot()


@pytest.mark.parametrize("base_url", ["https://me:sk-canary@host.example/v1", "nowhere?key=sk-canary"])
def test_an_invalid_base_url_is_not_in_the_restore_line(config: MimoConfig, base_url: str) -> None:
    write_setting(config, "base_url", base_url)
    write_setting(config, "top_p", 0.5)
    state = read_panel_state(config)
    assert build_restore_line(state) == "%mimo_config top_p=0.5"
    assert "canary" not in str(summary_bundle(state)).partition("?key")[0]


def test_a_value_is_sent_if_it_is_stored_or_required(config: MimoConfig) -> None:
    def sent(*names: str) -> list[bool]:
        state = read_panel_state(config)
        return [state.is_sent(name) for name in names]

    assert sent("temperature", "max_tokens", "stream") == [False, True, True]
    write_setting(config, "preset", "xiaomi")
    assert sent("temperature", "max_tokens") == [False, False]
    write_setting(config, "temperature", 0.0)
    write_setting(config, "max_tokens", 5)
    assert sent("temperature", "max_tokens") == [True, True]
