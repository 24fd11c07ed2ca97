"""The one store of settings."""

from dataclasses import fields
from typing import get_type_hints

import pytest
from traitlets.config import Config

from mimo_magics.cell import SETTINGS
from mimo_magics.config import MimoConfig
from mimo_magics.errors import BadOption
from mimo_magics.settings import Options, Settings


def test_the_store_the_value_and_the_keyword_arguments_have_the_same_fields() -> None:
    names = {field.name for field in fields(Settings)}
    assert set(MimoConfig.class_own_traits(config=True)) == names
    assert get_type_hints(Options) == get_type_hints(Settings)


def test_every_option_of_a_cell_stands_for_a_setting() -> None:
    longest = {
        max(option.flags[:1] if option.flags[0] == "--stream" else option.flags, key=len)
        for option in SETTINGS
    }
    assert {flag.removeprefix("--").replace("-", "_") for flag in longest} <= {
        field.name for field in fields(Settings)
    }


def test_the_defaults_are_written_in_one_place() -> None:
    assert MimoConfig().snapshot() == Settings()


def test_the_environment_is_weaker_than_the_configuration_and_that_than_what_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIMO_PRESET", "local")
    monkeypatch.setenv("MIMO_TEMPERATURE", "0.25")
    monkeypatch.setenv("MIMO_THINKING", "off")
    config = MimoConfig(config=Config(MimoConfig={"temperature": 0.5, "model": "m"}))
    assert config.snapshot() == Settings(preset="local", temperature=0.5, thinking=False, model="m")
    config.write("temperature", "1")
    assert config.snapshot().temperature == 1.0


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("api", "anthropic", "anthropic"),
        ("temperature", "0.2", 0.2),
        ("temperature", "None", None),
        ("max_tokens", "100", 100),
        ("thinking", "on", True),
        ("thinking", "off", False),
        ("thinking", "none", None),
        ("stream", "off", False),
        ("system", "Be brief.", "Be brief."),
        ("auth", "api-key", "api-key"),
    ],
)
def test_settings_are_written_as_text(name: str, text: str, value: object) -> None:
    config = MimoConfig()
    config.write(name, text)
    assert getattr(config.snapshot(), name) == value


@pytest.mark.parametrize(
    ("name", "text", "message", "hint"),
    [
        ("temprature", "1", "There is no setting 'temprature'.", "Did you mean temperature?"),
        ("temperature", "warm", "temperature cannot be 'warm'.", "How freely words are chosen, 0 to 1.5."),
        ("api", "gemini", "api cannot be 'gemini'.", "The format of the API."),
        ("max_tokens", "1.5", "max_tokens cannot be '1.5'.", "Upper bound of the output in tokens."),
        ("thinking", "maybe", "thinking cannot be 'maybe'.", "Reason before answering: on or off."),
    ],
)
def test_a_wrong_setting_is_an_error_that_helps(name: str, text: str, message: str, hint: str) -> None:
    with pytest.raises(BadOption) as error:
        MimoConfig().write(name, text)
    assert (str(error.value), error.value.hint) == (message, hint)


def test_a_key_is_no_setting() -> None:
    with pytest.raises(BadOption, match="There is no setting 'api_key'"):
        MimoConfig().write("api_key", "sk-canary")
