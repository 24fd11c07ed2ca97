"""The output tokens to reserve for a call: the 95th percentile of the outputs seen so far."""

from __future__ import annotations

from collections import deque

MAX_SEEN, MIN_SEEN = 400, 5
INTERVAL = 20
"""Outputs after which the percentile is computed again."""
PERCENTILE = 0.95


class OutputEstimate:
    """Learns how many tokens a reply has, reasoning included. Until some were seen, no estimate is lower than a reply.

    Args:
        default: tokens to assume until some replies have been seen.
    """

    def __init__(self, default: int) -> None:
        self._seen: deque[int] = deque(maxlen=MAX_SEEN)
        self._count = self._sum = 0
        self.tokens = default
        """The tokens to reserve."""

    def add(self, tokens: int) -> None:
        """Count the output of a reply."""
        self._seen.append(tokens)
        self._count, self._sum = self._count + 1, self._sum + tokens
        if self._count < MIN_SEEN:
            self.tokens = max(self.tokens, tokens)
        elif self._count == MIN_SEEN or self._count % INTERVAL == 0:
            ordered = sorted(self._seen)
            self.tokens = ordered[min(int(len(ordered) * PERCENTILE), len(ordered) - 1)]

    @property
    def mean(self) -> float | None:
        """The mean output of all replies; `None` without one."""
        return self._sum / self._count if self._count else None
