"""The last error as text for a prompt."""

import sys

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.notebook.kernel.last_error import MAX_ERROR_CHARS, LastError, find_last_error


def fail(error: Exception) -> None:
    raise error


def raised(error: Exception) -> Exception:
    """Return the error with a traceback."""
    with pytest.raises(type(error)) as caught:
        fail(error)
    return caught.value


class Shell:
    """A stand-in: the errors are stored by shell."""


def test_there_is_no_error_before_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "last_value", raising=False)
    assert find_last_error(Shell()) is None


def test_the_text_is_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "last_value", raised(ValueError("too large")), raising=False)
    lines = str(find_last_error(Shell())).splitlines()
    assert (lines[0], lines[-1]) == ("Traceback (most recent call last):", "ValueError: too large")
    assert "    raise error" in lines


@pytest.mark.parametrize("later", [BadOption("Unknown option -x."), KeyboardInterrupt()])
def test_an_error_of_this_package_or_an_interrupt_does_not_replace_it(
    monkeypatch: pytest.MonkeyPatch, later: BaseException
) -> None:
    shell, first = Shell(), raised(ValueError("too large"))
    monkeypatch.setattr(sys, "last_value", later, raising=False)
    assert find_last_error(shell) is None
    monkeypatch.setattr(sys, "last_value", first, raising=False)
    assert find_last_error(shell) == LastError(first)
    monkeypatch.setattr(sys, "last_value", later, raising=False)
    assert find_last_error(shell) == LastError(first)


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    text = str(LastError(raised(ValueError("x" * 100_000 + " the end"))))
    assert len(text) == MAX_ERROR_CHARS + len("\n…\n")
    assert text.startswith("Traceback")
    assert text.endswith("x the end")


def test_an_error_whose_str_fails_has_a_text() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert str(LastError(raised(Silent()))).endswith("<exception str() failed>")
