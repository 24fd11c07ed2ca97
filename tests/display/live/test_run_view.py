"""The live view of a run over many rows, by the messages to the page."""

from __future__ import annotations

from functools import partial

import pytest
from support.comparisons import BUNDLE, DOCUMENT, METADATA, plain_texts
from support.hostile import HOSTILE, find_unexpected
from support.read_html import ParsedHtml
from support.widget_page import WIDGETS, Cell, Clock, PageConnection, Published

from mimo_magics.core.run_progress import RunProgress
from mimo_magics.display.live.live_renderer import LiveRenderer
from mimo_magics.display.live.run_view import BAR_STEPS, MAX_REPLY_CHARS, RunView
from mimo_magics.display.run_status import RunStatus
from mimo_magics.display.static import StatusRenderer


class WatchedRun:
    """A live renderer of a run, with its clock and its cell."""

    def __init__(self) -> None:
        self.clock, self.cell = Clock(), Cell()
        status = RunStatus()
        self.renderer = LiveRenderer(StatusRenderer(status), partial(RunView, status, self.cell), self.clock)
        self.renderer.tick()

    def advance(self, seconds: float, progress: RunProgress) -> None:
        """Advance the clock, and show the progress."""
        self.clock.time += seconds
        self.renderer.show(progress)
        self.renderer.tick()


@pytest.fixture
def live(wire: PageConnection, published: Published) -> WatchedRun:
    """Return a renderer whose page has answered the probe and has the first frame."""
    watched = WatchedRun()
    watched.advance(1.0, RunProgress(1_000))
    return watched


def shown(wire: PageConnection) -> str:
    """Return all HTML in the page."""
    return "\n".join(str(state.get("value")) for state in wire.states.values())


def test_a_run_is_widgets_first_and_then_a_document_in_the_same_output(
    live: WatchedRun, published: Published
) -> None:
    live.renderer.finish(DOCUMENT, METADATA)
    assert [next(iter(output["data"])) for output in published] == [WIDGETS, "text/html"]
    assert len({output["transient"]["display_id"] for output in published}) == 1
    assert (published[-1]["data"], published[-1]["metadata"]) == (BUNDLE, METADATA)


def test_the_bar_the_counts_and_the_last_replies_are_shown(live: WatchedRun, wire: PageConnection) -> None:
    live.advance(
        1.0, RunProgress(1_000, called=250, failed=3, seconds=10.0, calls_at_once=64, replies=("one", "two"))
    )
    bar = wire.states[wire.find("IntProgressModel", "Rows")]
    assert (bar["value"], bar["max"]) == (BAR_STEPS // 4, BAR_STEPS)
    assert '<span role="status">250 of 1,000 rows, 3 failed</span>' in shown(wire)
    assert "10 s · 25.0 rows/s · about 30 s left · 64 calls at once" in shown(wire)
    assert '<div dir="auto"><small>one</small></div><div dir="auto"><small>two</small></div>' in shown(wire)


def test_without_a_total_the_bar_stays_empty(live: WatchedRun, wire: PageConnection) -> None:
    live.advance(1.0, RunProgress(called=250, seconds=1.0))
    assert wire.states[wire.find("IntProgressModel", "Rows")]["value"] == 0
    assert '<span role="status">250 rows</span>' in shown(wire)


def test_the_stop_button_stops_the_cell_and_its_tooltip_names_the_saved_results(
    live: WatchedRun, wire: PageConnection
) -> None:
    assert wire.states[wire.find("ButtonModel", "Stop")]["tooltip"] == "Stop the run; the results are saved"
    assert not live.cell.stopped
    wire.press("Stop")
    assert live.cell.stopped


def test_a_hundred_events_in_ten_seconds_cost_two_frames_a_second(
    live: WatchedRun, wire: PageConnection
) -> None:
    wire.messages.clear()
    for step in range(1, 101):
        live.advance(0.1, RunProgress(1_000, called=10 * step, seconds=step / 10, replies=(f"{step}",)))
    bars = [data["state"] for _, _, data in wire.messages if isinstance(data["state"].get("value"), int)]
    replies = [value for value in wire.values() if value.startswith("<div")]
    texts = [value for value in wire.values() if value.startswith("<span role")]
    assert max(len(bars), len(replies)) <= 2 * 10 + 1
    assert len(texts) <= 10 + 1
    assert len(wire.messages) <= 2 * (2 * 10 + 1) + 2 * (10 + 1)


def test_nothing_is_sent_when_nothing_changed(live: WatchedRun, wire: PageConnection) -> None:
    progress = RunProgress(1_000, called=10, seconds=3.0, replies=("one",))
    live.advance(1.0, progress)
    wire.messages.clear()
    for _ in range(30):
        live.advance(0.1, progress)
    assert wire.messages == []


def test_a_pause_is_shown_before_the_second_is_over(live: WatchedRun, wire: PageConnection) -> None:
    live.advance(0.5, RunProgress(1_000, called=10, seconds=1.1))
    live.advance(0.5, RunProgress(1_000, called=10, seconds=1.6, is_paused=True))
    assert "the service limits the rate: waiting" in shown(wire)


def test_a_reloaded_page_shows_the_last_counts_without_the_stop_button(
    live: WatchedRun, wire: PageConnection
) -> None:
    live.advance(1.0, RunProgress(1_000, called=10, seconds=1.1, replies=("one",)))
    live.advance(0.1, RunProgress(1_000, called=12, seconds=1.2, replies=("two",)))
    live.renderer.finish(DOCUMENT, METADATA)
    assert '<span role="status">12 of 1,000 rows</span>' in shown(wire)
    assert "<div" not in shown(wire)
    (head,) = (state for state in wire.states.values() if "mimo-foot" in state.get("_dom_classes", ()))
    assert len(head["children"]) == 2


def test_a_run_that_failed_leaves_nothing(
    live: WatchedRun, wire: PageConnection, published: Published
) -> None:
    live.renderer.clear()
    assert published[-1]["data"] == {"text/plain": ""}
    assert wire.states == {}


def test_a_page_that_never_answers_gets_one_line_a_second(wire: PageConnection, published: Published) -> None:
    wire.answers = False
    watched = WatchedRun()
    for step in range(30):
        watched.advance(0.1, RunProgress(called=step, seconds=step / 10))
    watched.renderer.finish(DOCUMENT, METADATA)
    assert plain_texts(published) == ["0 rows · 0 s", "10 rows · 1 s", "20 rows · 2 s · 10.0 rows/s", "All"]


def test_a_reply_is_one_short_line(live: WatchedRun, wire: PageConnection) -> None:
    live.advance(1.0, RunProgress(replies=("a\n\n b\u2028c\x1b[2J\u202e", "x" * 1_000)))
    assert f"<small>{'x' * MAX_REPLY_CHARS}…</small>" in shown(wire)
    assert "<small>a b c⟨U+001B⟩[2J⟨U+202E⟩</small>" in shown(wire)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_replies_and_problems_are_text(live: WatchedRun, wire: PageConnection, name: str) -> None:
    hostile = HOSTILE[name]
    live.advance(1.0, RunProgress(9, replies=(hostile, hostile), problem=hostile))
    live.advance(1.0, RunProgress(9, preparation=hostile))
    values = [value for value in wire.values() if not value.startswith("<style>")]
    assert [find_unexpected(ParsedHtml(value).found) for value in values] == [[]] * len(values)
