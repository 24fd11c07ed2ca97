"""Old versions of pandas, polars and pyarrow. `make frames` installs them into build/frames."""

from __future__ import annotations

import pytest

from support.paths import ROOT

FOLDER = ROOT / "build" / "frames"


def need_old_frames() -> None:
    """Skip a test if the old versions are not there."""
    if not FOLDER.is_dir():
        pytest.skip("the old versions of pandas, polars and pyarrow are not there: make frames")
