"""The retry policy: which failures are retried, and after how many seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mimo_magics.core.errors import ApiError, ConnectionFailed, InsufficientBalance, MimoError, RateLimited
from mimo_magics.tape.clock import Clock

RETRY_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530})
"""Statuses of an overloaded service, of a temporary conflict, and of a CDN that cannot reach the server (52x, 530)."""
MAX_ATTEMPTS = 5
INITIAL_DELAY, MAX_DELAY = 0.5, 8.0
"""Seconds before the first retry, and the limit that the doubled delays reach."""
RATE_LIMIT_FACTOR = 12
"""Factor for the delays after HTTP 429 without `Retry-After`: rate limits count a minute, and the four delays
together are longer than that."""
MAX_RETRY_AFTER = 120.0
"""Seconds. A longer `Retry-After` is an error at once: a user rarely waits that long."""


def parse_retry_after(value: str) -> float | None:
    """Return the seconds of a `Retry-After` header, which is a number or a date; `None` if it is neither."""
    if re.fullmatch(r"\s*\d{1,9}(\.\d{1,9})?\s*", value, re.ASCII):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (date - datetime.now(date.tzinfo and UTC)).total_seconds())


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the delay that a response requires: `retry-after-ms` of OpenAI, or `Retry-After`."""
    milliseconds = parse_retry_after(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1_000
    return parse_retry_after(headers.get("retry-after", ""))


def is_retryable(failure: MimoError) -> bool:
    """Return whether a retry may succeed. It cannot if the balance or the quota is used up."""
    if isinstance(failure, InsufficientBalance):
        return False
    if isinstance(failure, ApiError):
        return failure.status in RETRY_STATUSES and (failure.retry_after or 0) <= MAX_RETRY_AFTER
    return isinstance(failure, ConnectionFailed) and failure.is_retryable


def compute_delay(attempt: int, failure: MimoError, clock: Clock) -> float:
    """Return the seconds to wait: the delay that the server requires, otherwise an exponential backoff.

    Random jitter keeps several clients from retrying at the same moment.
    """
    requested_delay = failure.retry_after if isinstance(failure, ApiError) else None
    if requested_delay is not None:
        return requested_delay + clock.uniform(0.0, 0.1)
    delay = min(MAX_DELAY, INITIAL_DELAY * 2.0 ** (attempt - 1)) * clock.uniform(0.75, 1.0)
    return delay * RATE_LIMIT_FACTOR if isinstance(failure, RateLimited) else delay
