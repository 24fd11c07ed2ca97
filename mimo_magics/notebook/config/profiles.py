"""Profiles: sets of settings by name, in the person's own folder for configuration. A key is no setting, and in none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from mimo_magics.core.errors import BadOption, NotSaved
from mimo_magics.core.i18n import Words
from mimo_magics.core.suggest import did_you_mean

NAME = re.compile(r"\w[\w.-]{0,59}")
"""It becomes a part of a file's name, which has at most 255 bytes."""


def names() -> tuple[str, ...]:
    """Return the names of all profiles."""
    return tuple(sorted(file.stem for file in _folder().glob("*.json") if NAME.fullmatch(file.stem)))


def save(name: str, values: Mapping[str, Any]) -> None:
    """Write a profile; one of this name is replaced.

    Raises:
        BadOption: it cannot be a name.
        NotSaved: it could not be written, or holds what JSON cannot say.
    """
    file = _file(name)
    written = _written(name, values)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, delete=False) as new:
            new.write(written)
        Path(new.name).replace(file)
    except OSError as error:
        with suppress(NameError, OSError):
            Path(new.name).unlink()
        fact = Words(
            "The profile {name} could not be written: {reason}.",
            name=name,
            reason=error.strerror or str(error),
        )
        raise NotSaved(fact, Words("Its place is {folder}.", folder=file.parent)) from None


def read(name: str) -> dict[str, Any]:
    """Read a profile.

    Raises:
        BadOption: there is none of this name, or its file holds something else.
    """
    file = _known(name)
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise BadOption(
            Words("The file of the profile {name} cannot be read.", name=name),
            Words("Save it anew: %mimo_config --save {name}", name=name),
        )
    return values


def delete(name: str) -> None:
    """Delete a profile.

    Raises:
        BadOption: there is none of this name.
        NotSaved: its file could not be deleted.
    """
    try:
        _known(name).unlink()
    except OSError as error:
        raise NotSaved(
            Words(
                "The profile {name} could not be deleted: {reason}.",
                name=name,
                reason=error.strerror or str(error),
            )
        ) from None


def _folder() -> Path:
    import platformdirs

    return platformdirs.user_config_path("mimo-magics") / "profiles"


def _file(name: str) -> Path:
    if not NAME.fullmatch(name):
        raise BadOption(
            Words("{name!r} is no name for a profile.", name=name),
            Words("Letters and digits; dots and dashes after the first."),
        )
    return _folder() / f"{name}.json"


def _written(name: str, values: Mapping[str, Any]) -> bytes:
    try:
        return f"{json.dumps(dict(sorted(values.items())), ensure_ascii=False, indent=2)}\n".encode()
    except (TypeError, ValueError, RecursionError):
        hint = Words("Texts, numbers, lists and objects of them can be.")
        raise NotSaved(Words("The profile {name} cannot be written as JSON.", name=name), hint) from None


def _known(name: str) -> Path:
    file = _file(name)
    if not file.is_file():
        there = names()
        otherwise = (
            Words("There are: {names}.", names=", ".join(there))
            if there
            else Words("Save one first: %mimo_config --save {name}", name=name)
        )
        raise BadOption(Words("There is no profile {name}.", name=name), did_you_mean(name, there, otherwise))
    return file
