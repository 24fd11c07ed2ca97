"""The choice of a renderer by the target and the settings."""

from __future__ import annotations

import sys
from io import BytesIO, TextIOWrapper
from types import SimpleNamespace

import pytest
from support.comparisons import BUNDLE, DOCUMENT, METADATA, TITLES
from support.widget_page import Cell, PageConnection, Published

from mimo_magics.core.events import ReplyEnded, TextDelta
from mimo_magics.core.renderer_protocol import DisplayTarget, Renderer
from mimo_magics.core.run_progress import RunProgress
from mimo_magics.core.settings import Settings
from mimo_magics.display import selection
from mimo_magics.display.selection import choose_renderer, choose_run_renderer

PLACES: tuple[DisplayTarget, ...] = ("front end", "unattended", "terminal")


def played(renderer: Renderer) -> None:
    renderer.tick()
    renderer.show(TextDelta("Hi"), 0)
    renderer.show(ReplyEnded(), 0)
    renderer.finish(DOCUMENT, METADATA)


def test_an_unattended_run_gets_one_plain_output(published: Published) -> None:
    played(choose_renderer("unattended", Settings(), titles=TITLES))
    assert [(output["data"], output["metadata"], output["update"]) for output in published] == [
        (BUNDLE, METADATA, False)
    ]
    assert "display_id" not in (published[0]["transient"] or {})


@pytest.mark.parametrize("place", PLACES)
def test_quiet_shows_nothing_anywhere(
    place: DisplayTarget, wire: PageConnection, published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    played(choose_renderer(place, Settings(quiet=True), Cell(), titles=TITLES))
    assert (published, wire.messages, capsys.readouterr().out) == ([], [], "")


@pytest.mark.parametrize(
    ("place", "cell", "live", "kind"),
    [
        ("front end", Cell(), True, "LiveRenderer"),
        ("front end", Cell(), False, "StatusRenderer"),
        ("front end", None, True, "StatusRenderer"),
        ("unattended", None, True, "FinalRenderer"),
        ("terminal", Cell(), True, "TerminalComparisonRenderer"),
    ],
)
def test_the_renderer_depends_on_the_target_and_the_settings(
    place: DisplayTarget, cell: Cell | None, live: bool, kind: str
) -> None:
    assert type(choose_renderer(place, Settings(live=live), cell, titles=TITLES)).__name__ == kind


class Terminal(TextIOWrapper):
    """A stream with an encoding, which may be a terminal."""

    def __init__(self, encoding: str, *, is_terminal: bool) -> None:
        super().__init__(BytesIO(), encoding=encoding)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize("kernel", [None, object()], ids=["IPython", "Spyder's console"])
@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "cp1252", "ascii"])
@pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "pipe"])
@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_rich_is_chosen_in_a_terminal_that_can_repaint_and_never_in_a_kernel(
    monkeypatch: pytest.MonkeyPatch, term: str, is_terminal: bool, encoding: str, kernel: object
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys, "stdout", Terminal(encoding, is_terminal=is_terminal))
    monkeypatch.setattr(selection, "get_ipython", lambda: SimpleNamespace(kernel=kernel))
    can_paint = is_terminal and kernel is None and term != "dumb" and encoding.lower() == "utf-8"
    kind = "RichTerminalRenderer" if can_paint else "TerminalRenderer"
    assert type(choose_renderer("terminal", Settings())).__name__ == kind


@pytest.mark.parametrize(
    ("place", "cell", "settings", "kind"),
    [
        ("front end", Cell(), Settings(), "LiveRenderer"),
        ("front end", Cell(), Settings(live=False), "StatusRenderer"),
        ("front end", None, Settings(), "StatusRenderer"),
        ("unattended", None, Settings(), "FinalRenderer"),
        ("terminal", Cell(), Settings(), "TerminalRunRenderer"),
        *((place, Cell(), Settings(quiet=True), "SilentRenderer") for place in PLACES),
    ],
)
def test_the_renderer_of_a_run_depends_on_the_target_and_the_settings(
    place: DisplayTarget, cell: Cell | None, settings: Settings, kind: str
) -> None:
    assert type(choose_run_renderer(place, settings, cell)).__name__ == kind


def test_a_run_in_a_pipe_prints_lines_and_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = choose_run_renderer("terminal", Settings())
    renderer.show(RunProgress(4, called=1))
    renderer.finish(DOCUMENT, METADATA)
    assert capsys.readouterr().out == "All\n"
