"""Record the tapes of the tutorials with the embedded model, and save their outputs: python record.py LESSON.ipynb …

Each notebook is run twice: the first time its calls are made and recorded on tapes/LESSON.jsonl, the second time they are
replayed, and these outputs are saved. So a later replay, as in the tests, gives the same outputs. With --replay the tape
is left as it is: for a twin in another language, or when only words of ours have changed.
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
STRANGER = {"MIMO_PRESET": "local", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""The embedded model answers, and what a lesson installs is there: nothing is fetched."""


def executed(path: Path, tape: str) -> nbformat.NotebookNode:
    """Run a notebook in a kernel that knows nothing of the person who started it."""
    notebook = nbformat.read(path, as_version=4)
    own = {name: value for name, value in os.environ.items() if not name.startswith("MIMO_")}
    with TemporaryDirectory() as folder:
        environment = {**own, **STRANGER, "MIMO_TAPE": tape, "XDG_CONFIG_HOME": folder}
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


def main(words: list[str]) -> None:
    """Record notebooks, and save their outputs."""
    paths = [Path(word).absolute() for word in words if word != "--replay"]
    for path in paths:
        tape = TAPES / f"{path.stem}.jsonl"
        if "--replay" not in words:
            executed(path, f"record:{tape}")
        nbformat.write(executed(path, f"replay:{tape}"), path)
        print(f"{path.name}: {tape.stat().st_size:,} bytes of tape")


if __name__ == "__main__":
    main(sys.argv[1:])
