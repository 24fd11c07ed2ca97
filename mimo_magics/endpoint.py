"""Where a call goes and with which key."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from mimo_magics import keys
from mimo_magics.errors import BadOption, NoKey
from mimo_magics.presets import PRESETS, Preset
from mimo_magics.secret import Secret
from mimo_magics.settings import Auth, Settings
from mimo_magics.suggest import did_you_mean

NO_KEY_HINT = "Set {variable} (keys: {page}) or %mimo_config api_key; without one: %mimo_config preset=local"
OTHER_KEY_HINT = "The key at hand was given for another host; give one for this host by %mimo_config api_key"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address with what it wants to see."""

    base_url: str
    key: Secret
    auth: Auth
    timeout: float = 480.0
    """Longest silence in seconds."""

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


def base_url(settings: Settings) -> str:
    """Decide where to ask; empty for the embedded model, which has no address until it runs.

    Raises:
        BadOption: the preset or the base URL cannot be.
    """
    url = (settings.base_url or preset(settings).base_urls.get(settings.api, "")).rstrip("/")
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise BadOption(f"The base URL {url!r} is no web address.", "It begins with https:// or http://.")
    return url


def find(settings: Settings) -> Endpoint:
    """Decide where to ask and with which key.

    Raises:
        BadOption: the preset, the base URL or the key cannot be.
        NoKey: the service wants a key and there is none for its host. Another base URL may do without.
    """
    url = base_url(settings)
    host = urlsplit(url).netloc
    key = keys.find(host)
    if key is None and (not settings.base_url or (keys.elsewhere(host) and not _is_this_machine(url))):
        raise _no_key(host, preset(settings).key_page)
    auth = settings.auth or preset(settings).auth[settings.api]
    return Endpoint(url, key.value if key else Secret(), auth, settings.timeout)


def _is_this_machine(url: str) -> bool:
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _no_key(host: str, page: str) -> NoKey:
    hint = OTHER_KEY_HINT if keys.elsewhere(host) else NO_KEY_HINT.format(variable=keys.VARIABLE, page=page)
    return NoKey(f"There is no key for {host}.", hint)
