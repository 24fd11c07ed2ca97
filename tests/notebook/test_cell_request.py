"""The request of a cell."""

from argparse import Namespace

import pytest

from mimo_magics.context.notebook_cell import NotebookCell
from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import ContextPart, TextPart
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.cell_request import CellRequest, build_cell_request, split_options
from mimo_magics.notebook.context_option import CellSelection
from mimo_magics.notebook.kernel.notebook_cells import SelectedCells


@pytest.mark.parametrize(
    ("line", "options", "prompt"),
    [
        ("", (), ""),
        ("What is a list?", (), "What is a list?"),
        ("-t 0 What is a list?", ("--temperature=0",), "What is a list?"),
        ("--temperature=0.2 -m mimo-v2-flash hi", ("--temperature=0.2", "--model=mimo-v2-flash"), "hi"),
        ("--no-stream --new hi --new", ("--no-stream", "--new"), "hi --new"),
        ('-s "You are terse." what\'s up', ("--system=You are terse.",), "what's up"),
        ("-s 'Say \"no\".' hi", ('--system=Say "no".',), "hi"),
        ('-s "Say \\"no\\"." hi', ('--system=Say "no".',), "hi"),
        ("-s don't hi", ("--system=don't",), "hi"),
        ("-s -x hi", ("--system=-x",), "hi"),
        ("-s ' hi", ("--system='",), "hi"),
        ("-- -t is an option?", (), "-t is an option?"),
        ("--no-history -- --new", ("--no-history",), "--new"),
        ("-5 + 3 is what?", (), "-5 + 3 is what?"),
        ("don't {x} $y `z` \\n", (), "don't {x} $y `z` \\n"),
        ("-m", ("-m",), ""),
        ("--param note='a b' hi", ("--param=note=a b",), "hi"),
        ("-f json  two  blanks", ("--format=json",), "two  blanks"),
        ("--json=x hi", ("--json=x",), "hi"),
    ],
)
def test_options_are_split_from_a_prompt_that_stays_unchanged(
    line: str, options: tuple[str, ...], prompt: str
) -> None:
    assert split_options(line) == (options, prompt)


@pytest.mark.parametrize(
    ("line", "flag", "hint"),
    [
        ("--temprature 0 hi", "--temprature", "Did you mean --temperature?"),
        ("--temp 0 hi", "--temp", "Did you mean --temperature?"),
        ("-t 0 --max_tokens 5", "--max_tokens", "Did you mean --max-tokens?"),
        ("-x hi", "-x", "Put -- before a prompt that starts with a dash."),
        ("--zzz hi", "--zzz", "Put -- before a prompt that starts with a dash."),
        ("-t0.5 hi", "-t0.5", "Put -- before a prompt that starts with a dash."),
    ],
)
def test_an_unknown_option_gets_a_suggestion(line: str, flag: str, hint: str) -> None:
    with pytest.raises(BadOption) as error:
        split_options(line)
    assert (str(error.value), error.value.hint) == (f"Unknown option {flag}.", hint)


def test_only_given_options_override_the_settings() -> None:
    options = Namespace(model=None, temperature=0.0, thinking=False, keep=False, new=True, out="reply")
    assert build_cell_request(options, "\n  hello\n\n", {}) == CellRequest(
        "\n  hello", {"temperature": 0.0, "thinking": False}, keep=False, new=True, out="reply"
    )


def test_variables_in_the_prompt_are_replaced_unless_it_is_raw() -> None:
    request = build_cell_request(Namespace(), "Explain {x}", {"x": 1})
    assert request == CellRequest((TextPart("Explain "), ContextPart("1", "x", "int", "int", 1)), {})
    assert build_cell_request(Namespace(raw=True), "Explain {x}", {"x": 1}) == CellRequest("Explain {x}", {})


def test_the_values_follow_the_settings_and_the_option() -> None:
    rows = {"rows": ["canary"] * 1_000}
    long = build_cell_request(Namespace(), "Count {rows}", rows, Settings(value_budget=1_000))
    assert isinstance(long.prompt, tuple)
    typed, value = long.prompt
    assert typed == TextPart("Count ")
    assert isinstance(value, ContextPart)
    assert (value.name, value.size <= 1_000, value.whole_size) == ("rows", True, 10_000)
    schema = build_cell_request(Namespace(share="schema"), "Count {rows}", rows)
    assert schema.prompt_text == "Count list of 1,000 items: str\nValues are not shared."
    assert schema.settings == {"share": "schema"}


def test_references_without_a_value_are_noticed_or_refused() -> None:
    request = build_cell_request(Namespace(), "{x} {y}", {"x": 1})
    assert request.prompt_text == "1 {y}"
    assert [notice.partition(". ")[0] for notice in request.notices] == ["Not replaced in the prompt: {y}"]
    assert build_cell_request(Namespace(), "{y}", {}, Settings(unresolved="ignore")) == CellRequest("{y}", {})
    assert build_cell_request(Namespace(raw=True), "{y}", {}, Settings(unresolved="error")) == CellRequest(
        "{y}", {}
    )
    with pytest.raises(BadOption, match="Not replaced in the prompt"):
        build_cell_request(Namespace(), "{y}", {}, Settings(unresolved="error"))


@pytest.mark.parametrize("prompt", ["", " ", "\n\t\n"])
def test_an_empty_prompt_is_an_error(prompt: str) -> None:
    with pytest.raises(BadOption, match="The prompt is empty"):
        build_cell_request(Namespace(), prompt, {})


@pytest.mark.parametrize("name", ["", "a b", "1x", "a.b"])
def test_the_reply_is_stored_only_under_an_identifier(name: str) -> None:
    with pytest.raises(BadOption, match="is not a valid variable name"):
        build_cell_request(Namespace(out=name), "hi", {})


def test_the_cells_of_the_notebook_are_before_the_prompt() -> None:
    cells = SelectedCells((NotebookCell("1 + 1", 2),), ("a notice",))
    options = Namespace(context=CellSelection("last"))
    request = build_cell_request(options, "Why?", {}, select_cells=lambda _: cells)
    assert request.prompt_text == "Cell [2]:\n```python\n1 + 1\n```\n\nWhy?"
    assert (request.notices, request.settings) == (("a notice",), {})


def test_a_reply_is_continued_without_cells() -> None:
    with pytest.raises(BadOption, match=r"A reply is continued without values\."):
        build_cell_request(Namespace(context=CellSelection("last")), None, {})
