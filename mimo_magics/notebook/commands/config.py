"""`%mimo_config`: it changes the settings, and shows them in a table."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from getpass import getpass

from mimo_magics.client import credentials, endpoint
from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.parameter_ranges import config_line
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.document import table
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.notebook.command_line import iter_words
from mimo_magics.notebook.commands.settings_table import all_settings_bundle, named_settings_bundle
from mimo_magics.notebook.config import profiles
from mimo_magics.notebook.config.store import SETTINGS, MimoConfig, SettingInfo

API_KEY_NAME = "api_key"
API_KEY_PATTERN = re.compile(r"(?i)\W*api_?key(?![a-z0-9])")
"""The beginning of a word that may name an API key, or hold one."""
UNSAVED_SETTINGS = ("notebook", "tape", "tape_pace")
"""Settings of one notebook, which profiles leave out."""


def run_config_command(line: str, config: MimoConfig) -> dict[str, str]:
    """Run a line of `%mimo_config`, and return a table of the settings or profiles that it concerns.

    Raises:
        BadOption: A setting, a value or a profile is invalid. What precedes it on the line was done.
        SessionNotSaved: The profile could not be written.
    """
    # The errors of the parser quote words of the line, which must not be an API key.
    if line.strip() != API_KEY_NAME and any(API_KEY_PATTERN.match(word.text) for word in iter_words(line)):
        raise _api_key_error()
    command, arguments = parse_command("%mimo_config", line)
    match command:
        case "--reset":
            config.reset(*arguments.setting)
            return _show_settings(config, arguments.setting)
        case "--use" if arguments.profile:
            profile_names, warning = _apply_profile(config, arguments.profile)
            names = [*profile_names, *_assign_all(config, arguments.name_value)]
            return named_settings_bundle(config.describe_settings(*names), warning)
        case "--save":
            _assign_all(config, arguments.name_value)
            _save_profile(config, arguments.profile)
        case "--delete":
            profiles.delete(arguments.profile)
        case "api_key":
            _ask_for_key(config)
            return named_settings_bundle(_key_row(config))
        case "":
            return _show_settings(config, _assign_all(config, arguments.name_value))
    return _profiles_bundle()


def _show_settings(config: MimoConfig, names: Sequence[str]) -> dict[str, str]:
    """Return a table of these settings, or of all."""
    rows = config.describe_settings(*names)
    return named_settings_bundle(rows) if names else all_settings_bundle([*rows], _key_row(config))


def _apply_profile(config: MimoConfig, profile: str) -> tuple[list[str], str]:
    """Apply a profile. Return the settings that it set, and a warning about its invalid values."""
    values = profiles.read(profile)
    invalid_names = config.apply_profile(profile, values)
    warning = Translatable(
        "Profile {profile}: the values of {names} are invalid and were ignored.",
        profile=profile,
        names=", ".join(invalid_names),
    )
    return [name for name in values if name not in invalid_names], warning if invalid_names else ""


def _save_profile(config: MimoConfig, profile: str) -> None:
    # This refuses a base URL that contains a password, so that no password is saved.
    endpoint.resolve_base_url(config.snapshot())
    values = {name: value for name, value in config.changed_settings.items() if name not in UNSAVED_SETTINGS}
    profiles.save(profile, values)


def _profiles_bundle() -> dict[str, str]:
    """Return a table of the profiles, each with the assignments that it stands for."""
    rows = []
    for name in profiles.list_profiles():
        try:
            values = {each: value for each, value in profiles.read(name).items() if each in SETTINGS}
            rows.append((name, config_line(values).partition(" ")[2]))
        except (ArgumentTypeError, BadOption, TypeError, ValueError):
            rows.append((name, Translatable("invalid profile")))
    return table.table_bundle(
        translatables("profile", "settings"), rows, empty_text=Translatable("No profiles are saved.")
    )


def _assign_all(config: MimoConfig, assignments: Sequence[str]) -> list[str]:
    return [_assign(config, each) for each in assignments]


def _assign(config: MimoConfig, assignment: str) -> str:
    name, equals, value = assignment.partition("=")
    if name == API_KEY_NAME:
        raise _api_key_error()
    if not equals and name not in SETTINGS:
        advice = did_you_mean(name, SETTINGS, Translatable("Write name=value, such as temperature=0.2."))
        raise BadOption(Translatable("{text!r} is not NAME=VALUE.", text=assignment), advice)
    if equals:
        config.write(name, value)
    return name


def _api_key_error() -> BadOption:
    return BadOption(
        Translatable("An API key does not belong in a cell."),
        Translatable("To enter it unseen: %mimo_config api_key"),
    )


def _ask_for_key(config: MimoConfig) -> None:
    host = _host(config)
    try:
        api_key = getpass(translate("API key for {host}: ", host=host))
    # A kernel raises one of these if the front end does not accept input.
    except (EOFError, RuntimeError):
        raise BadOption(
            Translatable("The API key cannot be entered here: the front end accepts no input."),
            Translatable(
                "Set the environment variable {variable} instead.", variable=credentials.ENV_VARIABLE
            ),
        ) from None
    if api_key.strip():
        credentials.set_key(host, api_key)


def _host(config: MimoConfig) -> str:
    host = endpoint.get_key_origin(endpoint.resolve_base_url(config.snapshot()))
    if not host:
        raise BadOption(
            Translatable("The embedded model needs no API key."),
            Translatable("Choose a service first: %mimo_config preset=mimo-v2"),
        )
    return host


def _key_row(config: MimoConfig) -> Iterator[SettingInfo]:
    """Yield the row of the API key, of which the table shows only the end."""
    try:
        host = _host(config)
        key = credentials.find_key(host)
    except MimoError:
        return
    help_text = Translatable("API key for {host}. To enter one: %mimo_config api_key", host=host)
    yield SettingInfo(API_KEY_NAME, key.value if key else None, key.source if key else "", "", help_text)
