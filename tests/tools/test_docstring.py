"""Docstrings of functions: the description, and the description of each parameter."""

import inspect

import pytest
from hypothesis import given, strategies as st

from mimo_magics.tools.docstring import parse_docstring


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
            "S.\n\nArgs:\n  a: one\nReturns:\n  two\n\nNote:\n  three",
            "S.\n\n:returns: two\n\nNote:\n  three",
            {"a": "one"},
        ),
        ("S.\n\nParameters:\n    no entry at all\n", "S.\n\nParameters:\n    no entry at all", {}),
        ("S.\n\nArgs:\n    an odd line\n    a: one\n", "S.\n\nArgs:\n    an odd line\n    a: one", {}),
        ("S.\n:param a: one\n:return: two\n: :", "S.\n:param a: one\n:return: two\n: :", {}),
        ("S.\n:param a: one\n:raises E: two", "S.\n:raises E : two", {"a": "one"}),
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
def test_parameters_are_split_from_the_description(
    text: str, description: str, texts: dict[str, str]
) -> None:
    assert parse_docstring(text) == (description, texts)


@given(st.text(st.sampled_from("aA :\n-*,().")) | st.text())
def test_text_without_parameters_stays_as_written(text: str) -> None:
    description, texts = parse_docstring(text)
    assert texts or description == inspect.cleandoc(text).strip()


@pytest.mark.parametrize(
    "row", ["Args:\n a", "a : b\n ", ":param a: b\n", "Parameters\n---\n", " \n", "(a", "a,"]
)
@pytest.mark.parametrize("start", ["", "Args:\n    a", "Parameters\n----------\n", "Parameters\n---\na\n"])
def test_a_long_docstring_is_parsed(row: str, start: str) -> None:
    parse_docstring(start + row * 2_000)
