"""The request of a `%%mimo_compare` cell."""

from typing import Any

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import ContextPart, TextPart
from mimo_magics.notebook.comparison_request import ComparisonRequest, build_comparison_request, parse_line
from mimo_magics.session.comparison.variants import Variant

CLOSE_QUOTE = "Close it. Put a value that contains a quote in quotes of the other kind."


def request(line: str, body: str = "Name a bird.", **names: Any) -> ComparisonRequest:
    return build_comparison_request(parse_line(line), body, names)


def test_all_combinations_are_sent_in_the_order_of_the_options() -> None:
    assert request("-m a b --temperature 0 0.5").variants == (
        Variant("a · temperature 0.0", {"model": "a", "temperature": 0.0}),
        Variant("a · temperature 0.5", {"model": "a", "temperature": 0.5}),
        Variant("b · temperature 0.0", {"model": "b", "temperature": 0.0}),
        Variant("b · temperature 0.5", {"model": "b", "temperature": 0.5}),
    )


@pytest.mark.parametrize(
    ("line", "titles"),
    [
        ("", ["current settings"]),
        ("-m a", ["a"]),
        ("-m a -t 0 1", ["temperature 0.0", "temperature 1.0"]),
        ("-t default 0.2", ["temperature default", "temperature 0.2"]),
        ("--thinking on off", ["thinking on", "thinking off"]),
        ("--api openai anthropic", ["openai", "anthropic"]),
        ("--system none 'Be brief.'", ["system none", "system Be brief."]),
        ("--presence-penalty -1 1", ["presence_penalty -1.0", "presence_penalty 1.0"]),
        ("--stop END 'a b'", ['stop ["END"]', 'stop ["a b"]']),
        ("--repeat 2", ["no. 1", "no. 2"]),
        ("-t 0 -t 1", ["temperature 0.0", "temperature 1.0"]),
        ("--system '- brief' none", ["system - brief", "system none"]),
        (
            "--max-tokens 10 20 --repeat 2",
            [
                "max_tokens 10 · no. 1",
                "max_tokens 10 · no. 2",
                "max_tokens 20 · no. 1",
                "max_tokens 20 · no. 2",
            ],
        ),
    ],
)
def test_a_title_names_the_settings_that_differ(line: str, titles: list[str]) -> None:
    assert [variant.title for variant in request(line).variants] == titles


def test_shared_settings_are_not_variants() -> None:
    assert request("--json --param seed=1 --at-once 2 --ask-above '5 USD' --no-history --session s -o x") == (
        ComparisonRequest(
            "Name a bird.",
            (Variant("current settings", {}),),
            {"json": True, "param": {"seed": 1}},
            at_once=2,
            ask_above="5 USD",
            keep=False,
            session="s",
            out="x",
        )
    )


def test_variables_in_the_prompt_are_replaced_unless_it_is_raw() -> None:
    assert request("", "Say {word}.", word="yes").prompt == (
        TextPart("Say "),
        ContextPart("yes", "word", "str", "str", 3),
        TextPart("."),
    )
    assert request("--raw", "Say {word}.", word="yes").prompt == "Say {word}."


@pytest.mark.parametrize(
    ("line", "body", "fact", "hint"),
    [
        ("--temprature 0", "x", "Unknown option --temprature.", "Did you mean --temperature?"),
        ("--zzz", "x", "Unknown option --zzz.", "For help, run %%mimo_compare?."),
        ("--tools x", "x", "A comparison does not accept --tools.", "For help, run %%mimo_compare?."),
        ("-m 'a", "x", "A quote on the line is not closed.", CLOSE_QUOTE),
        ("", "  ", "The prompt is empty.", "Write it below %%mimo, or after the options of %mimo."),
        ("more", "x", "Unexpected argument 'more'.", "For help, run %%mimo_compare?."),
        ("--at-once 0", "x", "Invalid value '0' for --at-once.", "Use a number of calls from 1."),
        ("--repeat 0", "x", "The comparison has 0 calls.", "Use 1 to 100 calls."),
        ("--repeat 101", "x", "The comparison has 101 calls.", "Use 1 to 100 calls."),
        ("-o 1x", "x", "'1x' is not a valid variable name.", "Use a Python identifier, such as -o reply."),
    ],
)
def test_an_invalid_cell_is_an_error_of_two_lines(line: str, body: str, fact: str, hint: str) -> None:
    with pytest.raises(BadOption) as caught:
        request(line, body)
    assert (str(caught.value), caught.value.hint) == (fact, hint)
