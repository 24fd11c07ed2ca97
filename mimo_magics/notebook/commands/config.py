"""`%mimo_config`: what its line says, done to the store, and the table that it shows."""

from __future__ import annotations

import shlex
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator, Sequence
from getpass import getpass
from typing import Any

from mimo_magics.client import credentials, endpoint
from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Words, say, words
from mimo_magics.core.parameter_ranges import config_line
from mimo_magics.core.secret import Secret
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.document import table
from mimo_magics.notebook.config import profiles
from mimo_magics.notebook.config.store import SETTINGS, MimoConfig, Row

HEAD = words("setting", "value", "from", "allowed", "meaning")
KEY = "api_key"
FLAGS = ("--reset", "--use", "--save", "--delete")


def configure(line: str, config: MimoConfig) -> dict[str, str]:
    """Do what a line of `%mimo_config` says and return the table of what it is about.

    Raises:
        BadOption: a setting or a value cannot be; what stands before it on the line is done. Or there is no such profile.
        NotSaved: the profile could not be written.
    """
    complaint = ""
    match _words(line):
        case []:
            return _table((*config.rows(), *_key_row(config)))
        case ["--reset", *names]:
            config.reset(*names)
        case ["--use"]:
            return _profiles()
        case ["--use", profile, *assignments]:
            used, complaint = _used(config, profile)
            names = [*used, *_assigned(config, assignments)]
        case ["--save", profile, *assignments]:
            _assigned(config, assignments)
            _save(config, profile)
            return _profiles()
        case ["--delete", profile]:
            profiles.delete(profile)
            return _profiles()
        case ["--save" | "--delete" as flag, *_]:
            raise BadOption(
                Words("{flag} takes the name of one profile.", flag=flag),
                Words("%mimo_config --use shows which there are."),
            )
        case [word] if word == KEY:
            _ask_for_key(config)
            return _table(_key_row(config))
        case assignments:
            names = _assigned(config, assignments)
    return _table(config.rows(*names), complaint)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        raise BadOption(
            Words("A quotation on the line does not end."), Words("Put a value with a quote into quotes.")
        ) from None


def _used(config: MimoConfig, profile: str) -> tuple[list[str], str]:
    """Take a profile over. Return the settings that it set, and a sentence on what cannot be."""
    values = profiles.read(profile)
    wrong = config.use(profile, values)
    complaint = Words(
        "The profile {profile} says of {names} what cannot be; the rest of it holds.",
        profile=profile,
        names=", ".join(wrong),
    )
    return [name for name in values if name not in wrong], complaint if wrong else ""


def _save(config: MimoConfig, profile: str) -> None:
    endpoint.resolve_base_url(config.snapshot())  # one with a password in it is refused, and reaches no file
    values = {
        name: value for name, value in config.changed.items() if name not in ("notebook", "tape", "tape_pace")
    }  # these are one's own
    profiles.save(profile, values)


def _profiles() -> dict[str, str]:
    """Return the table of the profiles, each with the line that it stands for."""
    rows = []
    for name in profiles.names():
        try:
            values = {each: value for each, value in profiles.read(name).items() if each in SETTINGS}
            rows.append((name, config_line(values).partition(" ")[2]))
        except (ArgumentTypeError, BadOption, TypeError, ValueError):
            rows.append((name, Words("cannot be read")))
    return table.bundle(words("profile", "settings"), rows)


def _assigned(config: MimoConfig, assignments: Sequence[str]) -> list[str]:
    return [_assign(config, each) for each in assignments]


def _assign(config: MimoConfig, assignment: str) -> str:
    name, equals, value = assignment.partition("=")
    if name == KEY:
        raise BadOption(
            Words("A key is never written into a cell."), Words("%mimo_config api_key asks for it.")
        )
    if name.startswith("-") or (not equals and name not in SETTINGS):
        advice = did_you_mean(name, (*FLAGS, *SETTINGS), Words("Write name=value, such as temperature=0.2"))
        raise BadOption(Words("{assignment!r} sets nothing.", assignment=assignment), advice)
    if equals:
        config.write(name, value)
    return name


def _ask_for_key(config: MimoConfig) -> None:
    host = _host(config)
    try:
        value = getpass(say("Key for {host}: ", host=host))
    except (EOFError, RuntimeError):  # the kernel's way to say that nobody can be asked
        raise BadOption(
            Words("Nobody can be asked for a key here."),
            Words("Set {variable} instead.", variable=credentials.ENV_VARIABLE),
        ) from None
    if value.strip():
        credentials.set_key(host, value)


def _host(config: MimoConfig) -> str:
    host = endpoint.parse_host(endpoint.resolve_base_url(config.snapshot()))
    if not host:
        raise BadOption(
            Words("The embedded model needs no key."),
            Words("Choose a service first: %mimo_config preset=mimo-v2"),
        )
    return host


def _key_row(config: MimoConfig) -> Iterator[Row]:
    """What is known of the key, of which only the end is shown."""
    try:
        host = _host(config)
        key = credentials.find_key(host)
    except MimoError:
        return
    help = Words("The key for {host}; %mimo_config api_key asks for one.", host=host)  # noqa: A001  the row's word
    yield Row(KEY, key.value if key else None, key.source if key else "", "", help)


def _table(rows: Iterable[Row], complaint: str = "") -> dict[str, str]:
    cells = ((row.name, _shown(row.value), row.source, row.allowed, row.help) for row in rows)
    return table.bundle(HEAD, cells, caption=complaint)


def _shown(value: Any) -> str:
    match value:
        case True | False:
            return "on" if value else "off"
        case None:
            return "–"
        case list() | dict() if not value:
            return "–"
        case Secret():
            return repr(value).strip("'")
    return str(value)
