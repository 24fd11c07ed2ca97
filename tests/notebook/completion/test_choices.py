"""The values that Tab offers, and those that match the typed text."""

from dataclasses import replace
from typing import Any

import pytest
from support.completion_choices import CHOICES, offered_texts

from mimo_magics.core.settings import Settings
from mimo_magics.notebook.completion.choices import (
    Candidate,
    CompletionResult,
    list_tool_functions,
    list_values,
    match_prefix,
    match_word,
    sort_names,
)
from mimo_magics.notebook.completion.matcher import complete
from mimo_magics.notebook.options import OPTIONS_BY_FLAG


def test_every_choice_of_an_option_is_offered_after_its_flag() -> None:
    for flag, option in OPTIONS_BY_FLAG.items():
        choices = list(option.argparse.get("choices", ()))
        assert choices == [] or offered_texts(f"%%mimo {flag} ")[: len(choices)] == choices


def test_the_models_that_the_server_listed_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "mimo_magics.client.model_list._model_ids_by_url", {"https://api.mimo-v2.com/v1": ("mimo-v3",)}
    )
    assert offered_texts("%%mimo -m ") == ["mimo-v3"]
    assert offered_texts("%mimo_config model=") == ["mimo-v3", "default"]


def test_the_models_of_the_own_server_are_offered_unless_the_line_names_a_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "mimo_magics.client.model_list._model_ids_by_url",
        {"https://api.mimo-v2.com/v1": ("mimo-v3",), "http://127.0.0.1:1/v1": ("own",)},
    )
    choices = replace(CHOICES, settings=Settings(base_url="http://127.0.0.1:1/v1"))
    assert offered_texts("%%mimo -m ", choices) == ["own"]
    assert offered_texts("%%mimo --preset mimo-v2 -m ", choices) == ["mimo-v3"]


def test_a_candidate_has_a_kind() -> None:
    found = complete("%%mimo --tools ", CHOICES)
    assert found == CompletionResult("", (Candidate("weather", "tool"), Candidate("clock", "function")))


def test_candidates_with_the_typed_prefix_keep_their_order() -> None:
    assert match_prefix("a", "files", model=["ab", "b", "aa"], value=["a"]) == CompletionResult(
        "a", (Candidate("ab", "model"), Candidate("aa", "model"), Candidate("a", "value")), "files"
    )


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("m", ["main", '"my trip"']),
        ('"m', ['"main', '"my trip']),
        ("'my", ["'my trip"]),
        ("my trip", ['"my trip"']),
        ("x", []),
    ],
)
def test_a_word_with_a_space_is_quoted_unless_a_quote_was_typed(typed: str, texts: list[str]) -> None:
    assert match_word(typed, session=["main", "my trip"]) == CompletionResult(
        typed, tuple(Candidate(text, "session") for text in texts)
    )


@pytest.mark.parametrize(
    ("typed", "names"), [("", ["a", "b"]), ("_", ["_c", "a", "b"]), ("__", ["_c", "a", "b"])]
)
def test_private_names_are_left_out_unless_an_underscore_was_typed(typed: str, names: list[str]) -> None:
    assert sort_names(["b", "a", "_c", "__d", "not a name"], typed) == names


def test_functions_that_are_not_tools_are_listed() -> None:
    assert list_tool_functions(CHOICES) == ["clock"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("format", {"value": ("markdown", "text", "json", "table", "code")}),
        ("stream", {"value": ("on", "off")}),
        ("thinking", {"value": ("on", "off")}),
        ("temperature", {}),
        ("session", {"session": ("main", "my trip")}),
        ("tool_choice", {"value": ("auto", "none", "required"), "tool": ("weather",)}),
    ],
)
def test_the_values_of_a_setting_come_from_its_type_or_from_the_kernel(
    name: str, values: dict[str, Any]
) -> None:
    assert list_values(name, CHOICES, {}) == values
