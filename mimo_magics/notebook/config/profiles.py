"""Profiles: named sets of settings, in the configuration folder of the user. They never contain an API key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from mimo_magics.core.errors import BadOption, SessionNotSaved
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.suggest import did_you_mean

NAME_PATTERN = re.compile(r"\w[\w.-]{0,59}")
"""The names of profiles. A file name has at most 255 bytes, so 60 characters always fit."""


def list_profiles() -> tuple[str, ...]:
    """Return the names of all profiles."""
    return tuple(
        sorted(file.stem for file in _profile_folder().glob("*.json") if NAME_PATTERN.fullmatch(file.stem))
    )


def save(name: str, values: Mapping[str, Any]) -> None:
    """Write a profile, and replace an existing one of this name.

    Raises:
        BadOption: The name is invalid.
        SessionNotSaved: The file could not be written, or JSON cannot represent a value.
    """
    file = _profile_file(name)
    content = _encode_profile(name, values)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, delete=False) as temporary_file:
            temporary_file.write(content)
        Path(temporary_file.name).replace(file)
    except OSError as error:
        with suppress(NameError, OSError):
            Path(temporary_file.name).unlink()
        fact = Translatable(
            "Profile {name!r} could not be written: {reason}.",
            name=name,
            reason=error.strerror or str(error),
        )
        raise SessionNotSaved(
            fact, Translatable("Profiles are stored in {folder}.", folder=file.parent)
        ) from None


def read(name: str) -> dict[str, Any]:
    """Read a profile.

    Raises:
        BadOption: There is no such profile, or its file is not a profile.
    """
    file = _find_profile_file(name)
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise BadOption(
            Translatable("The file of profile {name!r} is not valid JSON.", name=name),
            Translatable("Save the profile again: %mimo_config --save {name}", name=name),
        )
    return values


def delete(name: str) -> None:
    """Delete a profile.

    Raises:
        BadOption: There is no such profile.
        SessionNotSaved: The file could not be deleted.
    """
    try:
        _find_profile_file(name).unlink()
    except OSError as error:
        raise SessionNotSaved(
            Translatable(
                "Profile {name!r} could not be deleted: {reason}.",
                name=name,
                reason=error.strerror or str(error),
            )
        ) from None


def _profile_folder() -> Path:
    import platformdirs

    return platformdirs.user_config_path("mimo-magics") / "profiles"


def _profile_file(name: str) -> Path:
    if not NAME_PATTERN.fullmatch(name):
        raise BadOption(
            Translatable("{name!r} is not a valid profile name.", name=name),
            Translatable("Use letters and digits, and dots and dashes after the first character."),
        )
    return _profile_folder() / f"{name}.json"


def _encode_profile(name: str, values: Mapping[str, Any]) -> bytes:
    try:
        return f"{json.dumps(dict(sorted(values.items())), ensure_ascii=False, indent=2)}\n".encode()
    except (TypeError, ValueError, RecursionError):
        advice = Translatable("Values may be strings, numbers, lists and objects.")
        raise SessionNotSaved(
            Translatable("Profile {name!r} cannot be written as JSON.", name=name), advice
        ) from None


def _find_profile_file(name: str) -> Path:
    file = _profile_file(name)
    if not file.is_file():
        existing_names = list_profiles()
        advice = (
            Translatable("Available: {names}.", names=", ".join(existing_names))
            if existing_names
            else Translatable("To save one: %mimo_config --save {name}", name=name)
        )
        raise BadOption(
            Translatable("There is no profile {name!r}.", name=name),
            did_you_mean(name, existing_names, advice),
        )
    return file
