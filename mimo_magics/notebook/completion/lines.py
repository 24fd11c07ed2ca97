"""What may stand on the lines of the magics, one function for each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import strip_optional
from mimo_magics.notebook import comparison_run
from mimo_magics.notebook.cell_request import CONTINUE_COMMAND, FLAG_PATTERN
from mimo_magics.notebook.commands import (
    config as config_command,
    reply as reply_command,
    session as session_command,
    tape as tape_command,
    tools as tools_command,
)
from mimo_magics.notebook.completion import variables
from mimo_magics.notebook.completion.choices import (
    Choices,
    CompletionResult,
    FallbackMatcher,
    GivenOptions,
    TextsByKind,
    list_tool_functions,
    list_values,
    match_prefix,
    match_word,
)
from mimo_magics.notebook.config import profiles
from mimo_magics.notebook.config.store import SETTINGS, TYPE_HINTS
from mimo_magics.notebook.options import COMPARISON_OPTIONS, OPTIONS_BY_FLAG, Option
from mimo_magics.session.storage.export import EXPORTERS
from mimo_magics.tape.tape import OFF
from mimo_magics.tools.tool import CONFIRMATIONS

WORD_PATTERN = re.compile(r"""(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"'])+""")
"""A word of a line; a quotation in it may still be open."""
SESSION_NAME_COMMANDS = ("switch", "rename", "delete")
PATH_COMMANDS = ("save", "load", "export", "from-notebook", "resume")
COMMAND_OPTIONS = {"new": ("--system",), "fork": ("--at",), "export": ("--to",)}
"""What commands of `%mimo_session` take: names of sessions, paths, and the option that may come behind a name."""


@dataclass(frozen=True, slots=True)
class CursorContext:
    """Where on a line of options the cursor stands."""

    typed: str = ""
    """The word that ends there."""
    option: Option | None = None
    """Whose value the word may be."""
    is_value_required: bool = False
    """Whether it can be nothing else."""
    given: GivenOptions = field(default_factory=dict)
    """The options before it and their values, by argparse's names."""
    prompt: str | None = None
    """The text behind the options, if the cursor stands there."""


def parse_cursor_context(line: str, flags: Mapping[str, Option]) -> CursorContext:
    """Read a line of options up to the cursor."""
    words, typed = _split_at_cursor(line)
    given: dict[str, list[str]] = {}
    option, value_count = None, 0
    for each in words:
        flag, equals, value = each[0].partition("=")
        if option and (
            _requires_value(option, value_count)
            or (_accepts_value(option, value_count) and not _ends_values(option, each[0]))
        ):
            given[option_dest(option)].append(each[0])
            value_count += 1
        elif flag in flags:
            option, value_count = flags[flag], len(equals)
            given.setdefault(option_dest(option), []).extend([value] if equals else [])
        else:
            return CursorContext(given=given, prompt=line[each.end() if flag == "--" else each.start() :])
    is_value_required = _requires_value(option, value_count)
    return CursorContext(
        typed,
        option if is_value_required or _accepts_value(option, value_count) else None,
        is_value_required,
        given,
    )


def _split_at_cursor(line: str) -> tuple[list[re.Match[str]], str]:
    """Return the words before the cursor, and what is typed of the one that ends there."""
    words = list(WORD_PATTERN.finditer(line))
    typed = words.pop()[0] if words and words[-1].end() == len(line) else ""
    return words, typed


def _requires_value(option: Option | None, value_count: int) -> bool:
    """Tell whether a value must follow an option that has so many."""
    return option is not None and option.requires_value and not value_count


def _accepts_value(option: Option | None, value_count: int) -> bool:
    """Tell whether a value may follow it, or another option."""
    return option is not None and (
        option.argparse.get("nargs") == "+" or bool(option.optional_values and not value_count)
    )


def _ends_values(option: Option, text: str) -> bool:
    """Tell whether a word cannot be the value that an option may have."""
    return text not in option.optional_values if option.optional_values else bool(FLAG_PATTERN.match(text))


def option_dest(option: Option) -> str:
    """Return argparse's name of an option."""
    return str(option.argparse.get("dest") or option.flags[-1].lstrip("-").replace("-", "_"))


def complete_options(
    context: CursorContext, flags: Mapping[str, Option], choices: Choices, **more: Sequence[str]
) -> CompletionResult:
    """Return the flags and values that may stand there, and what else may."""
    flag, equals, value = context.typed.partition("=")
    if equals and not context.is_value_required and flag in flags:
        return _complete_option_value(flags[flag], value, choices, context.given, {})
    other_kinds = {} if context.is_value_required else {**more, "option": flags}
    if context.option is None:
        return match_prefix(context.typed, **other_kinds)
    return _complete_option_value(context.option, context.typed, choices, context.given, other_kinds)


def _complete_option_value(
    option: Option, typed: str, choices: Choices, given: GivenOptions, other_kinds: TextsByKind
) -> CompletionResult:
    option_choices = option.argparse.get("choices")
    kinds = {"value": option_choices} if option_choices else list_values(option_dest(option), choices, given)
    last_name = typed.rpartition(",")[2] if option_dest(option) == "tools" else typed
    return match_word(last_name, **kinds, **other_kinds)


def complete_prompt(line: str, choices: Choices) -> CompletionResult:
    """Complete a line of `%mimo`: options, then a prompt or a command."""
    context = parse_cursor_context(line, OPTIONS_BY_FLAG)
    text = context.typed if context.prompt is None else context.prompt
    if (
        not context.is_value_required
        and "raw" not in context.given
        and (found := variables.complete_reference(text, choices.variables))
    ):
        return found
    if context.prompt is not None:
        return CompletionResult()
    return complete_options(
        context,
        OPTIONS_BY_FLAG,
        choices,
        command=(*(() if context.given else reply_command.COMMANDS), CONTINUE_COMMAND),
    )


def _split_words(line: str) -> tuple[list[str], str]:
    words, typed = _split_at_cursor(line)
    return [each[0] for each in words], typed


def complete_config(line: str, choices: Choices) -> CompletionResult:
    """Complete a line of `%mimo_config`."""
    words, typed = _split_words(line)
    match words:
        case ["--reset", *_]:
            return match_prefix(typed, setting=SETTINGS)
        case ["--use" | "--save" | "--delete"]:
            return match_prefix(typed, profile=profiles.list_profiles())
        case ["--delete", *_]:
            return CompletionResult()
    if "=" in typed:
        given = {name: [value] for name, _, value in (each.partition("=") for each in words)}
        return _complete_assignment(typed, choices, given)
    first_word_kinds: TextsByKind = (
        {} if words else {"key": (config_command.API_KEY_NAME,), "option": config_command.FLAGS}
    )
    return match_prefix(typed, setting=[f"{each}=" for each in SETTINGS], **first_word_kinds)


def _complete_assignment(assignment: str, choices: Choices, given: GivenOptions) -> CompletionResult:
    name, _, typed = assignment.partition("=")
    if name not in SETTINGS:
        return CompletionResult()
    kinds = dict(list_values(name, choices, given))
    others: FallbackMatcher = "files" if name == "notebook" else "none"
    if strip_optional(TYPE_HINTS[name]) is not TYPE_HINTS[name]:
        kinds["value"] = (*kinds.get("value", ()), "default")
    return match_word(typed, others, **kinds)


def complete_session(line: str, choices: Choices) -> CompletionResult:
    """Complete a line of `%mimo_session`."""
    words, typed = _split_words(line)
    match words:
        case []:
            return match_prefix(typed, command=session_command.COMMANDS)
        case [command]:
            session_names = choices.sessions if command in SESSION_NAME_COMMANDS else ()
            return match_word(typed, "files" if command in PATH_COMMANDS else "none", session=session_names)
        case [command, _]:
            return match_prefix(typed, option=COMMAND_OPTIONS.get(command, ()))
        case ["export", _, "--to"]:
            return match_prefix(typed, value=(*EXPORTERS, "json"))
        case ["new", _, "--system"]:
            return match_word(typed, **list_values("system", choices, {}))
    return CompletionResult()


def complete_tools(line: str, choices: Choices) -> CompletionResult:
    """Complete a line of `%mimo_tools`."""
    words, typed = _split_words(line)
    match words:
        case []:
            return match_prefix(typed, command=tools_command.COMMANDS)
        case ["add", *_]:
            return match_prefix(typed, function=list_tool_functions(choices))
        case ["remove", *_]:
            return match_prefix(typed, tool=choices.tools)
        case ["confirm", *_]:
            name, equals, value = typed.partition("=")
            return (
                match_prefix(value, value=CONFIRMATIONS)
                if equals
                else match_prefix(name, tool=[f"{each}=" for each in choices.tools])
            )
        case ["add-mcp", _, *more]:
            return match_prefix(typed, "files", option=() if more else ("--url",))
    return CompletionResult()


def complete_compare(line: str, _: Choices) -> CompletionResult:
    """Complete a line of `%mimo_compare`."""
    words, typed = _split_words(line)
    return CompletionResult() if words else match_prefix(typed, command=comparison_run.COMMANDS)


def complete_usage(line: str, choices: Choices) -> CompletionResult:
    """Complete a line of `%mimo_usage`, all of which is a name."""
    return match_prefix(line.lstrip(), session=choices.sessions)


def complete_tape(line: str, _: Choices) -> CompletionResult:
    """Complete a line of `%mimo_tape`."""
    words, typed = _split_words(line)
    match words:
        case []:
            return match_prefix(typed, command=(*tape_command.MODES, OFF))
        case [mode] if mode in tape_command.MODES:
            return match_word(typed, "files")
        case [mode, _] if mode in tape_command.MODES:
            return match_prefix(typed, option=(tape_command.PACE_FLAG,))
        case [_, _, tape_command.PACE_FLAG]:
            return match_prefix(typed, value=tape_command.PACE_LABELS)
    return CompletionResult()


def complete_models(line: str, _: Choices) -> CompletionResult:
    """Complete a line of `%mimo_models`."""
    words, typed = _split_words(line)
    return CompletionResult() if words else match_prefix(typed, preset=SERVICES)


def complete_panel(line: str, _: Choices) -> CompletionResult:
    """Complete a line of `%mimo_panel`."""
    words, typed = _split_words(line)
    return CompletionResult() if words else match_prefix(typed, command=("insert",))


LINE_COMPLETERS: Mapping[str, Callable[[str, Choices], CompletionResult]] = {
    "mimo": complete_prompt,
    "mimo_config": complete_config,
    "mimo_session": complete_session,
    "mimo_tools": complete_tools,
    "mimo_tape": complete_tape,
    "mimo_usage": complete_usage,
    "mimo_models": complete_models,
    "mimo_compare": complete_compare,
    "mimo_panel": complete_panel,
}
CELL_OPTIONS = {
    "mimo": OPTIONS_BY_FLAG,
    "mimo_compare": {flag: option for option in COMPARISON_OPTIONS for flag in option.all_flags},
}
"""The options of each."""
