"""Fixtures of the tests that make calls over HTTP."""

import pytest
from support.http_calls import _closed

from mimo_magics.client import retry

# pytest finds the fixture in this module.
__all__ = ["_closed"]


@pytest.fixture
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide the delays before retries by 100."""
    monkeypatch.setattr(retry, "INITIAL_DELAY", retry.INITIAL_DELAY / 100)
