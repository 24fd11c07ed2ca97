"""The option `--define`: a cell becomes a function."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

import pytest
from support.kernel import Kernel
from support.peer import Peer, reply, stream

from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.prompt_definition import define_prompt
from mimo_magics.prompts.prompt_function import PromptFunction

DEFAULTS = Settings()
LABEL = json.dumps({"label": "praise"})


def define(prompt: str = "Label: {text}", settings: Settings = DEFAULTS, **options: Any) -> PromptFunction:
    return define_prompt(Namespace(define="classify", **options), prompt, {}, settings)


def test_the_function_keeps_options_schema_and_system_prompt() -> None:
    assert define(
        schema="label str",
        many=True,
        temperature=0.0,
        share="schema",
        system="Be brief.",
        quiet=True,
        keep=None,
    ) == PromptFunction(
        "classify",
        "Label: {text}",
        {"type": "array", "items": define(schema="label str").schema.item_schema},
        "Be brief.",
        {"temperature": 0.0, "share": "schema"},
    )


def test_a_function_with_the_format_table_returns_data_frames() -> None:
    assert define(schema="label str", many=True, format="table").options == {"format": "table"}
    assert define(format="text").options == {}


def test_the_system_prompt_is_by_default_that_of_the_session() -> None:
    assert define(settings=Settings(system="Be kind.", temperature=1.0)) == PromptFunction(
        "classify", "Label: {text}", system="Be kind."
    )


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"keep": False}, "--no-history"),
        ({"context": 1}, "--context"),
        ({"tools": "f"}, "--tools"),
        ({"out": "x"}, "--out"),
        ({"dry_run": True}, "--dry-run"),
        ({"raw": True}, "--raw"),
    ],
)
def test_options_of_one_prompt_are_refused(options: dict[str, Any], flag: str) -> None:
    with pytest.raises(BadOption) as failure:
        define(**options)
    assert failure.value.lines[0] == f"{flag} cannot be combined with --define."


def test_a_cell_defines_a_function_and_sends_nothing(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%mimo --define classify --schema 'label str' -t 0\n#| echo: false\nLabel: {text}")
    (card,) = ran.documents
    assert card.startswith("classify(text) -> object\n\nversion ")
    assert (ran.status, peer.requests) == ("ok", [])
    shown = kernel.run("classify?").payload[0]["data"]["text/plain"]
    for part in ("classify(text)", "Docstring", "Label: {text}", '"label"'):
        assert part in shown


def test_the_function_works_in_cells_that_await_and_in_others(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo --define classify --schema 'label str'\nLabel: {text}")
    peer.answers(*[lambda seen: stream(seen, reply(LABEL))] * 2)
    assert kernel.run("print(classify('a')['label'])").text == "praise\n"
    assert kernel.run("print((await classify.a(text='b'))['label'])").text == "praise\n"
    assert kernel.run("print(len(classify.calls), classify.calls[0].version == classify.version)").text == (
        "2 True\n"
    )
    usage = "import mimo_magics\ncurrent = mimo_magics.sessions().current\n"
    assert kernel.run(f"{usage}print(len(current.turns), current.unrecorded.usage)").text.startswith(
        "0 Usage(input=40, output=20"
    )


def test_a_line_and_a_program_define_functions(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo --define first Say {x}")
    kernel.run("get_ipython().run_cell_magic('mimo', '--define second', 'Tell {y}')")
    assert kernel.run("print(first.signature, second.signature)").text == (
        "first(x) -> str second(y) -> str\n"
    )
    assert peer.requests == []


def test_a_wrong_call_is_an_error_of_two_lines(kernel: Kernel) -> None:
    kernel.run("%%mimo --define classify\nLabel: {text}")
    assert kernel.run("classify(txt='a')").error == [
        "BadArguments: classify() was not called: missing a required argument: 'text'.",
        "Usage: classify(text) -> str",
    ]


def test_a_reply_that_does_not_fit_warns(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo --define count --schema 'number int'\nCount: {text}")
    ran = kernel.run("print(count('a'))")
    assert (ran.status, "None\n" in ran.text, "PromptWarning: count: " in ran.text) == ("ok", True, True)
