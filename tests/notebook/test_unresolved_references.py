"""References and expressions that were not replaced."""

from time import process_time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.as_str import as_str

from mimo_magics.context.prompt_references import expand
from mimo_magics.core.errors import BadOption
from mimo_magics.notebook.unresolved_references import check_expansion, find_unresolved

VARIABLES: dict[str, Any] = {"df": SimpleNamespace(columns=["a"]), "x": 1.5, "rows": [1], "n": 3}
ADVICE = (
    "Calls and formats are not evaluated, and undefined names stay as typed. Assign the value to a variable first, or "
    "write {{…}} for literal braces."
)


def unresolved(prompt: str, variables: dict[str, Any] = VARIABLES) -> tuple[str, ...]:
    return find_unresolved(prompt, expand(prompt, variables, as_str), variables)


@pytest.mark.parametrize(
    "text",
    [
        "{typo}",
        "{df.colums}",
        "{df.columns[9]}",
        "{nodf}",
        "{name}",
        "{df.head()}",
        "{df.groupby('a').mean(numeric_only=True)}",
        "{len(df)}",
        "{x:.2f}",
        "{x:>10}",
        "{x:,}",
        "{x!r}",
        "{x=}",
        "{n:05d}",
        "{price:.2f}",
        "{rows[:3]}",
        "{rows[n]}",
        "{n + 1}",
        "{-n}",
        "{rows[0] if n else 2}",
        "{ x }",
        "{df.__class__}",
        "{__file__}",
        "{Err}",
        "{In[3]}",
        "{变量}",
    ],
)
def test_a_python_reference_call_or_format_is_reported(text: str) -> None:
    assert unresolved(f"Explain {text}, please.") == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "{df.columns} {x} {rows[0]}",
        '{"name": "x", "list": [{}, {"n": 7}]}',
        '{"a": [n, {"b": x}]}',
        "{a: 1, b: 2}",
        "{id:5}",
        "{color:red}",
        "{n: 1}",
        "{x, y}",
        "{1, 2}",
        "{1}",
        "{}",
        "{...}",
        "{a word}",
        "{a,b}",
        "{{df.head()}} {{typo}} {{ typo }} {{len(df)}}",
        "${typo} ${f(x)} {% if x %} {# x #}",
        "$x^{typo}$ x_{typo} x^{typo} \\frac{typo}{typo} \\(x{typo}\\) $$a {f(x)}$$",
        "{return} {None} {for}",
        "\\d{2} a{2,3}",
        "function f() { return f(x); }",
        ".a { color: red }",
        "```python\nprint(f'{typo} {len(df)} {x:.2f}')\n```",
        "~~~\n{typo}\n~~~",
        "````\n```\n{typo}\n````",
        "```\n{typo}\nis not closed",
        "{f(x)\n}",
    ],
)
def test_other_braces_are_not_reported(text: str) -> None:
    assert unresolved(text) == ()


def test_text_after_a_block_of_code_is_checked() -> None:
    assert unresolved("{a}\n```\n{b}\n```\n{c} and {len(c)}") == ("{a}", "{c}", "{len(c)}")


def test_each_reference_is_reported_once_in_its_order() -> None:
    assert unresolved("{b()} {a} {b()} {a} {c:.1f}") == ("{b()}", "{a}", "{c:.1f}")


def test_a_part_of_another_expression_is_not_reported_with_it() -> None:
    assert unresolved("{rows['{typo}']}") == ("{typo}",)


def check(prompt: str, policy: Any = "notice") -> tuple[str, ...]:
    return check_expansion(prompt, expand(prompt, VARIABLES, as_str), VARIABLES, policy)


def test_the_notice_names_the_references_and_what_to_write() -> None:
    assert check("{x} {n}") == ()
    assert check("{df.head()} and {typo}") == (
        f"Not replaced in the prompt: {{df.head()}}, {{typo}}. {ADVICE}",
    )
    assert check("{a} {b} {c} {d} {e}") == (
        f"Not replaced in the prompt: {{a}}, {{b}}, {{c}} and 2 more. {ADVICE}",
    )


def test_the_policy_may_be_an_error_or_to_ignore_them() -> None:
    assert check("{typo}", "ignore") == ()
    assert check("{x}", "error") == ()
    with pytest.raises(BadOption) as error:
        check("{typo}", "error")
    assert (str(error.value), error.value.hint) == ("Not replaced in the prompt: {typo}.", ADVICE)


def test_a_long_or_invisible_reference_is_quoted() -> None:
    (notice,) = check("{" + "a" * 1_000 + "}")
    assert f"{{{'a' * 39}…." in notice
    (notice,) = check("{f('\u202e')}")
    assert "{f('⟨U+202E⟩')}" in notice


@given(st.text("{}$`\n _^x.()[]'\":!=1,", max_size=60))
def test_any_prompt_is_checked_without_an_error(prompt: str) -> None:
    for text in unresolved(prompt):
        assert text in prompt


@pytest.mark.parametrize("unit", ["{", "{x", "{f(", "```\n", "{f(x)}", "{a}", "`", "$", "{{x}} "])
def test_the_work_grows_linearly(unit: str) -> None:
    def seconds(count: int) -> float:
        started = process_time()
        unresolved(unit * count)
        return process_time() - started

    # Quadratic work takes minutes for the longer prompt.
    assert seconds(60_000) < 60
