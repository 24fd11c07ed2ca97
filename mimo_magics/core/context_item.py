"""What a prompt sends beside its own text: a value, a cell, a file or media, and its figures for the user."""

from __future__ import annotations

from dataclasses import dataclass

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.media_label import media_label
from mimo_magics.core.messages import ContextPart, MediaPart
from mimo_magics.core.text import quote

MAX_NAME_CHARS = 60
MAX_DETAIL_CHARS = 100
KILOBYTE = 1_000


@dataclass(frozen=True, slots=True)
class ContextItem:
    """A part of a prompt that is context, as it is shown. It may come from a file of somebody else."""

    part: ContextPart | MediaPart
    tokens: int | None = None
    """Estimated tokens; `None` if they are unknown."""
    cost: float | None = None
    """Estimated cost in US dollars; `None` without a known price."""
    thumbnail: str = ""
    """A data URL with a small picture; empty if there is none."""

    @property
    def label(self) -> str:
        """The item in a few words, such as `df 41,233 x 7, schema and 5 rows, 1.8 of 4,200 kB`."""
        part = self.part
        if not isinstance(part, ContextPart):
            return media_label(part)
        # A detail of this kernel can be translated; one that was saved is text.
        is_own = isinstance(part.detail, Translatable)
        detail = part.detail if is_own else _quote_line(part.detail, MAX_DETAIL_CHARS)
        size = _size_text(part.size, part.whole_size)
        return Translatable(
            "{name} {detail}, {size}" if detail else "{name}, {size}",
            name=_quote_line(part.name or part.kind, MAX_NAME_CHARS),
            detail=detail,
            size=size,
        )

    @property
    def text(self) -> str:
        """The text that is sent; empty for media."""
        return self.part.text if isinstance(self.part, ContextPart) else ""


def _quote_line(text: str, max_chars: int) -> str:
    return quote(" ".join(text[: 4 * max_chars].split()), max_chars)


def _size_text(size: int, whole_size: int) -> str:
    if whole_size <= size:
        if size < KILOBYTE:
            return Translatable("1 byte" if size == 1 else "{size} bytes", size=size)
        return Translatable("{size} kB", size=_format_kilobytes(size))
    return Translatable(
        "{size} of {whole} kB", size=_format_kilobytes(size), whole=_format_kilobytes(whole_size)
    )


def _format_kilobytes(size: int) -> str:
    kilobytes = max(size / KILOBYTE, 0.1)
    return f"{kilobytes:,.1f}" if kilobytes < 100 else f"{kilobytes:,.0f}"
