"""Where a call goes and with which key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from mimo_magics.errors import BadOption, NoKey
from mimo_magics.presets import PRESETS, Preset
from mimo_magics.secret import Secret
from mimo_magics.settings import Auth, Settings
from mimo_magics.suggest import did_you_mean

NO_KEY_HINT = "Set MIMO_API_KEY (get a key at {page}), or try the embedded model: %mimo_config preset=local"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address with what it wants to see."""

    base_url: str
    key: Secret
    auth: Auth

    @property
    def host(self) -> str:
        """The name to tell a person."""
        return urlsplit(self.base_url).netloc


def preset(settings: Settings) -> Preset:
    """Look up the service.

    Raises:
        BadOption: it is not known.
    """
    if found := PRESETS.get(settings.preset):
        return found
    advice = did_you_mean(settings.preset, PRESETS, f"There are: {', '.join(PRESETS)}.")
    raise BadOption(f"There is no preset {settings.preset!r}.", advice)


def find(settings: Settings) -> Endpoint:
    """Decide where to ask. The key comes from the environment variable `MIMO_API_KEY`.

    Raises:
        BadOption: the preset, the base URL or the key cannot be.
        NoKey: the service wants a key and there is none. Another base URL may do without.
    """
    service = preset(settings)
    base_url = (settings.base_url or service.base_urls[settings.api]).rstrip("/")
    if urlsplit(base_url).scheme not in ("http", "https"):
        raise BadOption(
            f"The base URL {base_url!r} is no web address.", "It begins with https:// or http://."
        )
    endpoint = Endpoint(base_url, _key(), settings.auth or service.auth[settings.api])
    if not endpoint.key and not settings.base_url:
        raise NoKey(f"There is no key for {endpoint.host}.", NO_KEY_HINT.format(page=service.key_page))
    return endpoint


def _key() -> Secret:
    key = Secret(os.environ.get("MIMO_API_KEY", "").strip())
    if key.isascii() and (key.isprintable()):
        return key
    raise BadOption("MIMO_API_KEY holds characters that no key has.", "Copy the key once more from its page.")
