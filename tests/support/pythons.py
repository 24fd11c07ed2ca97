"""The Pythons of this machine, by version: `python tests/support/pythons.py 3.12` prints where one is, or says that there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEXT = ("3.14",)
"""Not promised yet: tried where it is there, and its failures decide nothing."""


def promised() -> tuple[str, ...]:
    """Return the versions that the classifiers promise, the oldest first."""
    last = [line.rpartition(" :: ")[2] for line in PROJECT["classifiers"] if line.startswith("Programming")]
    return tuple(version for version in last if version.startswith("3."))


def find(version: str) -> str | None:
    """Return the interpreter of a version, on the PATH, of uv or of pyenv; nothing is downloaded."""
    command = [sys.executable, "-m", "uv", "python", "find", "--system", "--no-python-downloads", version]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=_all_of_pyenv())
    return found.stdout.strip() or None


def _all_of_pyenv() -> dict[str, str]:
    """Let pyenv's commands find each version that it has, not only the one that it is set to."""
    if not shutil.which("pyenv"):
        return dict(os.environ)
    listed = subprocess.run(
        ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=True
    ).stdout
    return {**os.environ, "PYENV_VERSION": ":".join(listed.split())}


if __name__ == "__main__":
    print(find(sys.argv[1]) or sys.exit(f"There is no Python {sys.argv[1]} here."))
