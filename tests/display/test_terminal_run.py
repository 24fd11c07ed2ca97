"""The progress of a run in a terminal."""

from __future__ import annotations

import sys

import pytest

from mimo_magics.core.run_progress import RunProgress
from mimo_magics.display.terminal_run import LINE_SECONDS, TerminalRunRenderer
from mimo_magics.session.comparison.result import DisplayBundle

DOCUMENT = DisplayBundle({"text/html": "", "text/plain": "3 of 3 rows have a value\x1b[2J"})


def test_without_a_bar_a_line_is_printed_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    renderer = TerminalRunRenderer(has_bar=False, now=lambda: now)
    for second in range(12):
        now = float(second)
        renderer.show(RunProgress(20, called=second, seconds=now))
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 12 // LINE_SECONDS
    assert printed[0].startswith("5 of 20 rows · 5 s")


def test_the_document_is_printed_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = TerminalRunRenderer(has_bar=False)
    renderer.finish(DOCUMENT, {})
    printed = capsys.readouterr().out
    assert printed.startswith("3 of 3 rows have a value")
    assert "\x1b" not in printed


def test_the_bar_shows_the_rows_and_ends_before_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = TerminalRunRenderer(has_bar=True)
    renderer.show(RunProgress(4, called=1))
    renderer.show(RunProgress(4, called=3, failed=1))
    renderer.finish(DOCUMENT, {})
    printed = capsys.readouterr().out
    assert "3/4" in printed
    assert printed.rstrip().splitlines()[-1].startswith("3 of 3 rows have a value")


def test_a_run_that_failed_ends_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = TerminalRunRenderer(has_bar=True)
    renderer.show(RunProgress(4, called=1))
    renderer.clear()
    assert capsys.readouterr().out.endswith("\n")


def test_the_bar_shows_a_pause_and_a_problem_without_a_new_row(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = TerminalRunRenderer(has_bar=True)
    renderer.show(RunProgress(4, called=1))
    renderer.show(RunProgress(4, called=1, is_paused=True))
    renderer.show(RunProgress(4, called=1, problem="disk\n\x1b[2Jis full"))
    printed = capsys.readouterr().out
    renderer.clear()
    assert "the service limits the rate: waiting" in printed
    assert "results not saved: disk \ufffd[2Jis full" in printed


def test_a_line_has_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    renderer = TerminalRunRenderer(has_bar=False, now=lambda: now)
    now = LINE_SECONDS
    renderer.show(RunProgress(4, problem="disk\n\x1b[2Jis full"))
    assert capsys.readouterr().out == "0 of 4 rows · 0 s · ⚠ results not saved: disk \ufffd[2Jis full\n"


def test_without_tqdm_lines_are_printed_in_a_terminal_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    now = 0.0
    renderer = TerminalRunRenderer(has_bar=True, now=lambda: now)
    now = LINE_SECONDS
    renderer.show(RunProgress(4, called=1))
    assert capsys.readouterr().out == "1 of 4 rows · 0 s\n"
