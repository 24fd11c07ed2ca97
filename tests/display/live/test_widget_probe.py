"""The widget probe, by its messages."""

from itertools import pairwise

from support.widget_page import Clock, PageConnection

from mimo_magics.display.live.widget_probe import FINAL_WAIT_SECONDS, PROBE_DELAYS_SECONDS, WidgetProbe


def probe_count(wire: PageConnection) -> int:
    opened = [data["state"]["_model_name"] for kind, _, data in wire.messages if kind == "comm_open"]
    return opened.count("DirectionalLinkModel")


def test_nothing_is_sent_before_the_start(wire: PageConnection) -> None:
    probe = WidgetProbe(Clock())
    assert not probe.poll()
    probe.close()
    assert wire.messages == []


def test_a_page_with_widgets_is_recognized_by_the_first_probe(wire: PageConnection) -> None:
    probe = WidgetProbe(Clock())
    probe.start()
    assert probe.poll()
    probe.start()
    assert (probe.poll(), probe_count(wire)) == (True, 1)


def test_a_page_that_does_not_answer_is_probed_again_after_growing_delays(wire: PageConnection) -> None:
    wire.answers = False
    clock = Clock()
    probe = WidgetProbe(clock)
    probe.start()
    sent_at = [clock.time]
    while clock.time < 10:
        clock.time += 0.25
        before = probe_count(wire)
        assert not probe.poll()
        sent_at += [clock.time] * (probe_count(wire) - before)
    assert [later - earlier for earlier, later in pairwise(sent_at)] == list(PROBE_DELAYS_SECONDS[1:])


def test_a_response_to_a_later_probe_counts(wire: PageConnection) -> None:
    wire.answers = False
    clock = Clock()
    probe = WidgetProbe(clock)
    probe.start()
    assert not probe.poll()
    wire.answers = True
    clock.time += PROBE_DELAYS_SECONDS[1]
    assert [probe.poll(), probe.poll()] == [False, True]


def test_a_response_is_pending_until_some_time_after_the_last_probe(wire: PageConnection) -> None:
    wire.answers = False
    clock = Clock()
    probe = WidgetProbe(clock)
    pending = [probe.is_pending]
    probe.start()
    for delay in (*PROBE_DELAYS_SECONDS[1:], FINAL_WAIT_SECONDS):
        pending.append(probe.is_pending)
        clock.time += delay
        probe.poll()
    assert [*pending, probe.is_pending] == [True, True, True, True, False]


def test_closing_removes_all_widgets_of_the_probes(wire: PageConnection) -> None:
    wire.answers = False
    clock = Clock()
    probe = WidgetProbe(clock)
    probe.start()
    clock.time += PROBE_DELAYS_SECONDS[1]
    probe.poll()
    assert wire.states != {}
    probe.close()
    assert wire.states == {}
