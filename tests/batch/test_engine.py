"""What ends a run, what the next run sends, and what happens to the calls that wait."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
import tracemalloc
from array import array
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from support.peer import Answer, Peer, Seen, error, reply, stream, wait_until

import mimo_magics
from mimo_magics import Session
from mimo_magics.batch import batch_run, call_gate, row_caller
from mimo_magics.batch.batch_job import BatchJob
from mimo_magics.batch.call_gate import MAX_REFUSED_PROBES, CallGate
from mimo_magics.batch.call_limiter import CallLimiter
from mimo_magics.batch.engine import COMMIT_ROWS, KEY_BYTES, RowEngine
from mimo_magics.batch.map_options import MapOptions
from mimo_magics.batch.map_result import MapResult
from mimo_magics.batch.output_estimate import OutputEstimate
from mimo_magics.batch.progress import ProgressCounter
from mimo_magics.batch.rate_window import RateLimits, RateWindow
from mimo_magics.batch.row_budget import RowBudget
from mimo_magics.batch.row_caller import RowCaller, RowOutcome
from mimo_magics.batch.row_prompt import RowPrompt, RowRequest
from mimo_magics.batch.store import BadRowStore, MadeCall, RowStore, open_store
from mimo_magics.client import endpoint, retry
from mimo_magics.core.errors import BudgetExceeded, InsufficientBalance, InvalidApiKey, RateLimited
from mimo_magics.core.messages import Usage
from mimo_magics.core.settings import Settings
from mimo_magics.session.limits.budget import Spending
from mimo_magics.tape.clock import Clock

PROMPT = "Repeat the word. {text}"
JSON = {"Content-Type": "application/json"}
WORDS = [f"w{number}" for number in range(100)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the delays and pauses, and use no rate limits of earlier tests."""
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.005)
    monkeypatch.setattr(call_gate, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(call_gate, "MAX_PAUSE", 0.02)
    monkeypatch.setattr(batch_run, "_windows", {})


@pytest.fixture
def session(peer: Peer) -> Session:
    peer.script = echo
    return Session(base_url=f"{peer.url}/v1", system="none", prices={"mimo-v2-pro": [1.0, 0.1, 3.0]})


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "rows.sqlite"


@pytest.fixture
def run(session: Session, store: Path) -> Callable[..., MapResult]:
    """Return a function that runs a prompt over texts."""

    def run(rows: Any, **options: Any) -> MapResult:
        return mimo_magics.map(PROMPT, rows, session=session, **{"store": store, **options})

    return run


def echo(seen: Seen) -> Answer:
    return stream(seen, reply(get_word(seen), ""))


def create_job(session: Session, store: Path) -> BatchJob:
    return BatchJob.create(PROMPT, WORDS, session, session.settings, options=MapOptions(store=store))


def get_word(seen: Seen) -> str:
    return seen.prompt.split()[-1]


def count_requests(peer: Peer, word: str) -> int:
    return [get_word(seen) for seen in peer.requests].count(word)


# What ends a run.


def test_calls_that_wait_for_the_rate_limits_are_not_made_after_an_error_that_all_would_meet(
    run: Callable[..., MapResult], peer: Peer
) -> None:
    peer.script = lambda seen: error(402, "Insufficient balance") if get_word(seen) == "w2" else echo(seen)
    result = run(WORDS[:20], requests_per_minute=3)
    assert isinstance(result.stopped, InsufficientBalance)
    assert result.values == ["w0", "w1", *[None] * 18]
    assert {row.error for row in result.failed} == {"Not reached."}
    assert len(peer.requests) == 3


def test_calls_that_have_started_go_on_and_are_saved_after_an_error_that_all_would_meet(
    session: Session, peer: Peer, store: Path
) -> None:
    job = create_job(session, store)
    run, together = job.open_run(), threading.Barrier(call_gate.INITIAL_CALLS)

    def script(seen: Seen) -> Answer:
        together.wait()
        if get_word(seen) == "w5":
            return error(401, "Invalid API Key")
        return Answer([lambda: run.stopped is not None, *echo(seen).pieces], headers=JSON)

    peer.script = script

    async def main() -> list[Any]:
        async with aclosing(run.watch()) as running:
            async for _ in running:
                pass
        with closing(run):
            return [row.value for row in run.iter_results()]

    started = WORDS[: call_gate.INITIAL_CALLS]
    values = asyncio.run(main())
    assert isinstance(run.stopped, InvalidApiKey)
    assert values[: len(started)] == [None if word == "w5" else word for word in started]
    assert set(values[len(started) :]) <= {None}
    assert len(peer.requests) == len(started)
    peer.script = echo
    assert job.run().values == WORDS
    assert len(peer.requests) == 101


def test_an_error_that_all_would_meet_ends_the_repair_of_a_value(
    run: Callable[..., MapResult], peer: Peer
) -> None:
    def script(seen: Seen) -> Answer:
        is_repair = len(seen.body["messages"]) > 1
        return error(402, "Insufficient balance") if is_repair else stream(seen, reply("no JSON", ""))

    peer.script = script
    with pytest.raises(InsufficientBalance):
        run(WORDS[:1], schema="label str")
    assert len(peer.requests) == 2


@pytest.mark.parametrize("retry_after", [None, "0", "1000000000", "soon"])
def test_a_service_that_refuses_every_call_ends_the_run(
    run: Callable[..., MapResult], peer: Peer, retry_after: str | None
) -> None:
    headers = {"Retry-After": retry_after} if retry_after else {}
    peer.script = lambda _: error(429, "slow down", **headers)
    with pytest.raises(RateLimited):
        run(WORDS)
    assert MAX_REFUSED_PROBES < len(peer.requests) <= call_gate.INITIAL_CALLS + MAX_REFUSED_PROBES


def test_an_iterator_that_fails_ends_the_run_after_the_calls_that_have_started(
    run: Callable[..., MapResult], peer: Peer
) -> None:
    is_broken = threading.Event()
    peer.script = lambda seen: Answer([is_broken.is_set, *echo(seen).pieces], headers=JSON)

    def produce() -> Iterator[str]:
        yield from WORDS[:10]
        is_broken.set()
        raise OSError("the source is gone")

    result = run(produce())
    assert result.values == WORDS[:10]
    assert str(result.stopped).startswith("The rows cannot be read: OSError: the source is gone.")


def test_a_budget_of_the_session_includes_earlier_costs(
    run: Callable[..., MapResult], session: Session, peer: Peer
) -> None:
    session.ask("Hello")
    session.overrides["budget"] = "585 tokens"
    result = run(WORDS[:5], at_once=1)
    assert isinstance(result.stopped, BudgetExceeded)
    # Each call takes 30 tokens, and 500 and those of the prompt are reserved for the next one.
    assert len(peer.requests) == 1 + 2
    assert session.spending.tokens == 30 * 3


def test_closing_a_run_ends_the_calls_that_wait_in_a_pause(
    session: Session, peer: Peer, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_gate, "MAX_PAUSE", 60.0)
    peer.script = lambda seen: error(429, **{"Retry-After": "50"}) if get_word(seen) != "w0" else echo(seen)
    job = create_job(session, store)

    async def main() -> None:
        run = job.open_run()
        with suppress(StopAsyncIteration), closing(run):
            async with aclosing(run.watch()) as running:
                while not (run.progress.is_paused and run.progress.called):
                    await anext(running)
            assert next(run.iter_results()).value == "w0"

    started_at = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started_at < 40
    assert session.spending.tokens == 30


# What the next run sends.


def test_a_storm_of_refusals_with_a_wrong_retry_after_fails_no_row(
    run: Callable[..., MapResult], peer: Peer
) -> None:
    refusals = iter([error(429, **{"Retry-After": "0"})] * (MAX_REFUSED_PROBES - 1))
    peer.script = lambda seen: next(refusals, None) or echo(seen)
    result = run(WORDS[:5], at_once=1)
    assert (result.values, result.stopped) == (WORDS[:5], None)


def test_refusals_do_not_count_as_attempts(run: Callable[..., MapResult], peer: Peer) -> None:
    failures = [error(429)] * 6 + [error(503)] * (retry.MAX_ATTEMPTS - 1)
    faults = iter(failures)
    peer.script = lambda seen: next(faults, None) or echo(seen)
    assert run(["a"]).values == ["a"]
    assert len(peer.requests) == len(failures) + 1


def test_a_row_that_is_refused_while_others_succeed_fails_alone(
    run: Callable[..., MapResult], peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_caller, "MAX_REFUSALS", 4)
    peer.script = lambda seen: error(429, "too large") if get_word(seen) == "w3" else echo(seen)
    result = run(WORDS, at_once=4)
    assert result.stopped is None
    assert result.values == [None if word == "w3" else word for word in WORDS]
    assert [row.error for row in result.failed] == ["HTTP 429 Too Many Requests: too large"]
    assert count_requests(peer, "w3") == 4


def test_each_of_the_fields_that_a_server_refuses_costs_a_request_for_each_call_at_once(
    run: Callable[..., MapResult], peer: Peer
) -> None:
    def picky(seen: Seen) -> Answer:
        for name in ("chat_template_kwargs", "max_tokens"):
            if name in seen.body:
                return error(400, f"Unknown field {name}")
        return echo(seen)

    peer.script = picky
    assert run(WORDS, thinking=True, max_tokens=50, at_once=4).values == WORDS
    assert len(peer.requests) <= 100 + 2 * 4
    assert peer.requests[-1].body["max_completion_tokens"] == 50


def test_a_field_that_the_user_set_is_not_left_out(run: Callable[..., MapResult], peer: Peer) -> None:
    peer.script = lambda seen: error(400, "Unknown field reasoning_effort")
    result = run(WORDS[:2], param={"reasoning_effort": "low"})
    assert len(result.failed) == len(peer.requests) == 2


def test_a_repair_request_has_the_reasoning_that_the_server_requires(
    run: Callable[..., MapResult], peer: Peer
) -> None:
    def strict(seen: Seen) -> Answer:
        earlier = [message for message in seen.body["messages"] if message["role"] == "assistant"]
        if any("reasoning_content" not in message for message in earlier):
            return error(400, "reasoning_content is missing in an assistant message")
        return stream(seen, reply('{"label": "x"}' if earlier else "no JSON", ""))

    peer.script = strict
    result = run(WORDS[:3], schema="label str", at_once=1)
    assert result.values == [{"label": "x"}] * 3
    # The first repair request is refused once.
    assert len(peer.requests) == 3 * 2 + 1


def test_the_usage_of_a_session_is_that_of_all_rows_the_failed_ones_included(
    run: Callable[..., MapResult], session: Session, peer: Peer
) -> None:
    peer.script = lambda seen: stream(
        seen, reply("no JSON" if "w1" in seen.body["messages"][0]["content"] else '{"label": "x"}', "")
    )
    result = run([*WORDS[:3], "w0"], schema="label str")
    assert [row.usage.output for row in result] == [10, 30, 10, 0]
    assert session.spending.tokens == sum(row.tokens for row in result)
    assert session.spending.usd == pytest.approx(result.usd)


def test_the_seconds_of_a_row_are_without_its_waits(run: Callable[..., MapResult], peer: Peer) -> None:
    is_first = iter([True])
    peer.script = lambda seen: error(503, **{"Retry-After": "1"}) if next(is_first, False) else error(400)
    (row,) = run(["a"])
    assert row.error == "HTTP 400 Bad Request: no"
    assert row.seconds < 0.9


# The store and the limits of earlier processes.


def test_a_damaged_store_ends_the_run_before_anything_is_sent(
    run: Callable[..., MapResult], peer: Peer, store: Path
) -> None:
    run(WORDS)
    peer.requests.clear()
    content = store.read_bytes()
    store.write_bytes(content[: 4 * 4_096] + b"\xff" * (len(content) - 4 * 4_096))
    with pytest.raises(BadRowStore):
        run(WORDS)
    assert peer.requests == []


@pytest.mark.parametrize(
    ("ages", "free"),
    [
        pytest.param([], 0, id="nothing was saved"),
        pytest.param([90.0] * 10, 0, id="what was saved is older than a minute"),
        pytest.param([3.0] * 10, 0, id="what was saved fills the window"),
    ],
)
def test_the_unknown_calls_of_a_killed_process_are_assumed(
    run: Callable[..., MapResult],
    peer: Peer,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    ages: list[float],
    free: int,
) -> None:
    kill_run(store, f"{peer.host} mimo-v2-pro", ages)
    window = RateWindow(RateLimits())
    monkeypatch.setattr(batch_run, "_windows", {f"{peer.host} mimo-v2-pro": window})
    # Nothing can be sent, so no row is run.
    assert len(run(iter([]), requests_per_minute=10)) == free
    wait = window.take(1)
    assert isinstance(wait, float)
    assert wait > 45


def kill_run(path: Path, service: str, ages: list[float]) -> None:
    """Leave a file like a process that was killed just now."""
    store = open_store(path)
    for age in ages:
        store.add_call(service, MadeCall(time.time() - age, 5))
    store.begin_run(service)
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE calls SET process = 'other'")
    connection.close()


def test_a_run_that_begins_while_another_one_of_the_process_runs_does_not_wait(
    session: Session, peer: Peer, store: Path
) -> None:
    """The file says that a run is alive, which is no run that was killed."""
    has_second = threading.Event()

    def script(seen: Seen) -> Answer:
        if get_word(seen) == "second":
            has_second.set()
        return Answer([has_second.is_set, *echo(seen).pieces], headers=JSON)

    peer.script = script

    async def map_word(word: str) -> list[Any]:
        result = await mimo_magics.amap(PROMPT, [word], session=session, store=store, requests_per_minute=50)
        return result.values

    async def main() -> list[list[Any]]:
        first = asyncio.create_task(map_word("first"))
        await asyncio.to_thread(wait_until, lambda: bool(peer.requests))
        return [await map_word("second"), await first]

    assert asyncio.run(main()) == [["second"], ["first"]]


# Memory.


class InstantCaller(RowCaller):
    """Replies to every row, as fast as the results are saved."""

    store: RowStore

    async def call(self, row: RowRequest) -> RowOutcome:
        await asyncio.sleep(0)
        # The store has no event for this.
        while len(self.store._pending) > 2 * COMMIT_ROWS:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        return RowOutcome(row.key, usage=Usage(20, 10))


def test_memory_does_not_grow_with_the_rows(store: Path) -> None:
    count, part = 4_000, 500
    # The array is not part of what is measured.
    samples = array("q", bytes(8 * count))
    settings = Settings().override({"base_url": "http://127.0.0.1:9/v1", "system": "none"})
    prompt = RowPrompt.create(PROMPT, settings, Session().started_on)
    output = OutputEstimate(10)
    limiter = CallLimiter(CallGate(64), RateWindow(RateLimits()), output, lambda _: None)
    opened = open_store(store)
    caller = InstantCaller(prompt.turn_input, endpoint.resolve_endpoint(settings, ()), limiter, Clock())
    caller.store = opened
    engine = RowEngine(
        run_id="run",
        prompt=prompt,
        caller=caller,
        store=opened,
        service="service",
        counter=ProgressCounter(count),
        budget=RowBudget(prompt.turn_input, Spending(), output),
    )

    def produce() -> Iterator[dict[str, str]]:
        for number in range(count):
            samples[number], _ = tracemalloc.get_traced_memory()
            yield {"text": f"w{number}"}

    tracemalloc.start()
    try:
        asyncio.run(engine.run(produce(), 8))
    finally:
        tracemalloc.stop()
        opened.close()
    assert len(engine.keys) == count * KEY_BYTES
    # Results that wait for a commit come and go, so the lowest memory of a part counts. The key of a row stays.
    low, high = min(samples[part : 2 * part]), min(samples[-part:])
    assert high - len(engine.keys) < 1.5 * low
