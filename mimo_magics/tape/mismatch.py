"""The differences between a request and the requests on a tape, for errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Any

from mimo_magics.core.i18n import Translatable, join_translatables
from mimo_magics.core.serialization import canonical_json
from mimo_magics.core.text import escape_every_invisible_character, quote

CONTEXT_CHARS = 30
"""Characters of a long text on each side of the first difference."""
MAX_DIFFERENCES = 3
"""Differences in an error."""
MAX_COUNTED_DIFFERENCES = 1_000
MAX_PATH_CHARS = 100
"""Characters of the path of a difference."""
MISSING = object()


def describe_mismatch(request_body: Any, recorded_bodies: Iterable[Any]) -> str:
    """Return the differences between a request and the most similar recorded one."""
    difference_lists = [
        list(islice(find_differences(request_body, each), MAX_COUNTED_DIFFERENCES))
        for each in recorded_bodies
    ]
    if not difference_lists:
        return Translatable("The tape has no call to this endpoint.")
    nearest = min(difference_lists, key=len)
    listed, more_count = join_translatables("; ", nearest[:MAX_DIFFERENCES]), len(nearest) - MAX_DIFFERENCES
    return Translatable(
        "{listed}; and {count} more." if more_count > 0 else "{listed}.", listed=listed, count=more_count
    )


def find_differences(actual: Any, recorded: Any, path: str = "") -> Iterator[str]:
    """Yield a phrase for each value that differs."""
    match actual, recorded:
        case (dict(), dict()):
            for name in sorted(actual.keys() | recorded.keys()):
                actual_value, recorded_value = actual.get(name, MISSING), recorded.get(name, MISSING)
                yield from find_differences(actual_value, recorded_value, f"{path}.{name}" if path else name)
        case (list(), list()):
            for number in range(max(len(actual), len(recorded))):
                actual_value, recorded_value = (
                    each[number] if number < len(each) else MISSING for each in (actual, recorded)
                )
                yield from find_differences(actual_value, recorded_value, f"{path}[{number}]")
        case _ if not _is_same(actual, recorded):
            actual_value, recorded_value = _format_value(actual, recorded), _format_value(recorded, actual)
            yield Translatable(
                "{place} is {now} (recorded: {then})",
                place=quote(path, MAX_PATH_CHARS) if path else Translatable("the body"),
                now=actual_value,
                then=recorded_value,
            )


def _is_same(actual: Any, recorded: Any) -> bool:
    if actual is MISSING or recorded is MISSING:
        return actual is recorded
    return canonical_json(actual) == canonical_json(recorded)


def _format_value(value: Any, other: Any) -> str:
    """Return a value; of a long text the context of the first difference."""
    if value is MISSING:
        return Translatable("missing")
    # `repr` distinguishes "1" from 1.
    is_plain = isinstance(value, str) and (isinstance(other, str) or other is MISSING)
    text, other_text = (each if is_plain and isinstance(each, str) else repr(each) for each in (value, other))
    first_difference = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, other_text, strict=False))
    )
    start, end = max(0, first_difference - CONTEXT_CHARS), first_difference + CONTEXT_CHARS
    if start < CONTEXT_CHARS:
        start = 0
    shown = escape_every_invisible_character(text[start:end])
    return f"«{'…' if start else ''}{shown}{'…' if end < len(text) else ''}»"
