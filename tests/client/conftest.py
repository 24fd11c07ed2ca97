"""Fixtures of the tests that make calls over HTTP."""

import pytest
from support.http_calls import _closed

from mimo_magics.client import retry as attempts

__all__ = ["_closed"]  # a fixture that is found here


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are a hundredth of what they are for people; their proportions stay."""
    monkeypatch.setattr(attempts, "INITIAL_DELAY", attempts.INITIAL_DELAY / 100)
