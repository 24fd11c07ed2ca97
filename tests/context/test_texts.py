"""The exact text of each kind of value, readable in the folder `texts`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.context_values import SHARES, TEXTS, VALUES, render
from support.old_frames import FOLDER, need_old_frames
from support.paths import ROOT


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", VALUES)
def test_a_value_has_the_text_of_its_file(name: str, share: str) -> None:
    assert render(name, share) == (TEXTS / f"{name}.{share}.txt").read_text(encoding="utf-8")


def test_each_file_belongs_to_a_value() -> None:
    assert {file.name for file in TEXTS.iterdir()} == {
        f"{name}.{share}.txt" for name in VALUES for share in SHARES
    }


def test_the_texts_are_equal_with_the_oldest_versions_of_the_libraries() -> None:
    need_old_frames()
    paths = os.pathsep.join(map(str, (FOLDER, ROOT, ROOT / "tests")))
    code = (
        "import pandas; print(pandas.__version__); from support import context_values; context_values.main()"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("2.0.3\n", "")
