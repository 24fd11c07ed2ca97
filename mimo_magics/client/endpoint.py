"""Where a call goes and with which key."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from mimo_magics.client import credentials
from mimo_magics.client.local import process as local_process
from mimo_magics.core import services
from mimo_magics.core.errors import BadOption, MissingApiKey
from mimo_magics.core.events import ModelPreparation
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.secret import Secret
from mimo_magics.core.services import CUSTOM_SERVICE, LOCAL_SERVICE, Service
from mimo_magics.core.settings import Auth, Settings
from mimo_magics.tape.tape import Tape, is_replaying

OTHER_KEY_HINT = Translatable(
    "The key at hand was given for another host; give one for this host by %mimo_config api_key"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address with what it wants to see."""

    base_url: str
    key: Secret
    auth: Auth
    timeout: float = 480.0
    """Longest silence in seconds."""
    key_source: str = field(default="", compare=False)
    """Where the key was found."""
    tapes: tuple[Tape, ...] = ()
    """What records the calls, or answers them; the first is the nearest to us."""

    @property
    def host(self) -> str:
        """The name to tell a person, and what a key is bound to."""
        return parse_host(self.base_url)


def parse_host(url: str) -> str:
    """Return the name and, where it is not the usual one, the port of a web address."""
    parts = urlsplit(url)
    default_port = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.hostname or "" if parts.port in (None, default_port) else f"{parts.hostname}:{parts.port}"


def _parse_host_name(url: str) -> str:
    """Return the name of a host without its port; empty for what is no address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def get_key_origin(url: str) -> str:
    """Return what a key is bound to: the host; with `http://` before it where others may read along.

    A key for `https` is so never sent in plain, not even to the same host.
    """
    host = parse_host(url)
    return host if _is_secure(url) or not host else f"http://{host}"


def resolve_service(settings: Settings) -> Service:
    """Look up the service. What is known of one does not hold for another address.

    Raises:
        BadOption: it is not known, or has no address that could be another.
    """
    service = services.find_service(settings.preset)
    if not settings.base_url:
        return service
    if service is LOCAL_SERVICE:
        raise BadOption(
            Translatable("The embedded model has no base URL."),
            Translatable("Leave one out: %mimo_config --reset base_url"),
        )
    return services.create_custom_service(
        service.model, settings.api, settings.base_url, _parse_host_name(settings.base_url), service.auth
    )


def resolve_base_url(settings: Settings) -> str:
    """Decide where to ask; empty for the embedded model, which has no address until it runs.

    Raises:
        BadOption: the preset or the base URL cannot be.
    """
    url = resolve_service(settings).base_urls.get(settings.api, "").rstrip("/")
    if url and not _is_web_address(url):
        raise BadOption(
            Translatable("The base URL {url!r} is no web address to ask.", url=url.rpartition("@")[2]),
            Translatable("It begins with https:// or http://, and holds neither name nor password."),
        )
    return url


def resolve_address(settings: Settings) -> Endpoint:
    """Return the endpoint of a service without a key. The base URL is empty for the embedded model.

    Raises:
        BadOption: the preset or the base URL is invalid.
    """
    auth = settings.auth or resolve_service(settings).auth[settings.api]
    return Endpoint(resolve_base_url(settings), Secret(), auth, settings.timeout)


async def prepare_endpoint(settings: Settings, tapes: tuple[Tape, ...]) -> AsyncGenerator[ModelPreparation]:
    """Start the server of the embedded model if calls go to it, and report the progress.

    Raises:
        LocalModelError: the server does not start.
    """
    if is_replaying(tapes) or resolve_service(settings) is not LOCAL_SERVICE:
        return
    async with aclosing(local_process.start_server(settings.local_model)) as preparations:
        async for step in preparations:
            yield step


def resolve_endpoint(settings: Settings, tapes: tuple[Tape, ...] = ()) -> Endpoint:
    """Decide the address and the key of every call.

    A tape that replays needs neither a server nor a key. The embedded model runs already, see `prepare_endpoint`.

    Raises:
        BadOption: the preset, the base URL or the key is invalid.
        MissingApiKey: the service requires an API key and none is known for its host. A custom base URL may
            need no key.
    """
    if is_replaying(tapes):
        endpoint = _resolve_replay(settings)
    elif resolve_service(settings) is LOCAL_SERVICE:
        endpoint = _resolve_local_server(settings)
    else:
        endpoint = _resolve_remote_service(settings)
    return replace(endpoint, tapes=tapes)


def _resolve_replay(settings: Settings) -> Endpoint:
    address = resolve_address(settings)
    return replace(address, base_url=address.base_url or _local_base_url("http://127.0.0.1", settings))


def _resolve_local_server(settings: Settings) -> Endpoint:
    server = local_process.get_server(settings.local_model)
    return Endpoint(_local_base_url(server.url, settings), server.key, LOCAL_SERVICE.auth[settings.api])


def _local_base_url(url: str, settings: Settings) -> str:
    return f"{url}/v1" if settings.api == "openai" else url


def _resolve_remote_service(settings: Settings) -> Endpoint:
    service, address = resolve_service(settings), resolve_address(settings)
    url = address.base_url
    origin = get_key_origin(url)
    key = credentials.find_key(origin)
    if key and not key.is_for_host and not _is_secure(url):
        key = None
    if key:
        return replace(address, key=key.value, key_source=key.source)
    has_other_keys = credentials.has_keys_for_other_hosts(origin) and not is_loopback(url)
    if service.name != CUSTOM_SERVICE or has_other_keys:
        raise _missing_key_error(origin, service.api_key_url)
    return address


def bind_key(endpoint: Endpoint) -> None:
    """Note that a host took the key, which is bound to it from now on; this machine is everybody's."""
    if endpoint.key and not is_loopback(endpoint.base_url):
        credentials.bind_key(get_key_origin(endpoint.base_url), endpoint.key)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            url.isprintable()
            and " " not in url
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and parts.port != 0
        )
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Tell whether an address is on this machine: plain http is safe there, and no proxy is asked."""
    host = urlsplit(url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host.rstrip(".") == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    # servers tell 0.0.0.0 as theirs, which leads to this machine
    return any(each.is_loopback or each.is_unspecified for each in (address, mapped) if each)


def _is_secure(url: str) -> bool:
    """Tell whether nobody can read a key on the way."""
    return urlsplit(url).scheme == "https" or is_loopback(url)


def _missing_key_error(host_name: str, key_page: str) -> MissingApiKey:
    hint = Translatable(
        "Set {variable} (keys: {page}) or %mimo_config api_key; without one: %mimo_config preset=local",
        variable=credentials.ENV_VARIABLE,
        page=key_page,
    )
    if credentials.has_keys_for_other_hosts(host_name):
        hint = OTHER_KEY_HINT
    return MissingApiKey(Translatable("There is no key for {name}.", name=host_name), hint)
