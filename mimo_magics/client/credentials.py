"""Keys: where they are found, and to which host each of them goes.

A key is looked for in `MIMO_API_KEY`, in the system's keyring (if the package `keyring` is installed), and in a
file `.env` in the notebook's folder, which may be a stranger's; or a person types it in. What is typed in and what the
keyring holds is for one host; any other key is bound to the first host that takes it, and is not offered to others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.secret import Secret
from mimo_magics.core.working_folder import find_working_folder

ENV_VARIABLE = "MIMO_API_KEY"
ENV_FILE = ".env"
KEYRING_SERVICE, KEYRING_SOURCE = "mimo-magics", Translatable("the keyring")
"""Name of the entries in the keyring; the user name is the host."""

PLAN_HOST_PREFIX = "token-plan-"
PAY_AS_YOU_GO_HOST = "api.xiaomimimo.com"
PLAN_KEY_PREFIXES = ("tp-", "ttp-")


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key and where it was found."""

    value: Secret
    source: str
    is_for_host: bool = False
    """Whether it was given for the very host."""


_entered_keys: dict[str, Secret] = {}
"""What was typed in, by host."""
_bound_hosts: dict[str, str] = {}
"""The host that each key without one is bound to."""
_announced_folders: set[Path] = set()
"""Folders whose file `.env` was told to be the source of a key."""


def find_key(host: str) -> FoundKey | None:
    """Return the key for a host.

    Raises:
        BadOption: a key holds characters that no header can carry, or a file cannot be read.
    """
    for key in _iter_candidates(host):
        if not (key.value.isascii() and key.value.isprintable()):
            raise BadOption(
                Translatable("The key from {source} holds characters that no key has.", source=key.source),
                Translatable("Copy it once more."),
            )
        if _is_allowed_for(key, host):
            return key
    return None


def bind_key(host: str, value: Secret) -> None:
    """Note that a host took a key; the key goes to no other from now on."""
    _bound_hosts.setdefault(value, host)


def has_keys_for_other_hosts(host: str) -> bool:
    """Tell whether there are keys, but all of them belong to other hosts."""
    return any(not _is_allowed_for(key, host) for key in _iter_candidates(host))


def _is_allowed_for(key: FoundKey, host: str) -> bool:
    return key.is_for_host or _bound_hosts.get(key.value, host) == host


def describe_env_file(source: str) -> str:
    """Say, once for each folder, that a key comes from its file `.env`: a cloned folder may hold a stranger's key.

    Args:
        source: where the key was found.
    """
    folder = find_working_folder()
    if source != ENV_FILE or folder is None or folder in _announced_folders:
        return ""
    _announced_folders.add(folder)
    return Translatable(
        "The API key comes from {file} in the working directory; prompts are billed to its account.",
        file=ENV_FILE,
    )


def set_key(host: str, value: str) -> None:
    """Take a key that a person typed in for a host."""
    _entered_keys[host] = Secret(value.strip())


def describe_key_mismatch(host: str, key: str) -> str:
    """Say what is wrong when the kind of key does not belong to the host; such a pair answers 401."""
    is_plan_key = key.startswith(PLAN_KEY_PREFIXES)
    if is_plan_key and host == PAY_AS_YOU_GO_HOST:
        return Translatable(
            "This is a key of the Token Plan, which {host} does not take; its hosts are token-plan-*.xiaomimimo.com.",
            host=host,
        )
    if not is_plan_key and host.startswith(PLAN_HOST_PREFIX) and key.startswith("sk-"):
        return Translatable(
            "This is a pay-as-you-go key, which {host} does not take; its host is {other}.",
            host=host,
            other=PAY_AS_YOU_GO_HOST,
        )
    return ""


def _iter_candidates(host: str) -> Iterator[FoundKey]:
    sources: dict[str, Callable[[str], str | None]] = {
        "getpass": _entered_keys.get,
        ENV_VARIABLE: lambda _: os.environ.get(ENV_VARIABLE),
        KEYRING_SOURCE: _read_keyring,
        ENV_FILE: _read_env_file,
    }
    for source, lookup in sources.items():
        if value := (lookup(host) or "").strip():
            yield FoundKey(Secret(value), source, source in ("getpass", KEYRING_SOURCE))


def _read_env_file(_: str) -> str | None:
    folder = find_working_folder()
    if not folder or not (file := folder / ENV_FILE).is_file():
        return None
    from dotenv import dotenv_values

    try:
        content = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError):
        content = None
    if content is None:  # raised here, as the error above holds what the file holds
        raise BadOption(
            Translatable("The file {file} cannot be read.", file=ENV_FILE),
            Translatable("Save it as UTF-8 text, and let yourself read it."),
        )
    return dotenv_values(stream=StringIO(content), interpolate=False).get(ENV_VARIABLE)


def _read_keyring(host: str) -> str | None:
    if not find_spec("keyring"):
        return None
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(KEYRING_SERVICE, host)
    except KeyringError:  # there is no keyring, or it stays locked
        return None
