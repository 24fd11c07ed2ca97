"""Programs that start kernels."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

PORT_IN_USE = "Address already in use"
"""The error of a kernel if another process has taken one of its ports, which are chosen before it binds them."""
ATTEMPTS = 3


def run_program(command: Sequence[object], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command and return its output; repeat it if a port of its kernel was taken."""
    for _ in range(ATTEMPTS):
        run = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
        if PORT_IN_USE not in run.stdout + run.stderr:
            break
    return run
