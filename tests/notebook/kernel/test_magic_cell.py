"""Cells with a magic of ours: the text below it is a prompt, not code."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from IPython.core.inputtransformer2 import TransformerManager
from support.prompt_bodies import BODIES

from mimo_magics.notebook.kernel.magic_cell import (
    MagicCell,
    call_cell_magic,
    drop_lines_above,
    split_magic_cell,
)

ABOVE = (
    "",
    "\n \n",
    "# my question\n",
    "#| echo: false\r\n#| x: 1\r\n\r\n",
    "#@title A\n\t# b\n",
    "  \n# %%\n",
)
HEADS = (
    "%%mimo\n",
    "%%mimo -t 0\n",
    "  %%mimo\r\n",
    "%%mimo\t-t 0\n",
    "%%mimo\xa0-t 0\n",
    "%%mimo \n",
    "%%mimo_compare --repeat 2\n",
)


def transformed(cell: str) -> str:
    manager = TransformerManager()
    manager.cleanup_transforms[:0] = [drop_lines_above, call_cell_magic]
    return manager.transform_cell(cell)


def arguments(code: str) -> list[Any]:
    """Return the arguments of the call that a cell consists of."""
    call = ast.parse(code, mode="eval").body
    assert isinstance(call, ast.Call)
    assert ast.unparse(call.func) == "get_ipython().run_cell_magic"
    return [ast.literal_eval(each) for each in call.args]


@given(st.sampled_from(ABOVE), st.sampled_from(HEADS), BODIES)
@example("", "%%mimo\n", "Why?\n>>> [1, 2][5:]\n[]\n")
@example("", "%%mimo\n", "In [2]: x\n>>>>>>> main\n    >>> f()\n  ...: 1")
def test_the_text_below_a_magic_reaches_it_unchanged(above: str, head: str, body: str) -> None:
    name, _, line = head.strip().partition("\xa0" if "\xa0" in head else "\t" if "\t" in head else " ")
    end = "" if body.endswith("\n") else "\n"
    assert arguments(transformed(above + head + body)) == [name[2:], line, body + end if body else ""]


@given(BODIES)
def test_another_magic_above_does_not_change_the_prompt(body: str) -> None:
    inner = f"# timed\n%%capture out\n\n%%mimo -t 0\n{body}"
    cell = f"#| echo: false\n%%time \n{inner}"
    name, line, rest = arguments(transformed(cell))
    assert (name, line, rest.removesuffix("\n")) == ("time", "", inner.removesuffix("\n"))


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "x = 1",
        "%%time\n>>> x",
        "%%mimo?",
        "%%mimo??\n",
        "%%mimo_compare?",
        "%%mimosa\n>>> x",
        "%%mimo-x\nhi",
        "%mimo hi",
        "%% mimo\nhi",
        "x = 1\n%%mimo\nhi",
        "'''\n%%mimo\nhi'''",
        "# a comment\n",
        ">>> %%mimo\n>>> hi",
        "\r\n" * 5_000 + "#",
        "%%bash\n# a comment\necho %%mimo",
    ],
)
def test_every_other_cell_is_left_to_ipython(cell: str) -> None:
    assert transformed(cell) == TransformerManager().transform_cell(cell)


def test_a_cell_is_split_into_its_parts() -> None:
    assert split_magic_cell("# c\n%%mimo -t 0 \n a\n") == MagicCell("mimo", "-t 0 ", " a\n", True, 4)
    assert split_magic_cell("%%mimo") == MagicCell("mimo", None, "", False, 0)
    assert split_magic_cell("%%mimo ") == MagicCell("mimo", "", "", False, 0)


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("%%mimo\n", "incomplete"),
        ("%%mimo\nhello", "incomplete"),
        ("%%mimo\nhello (\n\n", "complete"),
        ("# my question\n%%mimo -t 0\nhello", "incomplete"),
        ("# my question\n%%mimo\nhello\n\n", "complete"),
    ],
)
def test_a_console_waits_for_the_end_of_a_prompt(typed: str, status: str) -> None:
    manager = TransformerManager()
    manager.cleanup_transforms[:0] = [drop_lines_above, call_cell_magic]
    assert manager.check_complete(typed)[0] == status
