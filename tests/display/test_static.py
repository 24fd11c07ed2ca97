"""One output that grows in place."""

from itertools import count

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from mimo_magics.core.events import ModelPreparation, Notice, Retrying, TextDelta
from mimo_magics.core.messages import Message, Reply, TextPart
from mimo_magics.display.static import StaticRenderer


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    shell = InteractiveShell.instance()
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(shell, "display_pub", publisher)
    return publisher.outputs


def clock(step: float):
    ticks = count()
    return lambda: next(ticks) * step


def plain(published: list[dict[str, object]]) -> list[str]:
    return [output["data"]["text/plain"] for output in published]


def test_all_frames_are_one_output_and_the_last_is_the_document(published: list[dict[str, object]]) -> None:
    renderer = StaticRenderer(now=clock(1.0))
    for word in ("a ", "b "):
        renderer.show(TextDelta(word))
    renderer.finish(Reply(Message("assistant", (TextPart("a b "),)), stop="end"), {"version": 1})
    assert plain(published) == ["a ", "a b ", "a b "]
    assert [output["update"] for output in published] == [False, True, True]
    assert len({output["transient"]["display_id"] for output in published}) == 1
    assert published[-1]["metadata"] == {"mimo": {"version": 1}}


def test_frames_come_ten_times_a_second_at_most(published: list[dict[str, object]]) -> None:
    renderer = StaticRenderer(now=clock(0.001))
    for _ in range(1_000):
        renderer.show(TextDelta("x"))
    assert len(published) <= 11


def test_what_is_sent_stays_proportional_to_the_length_of_the_reply(
    published: list[dict[str, object]],
) -> None:
    renderer = StaticRenderer(now=clock(1.0))
    for _ in range(2_000):
        renderer.show(TextDelta("ten chars "))
    sent = sum(map(len, plain(published)))
    short = sum(range(0, 2_000, 10))
    assert sent <= short + 12 * 20_000


def test_waits_are_told_at_once(published: list[dict[str, object]]) -> None:
    renderer = StaticRenderer(now=lambda: 0.0)
    renderer.show(ModelPreparation("Fetching x", 34_000_000, 98_000_000))
    renderer.show(ModelPreparation("Starting x"))
    renderer.show(Retrying(2, 5, 1.5, "HTTP 503: busy"))
    told = [output["data"]["text/html"].split("<small>")[1].split("<")[0] for output in published]
    assert told == [
        "Fetching x: 34 of 98 MB",
        "Starting x …",
        "HTTP 503: busy · retrying in 2 s, attempt 2 of 5",
    ]


def test_only_the_first_part_of_a_growing_reply_shows_the_notices(published: list[dict[str, object]]) -> None:
    renderer = StaticRenderer(is_only_output=True, now=clock(1.0))
    renderer.show(Notice("Replaced turn 2."))
    for _ in range(30):
        renderer.show(TextDelta("word " * 20 + "\n\n"))
    shown = {output["transient"]["display_id"]: output["data"]["text/html"] for output in published}
    assert ["Replaced turn 2." in html for html in shown.values()] == [True, False]


def test_nothing_is_left_of_a_call_of_which_nothing_came(published: list[dict[str, object]]) -> None:
    StaticRenderer().clear()
    assert published == []
    renderer = StaticRenderer()
    renderer.show(Retrying(2, 5, 1.5, "busy"))
    renderer.clear()
    assert published[-1]["data"] == {"text/plain": ""}
