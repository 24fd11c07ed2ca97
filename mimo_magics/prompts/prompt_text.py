"""The prompts of this package: one Markdown file each, with slots in braces. A setting names another file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Part, TextPart
from mimo_magics.core.regular_file import open_regular_file
from mimo_magics.core.text import quote
from mimo_magics.core.working_folder import absolute_path

MAX_BYTES = 100_000
MAX_NAME_CHARS = 300


def read_prompt_text(name: str, path: str | None) -> str:
    """Return the text of a prompt.

    Args:
        name: name of the prompt, such as `fix`.
        path: file of the user that replaces it.

    Raises:
        BadOption: the file cannot be read.
    """
    if path is None:
        return (files(__package__) / f"{name}.md").read_text(encoding="utf-8")
    advice = Translatable("Use the built-in prompt: %mimo_config --reset {name}_prompt", name=name)
    place = quote(path, MAX_NAME_CHARS)
    try:
        with open_regular_file(absolute_path(Path(path).expanduser())) as file:
            text = file.read(MAX_BYTES + 1).decode()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        reason = quote(reason, MAX_NAME_CHARS)
        fact = Translatable("The prompt file {path} cannot be read: {reason}.", path=place, reason=reason)
        raise BadOption(fact, advice) from None
    if len(text) > MAX_BYTES:
        raise BadOption(Translatable("The prompt file {path} is too large.", path=place), advice)
    return text


def fill_prompt(text: str, slots: Mapping[str, Sequence[Part]], required: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts of a prompt, with the parts of each slot in its place. Other braces stay.

    Raises:
        BadOption: a required slot is missing.
    """
    for name in required:
        if f"{{{name}}}" not in text:
            raise BadOption(
                Translatable("The prompt file lacks the slot {slot}.", slot=f"{{{name}}}"),
                Translatable("Add it where the text should stand."),
            )
    return tuple(_iter_parts(text, slots))


def _iter_parts(text: str, slots: Mapping[str, Sequence[Part]]) -> Iterator[Part]:
    pattern = re.compile("|".join(re.escape(f"{{{name}}}") for name in slots))
    end = 0
    for match in pattern.finditer(text):
        if match.start() > end:
            yield TextPart(text[end : match.start()])
        yield from slots[match[0][1:-1]]
        end = match.end()
    if end < len(text):
        yield TextPart(text[end:])
