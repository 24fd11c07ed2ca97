"""Ranges and defaults of parameters, parameters without effect, and the line that restores them."""

import re
import shlex
from dataclasses import replace

import pytest
from hypothesis import example, given, strategies as st
from support.paths import ROOT

from mimo_magics.core import parameter_ranges
from mimo_magics.core.parameter_ranges import (
    PANEL_SETTINGS,
    TASKS,
    bounds,
    config_line,
    default_value,
    ineffective_parameters,
    sampling_for_task,
)
from mimo_magics.core.services import LOCAL_SERVICE, SERVICES, Service
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.config.store import MimoConfig

MIMO, XIAOMI = SERVICES["mimo-v2"], SERVICES["xiaomi"]
OTHER = Service("other", "any", {}, {})
PARAMETERS_PAGE = ROOT / "docs" / "parameters.md"


def test_the_panel_has_these_settings() -> None:
    assert PANEL_SETTINGS == (
        "api",
        "model",
        "temperature",
        "top_p",
        "max_tokens",
        "stop",
        "frequency_penalty",
        "presence_penalty",
        "thinking",
        "system",
        "stream",
    )


@pytest.mark.parametrize(
    ("name", "service", "model", "expected"),
    [
        ("temperature", MIMO, "mimo-v2-pro", (0, 2)),
        ("temperature", XIAOMI, "mimo-v2.6-pro", (0, 1.5)),
        ("temperature", OTHER, "any", (0, 2)),
        ("top_p", XIAOMI, "mimo-v2.6-pro", (0.01, 1)),
        ("presence_penalty", OTHER, "any", (-2, 2)),
        ("max_tokens", MIMO, "mimo-v2-pro", (1, 128_000)),
        ("max_tokens", MIMO, "mimo-v2-flash", (1, 65_536)),
        ("max_tokens", XIAOMI, "mimo-v2.6-pro", (1, 131_072)),
        ("max_tokens", LOCAL_SERVICE, "mimo-local", (1, 1_024)),
        ("max_tokens", OTHER, "any", (1, 131_072)),
    ],
)
def test_the_range_is_the_documented_range_of_the_service_and_model(
    name: str, service: Service, model: str, expected: tuple[float, float]
) -> None:
    assert bounds(name, service, model) == expected


def test_every_default_is_within_its_range() -> None:
    for service in (*SERVICES.values(), OTHER):
        for name in parameter_ranges.DEFAULT_RANGES:
            low, high = bounds(name, service, service.model)
            assert low <= default_value(name, service, service.model) <= high
    assert default_value("temperature", XIAOMI, "mimo-v2-flash") == 0.3


FORCED = "{} uses its own values while it thinks (--thinking off)"
NO_PENALTIES = "the Anthropic format does not support penalties"


@pytest.mark.parametrize(
    ("settings", "service", "model", "expected"),
    [
        (
            Settings(),
            MIMO,
            "mimo-v2-pro",
            dict.fromkeys(("temperature", "top_p"), FORCED.format("mimo-v2-pro")),
        ),
        (Settings(thinking=False), MIMO, "mimo-v2-pro", {}),
        (Settings(), MIMO, "mimo-v2-flash", {}),
        (Settings(thinking=True), MIMO, "mimo-v2-flash", {}),
        (Settings(), MIMO, "new", {}),
        (Settings(thinking=True), MIMO, "new", dict.fromkeys(("temperature", "top_p"), FORCED.format("new"))),
        (Settings(thinking=True), OTHER, "any", {}),
        (
            Settings(api="anthropic"),
            OTHER,
            "any",
            {"frequency_penalty": NO_PENALTIES, "presence_penalty": NO_PENALTIES},
        ),
    ],
)
def test_parameters_without_effect_are_listed_with_the_reason(
    settings: Settings, service: Service, model: str, expected: dict[str, str]
) -> None:
    assert ineffective_parameters(settings, service, model) == expected


def test_recommended_sampling_depends_on_model_and_service() -> None:
    temperatures = {
        service.name: [sampling_for_task(task, service, "mimo-v2-flash")["temperature"] for task in TASKS]
        for service in (MIMO, XIAOMI)
    }
    assert TASKS == ("code", "factual", "writing", "math")
    assert temperatures == {"mimo-v2": [1.0, 0.2, 1.25, 1.0], "xiaomi": [0.3, 0.8, 0.8, 1.0]}
    assert sampling_for_task("factual", MIMO, "mimo-v2-pro") == {"temperature": 0.2, "top_p": 0.95}
    assert sampling_for_task("code", XIAOMI, "mimo-v2.6-pro") == {"temperature": 1.0, "top_p": 0.95}


def test_the_config_line_contains_the_values() -> None:
    values = {
        "temperature": 0.2,
        "top_p": None,
        "thinking": True,
        "stop": ("\n", "END"),
        "system": "Be 'brief'.",
    }
    assert config_line(values) == (
        '%mimo_config temperature=0.2 top_p=default thinking=on \'stop=["\\n", "END"]\' '
        """'system=Be '"'"'brief'"'"'.'"""
    )


texts = st.text(max_size=20)


@given(texts, st.lists(texts, max_size=3), st.none() | st.floats(0, 2), st.none() | st.booleans())
@example("default", ["["], None, None)
@example('"quoted"', ["default", ""], 0.0, False)
@example("two\nlines $HOME {x} ?", ["\\n"], 1e-9, True)
def test_every_value_can_be_parsed_from_the_config_line(
    system: str, stop: list[str], temperature: float | None, thinking: bool | None
) -> None:
    values = {"system": system, "stop": tuple(stop), "temperature": temperature, "thinking": thinking}
    written = config_line(values)
    assert written.isprintable()
    config = MimoConfig()
    for word in shlex.split(written)[1:]:
        name, _, text = word.partition("=")
        config.write(name, text)
    assert config.snapshot() == replace(MimoConfig().snapshot(), **values)


def test_the_documentation_lists_the_settings_of_the_panel() -> None:
    text = PARAMETERS_PAGE.read_text(encoding="utf-8")
    (listed,) = re.findall(r"^The panel changes (.*?)\.$", text, re.MULTILINE | re.DOTALL)
    assert tuple(re.findall(r"`(\w+)`", listed)) == PANEL_SETTINGS
