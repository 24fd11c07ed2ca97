"""How a key is shown to a server."""

from __future__ import annotations

from typing import Literal

from mimo_magics.secret import Secret

Auth = Literal["bearer", "api-key", "both", "x-api-key"]
"""Form of the header. All MiMo hosts take `bearer` in the OpenAI format and `api-key` in the Anthropic one;
`x-api-key` is what Anthropic's own SDK sends."""


def key_headers(key: Secret, auth: Auth) -> dict[str, str]:
    """Return the headers that carry the key, as secrets; none when there is no key."""
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
