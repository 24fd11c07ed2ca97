"""How a key is shown to a server."""

from __future__ import annotations

from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Auth


def key_headers(key: Secret, auth: Auth) -> dict[str, str]:
    """Return the headers that carry the key, as secrets; none when there is no key.

    All MiMo hosts take `bearer` in the OpenAI format and `api-key` in the Anthropic one; `x-api-key` is what
    Anthropic's own SDK sends.
    """
    if not key:
        return {}
    bearer = {"Authorization": Secret(f"Bearer {key}")}
    match auth:
        case "bearer":
            return dict(bearer)
        case "both":
            return {**bearer, "api-key": key}
        case _:
            return {auth: key}
