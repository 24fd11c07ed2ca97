"""What a docstring says of a function and of each parameter."""

import inspect

import pytest
from hypothesis import given, strategies as st

from mimo_magics.tools.docstring import parse_docstring as read_docstring


@pytest.mark.parametrize(
    ("text", "description", "texts"),
    [
        ("", "", {}),
        ("Only this: all.", "Only this: all.", {}),
        (
            """Google.

            Args:
                a: one
                    and two:

                    - three
                b (Callable[[int], str], optional): four
                *c: five

            Raises:
                ValueError: never

            The end.
            """,
            "Google.\n\nRaises:\n    ValueError: never\n\nThe end.",
            {"a": "one\nand two:\n\n- three", "b": "four", "c": "five"},
        ),
        (
            "S.\n\nArgs:\n  a: one\nReturns:\n  two\n\nKeyword Args:\n  b: three",
            "S.\n\nReturns:\n  two",
            {"a": "one", "b": "three"},
        ),
        ("S.\n\nParameters:\n    no entry at all\n", "S.\n\nParameters:\n    no entry at all", {}),
        ("S.\n\nArgs:\n    an odd line\n    a: one\n", "S.", {"a": "one"}),
        (
            """NumPy.

            Parameters
            ----------
            a : int, optional
                One.

                Two.
            b, c
                Three.
            d : {"x", "y"}

            Returns
            -------
            list
                Four.
            """,
            "NumPy.\n\nReturns\n-------\nlist\n    Four.",
            {"a": "One.\n\nTwo.", "b": "Three.", "c": "Three.", "d": ""},
        ),
        (
            "S.\n\nParameters\n----------\na\n    One.\n\nTo end with: words.\n",
            "S.\n\nTo end with: words.",
            {"a": "One."},
        ),
        (
            """reST.

            :param a: one
                two
            :param int b: three
            :type a: str

            :returns: four

            The end.
            """,
            "reST.\n\n:returns: four\n\nThe end.",
            {"a": "one\ntwo", "b": "three"},
        ),
    ],
)
def test_a_docstring_is_parted(text: str, description: str, texts: dict[str, str]) -> None:
    assert read_docstring(text) == (description, texts)


@given(st.text(st.sampled_from("aA :\n-*,().")) | st.text())
def test_any_text_is_a_docstring(text: str) -> None:
    description, texts = read_docstring(text)
    assert texts or description == inspect.cleandoc(text).strip()


@pytest.mark.parametrize(
    "row", ["Args:\n a", "a : b\n ", ":param a: b\n", "Parameters\n---\n", " \n", "(a", "a,"]
)
@pytest.mark.parametrize("start", ["", "Args:\n    a", "Parameters\n----------\n", "Parameters\n---\na\n"])
def test_a_long_docstring_is_no_work(row: str, start: str) -> None:
    read_docstring(start + row * 2_000)
