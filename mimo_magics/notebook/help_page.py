"""The help page of a magic, which `%mimo_session?` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from IPython.core.magic import no_var_expand

from mimo_magics.notebook.command_table import MAGICS, Magic

MagicMethod = TypeVar("MagicMethod", bound=Callable[..., Any])


def documented(magic: str) -> Callable[[MagicMethod], MagicMethod]:
    """Give a magic its help page, and its line as it was typed."""

    def decorate(method: MagicMethod) -> MagicMethod:
        method.__doc__ = help_page(MAGICS[magic])
        no_var_expand(method)
        return method

    return decorate


def help_page(magic: Magic) -> str:
    """Return the help page of a magic as plain text."""
    options = {option.signature: option.help for command in magic.commands for option in command.options}
    parts = (
        magic.summary,
        magic.details.strip("\n"),
        "\n".join(_iter_columns(dict(_iter_commands(magic)), "    ")),
        "\n".join(_iter_columns(options, "    ")),
        "\n".join(("options:", *_iter_columns({each.signature: each.help for each in magic.options}, "  "))),
    )
    return "\n\n".join(filter(None, parts[: 5 if magic.options else 4]))


def _iter_commands(magic: Magic) -> Iterator[tuple[str, str]]:
    for command in magic.commands:
        usage = command.signature
        if command.name and command.name == magic.default:
            usage = f"[{usage}]"
        yield f"{magic.name} {usage}".rstrip(), command.help


def _iter_columns(rows: Mapping[str, str], indent: str) -> Iterator[str]:
    width = max(map(len, rows), default=0)
    for left, right in rows.items():
        yield f"{indent}{left:{width}}  {right}"
