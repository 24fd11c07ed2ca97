"""What a request differs in from those on a tape, said to a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any

from mimo_magics.core.i18n import Words, join_translatables

AROUND = 30
"""Characters of a long text on each side of the first difference."""
MOST = 3
"""Differences that are told."""
NOTHING = object()


def told(asked: Any, recorded: Iterable[Any]) -> str:
    """Say what sets a request apart from the nearest one of those that were recorded."""
    found = [list(differences(asked, each)) for each in recorded]
    if not found:
        return Words("It holds no request to this address.")
    nearest = min(found, key=len)
    listed, more = join_translatables("; ", nearest[:MOST]), len(nearest) - MOST
    return Words("{listed}; and {count} more." if more > 0 else "{listed}.", listed=listed, count=more)


def differences(asked: Any, recorded: Any, place: str = "") -> Iterator[str]:
    """Yield a phrase for each value that is not the same."""
    match asked, recorded:
        case (dict(), dict()):
            for name in sorted(asked.keys() | recorded.keys()):
                now, then = asked.get(name, NOTHING), recorded.get(name, NOTHING)
                yield from differences(now, then, f"{place}.{name}" if place else name)
        case (list(), list()):
            for number in range(max(len(asked), len(recorded))):
                now, then = (each[number] if number < len(each) else NOTHING for each in (asked, recorded))
                yield from differences(now, then, f"{place}[{number}]")
        case _ if asked is NOTHING or recorded is NOTHING or asked != recorded:
            now, then = _shown(asked, recorded), _shown(recorded, asked)
            yield Words(
                "{place} is {now}, recorded was {then}", place=place or Words("the body"), now=now, then=then
            )


def _shown(value: Any, other: Any) -> str:
    """A value; of long texts what stands around the first difference."""
    if value is NOTHING:
        return Words("nothing")
    text, beside = (each if isinstance(each, str) else repr(each) for each in (value, other))
    at = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, beside, strict=False)))
    start, end = max(0, at - AROUND), at + AROUND
    if start < AROUND:
        start = 0
    return f"«{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}»"
