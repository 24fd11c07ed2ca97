"""A string that does not show itself."""

from __future__ import annotations


class Secret(str):
    """A key, or a header that holds one: itself where it is sent, `…last4` wherever it is printed by `repr`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'…{self[-4:]}'" if len(self) > 8 else "'…'"
