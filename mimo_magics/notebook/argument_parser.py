"""Parsing of options and arguments with argparse. Errors are ours; no English message of argparse is read."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, NoReturn

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.notebook.command_line import FLAG_PATTERN, split_words
from mimo_magics.notebook.command_table import MAGICS, Argument, Command, Magic
from mimo_magics.notebook.options import Option


class _Parser(argparse.ArgumentParser):
    """Raises every error as an `ArgumentError`, in all versions of Python."""

    def __init__(self) -> None:
        super().__init__(add_help=False, allow_abbrev=False, exit_on_error=False)

    def error(self, message: str) -> NoReturn:
        raise argparse.ArgumentError(None, message)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Refuse `--` as the value of an option, for which some versions of argparse return an empty list."""
        if action.option_strings and "--" in arg_strings:
            raise argparse.ArgumentError(action, "expected one argument")
        return super()._get_values(action, arg_strings)


def parse_options(magic: str, words: Sequence[str]) -> argparse.Namespace:
    """Parse the options of a cell magic such as `%%mimo`.

    Raises:
        BadOption: An option is unknown, or its value is missing or invalid.
    """
    return _parse(words, MAGICS[magic].options, (), _help_advice(magic))


def parse_command(magic: str, line: str) -> tuple[str, argparse.Namespace]:
    """Parse a line such as that of `%mimo_session`. Return the name of the subcommand, and its arguments.

    Raises:
        BadOption: The subcommand or an option is unknown, or an argument is missing, invalid or too much.
    """
    spec = MAGICS[magic]
    command, words = find_command(spec, split_words(line))
    if command is None and FLAG_PATTERN.match(words[0]):
        raise unexpected_word_error(words[0], spec.command_names, _help_advice(magic))
    if command is None:
        advice = did_you_mean(words[0], spec.command_names, _help_advice(magic))
        raise BadOption(Translatable("Unknown subcommand {name!r}.", name=words[0]), advice)
    usage = Translatable("Usage: {usage}", usage=f"{magic} {command.signature}".rstrip())
    suggestions = [name for name in spec.command_names if name.startswith("-")] if not command.name else []
    return command.name, _parse(words, command.options, command.arguments, usage, suggestions)


def find_command(magic: Magic, words: Sequence[str]) -> tuple[Command | None, Sequence[str]]:
    """Return the subcommand that a line names, and the words after its name.

    A line that names none belongs to the default subcommand, if it is empty or that takes arguments.
    """
    commands = {command.name: command for command in magic.commands}
    if words and words[0] in commands:
        return commands[words[0]], words[1:]
    default = commands[magic.default]
    return (default if not words or default.arguments else None), words


def _parse(
    words: Sequence[str],
    options: Sequence[Option],
    arguments: Iterable[Argument],
    advice: str,
    suggestions: Iterable[str] = (),
) -> argparse.Namespace:
    parser = _Parser()
    for option in options:
        kwargs = {name: value for name, value in option.argparse.items() if name != "choices"}
        if option.requires_value or option.optional_values or "type" in kwargs:
            kwargs["type"] = partial(_convert_option, option)
        parser.add_argument(*option.flags, **kwargs)
    for argument in arguments:
        parser.add_argument(
            argument.dest, nargs=argument.nargs, type=partial(_convert, argument.type, argument.name, advice)
        )
    try:
        namespace, extra_words = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise _missing_value_error(options, error.argument_name, advice) from None
    if extra_words:
        flags = [flag for option in options for flag in option.all_flags]
        raise unexpected_word_error(extra_words[0], [*flags, *suggestions], advice)
    return namespace


def _convert_option(option: Option, text: str) -> Any:
    value = _convert(option.argparse.get("type", str), option.flags[-1], _option_advice(option), text)
    choices = option.argparse.get("choices", ())
    if choices and value not in choices:
        advice = did_you_mean(text, choices, _option_advice(option))
        raise _invalid_value_error(text, option.flags[-1], advice)
    return value


def _convert(convert: Callable[[str], Any], name: str, advice: str, text: str) -> Any:
    """Convert a word. `BadOption` passes through argparse, which catches only `ValueError` and its own errors."""
    try:
        return convert(text)
    except (ValueError, argparse.ArgumentTypeError, RecursionError):
        raise _invalid_value_error(text, name, advice) from None


def _option_advice(option: Option) -> str:
    return Translatable("{signature}: {help}", signature=option.signature, help=Translatable(option.help))


def _invalid_value_error(text: str, name: str, advice: str) -> BadOption:
    return BadOption(Translatable("Invalid value {text!r} for {name}.", text=text, name=name), advice)


def _missing_value_error(options: Iterable[Option], name: str | None, advice: str) -> BadOption:
    for option in options:
        if name == "/".join(option.all_flags):
            fact = (
                Translatable("Option {flag} requires a value.", flag=option.flags[-1])
                if option.requires_value
                else Translatable("Option {flag} takes no value.", flag=option.flags[-1])
            )
            return BadOption(fact, _option_advice(option))
    return BadOption(Translatable("An argument is missing."), advice)


def unexpected_word_error(word: str, flags: Collection[str], advice: str) -> BadOption:
    """Build the error for an unknown option, or an argument that is too much."""
    flag = word.partition("=")[0]
    if flag in ("-h", "--help"):
        return BadOption(advice)
    if FLAG_PATTERN.match(flag) and flag not in flags:
        return BadOption(Translatable("Unknown option {flag}.", flag=flag), did_you_mean(flag, flags, advice))
    return BadOption(Translatable("Unexpected argument {text!r}.", text=word), advice)


def _help_advice(magic: str) -> str:
    return Translatable("For help, run {magic}?.", magic=magic)
