"""What the magics with options have in common: their help pages, their parsers, and the variables that they see."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.notebook.options import COMPARISON_OPTIONS, OPTIONS, Option

ARGPARSE_ERROR_PATTERN = re.compile(
    r"argument (?:-\w/)?(?P<flag>--?[\w-]+): (?:expected one argument|.*?'(?P<text>[^']*)')", re.DOTALL
)
"""What argparse says; the words behind differ by version."""
ALL_OPTIONS_BY_FLAG = {
    flag: option for option in (*OPTIONS, *COMPARISON_OPTIONS) for flag in option.all_flags
}

Magic = TypeVar("Magic", bound=Callable[..., Any])


def with_options(name: str, options: Iterable[Option]) -> Callable[[Magic], Magic]:
    """Give a magic of this name options, a help page, and its line as it was typed."""

    def decorate(function: Magic) -> Magic:
        for option in reversed(tuple(options)):
            argument(*option.flags, help=option.help, **option.argparse)(function)
        magic_arguments(name)(function)
        no_var_expand(function)
        return function

    return decorate


def parse_options(magic: Any, options: list[str]) -> Namespace:
    """Parse the options of a cell by those of its magic.

    Raises:
        BadOption: a value is missing or cannot be.
    """
    try:
        namespace: Namespace = magic.parser.parse_args(options)
    except UsageError as error:
        raise _translate_error(str(error), magic.argcmd_name) from None
    return namespace


def _translate_error(message: str, name: str) -> BadOption:
    """Say what argparse says of an option in words of ours, and which value was meant."""
    match = ARGPARSE_ERROR_PATTERN.match(message)
    option = ALL_OPTIONS_BY_FLAG.get(match["flag"]) if match else None
    if not match or not option:
        return BadOption(f"{message.rstrip('.')}.", Translatable("See %%{name}? for the options.", name=name))
    text, choices = match["text"], option.argparse.get("choices", ())
    advice = Translatable("{signature}: {help}", signature=option.signature, help=Translatable(option.help))
    if text is None:
        return BadOption(Translatable("{name} wants a value.", name=match["flag"]), advice)
    fact = Translatable("{name} cannot be {text!r}.", name=match["flag"], text=text)
    return BadOption(fact, did_you_mean(text, choices, advice))


def get_user_variables(shell: Any) -> dict[str, Any]:
    """Return what a prompt may name: the person's variables, and not what IPython put beside them but `_`."""
    namespace = shell.user_ns
    hidden = {name: value for name, value in shell.user_ns_hidden.items() if name != "_"}
    return {
        name: value for name, value in namespace.items() if name not in hidden or hidden[name] is not value
    }
