"""The benchmark of front ends in its short form. The test checks counts and no times."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from browser.conftest import installed
from browser.lab import chromium

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "frontend.py"


def test_the_short_form_streams_a_live_reply_and_a_printed_one() -> None:
    installed("jupyterlab")
    installed("playwright")
    if not chromium():
        pytest.skip("there is no chromium: apt-get install chromium fonts-noto-cjk fonts-noto-color-emoji")
    command = [sys.executable, str(SCRIPT), "--short"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    for name in ("ours", "print"):
        (figures,) = re.findall(rf"^  {name} +done +([\d.,]+) +([\d,]+) ", run.stdout, re.MULTILINE)
        megabytes, messages = (float(figure.replace(",", "")) for figure in figures)
        assert megabytes > 0
        assert messages > 0
