"""Tests of a model in a process of their own, with limits and without secrets."""

import os
import sys
import time
from pathlib import Path

import pytest

from mimo_magics.prompts.pytest_process import REPORT, CaseOutcome, _iter_cases, run_tests


def test_each_test_is_reported(tmp_path: Path) -> None:
    run = run_tests("def test_a():\n    assert 1 == 1\ndef test_b():\n    assert 1 == 2, 'no'", tmp_path)
    assert run.cases == (CaseOutcome("test_a"), CaseOutcome("test_b", "AssertionError: no\nassert 1 == 2"))
    assert (run.passed, run.failed, run.is_successful) == (run.cases[:1], run.cases[1:], False)
    assert "1 failed, 1 passed" in run.output


def test_a_file_that_cannot_be_imported_is_a_failure(tmp_path: Path) -> None:
    run = run_tests("import not_a_module\ndef test_a():\n    pass", tmp_path)
    assert not run.is_successful
    assert "not_a_module" in run.output


def test_a_file_without_tests_is_no_success(tmp_path: Path) -> None:
    assert not run_tests("x = 1", tmp_path).is_successful


def test_the_process_has_no_keys_and_another_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMO_API_KEY", "sk-canary")
    monkeypatch.setenv("SOME_TOKEN", "canary")
    code = (
        "import os\nfrom pathlib import Path\ndef test_a():\n    assert 'canary' not in str(dict(os.environ))\n"
        f"    assert os.getcwd() == os.environ['HOME'] != {os.environ.get('HOME')!r}\n"
    )
    assert run_tests(code, tmp_path).failed == ()


def test_modules_of_the_notebook_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "shop_of_this_test.py").write_text("PRICE = 3")
    code = "from shop_of_this_test import PRICE\ndef test_a():\n    assert PRICE == 3"
    assert run_tests(code, tmp_path).is_successful


def test_a_test_that_does_not_end_is_stopped_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\nfrom pathlib import Path\ndef test_a():\n"
        f"    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"    Path({str(tmp_path / 'child')!r}).write_text(str(child.pid))\n    time.sleep(600)\n"
    )
    run = run_tests(code, tmp_path, seconds=5)
    assert (run.limit, run.cases, run.is_successful) == ("time", (), False)
    child = int((tmp_path / "child").read_text())
    while is_running(child):
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is one of Linux")
def test_a_test_cannot_take_all_memory(tmp_path: Path) -> None:
    run = run_tests("def test_a():\n    bytearray(3 * 2**30)", tmp_path)
    assert [case.failure.split(":")[0] for case in run.cases] == ["MemoryError"]


def test_long_output_is_cut(tmp_path: Path) -> None:
    run = run_tests("def test_a():\n    print('x' * 1_000_000)\n    assert False", tmp_path)
    assert len(run.output) <= 20_000
    assert run.failed


@pytest.mark.parametrize(
    "report",
    [
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase name="&a;"/></testsuite>',
        b"<testsuite>" + b"<testcase/>" * 300_000 + b"</testsuite>",
        b"",
    ],
    ids=["text", "entities", "large", "empty"],
)
def test_a_report_that_the_tests_wrote_is_not_trusted(tmp_path: Path, report: bytes) -> None:
    (tmp_path / REPORT).write_bytes(report)
    assert list(_iter_cases(tmp_path / REPORT)) == []


def test_a_link_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "other.xml").write_text("<testsuite><testcase name='a'/></testsuite>")
    (tmp_path / REPORT).symlink_to(tmp_path / "other.xml")
    assert list(_iter_cases(tmp_path / REPORT)) == []
