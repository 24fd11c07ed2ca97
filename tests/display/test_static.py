"""Renderers without widgets."""

from collections.abc import Callable
from itertools import count

from support.comparisons import DOCUMENT, METADATA, TITLES, plain_texts
from support.context_items import ITEMS, LINE
from support.meters import Meter
from support.results import ADA, PEOPLE_SCHEMA
from support.widget_page import Clock, Published

from mimo_magics.core.events import (
    ModelPreparation,
    Notice,
    PromptContext,
    ReplyEnded,
    ResultExpected,
    ResultItem,
    Retrying,
    TextDelta,
)
from mimo_magics.core.messages import Message, Reply, TextPart
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.progress import ReplyProgress
from mimo_magics.display.static import StaticRenderer, StatusRenderer
from mimo_magics.document.reply import ReplyDocument


def static(now: Callable[[], float]) -> StaticRenderer:
    renderer = StaticRenderer(ReplyProgress(), now=now)
    renderer.start({0: Meter(lambda: 0.0)})
    return renderer


def clock(step: float) -> Callable[[], float]:
    ticks = count()
    return lambda: next(ticks) * step


def test_all_frames_are_one_output_and_the_last_is_the_document(published: Published) -> None:
    renderer = static(clock(1.0))
    for word in ("a ", "b "):
        renderer.show(TextDelta(word))
    reply = Reply(Message("assistant", (TextPart("a b "),)), stop="end")
    renderer.finish(ReplyDocument(reply), METADATA)
    assert plain_texts(published) == ["a ", "a b ", "a b "]
    assert [output["update"] for output in published] == [False, True, True]
    assert len({output["transient"]["display_id"] for output in published}) == 1
    assert published[-1]["metadata"] == METADATA


def test_frames_come_ten_times_a_second_at_most(published: Published) -> None:
    renderer = static(clock(0.001))
    for _ in range(1_000):
        renderer.show(TextDelta("x"))
    assert len(published) <= 11


def test_bytes_sent_are_proportional_to_the_length_of_the_reply(
    published: Published,
) -> None:
    renderer = static(clock(1.0))
    for _ in range(2_000):
        renderer.show(TextDelta("ten chars "))
    sent = sum(map(len, plain_texts(published)))
    short = sum(range(0, 2_000, 10))
    assert sent <= short + 12 * 20_000


def test_waits_are_shown_at_once(published: Published) -> None:
    renderer = static(lambda: 0.0)
    renderer.show(ModelPreparation("Fetching x", 34_000_000, 98_000_000))
    renderer.show(ModelPreparation("Starting x"))
    renderer.show(Retrying(2, 5, 1.5, "HTTP 503: busy"))
    statuses = [
        output["data"]["text/html"].split("<small")[1].split(">")[1].split("<")[0] for output in published
    ]
    assert statuses == [
        "Fetching x: 34 of 98 MB",
        "Starting x …",
        "HTTP 503: busy · retrying in 2 s, attempt 2 of 5",
    ]


def test_only_the_first_part_of_a_growing_reply_shows_the_notices(published: Published) -> None:
    renderer = StaticRenderer(ReplyProgress(), is_only_output=True, now=clock(1.0))
    renderer.show(Notice("Replaced turn 2."))
    for _ in range(30):
        renderer.show(TextDelta("word " * 20 + "\n\n"))
    shown = {output["transient"]["display_id"]: output["data"]["text/html"] for output in published}
    assert ["Replaced turn 2." in html for html in shown.values()] == [True, False]


def test_a_failed_call_leaves_an_empty_output(published: Published) -> None:
    static(lambda: 0.0).clear()
    assert published == []
    renderer = static(lambda: 0.0)
    renderer.show(Retrying(2, 5, 1.5, "busy"))
    renderer.clear()
    assert published[-1]["data"] == {"text/plain": ""}


def test_the_document_of_a_comparison_replaces_the_status_line(published: Published) -> None:
    clock = Clock()
    renderer = StatusRenderer(ComparisonProgress(TITLES))
    renderer.start({0: Meter(clock)})
    for _ in range(12):
        clock.time += 0.1
        renderer.tick()
    renderer.show(TextDelta("Hi"), 0)
    renderer.show(ReplyEnded(), 0)
    renderer.show(ReplyEnded("HTTP 429"), 1)
    renderer.finish(DOCUMENT, METADATA)
    assert plain_texts(published) == [
        "0 of 3 complete · 0 s",
        "0 of 3 complete · 1 s",
        "1 of 3 complete · 1 s",
        "1 of 3 complete, 1 failed · 1 s",
        "All",
    ]
    assert len({output["transient"]["display_id"] for output in published}) == 1
    assert published[-1]["metadata"] == METADATA


def test_a_failed_comparison_leaves_an_empty_output(published: Published) -> None:
    renderer = StatusRenderer(ComparisonProgress(TITLES))
    renderer.clear()
    assert published == []
    renderer.tick()
    renderer.clear()
    assert published[-1]["data"] == {"text/plain": ""}


def test_the_context_is_shown_before_the_first_token_and_stays(published: Published) -> None:
    renderer = static(clock(1.0))
    renderer.show(PromptContext(ITEMS))
    renderer.show(TextDelta("Hello."))
    reply = Reply(Message("assistant", (TextPart("Hello."),)), stop="end")
    renderer.finish(ReplyDocument(reply, context=ITEMS), METADATA)
    assert [output["data"]["text/html"].count(f">{LINE}</summary>") for output in published] == [1, 1, 1]
    assert plain_texts(published) == ["", "Hello.", "Hello."]


def test_the_items_of_a_result_are_rows_in_place_of_its_text(published: Published) -> None:
    renderer = static(clock(1.0))
    renderer.show(ResultExpected(PEOPLE_SCHEMA))
    renderer.show(TextDelta('{"items": ['))
    renderer.show(ResultItem(ADA))
    renderer.show(TextDelta("… ,"))
    assert plain_texts(published) == ["0 items so far", "name  age\nAda    36\n1 item so far"]
    assert "items&quot;" not in published[-1]["data"]["text/html"]


def test_a_long_result_stays_in_one_output_of_limited_size(published: Published) -> None:
    renderer = StaticRenderer(ReplyProgress(), is_only_output=True, now=clock(1.0))
    renderer.start({0: Meter(lambda: 0.0)})
    renderer.show(ResultExpected(PEOPLE_SCHEMA))
    for _ in range(2_000):
        renderer.show(TextDelta('{"name": "Ada",\n\n "age": 36},\n\n'))
        renderer.show(ResultItem(ADA))
    assert not renderer.has_finished_parts
    assert max(len(output["data"]["text/html"]) for output in published) < 4_000
    assert len(published) < 150
