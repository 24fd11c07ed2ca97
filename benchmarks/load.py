"""CPU time of loading the extension, compared with other imports. Each measurement is a fresh process; they alternate.

`--short` measures the extension and httpx once. The number of modules is the same on every machine.
"""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from importlib.util import find_spec
from statistics import median

MEASURE = """
import time, sys
from IPython.core.interactiveshell import InteractiveShell
import asyncio, argparse, json, importlib.metadata
shell = InteractiveShell.instance()
modules, start = len(sys.modules), time.process_time()
{code}
print(time.process_time() - start, len(sys.modules) - modules)
"""
EXTENSION = "%load_ext mimo_magics"
CODES = {
    EXTENSION: "shell.run_line_magic('load_ext', 'mimo_magics')",
    "import httpx": "import httpx",
    "import ipywidgets": "import ipywidgets",
    "import openai": "import openai",
    "import anthropic": "import anthropic",
    "%load_ext jupyter_ai_magics": "shell.run_line_magic('load_ext', 'jupyter_ai_magics')",
}
SHORT = (EXTENSION, "import httpx")


def measure(code: str) -> tuple[float, int]:
    """Return the milliseconds of CPU and the modules of code in a fresh process with IPython."""
    command = [sys.executable, "-W", "ignore", "-c", MEASURE.format(code=code)]
    seconds, modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-2:]
    return float(seconds) * 1_000, int(modules)


def main() -> None:
    """Print the table."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--short", action="store_true", help="the extension and httpx, once")
    options = parser.parse_args()
    rounds = 1 if options.short else options.rounds
    names = SHORT if options.short else tuple(CODES)
    installed = [name for name in names if name == EXTENSION or find_spec(name.split()[-1])]
    runs: dict[str, list[tuple[float, int]]] = {name: [] for name in installed}
    for _ in range(rounds):
        for name in installed:
            runs[name].append(measure(CODES[name]))
    extension = median(ms for ms, _ in runs[EXTENSION])
    for name in names:
        if name not in runs:
            print(f"{name:28} not installed here")
            continue
        ms = median(ms for ms, _ in runs[name])
        print(f"{name:28} {ms:8.1f} ms  {runs[name][0][1]:5} modules  extension/this {extension / ms:6.3f}")


if __name__ == "__main__":
    main()
