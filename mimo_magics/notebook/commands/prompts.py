"""`%mimo_prompts`: the prompt functions of the notebook, and their files."""

from __future__ import annotations

import builtins
from argparse import Namespace
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translatables
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import quote
from mimo_magics.document import paragraphs, table
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.prompts.prompt_function import PromptFunction, load_prompt

COLUMN_HEADERS = translatables("prompt", "version", "calls", "model", "system prompt")
PROMPT_FOLDER = Path("prompts")
"""The folder of saved prompts, beside the notebook."""
MAX_QUOTED_CHARS = 100


def run_prompts_command(line: str, namespace: MutableMapping[str, Any]) -> dict[str, str]:
    """Run a line of `%mimo_prompts`, and return what it shows as a MIME bundle.

    Args:
        line: the line after the name of the magic.
        namespace: the variables of the user, to which a loaded function is added.

    Raises:
        BadOption: the line is invalid, there is no such function, or a loaded one would replace another variable.
        BadPromptFile: the file cannot be read or written, or is not a valid prompt file.
    """
    command, arguments = parse_command("%mimo_prompts", line)
    match command:
        case "show":
            return _find_function(arguments.prompt, namespace).build_bundle()
        case "save":
            return _save(arguments, namespace)
        case "load":
            return _load(arguments, namespace)
    rows = [
        (
            each.signature,
            each.version,
            str(len(each.calls)),
            str(each.options.get("model", "")),
            each.system or "",
        )
        for each in find_functions(namespace).values()
    ]
    return table.table_bundle(
        COLUMN_HEADERS, rows, empty_text=Translatable("No prompt functions are defined.")
    )


def find_functions(variables: Mapping[str, Any]) -> dict[str, PromptFunction]:
    """Return the prompt functions of the user by the names of their variables, without `_` and the like."""
    return {
        name: value
        for name, value in variables.items()
        if isinstance(value, PromptFunction) and not name.startswith("_")
    }


def _save(arguments: Namespace, variables: Mapping[str, Any]) -> dict[str, str]:
    function = _find_function(arguments.prompt, variables)
    path = Path(arguments.path) if arguments.path else PROMPT_FOLDER / f"{function.name}.md"
    function.save(path)
    return paragraphs.paragraphs_bundle(
        Translatable(
            "Saved {name}, version {version}, to {path}.",
            name=function.name,
            version=function.version,
            path=quote(str(path), MAX_QUOTED_CHARS),
        )
    )


def _load(arguments: Namespace, namespace: MutableMapping[str, Any]) -> dict[str, str]:
    """Load a function, and show all of its texts. Its name, which may be a stranger's, replaces no other variable."""
    function = load_prompt(arguments.path, arguments.name or "")
    name = function.name
    if hasattr(builtins, name) or not isinstance(namespace.get(name, function), PromptFunction):
        raise BadOption(
            Translatable("The name {name} is in use.", name=name),
            Translatable("Choose another name: %mimo_prompts load PATH NAME"),
        )
    namespace[name] = function
    return function.build_bundle()


def _find_function(name: str, variables: Mapping[str, Any]) -> PromptFunction:
    functions = find_functions(variables)
    if name not in functions:
        raise BadOption(
            Translatable("There is no prompt function {name}.", name=quote(name, MAX_QUOTED_CHARS)),
            did_you_mean(name, functions, Translatable("%mimo_prompts lists them.")),
        )
    return functions[name]
