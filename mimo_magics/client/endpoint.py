"""The endpoint of every call: base URL, API key and authentication."""

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
    "The known API key belongs to another host. Set a key for this host with %mimo_config api_key"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of a service, with the key and the form of authentication."""

    base_url: str
    key: Secret
    auth: Auth
    timeout: float = 480.0
    """Read timeout in seconds."""
    key_source: str = field(default="", compare=False)
    """The place where the key was found."""
    tapes: tuple[Tape, ...] = ()
    """Tapes that record or replay the calls. The first one handles a call first."""

    @property
    def host(self) -> str:
        """The host name for messages. An API key is bound to it."""
        return parse_host(self.base_url)


def parse_host(url: str) -> str:
    """Return the host name of a URL, with the port if it is not the default. An IPv6 address is in brackets."""
    parts = urlsplit(url)
    default_port = {"https": 443, "http": 80}.get(parts.scheme)
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    return host if parts.port in (None, default_port) else f"{host}:{parts.port}"


def _parse_host_name(url: str) -> str:
    """Return the host name of a URL without the port. Return an empty string for an invalid URL."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def get_key_origin(url: str) -> str:
    """Return the origin that a key is bound to: the host, with the prefix `http://` for an unencrypted connection.

    So a key for `https` is never sent unencrypted, also not to the same host.
    """
    host = parse_host(url)
    return host if _is_secure(url) or not host else f"http://{host}"


def resolve_service(settings: Settings) -> Service:
    """Return the service of the preset. With a base URL it is a custom service without known models and prices.

    Raises:
        BadOption: the preset is unknown, or is the embedded model and there is a base URL too.
    """
    service = services.find_service(settings.preset)
    if not settings.base_url:
        return service
    if service is LOCAL_SERVICE:
        raise BadOption(
            Translatable("The embedded model has no base URL."),
            Translatable("Remove one of the two settings: %mimo_config --reset base_url"),
        )
    return services.create_custom_service(
        service.model, settings.api, settings.base_url, _parse_host_name(settings.base_url), service.auth
    )


def resolve_base_url(settings: Settings) -> str:
    """Return the base URL of the service. It is empty for the embedded model, which has no URL before it runs.

    Raises:
        BadOption: the preset or the base URL is invalid.
    """
    url = resolve_service(settings).base_urls.get(settings.api, "").rstrip("/")
    if url and not _is_web_address(url):
        raise BadOption(
            Translatable("The base URL {url!r} is not a valid URL.", url=url.rpartition("@")[2]),
            Translatable("Use a URL that begins with https:// or http://, without a user name and password."),
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
    """Bind a key to the host that accepted it. Keys of loopback servers are not bound."""
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
    """Return whether a URL is on this machine. There http is safe, and no proxy is used."""
    host = urlsplit(url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host.rstrip(".") == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    # Servers report 0.0.0.0 as their address, which leads to this machine.
    return any(each.is_loopback or each.is_unspecified for each in (address, mapped) if each)


def _is_secure(url: str) -> bool:
    """Return whether the connection is encrypted or local, so that no third party can read a key."""
    return urlsplit(url).scheme == "https" or is_loopback(url)


def _missing_key_error(host_name: str, key_page: str) -> MissingApiKey:
    hint = Translatable(
        "Get a key at {page} and set {variable},\n"
        "or enter the key: %mimo_config api_key,\n"
        "or use the embedded model without a key: %mimo_config preset=local",
        variable=credentials.ENV_VARIABLE,
        page=key_page,
    )
    if credentials.has_keys_for_other_hosts(host_name):
        hint = OTHER_KEY_HINT
    return MissingApiKey(Translatable("There is no API key for {name}.", name=host_name), hint)
