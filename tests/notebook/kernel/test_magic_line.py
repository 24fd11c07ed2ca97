"""Lines with a magic of ours: a prompt wherever IPython allows a line magic."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell

from mimo_magics.notebook.kernel.magic_line import (
    AutomagicTransform,
    MagicLineTransform,
    create_transformer_manager,
    split_last_line,
)


def transformed(cell: str) -> str:
    return create_transformer_manager().transform_cell(cell)


def call(prompt: str, name: str = "mimo") -> str:
    return f"get_ipython().run_line_magic({name!r}, {prompt!r})"


LEFT_SIDES = (
    "",
    "x = ",
    "x.y = ",
    "l[-1] = ",
    'd["k"] = ',
    "d[f(x)] = ",
    'd[f"{x}"] = ',
    "d[f(a=1)] = ",
    "(x) = ",
    "x, *y = ",
    "x: object = ",
    "x = y = ",
    'd["(", a] = b[1] = ',
    "for a in b: x = ",
    "if a == b: d[a] = ",
    "x = \\\n  ",
    "x = 1; y = ",
)
INDENTED = ("for city in cities:\n    ", "def f():\n\tif x:\n\t\t", "with a as b:\n  pass\n  ")


@pytest.mark.parametrize("left", LEFT_SIDES)
@pytest.mark.parametrize("prompt", ["What is str?", "-t 0 Is it d['k']??", "What does ( mean?", "It's str?"])
def test_a_question_is_a_prompt_wherever_a_magic_may_be(left: str, prompt: str) -> None:
    assert transformed(f"{left}%mimo {prompt}\nprint(1)") == f"{left}{call(prompt)}\nprint(1)\n"


@pytest.mark.parametrize("block", INDENTED)
@pytest.mark.parametrize("left", ["", "x = ", 'd["k"] = ', "x[f(1)] = "])
def test_a_question_in_a_block_is_a_prompt(block: str, left: str) -> None:
    assert transformed(f"{block}{left}%mimo Is {{city}} big?\nprint(1)") == (
        f"{block}{left}{call('Is {city} big?')}\nprint(1)\n"
    )


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%mimo What is \\\nstr?", call("What is  str?")),
        ("%mimo What is \\\r\nstr?\r\n", call("What is  str?")),
        ("x = %mimo What is \\\n  a \\\n  str?", f"x = {call('What is    a    str?')}"),
        ("%mimo\tWhat is str?", call("What is str?")),
        ("x = %mimo \t What is str?", f"x = {call('What is str?')}"),
        ("%mimo\xa0What is str?", call("What is str?")),
        ("%mimo\u3000str?", call("str?")),
        ("%mimo ?", call("?")),
        ("%mimo str??", call("str??")),
        ("%mimo_compare diff 1 2?", call("diff 1 2?", "mimo_compare")),
        ("%mimo_config system=Why?", call("system=Why?", "mimo_config")),
        ("%time %mimo What is str?", call("%mimo What is str?", "time")),
        ("%timeit -n1 -r1 x = %mimo str?", call("-n1 -r1 x = %mimo str?", "timeit")),
        ("y = %time %mimo\tstr?", "y = " + call("%mimo\tstr?", "time")),
    ],
)
def test_a_line_keeps_its_prompt(cell: str, code: str) -> None:
    assert transformed(cell) == f"{code}\n"


def test_an_open_bracket_in_a_prompt_does_not_hide_the_next_line() -> None:
    cell = '!echo (\n%mimo a ( b\nx = %mimo It\'s [ what is str?\n%mimo """ str?'
    calls = call("a ( b"), "x = " + call("It's [ what is str?"), call('""" str?')
    assert transformed(cell).splitlines() == ["get_ipython().system('echo (')", *calls]


@pytest.mark.parametrize(
    "cell",
    [
        "%mimo?",
        "%mimo??",
        "x = 5\n%mimo?",
        "%mimosa str?",
        "%mimo.a str?",
        "%mimo",
        "%mimo hi",
        "x = %mimo hi",
        "!echo %mimo str?",
        "x = '''\n%mimo str?\n'''",
        'f"""\n%mimo str?\n"""\nstr?',
        "# %mimo str?",
        "x = 5 %mimo\nstr?",
        "str?",
        "%time x % mimo",
        "f(a=%mimo str?)",
        "print('%mimo str?')",
        "x += %mimo str?",
    ],
)
def test_every_other_line_is_left_to_ipython(cell: str) -> None:
    assert transformed(cell) == TransformerManager().transform_cell(cell)


@given(
    st.sampled_from(LEFT_SIDES),
    st.text(
        st.sampled_from("ab (){}[]'\"#?!%,:=.;\t臺🙂")
        | st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
    ),
)
def test_any_text_after_the_magic_is_its_prompt(left: str, text: str) -> None:
    prompt = text.strip().rstrip("\\") + " a?"
    assert transformed(f"{left}%mimo {prompt.lstrip()}") == f"{left}{call(prompt.lstrip())}\n"


@pytest.fixture
def shell() -> InteractiveShell:
    shell = InteractiveShell()
    shell.register_magic_function(print, "line", "mimo")
    return shell


def test_a_question_without_the_percent_sign_is_a_prompt_with_automagic(
    shell: InteractiveShell,
) -> None:
    shell.input_transformers_cleanup.insert(0, AutomagicTransform(shell))
    shell.input_transformer_manager.token_transformers.append(MagicLineTransform)
    assert shell.transform_cell("mimo What is str?") == f"{call('What is str?')}\n"
    assert "pinfo" in shell.transform_cell("mimo What is str?\nx")
    assert "pinfo" in shell.transform_cell("mimo_x = str?")
    shell.user_ns["mimo"] = 1
    assert "pinfo" in shell.transform_cell("mimo What is str?")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("%mimo ", ("mimo", " ")),
        ("%mimo\t-t", ("mimo", "\t-t")),
        ('d["k"] = %mimo -t', ("mimo", " -t")),
        ("x = y = %mimo -t 0 {ci", ("mimo", " -t 0 {ci")),
        ("x: object = %mimo a ( b", ("mimo", " a ( b")),
        ("%time %mimo -t", ("mimo", " -t")),
        ("%mimo a \\\n  -t", ("mimo", " a    -t")),
        ("x = \\\n%mimo -t", ("mimo", " -t")),
        ("%mimo a ( b\n%mimo_config te", ("mimo_config", " te")),
        ("for a in b:\n    x = %mimo it's", ("mimo", " it's")),
        ("%mimo", None),
        ("%mimo hi\n", None),
        ("x = 5 %mimo -t", None),
        ("x = '''\n%mimo -t", None),
        ("# %mimo -t", None),
        ("!echo %mimo -t", None),
        ("%mimo a ( b\nx", None),
        ("", None),
    ],
)
def test_the_last_line_of_a_text_is_recognized_by_the_same_rule(
    text: str, line: tuple[str, str] | None
) -> None:
    assert split_last_line(text) == line
