"""Helpers for the tests of the tutorials: run a notebook, and read its cells."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.paths import ROOT
from support.programs import run_program

from mimo_magics.client.local import weights

FOLDER = ROOT / "notebooks"
TAPES = FOLDER / "tapes"
NOTEBOOKS = [*sorted(FOLDER.glob("*.ipynb")), *sorted((FOLDER / "zh-TW").glob("*.ipynb"))]
OWN = {name: value for name, value in os.environ.items() if not name.startswith("MIMO_")}
LOCAL = {**OWN, "MIMO_PRESET": "local", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""The environment of a tutorial, without the API key of the user: no real service is called. Packages are preinstalled."""
ID = re.compile(r"[0-9a-f]{12}")

named = pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda path: str(path.relative_to(FOLDER).with_suffix(""))
)


def nbval(path: Path, tmp_path: Path, *options: str, tapes: Path = TAPES) -> subprocess.CompletedProcess[str]:
    """Run a notebook under nbval, in a kernel without settings of the user."""
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--color=no",
        "-p",
        "no:cacheprovider",
        *options,
        str(path),
    )
    plugin = ("-p", "mimo_magics.testing", "-o", f"mimo_tapes={tapes}", "-W", "error")
    # Profiles are stored in XDG_CONFIG_HOME.
    environment = {**LOCAL, "XDG_CONFIG_HOME": str(tmp_path)}
    return run_program((*command, *plugin), env=environment, cwd=ROOT)


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def needs(*models: str) -> None:
    for model in models:
        if not find_spec("xllamacpp") or not weights.get_weights_path(model).exists():
            pytest.skip(f"{model} is not there: pip install 'mimo-magics[local]', make weights weights-tools")
