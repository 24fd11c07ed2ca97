"""Keys: where they are found, and to which host each of them goes.

A key is looked for in `MIMO_API_KEY`, in a file `.env` in the notebook's folder, in the system's keyring (if the
package `keyring` is installed), and in Colab's secrets; or a person types it in. What is typed in and what the
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
from mimo_magics.core.i18n import Words
from mimo_magics.core.secret import Secret

VARIABLE = "MIMO_API_KEY"
FILE = ".env"
SERVICE, KEYRING = "mimo-magics", Words("the keyring")
"""Name of the entries in the keyring; the user name is the host."""

PLAN_HOSTS = "token-plan-"
PAY_HOST = "api.xiaomimimo.com"
PLAN_KEYS = ("tp-", "ttp-")


@dataclass(frozen=True, slots=True)
class Key:
    """A key and where it was found."""

    value: Secret
    source: str
    of_host: bool = False
    """Whether it was given for the very host."""


_typed: dict[str, Secret] = {}
"""What was typed in, by host."""
_homes: dict[str, str] = {}
"""The host that each key without one is bound to."""


def find(host: str) -> Key | None:
    """Return the key for a host.

    Raises:
        BadOption: a key holds characters that no header can carry, or a file cannot be read.
    """
    for key in _candidates(host):
        if not (key.value.isascii() and key.value.isprintable()):
            raise BadOption(
                Words("The key from {source} holds characters that no key has.", source=key.source),
                Words("Copy it once more."),
            )
        if _may_go(key, host):
            return key
    return None


def bind(host: str, value: Secret) -> None:
    """Note that a host took a key; the key goes to no other from now on."""
    _homes.setdefault(value, host)


def elsewhere(host: str) -> bool:
    """Tell whether there are keys, but all of them belong to other hosts."""
    return any(not _may_go(key, host) for key in _candidates(host))


def _may_go(key: Key, host: str) -> bool:
    return key.of_host or _homes.get(key.value, host) == host


def give(host: str, value: str) -> None:
    """Take a key that a person typed in for a host."""
    _typed[host] = Secret(value.strip())


def misfit(host: str, key: str) -> str:
    """Say what is wrong when the kind of key does not belong to the host; such a pair answers 401."""
    plan_key = key.startswith(PLAN_KEYS)
    if plan_key and host == PAY_HOST:
        return Words(
            "This is a key of the Token Plan, which {host} does not take; its hosts are token-plan-*.xiaomimimo.com.",
            host=host,
        )
    if not plan_key and host.startswith(PLAN_HOSTS) and key.startswith("sk-"):
        return Words(
            "This is a pay-as-you-go key, which {host} does not take; its host is {other}.",
            host=host,
            other=PAY_HOST,
        )
    return ""


def _candidates(host: str) -> Iterator[Key]:
    sources: dict[str, Callable[[str], str | None]] = {
        "getpass": _typed.get,
        VARIABLE: lambda _: os.environ.get(VARIABLE),
        FILE: _from_file,
        KEYRING: _from_keyring,
        Words("Colab's secrets"): _from_colab,
    }
    for source, look in sources.items():
        if value := (look(host) or "").strip():
            yield Key(Secret(value), source, source in ("getpass", KEYRING))


def _from_file(_: str) -> str | None:
    file = Path.cwd() / FILE
    if not file.is_file():
        return None
    from dotenv import dotenv_values

    try:
        content = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError):
        content = None
    if content is None:  # raised here, as the error above holds what the file holds
        raise BadOption(
            Words("The file {file} cannot be read.", file=FILE),
            Words("Save it as UTF-8 text, and let yourself read it."),
        )
    return dotenv_values(stream=StringIO(content), interpolate=False).get(VARIABLE)


def _from_keyring(host: str) -> str | None:
    if not find_spec("keyring"):
        return None
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, host)
    except KeyringError:  # there is no keyring, or it stays locked
        return None


def _from_colab(_: str) -> str | None:
    try:
        from google.colab import userdata
    except ImportError:
        return None
    try:
        value: str = userdata.get(VARIABLE)
    except Exception:  # noqa: BLE001  its exceptions differ by version; all mean that there is none for us
        return None
    return value
