"""Other versions of ipykernel. `make kernels` installs them into build/kernels."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import ipykernel
import pytest

from support.paths import ROOT

FOLDER = ROOT / "build" / "kernels"
VERSIONS = ("6.31.0", "7.3.0")
INSTALLED = "python3"
NAMES = [INSTALLED, *VERSIONS]
"""Names of kernels: the installed one, and others by version."""


def write_specs(data: Path) -> None:
    """Write the kernel specs of all available versions into a data folder of Jupyter."""
    for version in filter(is_there, VERSIONS):
        spec = data / "kernels" / version / "kernel.json"
        spec.parent.mkdir(parents=True)
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        paths = {"PYTHONPATH": os.pathsep.join(map(str, (FOLDER / version, ROOT)))}
        spec.write_text(
            json.dumps({"argv": command, "display_name": version, "language": "python", "env": paths})
        )


def is_there(version: str) -> bool:
    """Return whether a version is available."""
    return (FOLDER / version).is_dir()


def need(name: str) -> None:
    """Skip a test if its kernel is not available."""
    if name != INSTALLED and not is_there(name):
        pytest.skip(f"ipykernel {name} is not there: make kernels")


def version(name: str) -> tuple[int, ...]:
    """Return the version of a kernel."""
    return tuple(map(int, (ipykernel.__version__ if name == INSTALLED else name).split(".")[:2]))
