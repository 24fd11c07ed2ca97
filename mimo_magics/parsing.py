"""What the magics with options have in common: their help pages, their parsers, and the variables that they see."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from mimo_magics.errors import BadOption
from mimo_magics.language import Words
from mimo_magics.options import Option

Magic = TypeVar("Magic", bound=Callable[..., Any])


def with_options(name: str, options: Iterable[Option]) -> Callable[[Magic], Magic]:
    """Give a magic of this name options, a help page, and its line as it was typed."""

    def given(function: Magic) -> Magic:
        for option in reversed(tuple(options)):
            argument(*option.flags, help=option.help, **option.argparse)(function)
        magic_arguments(name)(function)
        no_var_expand(function)
        return function

    return given


def parsed(magic: Any, options: list[str]) -> Namespace:
    """Parse the options of a cell by those of its magic.

    Raises:
        BadOption: a value is missing or cannot be.
    """
    try:
        parsed: Namespace = magic.parser.parse_args(options)
    except UsageError as error:
        raise BadOption(
            f"{error}".rstrip(".") + ".", Words("See %%{name}? for the options.", name=magic.argcmd_name)
        ) from None
    return parsed


def variables(shell: Any) -> dict[str, Any]:
    """Return what a prompt may name: the person's variables, and not what IPython put beside them but `_`."""
    own = shell.user_ns
    hidden = {name: value for name, value in shell.user_ns_hidden.items() if name != "_"}
    return {name: value for name, value in own.items() if name not in hidden or hidden[name] is not value}
