"""Warnings about a request before it is sent."""

import pytest

from mimo_magics.client import model_list
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import BadRequest, UnknownModel
from mimo_magics.core.messages import Params, Request, user_message
from mimo_magics.core.secret import Secret
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import Settings
from mimo_magics.session.request_warnings import (
    DOCUMENTED_FIELDS,
    OTHER_API_FIELDS,
    SETTING_OPTIONS,
    find_error_hint,
    find_warnings,
)


def shown_text(
    service: str = "mimo-v2", host: str = "host", key: str = "", model: str = "m", **options: object
) -> list[str]:
    request = Request((user_message("hello"),), Params(model))
    endpoint = Endpoint(f"https://{host}/v1", Secret(key), "bearer")
    return list(find_warnings(Settings(**options), SERVICES[service], request, endpoint))


@pytest.mark.parametrize(
    ("service", "options", "expected"),
    [
        ("mimo-v2", {"temperature": 2, "top_p": 0.0, "frequency_penalty": -2, "max_tokens": 1}, []),
        (
            "mimo-v2",
            {"temperature": 2.1},
            ["temperature 2.1 is outside the documented range of mimo-v2: 0 to 2."],
        ),
        (
            "xiaomi",
            {"temperature": 2},
            ["temperature 2 is outside the documented range of xiaomi: 0 to 1.5."],
        ),
        ("xiaomi", {"top_p": 0}, ["top_p 0 is outside the documented range of xiaomi: 0.01 to 1."]),
        (
            "mimo-v2",
            {"presence_penalty": 3},
            ["presence_penalty 3 is outside the documented range of mimo-v2: -2 to 2."],
        ),
        (
            "xiaomi",
            {"max_tokens": 0},
            ["max_tokens 0 is outside the documented range of xiaomi: 1 to 131,072."],
        ),
        ("local", {"temperature": 9}, []),
        ("mimo-v2", {"stop": tuple("abcd")}, []),
        ("xiaomi", {"param": {"reasoning_effort": "none"}}, []),
        (
            "xiaomi",
            {"param": {"reasoning_effort": "max"}},
            ["MiMo refuses --param reasoning_effort=max. It accepts none, low, medium, high."],
        ),
        ("xiaomi", {"param": {"reasoning_effort": {"effort": "max"}}}, []),
        ("local", {"param": {"reasoning_effort": "max"}}, []),
        ("mimo-v2", {"stop": tuple("abcde")}, ["MiMo accepts at most 4 stop sequences, not 5."]),
        (
            "mimo-v2",
            {"json": True},
            [
                "JSON mode: the prompt must ask for JSON and describe its fields, but it does not mention JSON."
            ],
        ),
    ],
)
def test_a_value_outside_the_documented_range_gets_a_warning(
    service: str, options: dict[str, object], expected: list[str]
) -> None:
    assert shown_text(service, **options) == expected


@pytest.mark.parametrize(
    ("model", "options", "acts"),
    [
        ("mimo-v2-pro", {"temperature": 1, "top_p": 1}, False),
        ("mimo-v2-pro", {"temperature": 1, "thinking": False}, True),
        ("mimo-v2-flash", {"temperature": 1}, True),
        ("mimo-v2-flash", {"temperature": 1, "thinking": True}, True),
        ("unknown", {"temperature": 1}, True),
    ],
)
def test_parameters_without_effect_on_a_thinking_model_get_a_warning(
    model: str, options: dict[str, object], acts: bool
) -> None:
    lines = shown_text(model=model, **options)
    given = " and ".join(name for name in ("temperature", "top_p") if name in options)
    line = f"{given} will have no effect: {model} uses its own values while it thinks (--thinking off)."
    assert lines == ([] if acts else [line])


@pytest.mark.parametrize(
    ("host", "key", "warned"),
    [
        ("api.xiaomimimo.com", "tp-123", True),
        ("api.xiaomimimo.com", "ttp-123", True),
        ("api.xiaomimimo.com", "sk-123", False),
        ("token-plan-sgp.xiaomimimo.com", "sk-123", True),
        ("token-plan-sgp.xiaomimimo.com", "tp-123", False),
        ("api.mimo-v2.com", "sk-123", False),
    ],
)
def test_a_key_of_another_plan_than_the_host_gets_a_warning(host: str, key: str, warned: bool) -> None:
    lines = shown_text("xiaomi", host, key)
    assert len(lines) == warned
    assert "123" not in "".join(lines)


@pytest.mark.parametrize(
    ("service", "choice", "warned"),
    [
        ("mimo-v2", "required", True),
        ("mimo-v2", "clock", True),
        ("mimo-v2", "auto", False),
        ("mimo-v2", None, False),
        ("local", "required", False),
    ],
)
def test_a_tool_choice_that_mimo_may_ignore_gets_a_warning(
    service: str, choice: str | None, warned: bool
) -> None:
    request = Request((user_message("hello"),), Params("m", tool_choice=choice))
    warnings = list(
        find_warnings(
            Settings(), SERVICES[service], request, Endpoint("https://host/v1", Secret(""), "bearer")
        )
    )
    assert bool(warnings) is warned


def test_a_disabled_web_search_gets_its_hint() -> None:
    refusal = BadRequest(
        "web search tool found in the request body, but webSearchEnabled is false", status=400
    )
    request, endpoint = (
        Request((user_message("hello"),), Params("m")),
        Endpoint("https://host/v1", Secret(""), "bearer"),
    )
    assert "Enable the web search plugin" in find_error_hint(refusal, Settings(), request, endpoint)


@pytest.mark.parametrize(
    ("service", "model", "expected"),
    [
        ("mimo-v2", "mimo-v2-por", ["Unknown model mimo-v2-por. Did you mean mimo-v2-pro?"]),
        ("mimo-v2", "quite-another", []),
        ("mimo-v2", "xiaomi/mimo-v2-pro", []),
        ("xiaomi", "mimo-v2.5", ["mimo-v2.5 is retired. Its successor is mimo-v2.6-flash."]),
        ("mimo-v2", "mimo-v2.5", []),
    ],
)
def test_an_unknown_or_retired_model_gets_a_warning(service: str, model: str, expected: list[str]) -> None:
    assert shown_text(service, model=model, preset=service) == expected


@pytest.mark.parametrize(
    ("model", "listed", "hint"),
    [
        (
            "mimo-v2.5",
            [],
            "The model may be retired. Its successor is mimo-v2.6-flash: -m mimo-v2.6-flash",
        ),
        ("mimo-v2-por", [], "Did you mean mimo-v2-pro?"),
        ("our-modle", ["our-model"], "Did you mean our-model?"),
        ("our-model", ["our-model", "our-mode"], "Did you mean our-mode?"),
        ("mimo-v2-por", ["mimo-v2-por\x1b[31m"], "Did you mean mimo-v2-por\ufffd[31m?"),
        ("quite-another", [], "%mimo_models lists the available models."),
    ],
)
def test_a_refused_model_gets_a_suggestion(
    model: str, listed: list[str], hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        model_list, "_model_ids_by_url", {SERVICES["mimo-v2"].base_urls["openai"]: tuple(listed)}
    )
    request, endpoint = (
        Request((user_message("hello"),), Params(model)),
        Endpoint("https://host/v1", Secret(""), "bearer"),
    )
    refusal = UnknownModel(f"Not supported model {model}", status=400)
    assert find_error_hint(refusal, Settings(), request, endpoint) == hint


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("temprature", ["Unknown API field --param temprature. Did you mean temperature?"]),
        ("max_token", ["Unknown API field --param max_token. Did you mean max_tokens?"]),
        (
            "response_fromat",
            ["Unknown API field --param response_fromat. Did you mean response_format?"],
        ),
        ("temperature", ["--param temperature is also an option: use --temperature."]),
        ("model", ["--param model is also an option: use --model."]),
        *((field, []) for field in (*DOCUMENTED_FIELDS, *OTHER_API_FIELDS) if field not in SETTING_OPTIONS),
    ],
)
def test_a_mistyped_field_or_a_setting_in_param_gets_a_warning(field: str, expected: list[str]) -> None:
    assert shown_text(param={field: 1}) == expected
