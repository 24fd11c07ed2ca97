"""Cells of a notebook as context of a prompt: input and output of each cell, within a budget for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal

from mimo_magics.context.budget import count_bytes, truncate
from mimo_magics.context.cell_output import find_error, find_image, read_text
from mimo_magics.context.value import SCALAR_TYPES, summarize
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ContextPart, ImagePart, Part
from mimo_magics.core.settings import Share

BUDGET_FACTOR = 2
"""All cells of a prompt together get this many budgets of one value."""
OUTPUT_PART = 4
"""The output of one cell gets at most this part of the budget of a value, so that a long log displaces no other cell."""
MAX_IMAGES = 8
"""Pictures of a prompt, the newest ones."""
MAX_IMAGE_CHARS = 14_000_000
"""Characters of all pictures of a prompt: 10 MB in base64."""
BACKTICKS_PATTERN = re.compile("`+")
CellState = Literal["run", "edited", "earlier kernel", "not run", "value only"]
STATE_TEXTS: Mapping[CellState, str] = {
    "edited": "edited since it ran: the output may be out of date",
    "earlier kernel": "not run since the kernel started: the output may be out of date",
    "not run": "not run",
    "value only": "printed output unknown",
}


@dataclass(frozen=True, slots=True)
class NotebookCell:
    """A cell of a notebook."""

    source: str
    number: int | None = None
    """The number between brackets beside a cell that ran."""
    outputs: Sequence[Mapping[str, Any]] = ()
    """The outputs, as a notebook saves them."""
    values: tuple[Any, ...] = ()
    """The value of the cell if it is still at hand, else empty."""
    state: CellState = "run"
    is_code: bool = True

    @property
    def name(self) -> str:
        """The cell in a few words, such as `cell [3]`."""
        if not self.is_code:
            return "text cell"
        return "cell [ ]" if self.number is None else f"cell [{self.number}]"

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """The pictures in the outputs, with their names."""
        found = filter(None, map(find_image, self.outputs))
        return tuple(replace(image, name=f"{self.name}, picture {n}") for n, image in enumerate(found, 1))

    @property
    def error(self) -> str:
        """The type of the error that ended the cell; empty if it did not fail."""
        return find_error(self.outputs)


@dataclass(frozen=True, slots=True)
class RenderedCell:
    """A cell as it is sent: its text, then its pictures."""

    value: ContextPart
    images: tuple[ImagePart, ...] = ()
    omitted_images: int = 0


@dataclass(frozen=True, slots=True)
class RenderedCells:
    """The cells of a prompt, oldest first."""

    cells: tuple[RenderedCell, ...] = ()
    omitted_cells: int = 0
    """How many of the oldest cells were left out because the budget is full."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the prompt: each cell, then its pictures."""
        return tuple(chain.from_iterable((each.value, *each.images) for each in self.cells))

    @property
    def omitted_images(self) -> int:
        """How many pictures of these cells were left out."""
        return sum(each.omitted_images for each in self.cells)


def render_cells(
    cells: Sequence[NotebookCell], value_budget: int, share: Share, *, accepts_images: bool
) -> RenderedCells:
    """Return cells as they are sent. If the budget is full, the oldest ones are left out.

    Args:
        cells: the cells, in the order of the notebook.
        value_budget: the budget of one value in bytes.
        share: with `schema` outputs are left out and named, and errors are shown by their types.
        accepts_images: whether the model accepts pictures.
    """
    images = _select_images(cells, MAX_IMAGES if accepts_images and share != "schema" else 0)
    rest, rendered = BUDGET_FACTOR * value_budget, list[RenderedCell]()
    for cell in reversed(cells):
        each = _render_cell(cell, images[len(rendered)], value_budget // OUTPUT_PART, share)
        # The newest cell is always sent.
        if each.value.size > rest and rendered:
            break
        each = _shorten(each, rest)
        rest -= each.value.size
        rendered.append(each)
    omitted = len(cells) - len(rendered)
    if omitted:
        rendered[-1] = _add_omission_note(rendered[-1], omitted)
    return RenderedCells(tuple(rendered[::-1]), omitted)


def _add_omission_note(oldest: RenderedCell, count: int) -> RenderedCell:
    note = f"… {count:,} older cell{'' if count == 1 else 's'} left out …\n\n"
    return replace(oldest, value=replace(oldest.value, text=f"{note}{oldest.value.text}"))


def _select_images(cells: Sequence[NotebookCell], max_count: int) -> list[tuple[ImagePart, ...]]:
    """Return the pictures of each cell that are sent, the newest cell first."""
    rest_chars, selected = MAX_IMAGE_CHARS, list[tuple[ImagePart, ...]]()
    for cell in reversed(cells):
        images: list[ImagePart] = []
        for image in cell.images if max_count else ():
            if max_count and len(image.url) <= rest_chars:
                images.append(image)
                max_count, rest_chars = max_count - 1, rest_chars - len(image.url)
        selected.append(tuple(images))
    return selected


def _shorten(cell: RenderedCell, max_bytes: int) -> RenderedCell:
    value = cell.value
    if value.size <= max_bytes:
        return cell
    return replace(cell, value=replace(value, text=f"{truncate(value.text, max_bytes)}\n\n"))


def _render_cell(
    cell: NotebookCell, images: tuple[ImagePart, ...], output_bytes: int, share: Share
) -> RenderedCell:
    outputs = tuple(_iter_outputs(cell, share, output_bytes))
    text = "\n".join(_iter_lines(cell, truncate("\n".join(outputs), output_bytes), len(images))) + "\n\n"
    whole_size = max(sum(map(count_bytes, (cell.source, *outputs))), count_bytes(text))
    value = ContextPart(text, cell.name, "notebook cell", _describe(cell), whole_size)
    return RenderedCell(value, images, len(cell.images) - len(images))


def _iter_lines(cell: NotebookCell, output: str, image_count: int) -> Iterator[str]:
    yield f"{_title(cell)}:"
    yield fence_code(cell.source, "python" if cell.is_code else "markdown")
    if output:
        yield f"Output of {cell.name}:"
        yield fence_code(output, "")
    if image_count:
        yield f"Pictures in the output of {cell.name}, which follow: {image_count}"
    if unsent := len(cell.images) - image_count:
        yield f"Pictures in the output of {cell.name}, which were not sent: {unsent}"


def _title(cell: NotebookCell) -> str:
    marks = (f"failed with {cell.error}" if cell.error else "", STATE_TEXTS.get(cell.state, ""))
    mark = ", ".join(filter(None, marks))
    name = f"{cell.name[0].upper()}{cell.name[1:]}"
    return f"{name} ({mark})" if mark else name


def _describe(cell: NotebookCell) -> str:
    """Return what the text contains, for the user."""
    if cell.error:
        return Translatable("failed")
    match cell.state:
        case "edited":
            return Translatable("edited since it ran")
        case "earlier kernel":
            return Translatable("not run since the kernel started")
        case "not run":
            return Translatable("not run")
        case "value only":
            return Translatable("printed output unknown")
    return ""


def _iter_outputs(cell: NotebookCell, share: Share, max_bytes: int) -> Iterator[str]:
    for output in cell.outputs:
        kind = output.get("output_type")
        values = cell.values if kind == "execute_result" and not find_image(output) else ()
        if values and not issubclass(type(values[0]), SCALAR_TYPES):
            yield summarize(values[0], max_bytes, share).text
        elif share == "schema" and kind == "error":
            yield cell.error
        elif share == "schema" and not find_image(output):
            yield "(an output that is not shared)"
        elif share != "schema" and (text := read_text(output)):
            yield text


def fence_code(text: str, language: str) -> str:
    """Return a Markdown code block with a text, which may contain code blocks."""
    longest_run = max(map(len, BACKTICKS_PATTERN.findall(text)), default=0)
    fence = "`" * max(3, longest_run + 1)
    return f"{fence}{language}\n{text}\n{fence}"
