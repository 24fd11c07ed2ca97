"""The values after a prompt: `session.ask("Describe the columns", df, fig)`. They are sent after its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from mimo_magics.context.object_text import class_name
from mimo_magics.context.picture import render_part
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import MediaPart, Part, TextPart
from mimo_magics.core.settings import Settings
from mimo_magics.session.request import Prompt

SEPARATOR = "\n\n"


@overload
def add_values(prompt: Prompt, values: Sequence[Any], settings: Settings) -> Prompt: ...
@overload
def add_values(prompt: Prompt | None, values: Sequence[Any], settings: Settings) -> Prompt | None: ...
def add_values(prompt: Prompt | None, values: Sequence[Any], settings: Settings) -> Prompt | None:
    """Return a prompt with values after it: figures as images, other values as text within the budget.

    Raises:
        BadOption: there is no prompt, or a picture cannot be sent.
    """
    if not values:
        return prompt
    if prompt is None:
        raise BadOption(
            Translatable("A reply is continued without values."), Translatable("Write a prompt instead.")
        )
    head = prompt if isinstance(prompt, list | tuple) else [prompt]
    return [*head, *_iter_parts(values, settings)]


def _iter_parts(values: Iterable[Any], settings: Settings) -> Iterator[str | Part]:
    for number, value in enumerate(values, 1):
        yield SEPARATOR
        if isinstance(value, TextPart | MediaPart):
            yield value
        else:
            name = f"{class_name(type(value))} {number}"
            yield render_part(name, value, settings.value_budget, settings.share)
