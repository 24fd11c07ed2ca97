"""Record the tapes of the tutorials with the embedded model, and save the outputs: python record.py LESSON.ipynb …

Each notebook runs twice. The first run calls the model and records tapes/LESSON.jsonl. The second run replays the tape,
and its outputs are saved, so a later replay in the tests reproduces them. With --replay the tape is not changed: for
a translation, or if only texts of the package have changed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient

TAPES = Path(__file__).parent / "tapes"
QUIET = ["--IPKernelApp.log_level=ERROR"]
ENVIRONMENT = {"MIMO_PRESET": "local", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""The embedded model replies, and the packages of a lesson are preinstalled: nothing is downloaded."""


def execute(path: Path, tape: str) -> nbformat.NotebookNode:
    """Run a notebook in a kernel without settings of the user."""
    notebook = nbformat.read(path, as_version=4)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MIMO_")}
    with TemporaryDirectory() as folder:
        environment = {**inherited, **ENVIRONMENT, "MIMO_TAPE": tape, "XDG_CONFIG_HOME": folder}
        client = NotebookClient(
            notebook,
            timeout=600,
            record_timing=False,
            extra_arguments=QUIET,
            store_widget_state=False,
            coalesce_streams=True,
        )
        client.execute(cwd=str(path.parent), env=environment)
    return notebook


def main(arguments: list[str]) -> None:
    """Record notebooks, and save their outputs."""
    paths = [Path(word).absolute() for word in arguments if word != "--replay"]
    for path in paths:
        tape = TAPES / f"{path.stem}.jsonl"
        if "--replay" not in arguments:
            execute(path, f"record:{tape}")
        nbformat.write(execute(path, f"replay:{tape}"), path)
        print(f"{path.name}: {tape.stat().st_size:,} bytes of tape")


if __name__ == "__main__":
    main(sys.argv[1:])
