"""An error body, in whatever shape it comes, to the exception that tells it.

Both formats share it: MiMo answers with its own body in the Anthropic format too. Shapes seen are listed in
section 6 of the API notes: an object or a string under `error`, no `error` at all, a `data:` prefix (streamed
calls), a `code` that repeats the status as a string, the useful text in `param`, a web page of a firewall.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mimo_magics.core import errors
from mimo_magics.core.i18n import Words

LONGEST = 400
"""Characters of a server's message that are shown."""

BY_STATUS: dict[int, type[errors.ApiError]] = {
    400: errors.BadRequest,
    401: errors.BadKey,
    402: errors.NoCredit,
    403: errors.Forbidden,
    404: errors.UnknownModel,
    421: errors.ContentFiltered,
    429: errors.RateLimited,
}

STATUS_OF_WORD = {
    "auth": 401,
    "api_key": 401,
    "billing": 402,
    "quota": 402,
    "permission": 403,
    "not_found": 404,
    "invalid_request": 400,
    "content_filter": 421,
    "limit": 429,
    "overloaded": 503,
    "unavailable": 503,
}
"""Errors inside a stream come with status 200; a word in their code or type tells the kind."""


HINTS = {
    "webSearchEnabled": Words(
        "Switch the web search plugin on in the service's console; that takes up to five minutes."
    ),
    "reasoning_content": Words(
        "The conversation lacks reasoning that the model wants back: --new, or --thinking off."
    ),
    "is not set|is not present": Words("A message has no text; %%mimo --new begins without it."),
    "image input": Words("This model sees no pictures; choose one that does with -m."),
    "context|too long|maximum.*length": Words(
        "The conversation may be longer than the model's window; --new begins anew."
    ),
    "Insufficient account": Words(
        "Top up the account; on a plan, bursts are refused like this too: wait a little."
    ),
}
"""What helps, by a word of the server's message; without one the kind of error has its own hint."""


def api_error(
    status: int, body: bytes, *, retry_after: float | None = None, request_id: str = ""
) -> errors.ApiError:
    """Read the body of a response that is not a success."""
    error = _error_object(_json(body))
    message = _text(error.get("message")) or _plain(body)
    code, param = _text(error.get("code")), _text(error.get("param"))
    told = ": ".join(part for part in (f"HTTP {status}", message, param) if part)
    return _kind(status, told)(
        told,
        status=status,
        code=code,
        param=param,
        request_id=request_id,
        retry_after=retry_after,
        hint=_hint(status, told, retry_after),
    )


def _hint(status: int, told: str, retry_after: float | None) -> str:
    if 300 <= status < 400:
        return Words(
            "The address points elsewhere, and a key is not sent on; set the other one as the base URL."
        )
    if retry_after and retry_after > 5:
        return Words("The server asks to wait {retry_after:,.0f} s.", retry_after=retry_after)
    return next((hint for word, hint in HINTS.items() if re.search(word, told)), "")


def frame_error(frame: Mapping[str, Any]) -> errors.ApiError | None:
    """Return the error that a frame of a running stream or a whole body holds, if it does."""
    broken = frame.get("type") in ("error", "server_error") and "message" in frame
    if not frame.get("error") and not broken:
        return None
    error = _error_object(frame)
    return api_error(_status(error), json.dumps({"error": error}).encode())


def _json(body: bytes) -> Any:
    text = body.decode("utf-8", "replace").strip()
    try:
        return json.loads(text.removeprefix("data:").partition("\n\n")[0])
    except (ValueError, RecursionError):
        return None


def _error_object(payload: Any) -> Mapping[str, Any]:
    if not isinstance(payload, Mapping):
        return {}
    error = payload.get("error") or payload
    return error if isinstance(error, Mapping) else {"message": error}


def _status(error: Mapping[str, Any]) -> int:
    code = _text(error.get("code"))
    if code.isdecimal() and 400 <= int(code) < 600:
        return int(code)
    words = f"{code} {_text(error.get('type'))}"
    return next((status for word, status in STATUS_OF_WORD.items() if word in words), 500)


def _kind(status: int, told: str) -> type[errors.ApiError]:
    if status == 400 and re.search(r"(not supported|unsupported|unknown) model", told, re.IGNORECASE):
        return errors.UnknownModel
    if status >= 500 or status == 408:
        return errors.ServerBusy
    return BY_STATUS.get(status, errors.ApiError)


def _plain(body: bytes) -> str:
    text = _text(body[: LONGEST * 4].decode("utf-8", "replace"))
    return "a web page instead of an answer" if text.startswith("<") else text


def _text(value: Any) -> str:
    """One line of printable text, whatever the server put there."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = "".join(char if char.isprintable() else " " for char in text)
    line = " ".join(line.split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"
