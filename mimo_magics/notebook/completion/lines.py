"""What may stand on the lines of the magics, one function for each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import strip_optional
from mimo_magics.notebook import comparison_run
from mimo_magics.notebook.cell_request import FLAG, GO_ON
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
    Found,
    Given,
    Kinds,
    Others,
    fitting,
    functions,
    values,
    word,
)
from mimo_magics.notebook.config import profiles
from mimo_magics.notebook.config.store import HINTS, SETTINGS
from mimo_magics.notebook.options import BY_FLAG, COMPARING, Option
from mimo_magics.session.storage.export import FORMS
from mimo_magics.tape.tape import OFF
from mimo_magics.tools.tool import CONFIRMATIONS

WORD = re.compile(r"""(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"'])+""")
"""A word of a line; a quotation in it may still be open."""
OF_SESSIONS = ("switch", "rename", "delete")
OF_FILES = ("save", "load", "export", "from-notebook", "resume")
FOLLOWING = {"new": ("--system",), "fork": ("--at",), "export": ("--to",)}
"""What commands of `%mimo_session` take: names of sessions, paths, and the option that may come behind a name."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where on a line of options the cursor stands."""

    typed: str = ""
    """The word that ends there."""
    option: Option | None = None
    """Whose value the word may be."""
    must: bool = False
    """Whether it can be nothing else."""
    given: Given = field(default_factory=dict)
    """The options before it and their values, by argparse's names."""
    prompt: str | None = None
    """The text behind the options, if the cursor stands there."""


def spot(line: str, flags: Mapping[str, Option]) -> Spot:
    """Read a line of options up to the cursor."""
    words, typed = _cut(line)
    given: dict[str, list[str]] = {}
    option, count = None, 0
    for each in words:
        flag, equals, value = each[0].partition("=")
        if option and (_must(option, count) or (_may(option, count) and not _ends(option, each[0]))):
            given[dest(option)].append(each[0])
            count += 1
        elif flag in flags:
            option, count = flags[flag], len(equals)
            given.setdefault(dest(option), []).extend([value] if equals else [])
        else:
            return Spot(given=given, prompt=line[each.end() if flag == "--" else each.start() :])
    must = _must(option, count)
    return Spot(typed, option if must or _may(option, count) else None, must, given)


def _cut(line: str) -> tuple[list[re.Match[str]], str]:
    """Return the words before the cursor, and what is typed of the one that ends there."""
    words = list(WORD.finditer(line))
    typed = words.pop()[0] if words and words[-1].end() == len(line) else ""
    return words, typed


def _must(option: Option | None, count: int) -> bool:
    """Tell whether a value must follow an option that has so many."""
    return option is not None and option.takes_value and not count


def _may(option: Option | None, count: int) -> bool:
    """Tell whether a value may follow it, or another option."""
    return option is not None and (option.argparse.get("nargs") == "+" or bool(option.may_take and not count))


def _ends(option: Option, text: str) -> bool:
    """Tell whether a word cannot be the value that an option may have."""
    return text not in option.may_take if option.may_take else bool(FLAG.match(text))


def dest(option: Option) -> str:
    """Return argparse's name of an option."""
    return str(option.argparse.get("dest") or option.flags[-1].lstrip("-").replace("-", "_"))


def options(at: Spot, flags: Mapping[str, Option], choices: Choices, **more: Sequence[str]) -> Found:
    """Return the flags and values that may stand there, and what else may."""
    flag, equals, value = at.typed.partition("=")
    if equals and not at.must and flag in flags:
        return _of_option(flags[flag], value, choices, at.given, {})
    otherwise = {} if at.must else {**more, "option": flags}
    if at.option is None:
        return fitting(at.typed, **otherwise)
    return _of_option(at.option, at.typed, choices, at.given, otherwise)


def _of_option(option: Option, typed: str, choices: Choices, given: Given, otherwise: Kinds) -> Found:
    own = option.argparse.get("choices")
    kinds = {"value": own} if own else values(dest(option), choices, given)
    last = typed.rpartition(",")[2] if dest(option) == "tools" else typed
    return word(last, **kinds, **otherwise)


def prompt(line: str, choices: Choices) -> Found:
    """Complete a line of `%mimo`: options, then a prompt or a command."""
    at = spot(line, BY_FLAG)
    said = at.typed if at.prompt is None else at.prompt
    if not at.must and "raw" not in at.given and (found := variables.found(said, choices.variables)):
        return found
    if at.prompt is not None:
        return Found()
    return options(at, BY_FLAG, choices, command=(*(() if at.given else reply_command.COMMANDS), GO_ON))


def _words(line: str) -> tuple[list[str], str]:
    words, typed = _cut(line)
    return [each[0] for each in words], typed


def config(line: str, choices: Choices) -> Found:
    """Complete a line of `%mimo_config`."""
    words, typed = _words(line)
    match words:
        case ["--reset", *_]:
            return fitting(typed, setting=SETTINGS)
        case ["--use" | "--save" | "--delete"]:
            return fitting(typed, profile=profiles.names())
        case ["--delete", *_]:
            return Found()
    if "=" in typed:
        given = {name: [value] for name, _, value in (each.partition("=") for each in words)}
        return _setting(typed, choices, given)
    first: Kinds = {} if words else {"key": (config_command.KEY,), "option": config_command.FLAGS}
    return fitting(typed, setting=[f"{each}=" for each in SETTINGS], **first)


def _setting(assignment: str, choices: Choices, given: Given) -> Found:
    name, _, typed = assignment.partition("=")
    if name not in SETTINGS:
        return Found()
    kinds = dict(values(name, choices, given))
    others: Others = "files" if name == "notebook" else "none"
    if strip_optional(HINTS[name]) is not HINTS[name]:
        kinds["value"] = (*kinds.get("value", ()), "default")
    return word(typed, others, **kinds)


def session(line: str, choices: Choices) -> Found:
    """Complete a line of `%mimo_session`."""
    words, typed = _words(line)
    match words:
        case []:
            return fitting(typed, command=session_command.COMMANDS)
        case [command]:
            its = choices.sessions if command in OF_SESSIONS else ()
            return word(typed, "files" if command in OF_FILES else "none", session=its)
        case [command, _]:
            return fitting(typed, option=FOLLOWING.get(command, ()))
        case ["export", _, "--to"]:
            return fitting(typed, value=(*FORMS, "json"))
        case ["new", _, "--system"]:
            return word(typed, **values("system", choices, {}))
    return Found()


def tools(line: str, choices: Choices) -> Found:
    """Complete a line of `%mimo_tools`."""
    words, typed = _words(line)
    match words:
        case []:
            return fitting(typed, command=tools_command.COMMANDS)
        case ["add", *_]:
            return fitting(typed, function=functions(choices))
        case ["remove", *_]:
            return fitting(typed, tool=choices.tools)
        case ["confirm", *_]:
            name, equals, value = typed.partition("=")
            return (
                fitting(value, value=CONFIRMATIONS)
                if equals
                else fitting(name, tool=[f"{each}=" for each in choices.tools])
            )
        case ["add-mcp", _, *more]:
            return fitting(typed, "files", option=() if more else ("--url",))
    return Found()


def compare(line: str, _: Choices) -> Found:
    """Complete a line of `%mimo_compare`."""
    words, typed = _words(line)
    return Found() if words else fitting(typed, command=comparison_run.COMMANDS)


def usage(line: str, choices: Choices) -> Found:
    """Complete a line of `%mimo_usage`, all of which is a name."""
    return fitting(line.lstrip(), session=choices.sessions)


def tape(line: str, _: Choices) -> Found:
    """Complete a line of `%mimo_tape`."""
    words, typed = _words(line)
    match words:
        case []:
            return fitting(typed, command=(*tape_command.MODES, OFF))
        case [mode] if mode in tape_command.MODES:
            return word(typed, "files")
        case [mode, _] if mode in tape_command.MODES:
            return fitting(typed, option=(tape_command.PACE,))
        case [_, _, tape_command.PACE]:
            return fitting(typed, value=tape_command.PACES)
    return Found()


def models(line: str, _: Choices) -> Found:
    """Complete a line of `%mimo_models`."""
    words, typed = _words(line)
    return Found() if words else fitting(typed, preset=SERVICES)


def panel(line: str, _: Choices) -> Found:
    """Complete a line of `%mimo_panel`."""
    words, typed = _words(line)
    return Found() if words else fitting(typed, command=("insert",))


LINES: Mapping[str, Callable[[str, Choices], Found]] = {
    "mimo": prompt,
    "mimo_config": config,
    "mimo_session": session,
    "mimo_tools": tools,
    "mimo_tape": tape,
    "mimo_usage": usage,
    "mimo_models": models,
    "mimo_compare": compare,
    "mimo_panel": panel,
}
CELLS = {
    "mimo": BY_FLAG,
    "mimo_compare": {flag: option for option in COMPARING for flag in option.names},
}
"""The options of each."""
