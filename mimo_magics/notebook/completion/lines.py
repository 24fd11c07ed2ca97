"""The candidates for the lines of the magics, from the table of the magics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mimo_magics.core.setting_values import strip_optional
from mimo_magics.notebook.argument_parser import find_command
from mimo_magics.notebook.cell_request import CONTINUE_COMMAND
from mimo_magics.notebook.command_line import OptionScan, scan_options, split_at_cursor
from mimo_magics.notebook.command_table import MAGICS, Command
from mimo_magics.notebook.completion import variables
from mimo_magics.notebook.completion.choices import (
    Choices,
    CompletionResult,
    FallbackMatcher,
    GivenOptions,
    TextsByKind,
    list_values,
    match_prefix,
    match_word,
)
from mimo_magics.notebook.config.allowed_values import TYPE_HINTS
from mimo_magics.notebook.config.store import SETTINGS
from mimo_magics.notebook.options import Option
from mimo_magics.tools.tool import CONFIRMATIONS

OPTIONS_BY_MAGIC = {
    magic.name: {flag: option for option in magic.options for flag in option.all_flags}
    for magic in MAGICS.values()
}


def scan_before_cursor(line: str, magic: str) -> tuple[OptionScan, str]:
    """Return the options before the cursor, and the word that ends at the cursor."""
    _, typed = split_at_cursor(line)
    return scan_options(line.removesuffix(typed), OPTIONS_BY_MAGIC[magic]), typed


def complete_first_line(line: str, magic: str, choices: Choices) -> CompletionResult:
    """Complete the line of a cell magic."""
    scan, typed = scan_before_cursor(line, magic)
    if scan.prompt is not None:
        return CompletionResult()
    return _complete_options(scan, typed, OPTIONS_BY_MAGIC[magic], choices)


def complete_line(magic: str, line: str, choices: Choices) -> CompletionResult:
    """Complete the line of a line magic."""
    if MAGICS[magic].options:
        return _complete_prompt(magic, line, choices)
    return _complete_command(magic, line, choices)


def _complete_prompt(magic: str, line: str, choices: Choices) -> CompletionResult:
    """Complete a line that sends a prompt: options, then the prompt or a subcommand."""
    scan, typed = scan_before_cursor(line, magic)
    text = typed if scan.prompt is None else f"{scan.prompt}{typed}"
    if (
        not scan.is_value_required
        and "raw" not in scan.given
        and (found := variables.complete_reference(text, choices.variables))
    ):
        return found
    if scan.prompt is not None:
        return CompletionResult()
    commands = MAGICS[magic].command_names
    if scan.given and CONTINUE_COMMAND in commands:
        commands = (CONTINUE_COMMAND,)
    return _complete_options(scan, typed, OPTIONS_BY_MAGIC[magic], choices, command=commands)


def _complete_options(
    scan: OptionScan,
    typed: str,
    flags: Mapping[str, Option],
    choices: Choices,
    **more: Sequence[str],
) -> CompletionResult:
    """Return the flags and values for the cursor, together with other candidates."""
    flag, equals, value = typed.partition("=")
    if equals and not scan.is_value_required and flag in flags:
        return _complete_option_value(flags[flag], value, choices, scan.given, {})
    other_kinds = {} if scan.is_value_required else {**more, "option": flags}
    if scan.option is None:
        return match_prefix(typed, **other_kinds)
    return _complete_option_value(scan.option, typed, choices, scan.given, other_kinds)


def _complete_option_value(
    option: Option, typed: str, choices: Choices, given: GivenOptions, other_kinds: TextsByKind
) -> CompletionResult:
    option_choices = option.argparse.get("choices")
    kinds = {"value": option_choices} if option_choices else list_values(option.dest, choices, given)
    last_name = typed.rpartition(",")[2] if option.dest == "tools" else typed
    fallback: FallbackMatcher = "files" if option.argparse.get("metavar", "").startswith("PATH") else "none"
    return match_word(last_name, fallback, **kinds, **other_kinds)


def _complete_command(magic: str, line: str, choices: Choices) -> CompletionResult:
    """Complete a line of subcommands and their arguments."""
    typed_words, typed = split_at_cursor(line)
    words = [word.text for word in typed_words]
    command, arguments = find_command(MAGICS[magic], words)
    result = _complete_argument(command, arguments, typed, choices) if command else CompletionResult(typed)
    if words or "=" in typed:
        return result
    names = match_prefix(typed, command=MAGICS[magic].command_names)
    return replace(result, candidates=(*result.candidates, *names.candidates))


def _complete_argument(
    command: Command, words: Sequence[str], typed: str, choices: Choices
) -> CompletionResult:
    """Complete the argument at the cursor, or an option of the subcommand."""
    options = {flag: option for option in command.options for flag in option.all_flags}
    pending, count = None, 0
    for word in words:
        if pending is None and word in options:
            pending = options.pop(word)
        else:
            pending, count = None, count + (pending is None)
    if pending:
        return _complete_option_value(pending, typed, choices, {}, {})
    arguments = command.arguments
    is_repeated = count >= len(arguments) > 0 and arguments[-1].nargs not in (None, "?")
    is_complete = count >= sum(each.nargs in (None, "+") for each in arguments)
    flags = match_prefix(typed, option=options if is_complete and not is_repeated else ())
    if count >= len(arguments) and not is_repeated:
        return flags
    argument = arguments[-1] if is_repeated else arguments[count]
    if completer := ARGUMENT_COMPLETERS.get(argument.name):
        result = completer(typed, choices, words)
    else:
        result = match_word(typed, **list_values(argument.dest, choices, {}))
    return replace(result, candidates=(*result.candidates, *flags.candidates))


def _complete_path(typed: str, _: Choices, __: Sequence[str]) -> CompletionResult:
    return match_word(typed, "files")


def _complete_confirmation(typed: str, choices: Choices, _: Sequence[str]) -> CompletionResult:
    name, equals, value = typed.partition("=")
    if equals:
        return match_prefix(value, value=CONFIRMATIONS)
    return match_prefix(name, tool=[f"{each}=" for each in choices.tools])


def _complete_assignment(typed: str, choices: Choices, words: Sequence[str]) -> CompletionResult:
    name, equals, value = typed.partition("=")
    if not equals:
        return match_prefix(typed, setting=[f"{each}=" for each in SETTINGS])
    if name not in SETTINGS:
        return CompletionResult()
    given = {name: [value] for name, _, value in (each.partition("=") for each in words)}
    kinds = dict(list_values(name, choices, given))
    fallback: FallbackMatcher = "files" if name == "notebook" else "none"
    if strip_optional(TYPE_HINTS[name]) is not TYPE_HINTS[name]:
        kinds["value"] = (*kinds.get("value", ()), "default")
    return match_word(value, fallback, **kinds)


ARGUMENT_COMPLETERS: Mapping[str, Callable[[str, Choices, Sequence[str]], CompletionResult]] = {
    "PATH": _complete_path,
    "COMMAND": _complete_path,
    "TOOL=WHEN": _complete_confirmation,
    "NAME=VALUE": _complete_assignment,
}
"""The arguments whose candidates are more than the values that `list_values` returns."""
