"""API keys: their sources, and the one host that each of them belongs to.

The sources are the user's input, the environment variable `MIMO_API_KEY`, the system's keyring (if the package
`keyring` is installed) and a file `.env` in the working directory, which somebody else may have written. A key from
the input or from the keyring belongs to one host. Any other key is bound to the first host that accepts it, and is
not sent to other hosts.
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
    """Whether the user stored the key for this host."""


_entered_keys: dict[str, Secret] = {}
"""The keys that the user entered, by host."""
_bound_hosts: dict[str, str] = {}
"""The host of each key that was not stored for a host."""
_announced_folders: set[Path] = set()
"""The directories whose file `.env` was reported as the source of a key."""


def find_key(host: str) -> FoundKey | None:
    """Return the API key for a host.

    Raises:
        BadOption: a key contains characters that an HTTP header cannot carry, or `.env` cannot be read.
    """
    for key in _iter_candidates(host):
        if not (key.value.isascii() and key.value.isprintable()):
            raise BadOption(
                Translatable("The API key from {source} contains invalid characters.", source=key.source),
                Translatable("Copy the key again. It consists of ASCII letters, digits and punctuation."),
            )
        if _is_allowed_for(key, host):
            return key
    return None


def bind_key(host: str, value: Secret) -> None:
    """Bind a key to the host that accepted it. No other host gets the key from now on."""
    _bound_hosts.setdefault(value, host)


def has_keys_for_other_hosts(host: str) -> bool:
    """Return whether a key was found that belongs to another host."""
    return any(not _is_allowed_for(key, host) for key in _iter_candidates(host))


def _is_allowed_for(key: FoundKey, host: str) -> bool:
    return key.is_for_host or _bound_hosts.get(key.value, host) == host


def describe_env_file(source: str) -> str:
    """Return a notice if a key comes from `.env`, once for each directory: a cloned repository may contain one.

    Args:
        source: the source of the key.
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
    """Store a key that the user entered for a host."""
    _entered_keys[host] = Secret(value.strip())


def describe_key_mismatch(host: str, key: str) -> str:
    """Return a notice if the host does not accept this kind of key: it would return HTTP 401."""
    is_plan_key = key.startswith(PLAN_KEY_PREFIXES)
    if is_plan_key and host == PAY_AS_YOU_GO_HOST:
        return Translatable(
            "This is a Token Plan key, which {host} does not accept. Use a token-plan-*.xiaomimimo.com host.",
            host=host,
        )
    if not is_plan_key and host.startswith(PLAN_HOST_PREFIX) and key.startswith("sk-"):
        return Translatable(
            "This is a pay-as-you-go key, which {host} does not accept. Use {other}.",
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
    # Raised outside of the handler: the context of a UnicodeError would contain the text of the file.
    if content is None:
        raise BadOption(
            Translatable("The file {file} cannot be read.", file=ENV_FILE),
            Translatable("Save it as UTF-8 text, and check its permissions."),
        )
    return dotenv_values(stream=StringIO(content), interpolate=False).get(ENV_VARIABLE)


def _read_keyring(host: str) -> str | None:
    if not find_spec("keyring"):
        return None
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(KEYRING_SERVICE, host)
    # There is no keyring, or it is locked.
    except KeyringError:
        return None
