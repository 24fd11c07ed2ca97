"""Time of a comparison with six variants, relative to six prompts in sequence.

    python benchmarks/compare.py            a server that thinks for half a second, then streams for half a second
    python benchmarks/compare.py --local    the embedded model, which runs all variants on one machine
    python benchmarks/compare.py --short    one round in a tenth of the time; read the counts, not the times

Each number of concurrent calls sends the same six prompts, and the best round counts.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.peer import KEY, Answer, Peer, Seen, frames

from mimo_magics import Session

TEMPERATURES = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
THINKING, SPEAKING, WORDS = 0.5, 0.5, 50
"""Seconds of thinking, seconds of streaming, and the number of words."""
AT_ONCE = (1, 2, 4, 6)


class Model:
    """A script of the server. It replies like a model, with a delay and word by word, and counts the requests.

    Args:
        share: the factor for all delays.
    """

    def __init__(self, share: float) -> None:
        self.requests = self.max_concurrent = 0
        """The number of requests, and the highest number of concurrent requests."""
        self._share = share
        self._running = 0
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> Answer:
        return Answer(self._pieces(seen))

    def _pieces(self, seen: Seen) -> Iterator[Any]:
        self._count(1)
        yield THINKING * self._share
        yield from frames(seen, ["word "] * WORDS, self._share * SPEAKING / WORDS, end=False)
        self._count(-1)
        yield from frames(seen, [])

    def _count(self, change: int) -> None:
        with self._lock:
            self.requests += change > 0
            self._running += change
            self.max_concurrent = max(self.max_concurrent, self._running)

    def begin(self) -> None:
        """Reset the counts."""
        self.requests = self.max_concurrent = 0


@contextmanager
def served(model: Model, *, local: bool) -> Iterator[dict[str, Any]]:
    """Yield the settings of a session for the server."""
    if local:
        yield {"preset": "local", "max_tokens": 40}
        return
    os.environ["MIMO_API_KEY"] = KEY
    with Peer(model) as peer:
        yield {"base_url": f"{peer.url}/v1", "system": "none"}


def seconds(session: Session, at_once: int) -> float:
    """Return the time of one comparison."""
    start = time.perf_counter()
    compared = session.compare("Name a bird.", temperature=TEMPERATURES, at_once=at_once)
    seconds_taken = time.perf_counter() - start
    assert all(each.reply for each in compared)
    return seconds_taken


def main() -> None:
    """Print the table."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--local", action="store_true", help="use the embedded model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="one round in a tenth of the time")
    options = parser.parse_args()
    rounds, model = 1 if options.short else options.rounds, Model(0.1 if options.short else 1.0)
    best, counted = {}, {}
    with served(model, local=options.local) as settings:
        session = Session(**settings)
        session.compare("Warm up.", temperature=[0.0])
        for at_once in AT_ONCE:
            model.begin()
            best[at_once] = min(seconds(session, at_once) for _ in range(rounds))
            counted[at_once] = f"{model.requests:>11}{model.max_concurrent:>19}"
    print(f"{len(TEMPERATURES)} variants   seconds   of six in sequence       requests   max concurrent")
    for at_once, seconds_taken in best.items():
        print(
            f"{at_once} at a time {seconds_taken:>9.2f} {seconds_taken / best[1]:>24.2f}{'' if options.local else counted[at_once]}"
        )


if __name__ == "__main__":
    main()
