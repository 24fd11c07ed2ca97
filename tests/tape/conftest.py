"""Fixtures of the tests of tapes."""

from pathlib import Path

import pytest
from support.http_calls import _closed

__all__ = ["_closed"]  # a fixture that is found here


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tapes" / "lesson.jsonl"
