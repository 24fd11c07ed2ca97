"""The options of a cell, made from the list of settings."""

from argparse import ArgumentTypeError
from dataclasses import fields
from typing import get_args, get_type_hints

import pytest
from support.paths import ROOT

from mimo_magics.core.setting_values import from_text, parse_on_off
from mimo_magics.core.settings import COMPARABLE_SETTINGS, OnOff, Options, Settings
from mimo_magics.notebook.argument_parser import parse_options
from mimo_magics.notebook.options import COMPARISON_OPTIONS, OPTIONS

PARAMETERS_PAGE = ROOT / "docs" / "parameters.md"


def parse(*arguments: str) -> dict[str, object]:
    values = vars(parse_options("%%mimo", arguments))
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ([], {}),
        (
            ["-m", "x", "--api", "anthropic", "--preset", "local"],
            {"model": "x", "api": "anthropic", "preset": "local"},
        ),
        (
            ["-t", "0.5", "--top-p", "1", "--max-tokens", "7"],
            {"temperature": 0.5, "top_p": 1.0, "max_tokens": 7},
        ),
        (["--stop", "END", "--stop", "STOP"], {"stop": ["END", "STOP"]}),
        (
            ["--frequency-penalty=-1", "--presence-penalty=2"],
            {"frequency_penalty": -1.0, "presence_penalty": 2.0},
        ),
        (["--thinking", "on"], {"thinking": True}),
        (["--thinking", "off"], {"thinking": False}),
        (["--json", "-q", "-f", "json"], {"json": True, "quiet": True, "format": "json"}),
        (["--no-stream"], {"stream": False}),
        (["--stream"], {"stream": True}),
        (["--base-url", "http://x", "--timeout", "9"], {"base_url": "http://x", "timeout": 9.0}),
        (
            ["--param", "seed=1", "--param", 'user={"id": "a"}', "--param", "note=a b"],
            {"param": {"seed": 1, "user": {"id": "a"}, "note": "a b"}},
        ),
        (
            ["--no-history", "--new", "--raw", "-o", "x"],
            {"keep": False, "new": True, "raw": True, "out": "x"},
        ),
    ],
)
def test_only_given_options_are_set(arguments: list[str], given: dict[str, object]) -> None:
    assert parse(*arguments) == given


def test_keyword_arguments_have_the_fields_and_the_types_of_the_settings() -> None:
    accepted = {
        name: hint | OnOff if bool in (hint, *get_args(hint)) else hint
        for name, hint in get_type_hints(Settings).items()
    }
    assert get_type_hints(Options) == accepted


def test_no_setting_is_an_api_key() -> None:
    assert [setting.name for setting in fields(Settings) if "key" in setting.name] == []


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("model", "x", "x"),
        ("model", "default", None),
        ("system", "none", "none"),
        ("preset", "default", "default"),
        ("thinking", "default", None),
        ("temperature", "1", 1.0),
        ("temperature", "none", None),
        ("max_tokens", "7", 7),
        ("thinking", "off", False),
        ("stream", "ON", True),
        ("stop", "END", ("END",)),
        ("stop", '["a", "b"]', ("a", "b")),
        ("stop", "[]", ()),
        ("param", '{"seed": 1}', {"seed": 1}),
    ],
)
def test_a_setting_is_read_from_text(name: str, text: str, value: object) -> None:
    assert from_text(get_type_hints(Settings)[name], text) == value


@pytest.mark.parametrize(("name", "text"), [("temperature", "warm"), ("max_tokens", "1.5"), ("param", "x")])
def test_text_of_another_type_is_an_error(name: str, text: str) -> None:
    with pytest.raises(ValueError):
        from_text(get_type_hints(Settings)[name], text)


def test_on_and_off_are_parsed() -> None:
    assert [parse_on_off(text) for text in ("on", "ON", "true", "off", "False")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(ArgumentTypeError):
        parse_on_off("maybe")


def test_a_comparison_takes_the_options_of_a_prompt_and_its_own() -> None:
    own = {"--each", "--repeat", "--at-once", "--ask-above"}
    flags = {flag for option in COMPARISON_OPTIONS for flag in option.flags}
    assert own < flags
    assert flags - own < {flag for option in OPTIONS for flag in option.flags}
    text = PARAMETERS_PAGE.read_text(encoding="utf-8")
    assert [flag for flag in own if f"`{flag}" not in text] == []


@pytest.mark.parametrize("name", COMPARABLE_SETTINGS)
def test_an_option_that_is_compared_is_a_setting_and_takes_several_values(name: str) -> None:
    (option,) = (each for each in COMPARISON_OPTIONS if each.argparse.get("dest") == name)
    assert option.argparse["nargs"] == "+"
    assert name in {field.name for field in fields(Settings)}
