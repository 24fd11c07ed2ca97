"""Run programs that start kernels of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

PORT_IN_USE = "Address already in use"
"""What a kernel says when another process took one of its ports: it is told them before it can bind them."""
ATTEMPTS = 3


def run_program(command: Sequence[object], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed; start it anew when the machine gave a port of its kernel away."""
    for _ in range(ATTEMPTS):
        run = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
        if PORT_IN_USE not in run.stdout + run.stderr:
            break
    return run
