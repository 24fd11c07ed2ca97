"""The loop that drives a turn, in a coroutine and for callers that cannot await."""

import threading
from collections.abc import AsyncIterator, Mapping
from itertools import repeat
from pathlib import Path
from types import MappingProxyType

import pytest
from support.peer import CUT, Answer, Peer, frames

from mimo_magics.client import portal
from mimo_magics.core.errors import IncompleteStream, SessionNotSaved
from mimo_magics.core.events import Approval, Event, PendingApproval, ReplyEnded, TextDelta, ToolProgress
from mimo_magics.core.messages import ToolCall
from mimo_magics.core.renderer_protocol import SilentRenderer, TurnMeter
from mimo_magics.session import turn_driver
from mimo_magics.session.comparison.runner import open_comparison
from mimo_magics.session.comparison.variants import build_variants
from mimo_magics.session.session import Session
from mimo_magics.session.storage.session_file import SessionFile
from mimo_magics.tools.approval import refuse_unattended

CALL = ToolCall("c1", "clock", "{}")


class RecordingRenderer(SilentRenderer):
    """Records each event and the thread that it is shown in."""

    def __init__(self, *, buttons: bool = False) -> None:
        self.buttons = buttons
        self.events: list[Event] = []
        self.numbers: list[int] = []
        self.threads: set[str] = set()

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        self.meter = meters.get(0)

    async def has_buttons(self) -> bool:
        return self.buttons

    def show(self, event: Event, number: int = 0) -> None:
        self.events.append(event)
        self.numbers.append(number)
        self.threads.add(threading.current_thread().name)


class FailingRenderer(SilentRenderer):
    """Fails on the first text, or is interrupted there."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def show(self, event: Event, number: int = 0) -> None:
        if isinstance(event, TextDelta):
            raise self.error


def session(peer: Peer) -> Session:
    return Session(base_url=f"{peer.url}/v1")


def endless(peer: Peer) -> Session:
    """Return a session whose server never ends its reply."""
    peer.answers(lambda seen: Answer(frames(seen, repeat("word "), 0.05)))
    return session(peer)


class WaitingTurn:
    """A turn with one tool call: it waits for the approval, and then has the decision as its state."""

    meters: Mapping[int, TurnMeter] = MappingProxyType({})

    def __init__(self, pending: PendingApproval) -> None:
        self.pending = pending

    async def __aiter__(self) -> AsyncIterator[Event]:
        yield ToolProgress(0, "waiting", approval=self.pending)
        yield ToolProgress(0, "approved" if (await self.pending.wait_for_decision()).allowed else "refused")


def test_a_sync_caller_sees_the_events_in_its_own_thread_and_gets_the_turn(peer: Peer) -> None:
    renderer = RecordingRenderer()
    turn = turn_driver.drive_sync(session(peer).stream("hello"), renderer, refuse_unattended).turn
    assert renderer.meter
    assert renderer.meter.timing.total > 0
    assert renderer.threads == {threading.current_thread().name}
    assert "".join(each.text for each in renderer.events if isinstance(each, TextDelta)) == "You said: hello"
    assert turn
    assert turn.reply.text == "You said: hello"


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_of_the_renderer_ends_the_turn_and_is_raised(peer: Peer, error: type[BaseException]) -> None:
    own_session = endless(peer)
    with pytest.raises(error):
        turn_driver.drive_sync(own_session.stream("hello"), FailingRenderer(error), refuse_unattended)
    assert own_session.turns[0].reply.stop == "interrupted"
    assert peer.settled()[0].disconnected


def test_an_error_of_the_display_between_events_does_not_end_the_turn(peer: Peer) -> None:
    class FailingTick(SilentRenderer):
        tick_count = 0

        def tick(self) -> None:
            self.tick_count += 1
            raise ZeroDivisionError

    peer.answers(lambda seen: Answer(frames(seen, ["a ", "reply"], 0.3)))
    renderer = FailingTick()
    turn = turn_driver.drive_sync(session(peer).stream("hello"), renderer, refuse_unattended).turn
    assert turn
    assert (turn.reply.text, renderer.tick_count > 0) == ("a reply", True)


def test_no_tick_replaces_the_error_that_ended_the_turn(peer: Peer) -> None:
    class FailingTwice(FailingRenderer):
        def tick(self) -> None:
            raise LookupError

    with pytest.raises(ZeroDivisionError):
        turn_driver.drive_sync(
            endless(peer).stream("hello"), FailingTwice(ZeroDivisionError), refuse_unattended
        )


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_session_that_is_not_saved_is_the_context_of_the_error_that_ended_the_turn(
    peer: Peer, tmp_path: Path, error: type[BaseException]
) -> None:
    own_session = endless(peer)
    own_session.file = SessionFile(tmp_path / "missing" / "talk.json")
    with pytest.raises(error) as raised:
        turn_driver.drive_sync(own_session.stream("hello"), FailingRenderer(error), refuse_unattended)
    assert isinstance(raised.value.__context__, SessionNotSaved)


def test_an_error_of_the_call_is_raised_after_its_events(peer: Peer) -> None:
    peer.answers(lambda seen: Answer([*frames(seen, ["Half an "], end=False), CUT]))
    renderer = RecordingRenderer()
    with pytest.raises(IncompleteStream):
        turn_driver.drive_sync(session(peer).stream("hello"), renderer, refuse_unattended)
    assert TextDelta("Half an ") in renderer.events


@pytest.mark.anyio
async def test_without_buttons_the_callback_decides() -> None:
    renderer, calls = RecordingRenderer(), []

    def approve(call: ToolCall) -> Approval:
        calls.append(call)
        return Approval(allowed=True)

    await turn_driver.drive(WaitingTurn(PendingApproval(CALL)), renderer, approve)
    assert calls == [CALL]
    assert [each.state for each in renderer.events if isinstance(each, ToolProgress)] == [
        "waiting",
        "approved",
    ]


@pytest.mark.anyio
async def test_with_buttons_the_callback_is_not_called() -> None:
    pending = PendingApproval(CALL)

    class Pressing(RecordingRenderer):
        def show(self, event: Event, number: int = 0) -> None:
            super().show(event, number)
            pending.refuse()

    renderer = Pressing(buttons=True)
    await turn_driver.drive(WaitingTurn(pending), renderer, lambda _: True)
    assert [each.state for each in renderer.events if isinstance(each, ToolProgress)] == [
        "waiting",
        "refused",
    ]


def test_the_events_of_a_comparison_are_shown_with_the_numbers_of_their_replies(peer: Peer) -> None:
    renderer = RecordingRenderer()
    context = open_comparison(session(peer), "hello", build_variants({"temperature": [0, 1]}))
    running = turn_driver.drive_sync(context, renderer, refuse_unattended)
    ended = [
        number
        for number, event in zip(renderer.numbers, renderer.events, strict=True)
        if event == ReplyEnded()
    ]
    assert sorted(ended) == [0, 1]
    assert [running.turns[number].reply.text for number in (0, 1)] == ["You said: hello"] * 2


def test_leaving_a_portal_stream_early_ends_the_turn(peer: Peer) -> None:
    own_session = endless(peer)
    with portal.PortalStream(own_session.stream("hello")) as stream:
        next(event for event in stream if isinstance(event, TextDelta))
    assert own_session.turns[0].reply.stop == "interrupted"
    assert peer.settled()[0].disconnected
