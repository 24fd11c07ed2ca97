"""The option `--define`: the cell becomes a prompt function, and nothing is sent."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.options import OPTIONS
from mimo_magics.notebook.schema_option import take_schema
from mimo_magics.prompts.prompt_function import PromptFunction

DISPLAY_SETTINGS = {each.name for each in fields(Settings) if each.metadata["group"] == "display"}
"""Settings without a meaning for a function, which shows nothing; but `-f table` gives data frames."""
OTHER_SETTINGS = {each.name for each in fields(Settings)} - DISPLAY_SETTINGS


def define_prompt(
    options: argparse.Namespace, prompt: str, variables: Mapping[str, Any], settings: Settings
) -> PromptFunction:
    """Return the prompt function of a cell.

    Args:
        options: the parsed options of the cell, with the name in `define`.
        prompt: the text with its slots.
        variables: the variables of the user, for `--schema`.
        settings: the settings of the session, whose system prompt the function keeps.

    Raises:
        BadOption: a name, a slot, an option or the schema is not valid.
    """
    given = {name: value for name, value in vars(options).items() if value is not None}
    name = given.pop("define")
    schema = take_schema(given, variables)
    if others := [each for each in given if each not in OTHER_SETTINGS | DISPLAY_SETTINGS]:
        raise BadOption(
            Translatable("{flag} cannot be combined with --define.", flag=_get_flag(others[0])),
            Translatable("A prompt function keeps model, sampling, system prompt and schema."),
        )
    system = settings.override(given).system
    overrides = {each: value for each, value in given.items() if each in OTHER_SETTINGS - {"system"}}
    if given.get("format") == "table":
        overrides["format"] = "table"
    return PromptFunction(name, prompt, schema, system, overrides)


def _get_flag(dest: str) -> str:
    (option,) = (each for each in OPTIONS if each.dest == dest)
    return option.flags[-1]
