"""A running comparison, with a server that counts concurrent calls."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import pytest
from support.peer import Answer, Peer, Seen, error, frames, reply, stream
from support.virtual_time import VirtualTime

from mimo_magics.client import retry
from mimo_magics.core.errors import ApiError, BadOption, SessionBusy
from mimo_magics.core.settings import Api
from mimo_magics.session.comparison.result import Comparison
from mimo_magics.session.comparison.runner import open_comparison
from mimo_magics.session.comparison.variants import Variant, build_variants
from mimo_magics.session.session import Session

APIS: list[Api] = ["openai", "anthropic"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.001)


def session(peer: Peer, api: Api = "openai", **options: Any) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


class Meeting:
    """A script that responds as soon as this many calls are open."""

    def __init__(self, calls: int) -> None:
        self.at_once = self.max_at_once = 0
        self._barrier = threading.Barrier(calls)
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> Answer:
        with self._count_call():
            self._barrier.wait(30)
            return stream(seen, reply(f"at {seen.body.get('temperature')}"))

    @contextmanager
    def _count_call(self) -> Iterator[None]:
        with self._lock:
            self.at_once += 1
            self.max_at_once = max(self.max_at_once, self.at_once)
        try:
            yield
        finally:
            with self._lock:
                self.at_once -= 1


def texts(comparison: Comparison) -> list[str | None]:
    return [each.reply.text if each.reply else None for each in comparison]


@pytest.mark.parametrize("api", APIS)
def test_the_replies_come_in_the_order_of_the_variants(peer: Peer, api: Api) -> None:
    peer.script = lambda seen: stream(seen, reply(f"{seen.body['model']} at {seen.body['temperature']}"))
    compared = session(peer, api).compare("Hello", model=["a", "b"], temperature=[0, 1])
    assert texts(compared) == ["a at 0", "a at 1", "b at 0", "b at 1"]
    assert compared[3].text == "b at 0"
    assert [each.title for each in compared][:2] == ["a · temperature 0", "a · temperature 1"]


def test_the_number_of_concurrent_calls_is_the_limit(peer: Peer) -> None:
    peer.script = meeting = Meeting(3)
    compared = session(peer).compare("Hello", temperature=[0, 0.5, 1], repeat=2, at_once=3)
    assert texts(compared) == ["at 0", "at 0", "at 0.5", "at 0.5", "at 1", "at 1"]
    assert meeting.max_at_once == 3


class Window:
    """A script with a rate limit. It rejects further calls with HTTP 429 and without `Retry-After`."""

    def __init__(self, calls: int, seconds: float, clock: VirtualTime) -> None:
        self.refused = 0
        self._calls, self._seconds, self._clock = calls, seconds, clock
        self._reply_times: list[float] = []
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> Answer:
        with self._lock:
            now = self._clock.monotonic()
            self._reply_times = [each for each in self._reply_times if now - each < self._seconds]
            if len(self._reply_times) == self._calls:
                self.refused += 1
                return error(429, "Too many requests")
            self._reply_times.append(now)
        return stream(seen, reply(f"at {seen.body['temperature']}"))


def test_calls_over_the_rate_limit_are_sent_later(
    peer: Peer, virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.5)
    peer.script = window = Window(5, 60.0, virtual_time)
    compared = session(peer).compare("Hello", temperature=[0, 1], repeat=6)
    assert texts(compared) == ["at 0"] * 6 + ["at 1"] * 6
    # Only open calls are rejected.
    assert 0 < window.refused <= 4 * retry.MAX_ATTEMPTS * 2


def test_no_call_starts_while_the_service_is_busy(peer: Peer) -> None:
    peer.answers(error(503, "Overloaded"), lambda seen: stream(seen, reply("Fine.")))
    compared = session(peer).compare("Hello", temperature=[0, 1], at_once=1)
    assert texts(compared) == ["Fine.", "Fine."]
    assert len(peer.requests) == 3


def test_each_call_sends_the_history_and_no_reply_joins_it(peer: Peer) -> None:
    own_session = session(peer)
    own_session.ask("one")
    before = own_session.history
    own_session.compare("two", temperature=[0, 1])
    contents = [[message["content"] for message in seen.body["messages"]] for seen in peer.requests[1:]]
    assert contents == [["one", "You said: one", "two"]] * 2
    assert own_session.history == before
    usage = reply("").usage
    assert usage
    assert own_session.unrecorded.usage == usage + usage


def test_without_the_history_only_the_prompt_is_sent(peer: Peer) -> None:
    own_session = session(peer)
    own_session.ask("one")
    own_session.compare("two", keep=False, temperature=[0])
    assert [message["content"] for message in peer.requests[1].body["messages"]] == ["two"]


def test_a_failed_variant_does_not_affect_the_others(peer: Peer) -> None:
    peer.script = lambda seen: (
        error(400, "Param Incorrect") if seen.body["temperature"] == 1 else stream(seen, reply("fine"))
    )
    compared = session(peer).compare("Hello", temperature=[0, 1, 2])
    assert texts(compared) == ["fine", None, "fine"]
    assert [bool(each.failure) for each in compared] == [False, True, False]
    with pytest.raises(BadOption, match="There is no reply 2"):
        compared[2]


def test_when_all_variants_fail_the_first_error_is_raised(peer: Peer) -> None:
    peer.script = lambda _: error(400, "Param Incorrect")
    with pytest.raises(ApiError, match="Param Incorrect"):
        session(peer).compare("Hello", temperature=[0, 1])


def test_the_usage_of_a_comparison_counts_and_a_budget_ends_it(peer: Peer) -> None:
    own_session = session(peer, budget="40 tokens")
    compared = own_session.compare("Hello", repeat=4, at_once=1)
    assert own_session.spending.tokens == 60
    assert [bool(each.failure) for each in compared] == [False, False, True, True]


@pytest.mark.anyio
async def test_leaving_early_keeps_partial_replies_and_closes_every_socket(peer: Peer) -> None:
    peer.script = lambda seen: Answer(frames(seen, repeat("word "), 0.02))
    own_session = session(peer)
    async with open_comparison(own_session, "Hello", build_variants({"temperature": [0, 1]})) as running:
        started = set()
        async for place, event in running:
            if getattr(event, "text", ""):
                started.add(place)
            if started == {0, 1}:
                break
    assert [running.turns[place].reply.stop for place in (0, 1)] == ["interrupted"] * 2
    assert all(turn.reply.text.startswith("word") for turn in running.turns.values())
    assert len(await asyncio.to_thread(peer.left, 2)) == 2
    assert not own_session.lock.is_held


@pytest.mark.anyio
async def test_a_session_that_compares_is_busy(peer: Peer) -> None:
    own_session = session(peer)
    seen_busy = []
    own_session.lock.listeners.append(lambda: seen_busy.append(own_session.lock.is_held))
    async with open_comparison(own_session, "Hello", [Variant("", {})]):
        with pytest.raises(SessionBusy):
            async with own_session.stream("Hello"):
                pass
    assert seen_busy == [True, False]


@pytest.mark.parametrize("at_once", [0, -1])
def test_the_number_of_concurrent_calls_must_be_positive(peer: Peer, at_once: int) -> None:
    with pytest.raises(BadOption, match="must be at least 1, not"):
        session(peer).compare("Hello", temperature=[0], at_once=at_once)
