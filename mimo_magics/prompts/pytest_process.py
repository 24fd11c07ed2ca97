"""Runs a test file in a process of its own, with limits and without the secrets of this one.

It is no sandbox: the tests have the rights of the user. So they run only after the user has approved their code.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

MAX_SECONDS = 60.0
MAX_MEMORY = 2 * 2**30
"""Bytes of memory of the process, on Linux."""
MAX_FILE_BYTES = 50_000_000
"""Size of a file that the tests may write, where the system supports it."""
MAX_OUTPUT_BYTES, MAX_REPORT_BYTES = 20_000, 2_000_000
MAX_TESTS, MAX_REASON_CHARS = 200, 2_000
PASSED_VARIABLES = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")
"""The environment variables that the process gets. API keys are in others."""
TEST_FILE, REPORT = "test_notebook.py", "report.xml"


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """One test that ran."""

    name: str
    failure: str = ""
    """Why it failed; empty if it passed."""


@dataclass(frozen=True, slots=True)
class PytestRun:
    """A run of a test file."""

    cases: tuple[CaseOutcome, ...] = ()
    output: str = ""
    """The end of what pytest printed."""
    limit: str = ""
    """`time` if the time was over; empty otherwise."""

    @property
    def passed(self) -> tuple[CaseOutcome, ...]:
        """The tests that passed."""
        return tuple(case for case in self.cases if not case.failure)

    @property
    def failed(self) -> tuple[CaseOutcome, ...]:
        """The tests that failed."""
        return tuple(case for case in self.cases if case.failure)

    @property
    def is_successful(self) -> bool:
        """Whether there are tests, and all passed."""
        return bool(self.cases) and not self.failed and not self.limit


def run_tests(code: str, folder: Path, seconds: float = MAX_SECONDS) -> PytestRun:
    """Run a test file. An interrupt ends the process and its children.

    Args:
        code: the file.
        folder: the working folder of the notebook, whose modules the tests may import.
        seconds: time limit.
    """
    with TemporaryDirectory(prefix="mimo-tests-") as name:
        place = Path(name)
        (place / TEST_FILE).write_text(code, encoding="utf-8")
        (place / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        with (place / "output.txt").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                cwd=place,
                env=_build_environment(place, folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            limit = _wait(process, seconds)
        printed = _read_end(place / "output.txt", MAX_OUTPUT_BYTES)
        return PytestRun(tuple(_iter_cases(place / REPORT)), printed, limit)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> str:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return "time"
    finally:
        # Also after an interrupt, and for children that still run.
        with suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
    return ""


def _build_environment(place: Path, folder: Path) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
    search_path = os.pathsep.join((*filter(None, sys.path), str(folder)))
    return {
        **passed_on,
        **{name: str(place) for name in ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP")},
        "PYTHONPATH": search_path,
        "PYTHONIOENCODING": "utf-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def _read_end(path: Path, max_bytes: int) -> str:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - max_bytes))
        return file.read(max_bytes).decode("utf-8", "replace")


def _iter_cases(report: Path) -> Iterator[CaseOutcome]:
    """Yield the tests of the report. The tests could have written it, so it is not trusted."""
    with suppress(OSError, ET.ParseError, ValueError):
        if report.is_symlink() or report.stat().st_size > MAX_REPORT_BYTES:
            return
        data = report.read_bytes()
        if b"<!DOCTYPE" in data:
            return
        cases = ET.fromstring(data).iter("testcase")  # noqa: S314  it has no entities and a limited size
        for case, _ in zip(cases, range(MAX_TESTS), strict=False):
            failure = next((each for each in case if each.tag in ("failure", "error")), None)
            reason = "" if failure is None else (failure.get("message") or failure.text or "failed")
            yield CaseOutcome(case.get("name") or "", reason[:MAX_REASON_CHARS])


def _limit_resources() -> None:
    """Limit this process, where the system supports it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))


def main() -> None:
    """Run the test file of the working folder."""
    import pytest

    _limit_resources()
    options = ("-q", "--tb=short", "--noconftest", "-p", "no:cacheprovider", "-c", "pytest.ini")
    sys.exit(pytest.main([*options, f"--junitxml={REPORT}", TEST_FILE]))


if __name__ == "__main__":
    main()
