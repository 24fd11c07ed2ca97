"""A server with storms of refusals, cuts, slow and poison rows: each row ends once, and no limit is exceeded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from support.paths import ROOT
from support.peer import CUT, Answer, Peer, Seen, error, reply, stream, wait_until

import mimo_magics
from mimo_magics import Session
from mimo_magics.batch import batch_run, call_gate, rate_window
from mimo_magics.batch.rate_window import RateLimits, RateWindow
from mimo_magics.batch.row_prompt import RowPrompt
from mimo_magics.batch.store import open_store
from mimo_magics.client import retry
from mimo_magics.core.messages import Usage
from mimo_magics.core.settings import Settings

WINDOW, MARGIN = 0.5, 1.0
"""Seconds of the window of the server, and how much longer that of the client is. A slow machine delays arrivals."""
LIMIT = 60
TOKENS, USAGE = 900, Usage(5, 10)
"""The limit of tokens in a window, and the tokens of each reply. The estimate of the input is higher."""
PROMPT = "Repeat the word. {text}"
ROWS = [f"w{number}" for number in range(100)]
POISON = {"w17", "w70"}
HIGHEST = min(LIMIT, TOKENS // (USAGE.input + USAGE.output))
"""The requests that the limits allow in a window."""
RUN = f"""
import sys
from pathlib import Path
import mimo_magics
from mimo_magics.batch import batch_run, call_gate, rate_window
from mimo_magics.batch.rate_window import RateLimits, RateWindow
from mimo_magics.client import retry
retry.INITIAL_DELAY = 0.005
rate_window.MARGIN_SECONDS = {MARGIN}
call_gate.FIRST_PAUSE, call_gate.MAX_PAUSE = 0.02, 0.1
url, store, prompt, count = sys.argv[1:]
batch_run._windows[f"{{url.split('/')[2]}} mimo-v2-pro"] = RateWindow(RateLimits(), seconds={WINDOW})
session = mimo_magics.Session(base_url=url, system="none", max_tokens={USAGE.output})
rows = [f"w{{number}}" for number in range(int(count))]
limits = dict(requests_per_minute={LIMIT}, tokens_per_minute={TOKENS})
mimo_magics.map(prompt, rows, session=session, store=store, at_once=16, **limits)
"""


class FaultyServer:
    """The script of a server that fails in many ways, and its log."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._lock = threading.Lock()
        self.arrivals: list[float] = []
        self.replied: Counter[str] = Counter()
        """How often the server sent the whole reply to a row."""

    def __call__(self, seen: Seen) -> Answer:
        word = seen.prompt.split()[-1]
        with self._lock:
            self.arrivals.append(time.monotonic())
            is_storm = len(self.arrivals) % 100 in range(40, 48)
            chance = self._random.random()
        if word in POISON:
            return error(500, "poison")
        if is_storm:
            return error(429, "slow down", **self._draw_retry_after())
        if chance < 0.05:
            return Answer([b'{"choices"', CUT], headers={"Content-Type": "application/json"})
        if chance < 0.08:
            return error(503)
        answer = stream(seen, replace(reply(word, ""), usage=USAGE))
        self.replied[word] += 1
        return Answer([0.05 if chance < 0.5 else 0.3, *answer.pieces], headers=answer.headers)

    def _draw_retry_after(self) -> dict[str, str]:
        return self._random.choice(
            [{}, {"Retry-After": "0"}, {"Retry-After": "soon"}, {"Retry-After": "0.2"}]
        )

    def count_highest(self) -> int:
        """Return the most requests in a window of the server."""
        times = sorted(self.arrivals)
        return max(bisect_left(times, first + WINDOW) - place for place, first in enumerate(times))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, peer: Peer) -> None:
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.005)
    monkeypatch.setattr(rate_window, "MARGIN_SECONDS", MARGIN)
    monkeypatch.setattr(call_gate, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(call_gate, "MAX_PAUSE", 0.1)
    window = RateWindow(RateLimits(), seconds=WINDOW)
    monkeypatch.setattr(batch_run, "_windows", {f"{peer.host} mimo-v2-pro": window})


def test_each_row_ends_in_a_value_or_an_error_and_no_limit_is_exceeded(peer: Peer, tmp_path: Path) -> None:
    server = FaultyServer(1)
    peer.script = server
    result = mimo_magics.map(
        PROMPT,
        [*ROWS, *ROWS[:10]],
        session=Session(base_url=f"{peer.url}/v1", system="none", max_tokens=USAGE.output),
        store=tmp_path / "rows.sqlite",
        requests_per_minute=LIMIT,
        tokens_per_minute=TOKENS,
    )
    assert result.values == [None if word in POISON else word for word in (*ROWS, *ROWS[:10])]
    assert {row.error for row in result.failed} == {"HTTP 500 Internal Server Error: poison"}
    assert set(server.replied.values()) == {1}
    assert server.count_highest() <= HIGHEST
    assert len(server.arrivals) > len(ROWS) + 10


@pytest.mark.parametrize(
    ("kills", "count"),
    [pytest.param(5, 80, id="short"), pytest.param(20, 300, id="long", marks=pytest.mark.slow)],
)
def test_a_process_that_is_killed_again_and_again_asks_for_nothing_twice_that_it_saved(
    peer: Peer, tmp_path: Path, kills: int, count: int
) -> None:
    peer.script = server = FaultyServer(2)
    store, url = tmp_path / "rows.sqlite", f"{peer.url}/v1"
    words = {f"w{number}" for number in range(count)}
    saved: set[str] = set()
    replied: Counter[str] = Counter()
    for kill in range(kills):
        goal = len(server.arrivals) + 12 + kill % 3
        with start_run(url, store, count) as process:
            wait_until(lambda goal=goal: len(server.arrivals) >= goal)  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
        # What was saved before this run began was not sent again.
        assert [word for word in saved if server.replied[word] != replied[word]] == []
        saved, replied = find_saved(url, store, words), server.replied.copy()
    with start_run(url, store, count) as process:
        assert process.wait() == 0
    assert [word for word in saved if server.replied[word] != replied[word]] == []
    assert find_saved(url, store, words) == words - POISON
    assert server.count_highest() <= HIGHEST
    # A changed prompt is another request for each row; the results of the first one stay.
    server.replied.clear()
    with start_run(url, store, count, "Say it again. {text}") as process:
        assert process.wait() == 0
    assert set(server.replied) == words - POISON
    assert find_saved(url, store, words) == words - POISON


def start_run(url: str, store: Path, count: int, prompt: str = PROMPT) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RUN, url, str(store), prompt, str(count)]
    return subprocess.Popen(command, cwd=ROOT, env=dict(os.environ))


def find_saved(url: str, path: Path, words: set[str]) -> set[str]:
    """Return the rows whose values are in the store."""
    settings = Settings().override({"base_url": url, "system": "none", "max_tokens": USAGE.output})
    prompt = RowPrompt.create(PROMPT, settings, Session().started_on)
    store = open_store(path)
    try:
        found = {word: store.find(prompt.build({"text": word}).key) for word in words}
    finally:
        store.close()
    return {word for word, row in found.items() if row and not row.error}
