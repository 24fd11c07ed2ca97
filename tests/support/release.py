"""The release check: `make release-check`.

It builds the wheel and the sdist and checks their contents. Then it installs them into empty environments, on each
supported Python, with the oldest and the newest allowed dependencies. There it loads the extension, shows the settings,
and runs a notebook. It reports what it could not run; with --strict that is a failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from support import pythons

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
WORK = ROOT / "build" / "release"
SOURCE = WORK / "source"
"""The unpacked sdist, so that the check runs the notebook of the release."""
NOTEBOOK = "00_first_answer"
ANSWER = "The capital of Japan is Tokyo."
SHELL = """%load_ext mimo_magics
%mimo_config
import mimo_magics; print(f"{mimo_magics.__version__} of {mimo_magics.__file__}")"""


class Broken(Exception):
    """A check failed; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the check: a Python and a set of dependencies."""

    python: str
    what: str
    """`lowest` or `newest` dependencies of the wheel, or `sdist`."""

    @property
    def folder(self) -> Path:
        """The folder of its environment."""
        return WORK / f"{self.python}-{self.what}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one row."""

    cell: Cell
    state: str
    """`ok`, `fails`, or `not run`."""
    seconds: float = 0
    why: str = ""

    def __str__(self) -> str:
        """Return a row of the table."""
        seconds = f"{self.seconds:6.1f} s" if self.seconds else " " * 8
        line = self.why.strip().splitlines()[-1][:200] if self.why.strip() else ""
        return f"{self.cell.python:8}{self.cell.what:8}{self.state:9}{seconds}  {line}".rstrip()


@dataclass(frozen=True, slots=True)
class Shipped:
    """The two files of the release."""

    wheel: Path
    sdist: Path


def build() -> Shipped:
    """Build both files into an empty `dist`, and unpack the sdist."""
    for folder in (DIST, WORK):
        shutil.rmtree(folder, ignore_errors=True)
    run(
        sys.executable,
        "-m",
        "uv",
        "build",
        "--quiet",
        "--no-create-gitignore",
        "--out-dir",
        str(DIST),
        str(ROOT),
    )
    shipped = Shipped(next(DIST.glob("*.whl")), next(DIST.glob("*.tar.gz")))
    with tarfile.open(shipped.sdist) as archive:
        archive.extractall(WORK, filter="data")
    (WORK / shipped.sdist.name.removesuffix(".tar.gz")).rename(SOURCE)
    return shipped


def faults(wheel: Path, source: Path, tracked_files: Sequence[str]) -> Iterator[str]:
    """Return the errors of a wheel and an unpacked sdist, compared with the files in git."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    info = next(name for name in names if name.endswith(".dist-info/METADATA")).removesuffix("METADATA")
    package = {name for name in tracked_files if name.startswith("mimo_magics/")}
    licenses = {f"{info}licenses/{name}" for name in tracked_files if Path(name).name == "LICENSE"}
    about = {info + name for name in ("METADATA", "WHEEL", "RECORD")}
    yield from differences("the wheel", names, package | licenses | about)
    unpacked = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
    yield from differences("the sdist", unpacked, {*tracked_files, "PKG-INFO"})


def files() -> list[str]:
    """Return the files that git tracks, or would track."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard")
    return [name for name in listed.splitlines() if (ROOT / name).exists()]


def differences(where: str, found: Iterable[str], expected: set[str]) -> Iterator[str]:
    """Return the extra and the missing files."""
    yield from (f"{name} is in {where} and should not be." for name in sorted(set(found) - expected))
    yield from (f"{name} is not in {where}." for name in sorted(expected - set(found)))


def missing_for(tag: str, version: str, changelog: str) -> Iterator[str]:
    """Return what a release with this tag lacks; nothing without a tag."""
    if not tag:
        return
    if tag != f"v{version}":
        yield f"The tag is {tag}, and the version is {version}: they should be v1.2.3 and 1.2.3."
    if not re.search(rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        yield f"CHANGELOG.md has no heading «## {version} - YYYY-MM-DD»."


def run(*command: str, cwd: Path = ROOT, **variables: str) -> str:
    """Run a command without the settings of the user, and return its output.

    Raises:
        Broken: the command failed or timed out.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MIMO_", "PYTHON"))}
    options = {"cwd": cwd, "env": {**own, **variables}, "encoding": "utf-8", "timeout": 600}
    try:
        return subprocess.run(command, capture_output=True, check=True, **options).stdout
    except subprocess.CalledProcessError as failed:
        raise Broken(f"{failed.stdout}\n{failed.stderr}") from None
    except subprocess.TimeoutExpired:
        raise Broken(f"{Path(command[0]).name} did not end in ten minutes.") from None


def cells(versions: Sequence[str]) -> list[Cell]:
    """Return the table: each Python with the oldest and the newest dependencies, and the sdist on the first."""
    both = [Cell(version, what) for version in versions for what in ("lowest", "newest")]
    return [*both, Cell(versions[0], "sdist")]


def tried(cell: Cell, shipped: Shipped) -> Outcome:
    """Check one row, if its Python is available."""
    python = pythons.find(cell.python)
    if not python:
        return Outcome(cell, "not run", why=f"There is no Python {cell.python} here.")
    start = time.perf_counter()
    try:
        install(cell, shipped, python)
        settings_are_shown(cell)
        install(cell, shipped, python, extra="demo")
        bounds_are_reached(cell)
        notebook_runs(cell)
    except Broken as broken:
        return Outcome(cell, "fails", time.perf_counter() - start, str(broken))
    return Outcome(cell, "ok", time.perf_counter() - start)


def install(cell: Cell, shipped: Shipped, python: str, extra: str = "") -> None:
    """Install a file and its dependencies into an empty environment."""
    run(sys.executable, "-m", "uv", "venv", "--quiet", "--clear", "--python", python, str(cell.folder))
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(cell.folder)]
    file = shipped.sdist if cell.what == "sdist" else shipped.wheel
    run(
        *command,
        f"{file}[{extra}]" if extra else str(file),
        *(oldest(extra) if cell.what == "lowest" else ()),
    )


def oldest(extra: str) -> Iterator[str]:
    """Return the lowest versions of the dependencies. The option «direct» of uv does not include those of a wheel."""
    yield from ("--resolution", "lowest-direct", "--requirements", str(SOURCE / "pyproject.toml"))
    yield from ("--extra", extra) if extra else ()


def bounds_are_reached(cell: Cell) -> None:
    """Return whether the oldest allowed versions were installed. On later Pythons some of them are unavailable."""
    if cell.what != "lowest" or cell.python != pythons.promised()[0]:
        return
    site = [str(folder) for folder in cell.folder.glob("lib/*/site-packages")]
    installed = {canonicalize_name(each.name): Version(each.version) for each in distributions(path=site)}
    named = map(Requirement, pythons.PROJECT["dependencies"])
    bounds = {
        each for each in named if not each.marker or each.marker.evaluate({"python_version": cell.python})
    }
    if above := sorted(
        str(bound) for bound in bounds if not at(bound, installed[canonicalize_name(bound.name)])
    ):
        raise Broken(f"The lowest versions that can be had together are above these: {', '.join(above)}")


def at(bound: Requirement, version: Version) -> bool:
    """Return whether a version equals the lower bound."""
    lowest = Version(next(each.version for each in bound.specifier if each.operator == ">="))
    return version.release[: len(lowest.release)] == lowest.release


def settings_are_shown(cell: Cell) -> None:
    """Load the extension in IPython and check the output of `%mimo_config`; a failed cell fails the command."""
    ipython = str(cell.folder / "bin" / "ipython")
    own = {"IPYTHONDIR": str(cell.folder / "ipython")}
    printed = run(ipython, "--no-banner", "--colors=NoColor", "-c", SHELL, cwd=WORK, **own)
    if not re.search(r"^preset +mimo-v2 +Service: ", printed, re.MULTILINE):
        raise Broken(f"%mimo_config does not show the settings: {printed}")
    if f" of {cell.folder}" not in printed:
        raise Broken(f"Another mimo_magics was loaded: {printed}")


def notebook_runs(cell: Cell) -> None:
    """Run the notebook of the release from its tape, or with the embedded model if it has no tape."""
    tape = SOURCE / "notebooks" / "tapes" / f"{NOTEBOOK}.jsonl"
    variables = {"MIMO_PRESET": "local", "IPYTHONDIR": str(cell.folder / "ipython")}
    if tape.exists():
        variables["MIMO_TAPE"] = f"replay:{tape}"
    python = str(cell.folder / "bin" / "python")
    notebooks = [f"notebooks/{NOTEBOOK}.ipynb", str(cell.folder / f"{NOTEBOOK}.ipynb")]
    printed = run(python, "notebooks/run.py", *notebooks, cwd=SOURCE, **variables)
    if ANSWER not in printed:
        raise Broken(f"The notebook does not print «{ANSWER}»: {printed}")


def failed(outcomes: Sequence[Outcome], *, strict: bool) -> bool:
    """Return whether the release is not ready: a row failed, a required row did not run, or no row ran."""
    promised = [outcome.state for outcome in outcomes if outcome.cell.python not in pythons.NEXT]
    return "fails" in promised or "ok" not in promised or (strict and "not run" in promised)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make release-check", description=__doc__.splitlines()[0])
    parser.add_argument("--strict", action="store_true", help="fail when a promised Python is not there")
    parser.add_argument("--python", action="append", help="only this version; may be repeated")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Run the check; return the exit code. RELEASE_TAG is the tag of a release."""
    options = arguments(words)
    shipped = build()
    print(
        run(sys.executable, "-m", "twine", "--no-color", "check", "--strict", *map(str, DIST.iterdir())),
        end="",
    )
    tag, version = os.environ.get("RELEASE_TAG", ""), str(parse_wheel_filename(shipped.wheel.name)[1])
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if wrong := [*faults(shipped.wheel, SOURCE, files()), *missing_for(tag, version, changelog)]:
        print(*wrong, sep="\n")
        return 1
    print(f"\n{'Python':8}{'with':8}")
    outcomes = []
    for cell in cells(options.python or [*pythons.promised(), *pythons.NEXT]):
        outcomes.append(tried(cell, shipped))
        print(outcomes[-1], flush=True)
    for outcome in outcomes:
        if outcome.state == "fails":
            print(f"\n{outcome.cell.python} {outcome.cell.what}:\n{outcome.why.strip()}")
    return int(failed(outcomes, strict=options.strict))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
