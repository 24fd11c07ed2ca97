"""Fixtures of the tests of tapes."""

from pathlib import Path

import pytest
from support.http_calls import _closed

# pytest finds the fixture here.
__all__ = ["_closed"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tapes" / "lesson.jsonl"
