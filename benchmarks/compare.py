"""How long a comparison of six variants takes, beside asking them in turn.

    python benchmarks/compare.py            a server that thinks for half a second, then speaks for another half
    python benchmarks/compare.py --local    the embedded model, which has one machine for all of them

Both ways ask the same six prompts; they take turns, and the best of the rounds counts.
"""

from __future__ import annotations

import os
import sys
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
"""Seconds, seconds, and how many words are spoken."""


def slowly(seen: Seen) -> Answer:
    """Answer as a model does: after a while, and word by word."""

    def pieces() -> Iterator[Any]:
        yield THINKING
        yield from frames(seen, ["word "] * WORDS, SPEAKING / WORDS)

    return Answer(pieces())


@contextmanager
def served(*, local: bool) -> Iterator[dict[str, Any]]:
    """Give the settings of a session that may ask."""
    if local:
        yield {"preset": "local", "max_tokens": 40}
        return
    os.environ["MIMO_API_KEY"] = KEY
    with Peer(slowly) as peer:
        yield {"base_url": f"{peer.url}/v1", "system": "none"}


def seconds(session: Session, at_once: int) -> float:
    """Compare, and tell how long it took."""
    begun = time.perf_counter()
    compared = session.compare("Name a bird.", temperature=TEMPERATURES, at_once=at_once)
    took = time.perf_counter() - begun
    assert all(each.reply for each in compared)
    return took


def main() -> None:
    """Print the table."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--local", action="store_true", help="ask the embedded model")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with served(local=options.local) as settings:
        session = Session(**settings)
        session.compare("Warm up.", temperature=[0.0])
        best = {
            at_once: min(seconds(session, at_once) for _ in range(options.rounds)) for at_once in (1, 2, 4, 6)
        }
    print(f"{len(TEMPERATURES)} variants   seconds   of asking them in turn")
    for at_once, took in best.items():
        print(f"{at_once} at a time {took:>9.2f} {took / best[1]:>24.2f}")


if __name__ == "__main__":
    main()
