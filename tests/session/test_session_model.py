"""Sessions against a simple model: after any steps both hold the same turns, branches and requests.

The model has no tree: each turn is the complete line that ends with it, and the session is at one such line.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import count, groupby, takewhile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.peer import CUT, SILENCE, Answer, Peer, Seen, error, frames, stream
from support.peer_sessions import APIS
from support.rules import find_fault

from mimo_magics.client import portal
from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.events import TextDelta, ToolProgress
from mimo_magics.core.messages import (
    Message,
    Params,
    Part,
    ReasoningPart,
    Reply,
    Request,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    user_message,
)
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import Api
from mimo_magics.session.continuation import CONTINUE_PROMPT
from mimo_magics.session.deleted_cells import remove_cells
from mimo_magics.session.session import Session
from mimo_magics.session.tool_calls import INTERRUPTED_WHILE_RUNNING
from mimo_magics.session.turn import history_messages
from mimo_magics.tools.tool import NotebookTool, ToolOutcome
from mimo_magics.wire.formats import FORMATS

Body = dict[str, Any]
INCOMPLETE_STOPS = ("interrupted", "cut")


@dataclass(eq=False)
class Exchange:
    """A prompt and its reply."""

    id: int
    prompt: str
    parts: tuple[Part, ...]
    stop: str
    cell: str
    request: Body
    """The request. A reply to an equal request may be reused."""
    opens: bool = False
    """Whether it was sent with `--new`."""

    @property
    def can_go_on(self) -> bool:
        return self.stop in (*INCOMPLETE_STOPS, "length")

    def messages(self) -> Iterator[Message]:
        """The messages for a server: a call is followed by its result, or omitted."""
        yield user_message(self.prompt)
        results = {part.id for part in self.parts if isinstance(part, ToolResult)}
        expected = [part for part in self.parts if not isinstance(part, ToolCall) or part.id in results]
        for is_result, parts in groupby(expected, lambda part: isinstance(part, ToolResult)):
            yield Message("tool" if is_result else "assistant", tuple(parts))
        if not expected:
            yield Message("assistant")


Line = tuple[Exchange, ...]


@dataclass
class Model:
    """What a session holds."""

    sent_lines: list[Line] = field(default_factory=list)
    """Each turn, in the order in which they were sent: the line that ends with it."""
    line: Line = ()
    """What the next prompt follows."""
    undone: set[Exchange] = field(default_factory=set)
    """The first turns of lines that were undone as a whole."""

    def place(self, cell: str, way: str) -> Line:
        """The line that a prompt follows."""
        if way == "new":
            return ()
        if way == "append" or not cell:
            return self.line
        return tuple(takewhile(lambda exchange: exchange.cell != cell, self.line_of(cell)))

    def line_of(self, cell: str) -> Line:
        """Where a cell runs: on the newest line with a cell that it followed, or with itself."""
        leaves = is_opened_by(cell, self.line)
        lines = self.valid_lines()[leaves:]
        own = [
            line
            for line in self.sent_lines
            if line[-1].cell == cell and not is_opened_by(cell, line) and line[0] not in self.undone
        ]
        valid = [
            valid_line[: place + 1]
            for valid_line in self.valid_lines()
            for place in reversed(range(len(valid_line)))
            if valid_line[place].cell == cell and not is_opened_by(cell, valid_line)
        ]
        if not own or not self.line:
            return lines[0] if lines else ()
        known = cells_of([*valid, own[-1]][0])
        return next((line for line in lines if cells_of(line) & known), own[-1][:-1])

    def valid_lines(self) -> list[Line]:
        """The current line, and the newest line of each first turn up to the first cell of a newer line."""
        newest = {line[0]: line for line in self.sent_lines}
        if self.line:
            del newest[self.line[0]]
        lines, replaced = [self.line], cells_of(self.line)
        for line in sorted(newest.values(), key=self.number, reverse=True):
            end = next((place for place, exchange in enumerate(line) if exchange.cell in replaced), len(line))
            lines += [line[:end]] if cells_of(line[:end]) and line[0] not in self.undone else []
            replaced |= cells_of(line)
        return lines

    def number(self, line: Line) -> int:
        """Number of the turn that ends this line."""
        return self.sent_lines.index(line)

    def undo(self, turns: int) -> None:
        if turns >= len(self.line):
            used = {line[0] for line in self.valid_lines()[1:]}
            self.undone |= {line[0] for line in self.sent_lines} - used
        self.line = self.line[:-turns]

    def move_to(self, line: Line) -> None:
        self.line = line
        self.undone.discard(line[0])

    def send_prompt(self, place: Line, exchange: Exchange) -> None:
        self.line = (*place, exchange)
        self.sent_lines.append(self.line)

    def answer_to(self, request: Body) -> Exchange | None:
        """The newest complete reply to an equal request."""
        lasts = (line[-1] for line in reversed(self.sent_lines))
        return next(
            (
                exchange
                for exchange in lasts
                if exchange.request == request and exchange.stop not in INCOMPLETE_STOPS
            ),
            None,
        )

    def say_again(self, place: Line, saved: Exchange) -> None:
        """Reuse a reply. At the same place and in the same cell, or a deleted one, no turn is added."""
        for line in self.sent_lines:
            if line[:-1] == place and line[-1].id == saved.id and line[-1].cell in ("", saved.cell):
                self.move_to(line)
                self.become(saved)
                return
        self.send_prompt(place, saved)

    def become(self, exchange: Exchange) -> None:
        """Replace the last turn in all lines that contain it."""
        old, new = self.line, (*self.line[:-1], exchange)
        self.sent_lines = [
            new + line[len(old) :] if line[: len(old)] == old else line for line in self.sent_lines
        ]
        self.line = new

    def forget(self, cells: Collection[str]) -> None:
        """Add the turns after those of deleted cells again, without these, in each valid line."""
        deleted_cells = {line[-1] for line in self.sent_lines if line[-1].cell in cells}
        current = self.line
        newest = {line[0]: line for line in self.sent_lines}
        others = [newest[line[0]] for line in self.valid_lines()[1:]]
        for line in [*reversed(others), current]:
            left = [exchange for exchange in line if exchange not in deleted_cells]
            if len(left) == len(line):
                self.line = line
                continue
            start = len(list(takewhile(lambda exchange: exchange not in deleted_cells, line)))
            if line is not current and len(left) == start:
                start = max(start - 1, 0)
            self.line = tuple(line[:start])
            for exchange in left[start:]:
                self.send_prompt(self.line, replace(exchange))
        for exchange in deleted_cells:
            exchange.cell = ""

    def branches(self) -> list[tuple[int, Line, bool]]:
        """The lines that nothing follows, and the current one."""
        followed = {line[:-1] for line in self.sent_lines}
        return [
            (number, line, line == self.line)
            for number, line in enumerate(self.sent_lines, 1)
            if line not in followed or line == self.line
        ]

    def stale(self) -> list[int]:
        """Numbers of the turns that a cell shows last, but that no valid line holds."""
        shown = {line[-1].cell: number for number, line in enumerate(self.sent_lines) if line[-1].cell}
        valid = self.valid_lines()
        return sorted(
            number
            for number in shown.values()
            if not any(line[: len(self.sent_lines[number])] == self.sent_lines[number] for line in valid)
        )

    def forked(self, at: int) -> Model:
        line = self.line[:at]
        return Model([line[:end] for end in range(1, at + 1)], line)


def cells_of(line: Line) -> set[str]:
    return {exchange.cell for exchange in line} - {""}


def is_opened_by(cell: str, line: Line) -> bool:
    """Whether a line begins with a prompt of this cell with `--new`."""
    return bool(line) and line[0].opens and line[0].cell == cell


def joined(first: Exchange, parts: tuple[Part, ...], stop: str) -> Exchange:
    """Join the texts of a reply and its continuation. Reasoning between them goes before the text."""
    thought = tuple(takewhile(lambda part: isinstance(part, ReasoningPart), parts))
    match first.parts[-1:], parts[len(thought) :]:
        case (TextPart(started),), (TextPart(ended), *others):
            parts = (*first.parts[:-1], *thought, TextPart(started + ended), *others)
        case _:
            parts = first.parts + parts
    return replace(first, parts=parts, stop=stop)


# The server


async def _clock(arguments: dict[str, Any]) -> ToolOutcome:
    if arguments["waits"]:
        await asyncio.sleep(60)
    return ToolOutcome("12:00")


CLOCK = NotebookTool(Tool("clock"), json.loads, _clock, "none")


@dataclass
class Plan:
    """How the server answers a prompt, and which reply results."""

    steps: list[Reply | Answer]
    parts: tuple[Part, ...] = ()
    stop: str = ""
    leave_at: type | None = None
    """The event at which the user stops the turn."""

    def __call__(self, seen: Seen) -> Answer:
        if refusal := find_fault(seen.body, seen.api):
            return error(400, refusal)
        step = self.steps.pop(0)
        return stream(seen, step) if isinstance(step, Reply) else step


STOPPED = ["long", "interrupted", "cut", "stopped tool", "failed between"]
KINDS = [*STOPPED, "whole", "silent", "refused", "tools"]


def planned(kind: str, number: int, manner: Manner) -> Plan:
    """Plan a unique reply."""
    hm = () if manner.thinking is False else (ReasoningPart(f"Hm {number}."),)
    text, half = TextPart(f"Answer {number}."), TextPart(f"Half {number} ")
    call = ToolCall(f"c{number}", "clock", json.dumps({"waits": kind == "stopped tool"}))
    noon = ToolResult(call.id, "clock", "12:00")
    seen = Seen("/messages" if manner.api == "anthropic" else "", {}, {}, 0)
    complete, calls = answer(*hm, text), answer(*hm, call, stop="tool_calls")
    match kind:
        case "refused":
            return Plan([error(400)])
        case "interrupted":
            pieces = [*frames(seen, [half.text], end=False), SILENCE]
            return Plan([Answer(pieces)], (half,), kind, TextDelta)
        case "cut":
            return Plan([Answer([*frames(seen, [half.text], end=False), CUT])], (half,), kind)
        case "long":
            return Plan([answer(*hm, text, stop="length")], (*hm, text), "length")
        case "silent":
            return Plan([answer()], (), "end")
        case "whole":
            return Plan([complete], (*hm, text), "end")
    if not manner.tools:
        return Plan([calls], (*hm, call), "tool_calls")
    match kind:
        case "tools":
            return Plan([calls, complete], (*hm, call, noon, *hm, text), "end")
        case "failed between":
            return Plan([calls, error(400)], (*hm, call, noon), "cut")
    left = replace(noon, output=INTERRUPTED_WHILE_RUNNING, is_error=True)
    return Plan([calls], (*hm, call, left), "interrupted", ToolProgress)


def answer(*parts: Part, stop: str = "end") -> Reply:
    return Reply(Message("assistant", parts), Usage(20, 10), stop, "mimo-test", "1")


def body(messages: Iterable[Message], prompt: str, manner: Manner) -> Body:
    """The request for a prompt after these messages."""
    params = Params("mimo-v2-pro", max_completion_tokens=99, thinking=manner.thinking)
    request = Request((*messages, user_message(prompt)), params, manner.offered)
    return FORMATS[manner.api].encode(request)


def messages(line: Line) -> Iterator[Message]:
    for exchange in line:
        yield from exchange.messages()


# Steps

CELLS, BEGINNERS = ["a", "b", "c", "d"], ["x", "y", ""]


@dataclass(frozen=True)
class Manner:
    """How the model is asked."""

    api: Api
    thinking: bool | None
    tools: bool

    @property
    def offered(self) -> tuple[Tool, ...]:
        return (CLOCK.spec,) if self.tools else ()

    @property
    def options(self) -> dict[str, Any]:
        return {"api": self.api, "thinking": self.thinking, "tools": None if self.tools else ()}


cells, prompts, kinds = st.sampled_from(CELLS), st.sampled_from(["one", "two"]), st.sampled_from(KINDS)
manners = st.builds(Manner, st.sampled_from(APIS), st.sampled_from([None, True, False]), st.booleans())
plain = st.just(Manner("openai", None, tools=False))


class Sessions(RuleBasedStateMachine):
    """Does the same with a session and with the model."""

    def __init__(self, peer: Peer) -> None:
        super().__init__()
        self.peer = peer
        self.stack = ExitStack()
        base_urls = {"openai": f"{peer.url}/v1", "anthropic": f"{peer.url}/anthropic"}
        mimo = replace(SERVICES["mimo-v2"], base_urls=base_urls)
        self.stack.enter_context(patch.dict(SERVICES, {"mimo-v2": mimo}))
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.numbers = count(1)
        self.begin_with(Session(tools=[CLOCK], system="none"), Model())

    def begin_with(self, session: Session, model: Model) -> None:
        self.session, self.model = session, model
        self.saved: dict[str, str] = {}
        """All replies, by the ids of their turns."""
        self.used = 0

    def teardown(self) -> None:
        self.stack.close()

    # Asking

    @rule(cell=cells, prompt=prompts, kind=kinds, manner=manners)
    def run_a_cell(self, cell: str, prompt: str, kind: str, manner: Manner) -> None:
        self.send_prompt(cell, "", prompt, kind, manner)

    @rule(cell=st.sampled_from([*CELLS, ""]), prompt=prompts, kind=kinds, manner=manners)
    def append(self, cell: str, prompt: str, kind: str, manner: Manner) -> None:
        self.send_prompt(cell, "append", prompt, kind, manner)

    @rule(cell=st.sampled_from(BEGINNERS), prompt=prompts, kind=kinds, manner=manners)
    def open_a_branch(self, cell: str, prompt: str, kind: str, manner: Manner) -> None:
        self.send_prompt(cell, "new", prompt, kind, manner)

    @rule(cell=cells, prompt=prompts, manner=plain)
    def run_a_plain_cell(self, cell: str, prompt: str, manner: Manner) -> None:
        self.send_prompt(cell, "", prompt, "whole", manner)

    @rule(cell=cells, way=st.sampled_from(["", "", "append", "new"]), prompt=prompts, manner=plain)
    def reuse_replies(self, cell: str, way: str, prompt: str, manner: Manner) -> None:
        self.send_prompt({"new": "x"}.get(way, cell), way, prompt, "whole", manner, keep=True)

    def send_prompt(
        self, cell: str, way: str, prompt: str, kind: str, manner: Manner, *, keep: bool = False
    ) -> None:
        number = next(self.numbers)
        plan = planned(kind, number, manner)
        place = self.model.place(cell, way)
        request = body(messages(place), prompt, manner)
        saved = self.model.answer_to(request) if keep else None
        options = {"cell": cell, "run_all": "keep" if keep else "run"} | ({way: True} if way else {})
        self.ask(prompt, plan, [] if saved else [request], manner, **options)
        if saved or plan.stop:
            assert (self.session.spending.tokens == self.used) is bool(saved)
        if saved:
            self.model.say_again(place, replace(saved, cell=cell, opens=way == "new"))
        elif plan.stop:
            exchange = Exchange(number, prompt, plan.parts, plan.stop, cell, request, opens=way == "new")
            self.model.send_prompt(place, exchange)

    @rule(cell=cells, kind=st.sampled_from(STOPPED), next_kind=kinds, manner=manners, next_manner=manners)
    def stop_a_reply_and_continue(
        self, cell: str, kind: str, next_kind: str, manner: Manner, next_manner: Manner
    ) -> None:
        self.send_prompt(cell, "", "stop", kind, manner)
        if self.model.line[-1].can_go_on:  # a call is whole where it cannot be made
            self.go_on(next_kind, next_manner)

    @precondition(lambda self: self.model.line and self.model.line[-1].can_go_on)
    @rule(kind=kinds, manner=manners)
    def go_on(self, kind: str, manner: Manner) -> None:
        line = self.model.line
        plan = planned(kind, next(self.numbers), manner)
        self.ask(None, plan, [body(messages(line), CONTINUE_PROMPT, manner)], manner)
        if plan.stop:
            self.model.become(joined(line[-1], plan.parts, plan.stop))

    @precondition(lambda self: not self.model.line or not self.model.line[-1].can_go_on)
    @rule()
    def go_on_with_nothing(self) -> None:
        with pytest.raises(BadOption):
            self.session.ask(None)

    def ask(
        self, prompt: str | None, plan: Plan, request: list[Body], manner: Manner, **options: Any
    ) -> None:
        """Send a prompt and check the requests."""
        self.peer.requests.clear()
        self.peer.script = plan
        options |= {"max_tokens": 99, **manner.options}
        with suppress(MimoError), portal.PortalStream(self.session.stream(prompt, **options)) as call:
            next((event for event in call if plan.leave_at and isinstance(event, plan.leave_at)), None)
        assert [seen.body for seen in self.peer.requests[:1]] == request
        assert {find_fault(seen.body, manner.api) for seen in self.peer.requests} <= {""}

    # Everything else

    @precondition(lambda self: self.model.line)
    @rule(turns=st.integers(1, 3))
    def undo(self, turns: int) -> None:
        line = self.model.line
        deleted_cells = self.session.undo(turns)
        assert [turn.prompt.text for turn in deleted_cells] == [exchange.prompt for exchange in line[-turns:]]
        self.model.undo(turns)

    @precondition(lambda self: self.model.sent_lines)
    @rule(data=st.data())
    def switch(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, len(self.model.sent_lines)))
        self.session.switch(number)
        self.model.move_to(self.model.sent_lines[number - 1])

    @precondition(lambda self: self.model.line)
    @rule()
    def begin(self) -> None:
        self.session.start_branch()
        self.model.line = ()

    @precondition(lambda self: self.model.sent_lines)
    @rule(cells=st.sets(st.sampled_from([*CELLS, "x", "y"]), min_size=1, max_size=2))
    def forget(self, cells: set[str]) -> None:
        remove_cells(self.session, cells)
        self.model.forget(cells)

    @precondition(lambda self: len(self.model.line) > 2)
    @rule(data=st.data())
    def go_on_in_a_fork(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.model.line)))
        self.begin_with(self.session.fork("fork", at), self.model.forked(at))

    @precondition(lambda self: len(self.model.sent_lines) > 6)
    @rule()
    def clear(self) -> None:
        self.session.clear()
        self.model, self.saved = Model(), {}

    @precondition(lambda self: len(self.model.sent_lines) > 2)
    @rule()
    def save_and_load(self) -> None:
        path = self.folder / f"{next(self.numbers)}.json"
        self.session.save(path)
        loaded = Session.load(path, tools=[CLOCK], system="none")
        assert (loaded.history, loaded.name) == (self.session.history, self.session.name)
        self.session = loaded

    # What holds at any time

    @invariant()
    def the_next_request_is_that_of_the_model(self) -> None:
        for api in APIS:
            for thinking in (True, False):
                manner = Manner(api, thinking, tools=False)
                sent = body(history_messages(self.session.turns), "next", manner)
                assert sent == body(messages(self.model.line), "next", manner)
                assert find_fault(sent, api) == ""

    @invariant()
    def the_branches_are_those_of_the_model(self) -> None:
        def expected(line: Line) -> list[tuple[str, str, str, str]]:
            return [
                (exchange.prompt, texts(exchange.parts), exchange.stop, exchange.cell) for exchange in line
            ]

        assert [
            (
                each.number,
                [(turn.prompt.text, turn.reply.text, turn.reply.stop, turn.cell) for turn in each.turns],
                each.is_current,
            )
            for each in self.session.branches()
        ] == [(number, expected(line), current) for number, line, current in self.model.branches()]
        assert list(self.session.history.stale_turns) == self.model.stale()

    @invariant()
    def no_turn_is_lost(self) -> None:
        """A continued reply begins with the old one."""
        now = {turn.id: turn.reply.text for turn in self.session.history.all_turns}
        assert [id_ for id_, text in self.saved.items() if not now.get(id_, "lost").startswith(text)] == []
        self.saved = now

    @invariant()
    def spending_never_decreases(self) -> None:
        assert self.session.spending.tokens >= self.used
        self.used = self.session.spending.tokens


def texts(parts: Iterable[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextPart))


def test_a_session_equals_a_simple_model_after_any_steps(peer: Peer) -> None:
    run_state_machine_as_test(
        lambda: Sessions(peer),
        settings=settings(
            max_examples=settings.default.max_examples * 2 // 3,  # of some 15 requests each
            stateful_step_count=40,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
