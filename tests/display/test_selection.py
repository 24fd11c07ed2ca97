"""Which renderer is chosen for a reply or a comparison, by where its cell runs and by the settings."""

from __future__ import annotations

import sys

import pytest
from support.comparisons import BUNDLE, METADATA, TITLES
from support.wired import Cell, Published, Wire

from mimo_magics.core.events import TextDelta
from mimo_magics.core.renderer_protocol import ComparisonRenderer, DisplayTarget
from mimo_magics.core.settings import Settings
from mimo_magics.display.selection import choose_comparison_renderer, choose_renderer

PLACES: tuple[DisplayTarget, ...] = ("front end", "unattended", "terminal")


def played(renderer: ComparisonRenderer) -> None:
    renderer.tick()
    renderer.show(0, TextDelta("Hi"))
    renderer.end_reply(0)
    renderer.finish(BUNDLE, METADATA)


def test_nobody_who_watches_gets_one_plain_output(published: Published) -> None:
    played(choose_comparison_renderer("unattended", Settings(), TITLES))
    assert [(output["data"], output["metadata"], output["update"]) for output in published] == [
        (BUNDLE, METADATA, False)
    ]
    assert "display_id" not in (published[0]["transient"] or {})


@pytest.mark.parametrize("place", PLACES)
def test_quiet_is_quiet_everywhere(
    place: DisplayTarget, wire: Wire, published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    played(choose_comparison_renderer(place, Settings(quiet=True), TITLES, Cell()))
    assert (published, wire.messages, capsys.readouterr().out) == ([], [], "")


@pytest.mark.parametrize(
    ("place", "cell", "live", "kind"),
    [
        ("front end", Cell(), True, "LiveComparisonRenderer"),
        ("front end", Cell(), False, "StaticComparisonRenderer"),
        ("front end", None, True, "StaticComparisonRenderer"),
        ("unattended", None, True, "FinalComparisonRenderer"),
        ("terminal", Cell(), True, "TerminalComparisonRenderer"),
    ],
)
def test_a_renderer_is_chosen_by_the_place_and_what_a_person_wants(
    place: DisplayTarget, cell: Cell | None, live: bool, kind: str
) -> None:
    assert type(choose_comparison_renderer(place, Settings(live=live), TITLES, cell)).__name__ == kind


@pytest.mark.parametrize(
    ("term", "is_terminal", "kind"),
    [
        ("xterm", True, "RichTerminalRenderer"),
        ("dumb", True, "TerminalRenderer"),
        ("xterm", False, "TerminalRenderer"),
    ],
)
def test_rich_is_chosen_in_a_terminal_that_can_be_painted_on(
    monkeypatch: pytest.MonkeyPatch, term: str, is_terminal: bool, kind: str
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    assert type(choose_renderer("terminal", Settings())).__name__ == kind
