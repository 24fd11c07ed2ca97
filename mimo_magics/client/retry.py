"""Which calls are made again, and when: those that a busy service refused (section 6 of the API notes)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mimo_magics.core.errors import ApiError, ConnectionFailed, InsufficientBalance, MimoError, RateLimited
from mimo_magics.tape.clock import Clock

RETRY_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530})
"""Those of a busy service, of a conflict that passes, and of a proxy that did not reach it (52x, 530)."""
MAX_ATTEMPTS = 5
INITIAL_DELAY, MAX_DELAY = 0.5, 8.0
RATE_LIMIT_FACTOR = 12
"""How much longer the waits are after a 429 that names none: limits are told for a minute, and all four waits
together are longer than one."""
MAX_RETRY_AFTER = 120.0
"""Seconds; a server that asks for more is an error at once, as nobody watches a cell for so long."""


def parse_retry_after(value: str) -> float | None:
    """Read the header `Retry-After`, seconds or a date, as seconds from now; `None` when it is neither."""
    if re.fullmatch(r"\s*\d{1,9}(\.\d{1,9})?\s*", value, re.ASCII):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (date - datetime.now(date.tzinfo and UTC)).total_seconds())


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response asks to wait: `Retry-After`, or `retry-after-ms` of OpenAI."""
    milliseconds = parse_retry_after(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1_000
    return parse_retry_after(headers.get("retry-after", ""))


def is_retryable(failure: MimoError) -> bool:
    """Tell whether the same call may do better; a used-up balance or quota stays used up."""
    if isinstance(failure, InsufficientBalance):
        return False
    if isinstance(failure, ApiError):
        return failure.status in RETRY_STATUSES and (failure.retry_after or 0) <= MAX_RETRY_AFTER
    return isinstance(failure, ConnectionFailed) and failure.is_retryable


def compute_delay(attempt: int, failure: MimoError, clock: Clock) -> float:
    """Return the seconds to wait: what the server asks for, else twice as long each time.

    Spread a little, so that clients do not come in step.
    """
    requested_delay = failure.retry_after if isinstance(failure, ApiError) else None
    if requested_delay is not None:
        return requested_delay + clock.uniform(0.0, 0.1)
    delay = min(MAX_DELAY, INITIAL_DELAY * 2.0 ** (attempt - 1)) * clock.uniform(0.75, 1.0)
    return delay * RATE_LIMIT_FACTOR if isinstance(failure, RateLimited) else delay
