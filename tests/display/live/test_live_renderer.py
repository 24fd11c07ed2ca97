"""The live view, by what it sends to the page."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.wired import WIDGETS, Cell, Clock, Wire, text

from mimo_magics.core.events import (
    Approval,
    Event,
    Note,
    PendingApproval,
    ReasoningDelta,
    ResponseStarted,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
)
from mimo_magics.core.messages import Message, ReasoningPart, Reply, TextPart, ToolCall, ToolResult
from mimo_magics.display.live.live_renderer import MAX_RETIRED_VIEWS, LiveRenderer
from mimo_magics.display.live.streaming_markdown import StreamingMarkdown
from mimo_magics.display.live.view import ReplyView
from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.display.progress import Progress
from mimo_magics.document.incremental import MAX_BLOCK_CHARS
from mimo_magics.document.markdown import to_html
from mimo_magics.document.reply import DisplayOptions

CLOCK = ToolCall("i", "clock", '{"zone": "UTC"}')


def view(cell: Cell | None = None) -> ReplyView:
    return ReplyView(DisplayOptions(), Progress(), cell or Cell())


def told(view: ReplyView, *events: Event) -> None:
    for event in events:
        view.show(event)
        view.paint()


# Growing text


def grow(wire: Wire, source: str, size: int) -> list[str]:
    """Let a text grow by pieces of a size; return the HTML of its widgets, in their order."""
    wire.messages.clear()
    growing = StreamingMarkdown(WidgetFactory())
    for start in range(0, len(source), size):
        growing.feed(source[start : start + size])
        growing.paint()
    growing.end()
    *pages, tail = growing.box.children
    return [*(child.value for page in pages for child in page.children), tail.value]


def bare(html: str) -> str:
    return re.sub(
        r'<div class="mathjax_ignore tex2jax_ignore">(.*?)</div>(?=<div class="mathjax_ignore|$)',
        r"\1",
        html,
        flags=re.DOTALL,
    )


@pytest.mark.thorough
@pytest.mark.parametrize("size", [1, 20, 400])
def test_all_that_grew_is_there_in_the_end(wire: Wire, size: int) -> None:
    source = text(3_000)
    shown = grow(wire, source, size)
    assert "".join(map(bare, shown)) == to_html(source)


@pytest.mark.thorough
def test_what_is_sent_is_proportional_to_the_length(wire: Wire) -> None:
    sent = []
    for length in (8_000, 80_000):
        grow(wire, text(length), 1_000)
        sent.append(wire.sent)
    assert sent[1] / sent[0] <= 11
    assert sent[1] <= 600_000


def test_no_message_is_large(wire: Wire) -> None:
    grow(wire, text(20_000), 100)
    assert max(len(json.dumps(data)) for _, _, data in wire.messages) < 8_000


def test_math_is_sent_once_and_in_a_widget_that_typesets_it(wire: Wire) -> None:
    grow(wire, text(5_000), 50)
    kinds = {id_: state.get("_model_name") for id_, state in wire.states.items()}
    marked = [
        (kind, kinds[id_])
        for kind, id_, data in wire.messages
        if "x^3$</span>" in str(data["state"].get("value"))
        and not str(data["state"]["value"]).startswith("<p")
    ]
    assert marked == [("comm_open", "HTMLMathModel")]


@pytest.mark.thorough
@pytest.mark.parametrize("source", ["```python\n" + "x = 1\n" * 4_000, "word " * 5_000, "- item\n" * 3_000])
def test_what_has_no_end_is_not_sent_again_and_again(wire: Wire, source: str) -> None:
    grow(wire, source, 100)
    assert max(map(len, wire.values())) < 12 * MAX_BLOCK_CHARS
    assert wire.sent < 60 * len(source)


@pytest.mark.parametrize(("form", "html"), [("text", "*a* &lt;b&gt;"), ("json", '{"*a*": ')])
def test_an_answer_that_is_no_markdown_grows_as_it_is(wire: Wire, form: Any, html: str) -> None:
    growing = StreamingMarkdown(WidgetFactory(), DisplayOptions(form))
    growing.feed("*a* <b>" if form == "text" else '{"*a*": 1}')
    growing.paint()
    assert (
        re.sub(r"</?span[^>]*>", "", growing.box.children[-1].value)
        .replace("&quot;", '"')
        .startswith(f'<pre class="highlight"><code>{html}')
    )


# The view


def test_reasoning_is_open_while_it_comes_and_folds_when_the_answer_begins(wire: Wire) -> None:
    told(view(), ReasoningDelta("Hm, "), ReasoningDelta("yes."))
    heading = wire.find("ToggleButtonModel", "Thinking… 0 s")
    assert wire.states[heading]["value"] is True
    assert "<p>Hm, yes.</p>\n" in wire.values()


def test_a_group_folds_with_a_line_that_tells_what_was_done(wire: Wire) -> None:
    shown = view()
    told(shown, ReasoningDelta("Hm."), TextDelta("Yes."))
    heading = wire.find("ToggleButtonModel", "Thought for 0.0 s")
    assert wire.states[heading]["value"] is False
    assert shown.open_groups == frozenset()


@pytest.mark.parametrize("is_open", [True, False])
def test_what_a_person_folds_or_unfolds_stays_so(wire: Wire, is_open: bool) -> None:
    shown = view()
    told(shown, ReasoningDelta("Hm."))
    wire.tell(wire.find("ToggleButtonModel", "Thinking"), {"value": False})
    if is_open:
        wire.tell(wire.find("ToggleButtonModel", "Thinking"), {"value": True})
    told(shown, ReasoningDelta(" And."), TextDelta("Yes."))
    assert wire.states[wire.find("ToggleButtonModel", "Thought")]["value"] is is_open
    assert shown.open_groups == (frozenset([0]) if is_open else frozenset())


def test_only_groups_that_a_person_opened_are_told_of(wire: Wire) -> None:
    shown = view()
    told(shown, ReasoningDelta("One."), TextDelta("Two."), ReasoningDelta("Three."), TextDelta("Four."))
    wire.tell(wire.find("ToggleButtonModel", "Thought"), {"value": True})
    assert shown.open_groups == frozenset([1])


def test_a_tool_call_is_shown_from_its_name_to_its_result(wire: Wire) -> None:
    shown = view()
    result = ToolResult("i", "clock", "<b>12:00</b>", seconds=1.25)
    states = []
    for event in (
        ToolCallStart(0, "i", "clock"),
        ToolCallDelta(0, '{"zone": "U'),
        ToolCallDelta(0, 'TC"}'),
        ToolProgress(0, "waiting", approval=PendingApproval(CLOCK)),
        ToolProgress(0, "approved"),
        ToolProgress(0, "running"),
        ToolProgress(0, "done", result),
    ):
        told(shown, event)
        states.append(wire.states[wire.find("ToggleButtonModel", "clock(")]["description"])
    assert states[:3] == ["clock()", 'clock("zone": "U)', 'clock("zone": "UTC")']
    small = [value for value in wire.values() if value.startswith("<small>") and len(value) > 15]
    assert small == [
        f"<small>{state}</small>"
        for state in ("waits for your approval", "approved", "running · 0 s", "done · 1.2 s")
    ]
    assert "&lt;b&gt;12:00&lt;/b&gt;" in wire.values()[-1] or any("12:00" in value for value in wire.values())
    assert not any("<b>" in value for value in wire.values())


def test_calls_and_thoughts_in_a_row_are_one_group(wire: Wire) -> None:
    shown = view()
    told(
        shown,
        ReasoningDelta("Hm."),
        ToolCallStart(0, "i", "clock"),
        ToolProgress(0, "done", ToolResult("i", "clock", "12")),
        ResponseStarted("2"),
        ReasoningDelta("So."),
        TextDelta("Noon."),
    )
    headings = [
        state["description"]
        for state in wire.states.values()
        if state.get("_model_name") == "ToggleButtonModel"
    ]
    assert headings == ["Thought for 0.0 s · called clock", "clock()"]


def test_halves_of_characters_are_joined_and_lone_ones_do_no_harm(wire: Wire) -> None:
    half, other = "\ud83d", "\ude42"
    events = [ReasoningDelta(half), ReasoningDelta(other), ToolCallStart(0, "i", f"cl{half}ock")]
    events += [ToolCallDelta(0, half), ToolCallDelta(0, other), Note(other), TextDelta("One." + half)]
    shown = view()
    told(shown, *events, TextDelta(f"{other}\n\nTwo.{half}"))
    shown.end("")
    for _, _, data in wire.messages:
        json.dumps(data, ensure_ascii=False).encode()
    assert "<p>One.🙂</p>\n" in wire.values()


def test_remarks_are_shown_as_text(wire: Wire) -> None:
    told(view(), Note("search <failed>"))
    assert '<p dir="auto">⚠ search &lt;failed&gt;</p>' in wire.values()


def test_stop_is_said_once_it_is_pressed(wire: Wire) -> None:
    cell = Cell()
    view(cell)
    assert not cell.stopped
    wire.press("Stop")
    assert cell.stopped


CALL = (ToolCallStart(0, "i", "clock"), ToolCallDelta(0, '{"zone": "UTC"}'))


@pytest.mark.parametrize(
    ("button", "approval"),
    [
        ("Approve", Approval(allowed=True)),
        ("Approve for this session", Approval(allowed=True, for_session=True)),
        ("Refuse", Approval(allowed=False, reason="not today")),
    ],
)
def test_a_call_that_waits_shows_what_it_would_do_and_a_person_decides(
    wire: Wire, button: str, approval: Approval
) -> None:
    pending = PendingApproval(CLOCK)
    shown = view()
    told(shown, *CALL, ToolProgress(0, "waiting", approval=pending))
    assert wire.states[wire.find("ToggleButtonModel", "clock(")]["value"] is True
    assert any("&quot;zone&quot;: &quot;UTC&quot;" in value for value in wire.values())
    (reason,) = [id_ for id_, state in wire.states.items() if state["_model_name"] == "TextModel"]
    wire.tell(reason, {"value": "not today"})
    content = {"data": {"method": "custom", "content": {"event": "click"}}}
    (pressed,) = [id_ for id_, state in wire.states.items() if state.get("description") == button]
    wire.comms[pressed].handle_msg({"content": content, "buffers": []})
    assert asyncio.run(pending.wait_for_decision()) == approval
    told(shown, ToolProgress(0, "approved"))
    assert wire.states[wire.find("ToggleButtonModel", "clock(")]["value"] is False


def test_nothing_is_sent_when_nothing_changed(wire: Wire) -> None:
    shown = view()
    told(shown, TextDelta("Hello"))
    wire.messages.clear()
    for _ in range(5):
        shown.paint()
    assert wire.messages == []


CODES = "One:\n\n```python\na = 1\n\nb = 2\n```\n\n- two:\n\n  ```\n  c\n  ```\n\n"
LONG = "".join(f"x{n} = {n}\n{chr(10) * (n % 3)}" for n in range(300))


def test_each_code_block_can_be_wanted_in_a_new_cell_once_it_is_finished(wire: Wire) -> None:
    shown = view()
    offered = []
    for piece in (*re.split("(?<=\n)", CODES), f"```\n{LONG}", "```\n\nThat is all.\n"):
        told(shown, TextDelta(piece))
        offered.append(any(state["_model_name"] == "BoundedIntTextModel" for state in wire.states.values()))
    assert offered == [False] * 7 + [True] * (len(offered) - 7)
    wanted = []
    for number in (0, 1, 2, 3, 4):
        wire.tell(wire.find("BoundedIntTextModel", "New cell"), {"value": number})
        wanted.append(shown.code_to_insert)
    assert wanted == [None, "a = 1\n\nb = 2", "c", LONG.rstrip("\n"), None]


# The renderer


def live(*settings: Any) -> LiveRenderer:
    """A renderer of an answer that takes its time."""
    renderer = LiveRenderer(*settings)
    renderer.tick()
    return renderer


@pytest.fixture
def renderer(wire: Wire, published: list[dict[str, Any]]) -> Iterator[LiveRenderer]:
    return live(DisplayOptions(), Cell())


def finish(renderer: LiveRenderer) -> None:
    renderer.finish(
        Reply(Message("assistant", (ReasoningPart("Hm."), TextPart("Hi"))), stop="end"), {"version": 1}
    )


def kinds(published: list[dict[str, Any]]) -> list[str]:
    return [next(iter(output["data"])) for output in published]


def test_a_reply_is_widgets_while_it_comes_and_a_document_in_the_same_place(
    renderer: LiveRenderer, published: list[dict[str, Any]]
) -> None:
    renderer.show(ReasoningDelta("Hm."))
    renderer.show(TextDelta("Hi"))
    renderer.show(Stopped("end"))
    finish(renderer)
    assert kinds(published) == [WIDGETS, "text/html"]
    assert len({output["transient"]["display_id"] for output in published}) == 1
    assert published[-1]["metadata"] == {"mimo": {"version": 1}}


def test_the_code_block_that_was_chosen_goes_into_a_new_cell_when_the_reply_is_whole(
    wire: Wire, published: list[dict[str, Any]]
) -> None:
    cell, clock = Cell(), Clock()
    renderer = live(DisplayOptions(), cell, clock)
    renderer.show(TextDelta(CODES + "End.\n\nE"))
    clock.time += 1
    renderer.tick()
    wire.tell(wire.find("BoundedIntTextModel", "New cell"), {"value": 2})
    assert cell.inserted == []
    finish(renderer)
    assert cell.inserted == ["c"]


def test_an_answer_that_is_there_at_once_asks_the_page_for_nothing(
    wire: Wire, published: list[dict[str, Any]]
) -> None:
    renderer = LiveRenderer(DisplayOptions(), Cell())
    renderer.show(TextDelta("Hi"))
    finish(renderer)
    assert wire.messages == []
    assert kinds(published)[-1] == "text/html"


def test_what_came_before_the_page_answered_is_in_the_view(
    wire: Wire, published: list[dict[str, Any]]
) -> None:
    wire.answers = False
    clock = Clock()
    renderer = live(DisplayOptions(), Cell(), clock)
    for word in ("one ", "two "):
        renderer.show(TextDelta(word))
    assert set(kinds(published)) == {"text/html"}
    wire.answers = True
    for _ in range(2):
        clock.time += 1
        renderer.tick()
    assert kinds(published)[-1] == WIDGETS
    assert "<p>one two</p>\n" in wire.values()


def test_a_page_that_never_answers_gets_plain_outputs_and_few_questions(
    wire: Wire, published: list[dict[str, Any]]
) -> None:
    wire.answers = False
    clock = Clock()
    renderer = live(DisplayOptions(), Cell(), clock)
    for number in range(400):
        clock.time += 0.05
        renderer.show(TextDelta(f"word{number} "))
    finish(renderer)
    assert set(kinds(published)) == {"text/html"}
    opened = [data["state"]["_model_name"] for kind, _, data in wire.messages if kind == "comm_open"]
    assert opened.count("DirectionalLinkModel") == 3
    assert wire.states == {}


def test_frames_come_ten_times_a_second_at_most_and_rarer_when_nobody_can_read_along(
    wire: Wire, published: list[dict[str, Any]]
) -> None:
    frames = []
    for length in (1, 20):
        clock = Clock()
        renderer = live(DisplayOptions(), Cell(), clock)
        wire.messages.clear()
        for _ in range(1_000):
            clock.time += 0.001
            renderer.show(TextDelta("x" * length))
        frames.append(len({value for value in wire.values() if "xx" in value}))
    assert 8 <= frames[0] <= 11
    assert 3 <= frames[1] <= 6


def test_of_a_call_that_failed_nothing_is_left(
    wire: Wire, renderer: LiveRenderer, published: list[dict[str, Any]]
) -> None:
    renderer.show(ResponseStarted("1", "mimo"))
    renderer.clear()
    assert published[-1]["data"] == {"text/plain": ""}
    assert wire.states == {}


def test_the_widgets_of_the_last_turns_stay_for_pages_that_were_reloaded_and_then_go(
    wire: Wire, published: list[dict[str, Any]]
) -> None:
    sizes = []
    for _ in range(3 * MAX_RETIRED_VIEWS):
        renderer = live(DisplayOptions(), Cell())
        renderer.show(TextDelta("Hi"))
        finish(renderer)
        sizes.append(len(wire.states))
    assert sizes[MAX_RETIRED_VIEWS] == sizes[-1]
    assert sizes[0] < sizes[MAX_RETIRED_VIEWS - 1] == sizes[-1]
