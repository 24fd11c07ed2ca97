"""A value as it is sent to a model."""

from __future__ import annotations

from dataclasses import dataclass

from mimo_magics.context.budget import count_bytes


@dataclass(frozen=True, slots=True)
class RenderedValue:
    """The text of a value, and a description for the user."""

    kind: str
    """What the value is, such as `pandas DataFrame` or `dict`."""
    text: str
    """The text that is sent."""
    whole_size: int
    """Bytes of the text without a limit: exact for texts, estimated for frames and arrays, else a lower limit."""
    detail: str
    """What the text contains, such as `41,233 x 7, schema and 5 rows`."""
    name: str = ""
    """The reference in the prompt, such as `df` or `rows[0]["x"]`; empty for the result of a tool."""

    @property
    def size(self) -> int:
        """Bytes of the text."""
        return count_bytes(self.text)

    @property
    def label(self) -> str:
        """The value in a few words, such as `df 41,233 x 7, schema and 5 rows`."""
        return f"{self.name} {self.detail}" if self.name else self.detail
