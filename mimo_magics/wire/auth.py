"""HTTP headers that carry the API key."""

from __future__ import annotations

from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Auth


def key_headers(key: Secret, auth: Auth) -> dict[str, str]:
    """Return the headers that carry the key, as `Secret` values; no headers if the key is empty.

    All MiMo hosts accept `bearer` in the OpenAI format and `api-key` in the Anthropic format. The SDK of Anthropic
    sends `x-api-key`.
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
