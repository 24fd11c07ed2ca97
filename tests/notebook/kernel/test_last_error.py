"""The last error for a prompt."""

import sys

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.notebook.kernel.last_error import find_last_error


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


@pytest.mark.parametrize("later", [BadOption("Unknown option -x."), KeyboardInterrupt()])
def test_an_error_of_this_package_or_an_interrupt_does_not_replace_it(
    monkeypatch: pytest.MonkeyPatch, later: BaseException
) -> None:
    shell, first = Shell(), raised(ValueError("too large"))
    monkeypatch.setattr(sys, "last_value", later, raising=False)
    assert find_last_error(shell) is None
    monkeypatch.setattr(sys, "last_value", first, raising=False)
    assert find_last_error(shell) is first
    monkeypatch.setattr(sys, "last_value", later, raising=False)
    assert find_last_error(shell) is first
