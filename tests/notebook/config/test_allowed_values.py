"""The allowed values of settings, which `%mimo_config`, the panel and errors share."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.parameter_ranges import DEFAULT_RANGES, PANEL_SETTINGS
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.config.allowed_values import (
    UNKNOWN_SERVICE,
    describe_allowed_values,
    resolve_model,
)
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.panel.state import read_panel_state


@pytest.fixture(autouse=True)
def _run_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_setting_has_its_choices_or_its_range() -> None:
    names = ("temperature", "max_tokens", "format", "quiet", "stop", "model")
    assert [describe_allowed_values(name, SERVICES["xiaomi"], "mimo-v2-flash") for name in names] == [
        "0 to 1.5",
        "1 to 65,536",
        "markdown | text | json | table | code",
        "on | off",
        "up to 4 texts",
        "",
    ]
    assert describe_allowed_values("temperature", UNKNOWN_SERVICE, "") == "0 to 2"


@pytest.mark.parametrize("preset", [*SERVICES])
@pytest.mark.parametrize("base_url", [None, "https://other.example/v1", "nowhere"])
def test_config_and_panel_show_the_same_ranges(preset: str, base_url: str | None) -> None:
    config = MimoConfig()
    config.preset, config.base_url = preset, base_url
    state = read_panel_state(config)
    shown = {row.name: row.allowed_values for row in config.describe_settings(*PANEL_SETTINGS)}
    assert shown == {name: state.format_range(name) for name in PANEL_SETTINGS}
    assert all(shown[name] for name in DEFAULT_RANGES)


def test_an_error_names_the_range_of_the_service_and_the_model() -> None:
    config = MimoConfig()
    for preset, name, expected in (
        ("local", "temperature", "a number from 0 to 2"),
        ("local", "max_tokens", "an integer from 1 to 1,024"),
        ("mimo-v2", "max_tokens", "an integer from 1 to 128,000"),
    ):
        config.preset = preset
        with pytest.raises(BadOption, match=f"^{name} must be {expected}, not 'warm'[.]$"):
            config.write(name, "warm")


def test_settings_that_no_request_can_be_sent_with_have_a_service() -> None:
    assert resolve_model(Settings(preset="nowhere")) == (UNKNOWN_SERVICE, "")
    assert resolve_model(Settings(preset="local", base_url="https://other.example"))[0] is SERVICES["local"]


def test_other_invalid_settings_do_not_hide_the_table() -> None:
    config = MimoConfig()
    # `%config` does not check this value.
    config.timeout = -1.0
    (row,) = config.describe_settings("timeout")
    assert (row.value, row.source) == (-1.0, "notebook")
