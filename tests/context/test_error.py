"""Exceptions as text."""

from __future__ import annotations

import pytest

from mimo_magics.context.error import error_line, error_text, error_type
from mimo_magics.context.value import summarize
from mimo_magics.core.errors import BadOption


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def raised(error: Exception) -> Exception:
    """Return the error with a traceback."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def test_the_text_is_the_traceback() -> None:
    lines = error_text(raised(ValueError("too large"))).splitlines()
    assert (lines[0], lines[-1]) == ("Traceback (most recent call last):", "ValueError: too large")
    assert "    raise error" in lines


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    text = summarize(raised(ValueError("x" * 100_000 + " the end")), 20_000, "sample").text
    assert len(text.encode()) <= 20_000
    assert text.startswith("Traceback")
    assert text.endswith("x the end")


def test_an_error_whose_str_fails_has_a_text() -> None:
    assert error_text(raised(Silent())).endswith("<exception str() failed>")


def test_an_error_of_this_package_is_shown_as_its_lines() -> None:
    assert error_text(BadOption("Unknown option -x.", "Use -t.")) == "BadOption: Unknown option -x.\nUse -t."


def test_one_line_and_the_type_are_shorter_forms() -> None:
    error = raised(KeyError("canary"))
    assert (error_line(error), error_type(error)) == ("KeyError: 'canary'", "KeyError")
