"""The Pythons of this machine: `python tests/support/pythons.py 3.12` prints the path of that version, or an error."""

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
"""A version that is not supported yet. It is tried if available, and its failures are ignored."""


def promised() -> tuple[str, ...]:
    """Return the versions of the classifiers, the oldest first."""
    last = [line.rpartition(" :: ")[2] for line in PROJECT["classifiers"] if line.startswith("Programming")]
    return tuple(version for version in last if version.startswith("3."))


def find(version: str) -> str | None:
    """Return the interpreter of a version, on the PATH, of uv or of pyenv; nothing is downloaded."""
    command = [sys.executable, "-m", "uv", "python", "find", "--system", "--no-python-downloads", version]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=_all_of_pyenv())
    return found.stdout.strip() or None


def _all_of_pyenv() -> dict[str, str]:
    """Return an environment in which pyenv finds all of its versions, not only the selected one."""
    if not shutil.which("pyenv"):
        return dict(os.environ)
    listed = subprocess.run(
        ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=True
    ).stdout
    return {**os.environ, "PYENV_VERSION": ":".join(listed.split())}


if __name__ == "__main__":
    print(find(sys.argv[1]) or sys.exit(f"There is no Python {sys.argv[1]} here."))
