"""Error responses of any shape, converted to exceptions.

Both formats share this module, as MiMo sends the same error bodies in both. Section 6 of the API notes lists the observed
shapes: an object or a string under `error`, no `error` at all, a `data:` prefix (streamed calls), a `code` that repeats
the status as a string, the useful text in `param`, an HTML page of a firewall.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mimo_magics.core import errors
from mimo_magics.core.i18n import Translatable

MAX_MESSAGE_CHARS = 400
"""Maximum length of a server's message that is shown."""

ERROR_BY_STATUS: dict[int, type[errors.ApiError]] = {
    400: errors.BadRequest,
    401: errors.InvalidApiKey,
    402: errors.InsufficientBalance,
    403: errors.Forbidden,
    404: errors.UnknownModel,
    421: errors.ContentFiltered,
    429: errors.RateLimited,
}

STATUS_NAMES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    413: "Payload Too Large",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
"""Names of HTTP statuses, for messages. `http.HTTPStatus` changes some of them with the version of Python."""

STATUS_BY_KEYWORD = {
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
"""Errors inside a stream have HTTP status 200; a keyword in their code or type gives the status."""
USED_UP = re.compile(r"insufficient[_ ](?:account )?(?:quota|balance|funds|credits?)\b", re.IGNORECASE)
"""Words of a used-up balance, in a code, a type or a sentence."""


MESSAGE_FIELDS = (
    "message",
    "msg",
    "detail",
    "status_msg",
    "error_description",
    "error_msg",
    "error",
    "errors",
)
SUCCESS_CODES = (None, 0, 200, "0", "200", "")
"""Codes of success, for gateways that wrap every response in an object with a code."""
FAILURE_WORDS = ("error", "fail", "failed", "failure")
ERROR_SENTENCE = re.compile(r"\s*\[?error\b\]?[:\s]*(.*)", re.IGNORECASE | re.DOTALL)

HINT_BY_PATTERN = {
    "webSearchEnabled": Translatable(
        "Enable the web search plugin in the console of the service. This takes up to five minutes."
    ),
    "reasoning_content.*(must|miss|lack|required|passed back)|[Mm]issing .?reasoning_content": Translatable(
        "The history lacks reasoning_content that the model requires. Use --new or --thinking off."
    ),
    "is not set|is not present": Translatable("A message has no text. Start over without it: %%mimo --new"),
    "image input": Translatable("This model does not accept images. Choose one that does with -m."),
    "context|too long|maximum.*length": Translatable(
        "The request may exceed the context window of the model. Shorten it, or start over with --new."
    ),
    "Insufficient account": Translatable(
        "Top up the account. On a plan, a burst of requests also causes this error: wait a moment."
    ),
}
"""Hints by a pattern of the server's message. Without a match, the class of the error has a default hint."""


def api_error(
    status: int, body: bytes, *, retry_after: float | None = None, request_id: str = ""
) -> errors.ApiError:
    """Return the exception for a response with an error status."""
    error = _error_object(_parse_body(body))
    message = _one_line(error.get("message")) or _body_excerpt(body)
    code, param = _one_line(error.get("code")), _one_line(error.get("param"))
    full_message = ": ".join(filter(None, (status_line(status, message), message, param)))
    kind = f"{code} {_one_line(error.get('type'))}"
    return _error_class(status, full_message, kind)(
        full_message,
        status=status,
        code=code,
        param=param,
        request_id=request_id,
        retry_after=retry_after,
        hint=_hint(status, full_message, retry_after),
    )


def status_line(status: int, message: str = "") -> str:
    """Return `HTTP 401 Unauthorized`, without the name if the message repeats it."""
    name = STATUS_NAMES.get(status, "")
    return f"HTTP {status}" if message.casefold().startswith(name.casefold()) else f"HTTP {status} {name}"


def _hint(status: int, message: str, retry_after: float | None) -> str:
    if 300 <= status < 400:
        return Translatable(
            "The server redirects to another address, and API keys do not follow redirects. Set that address as the base URL."
        )
    if retry_after and retry_after > 5:
        return Translatable(
            "The server asks to wait {retry_after:,.0f} s (Retry-After).", retry_after=retry_after
        )
    return next((hint for word, hint in HINT_BY_PATTERN.items() if re.search(word, message)), "")


def frame_error(frame: Mapping[str, Any]) -> errors.ApiError | None:
    """Return the error in an event of a stream or in a full body, if there is one."""
    if not _is_error(frame):
        return None
    error = _error_object(frame)
    return api_error(_error_status(error), json.dumps({"error": error}).encode())


def sentence_error(text: str) -> errors.ApiError | None:
    """Return the error of an event that is plain text, such as `error: out of memory`."""
    match = ERROR_SENTENCE.match(text)
    return frame_error({"error": match[1] or text}) if match else None


def other_format_error(api: str) -> errors.WireError:
    """Return the error for a response in the other format. It is not retried, as the response was billed."""
    return errors.WireError(
        Translatable("The server replied in the {api} format.", api=api),
        Translatable("Use --api {api}, or %mimo_config api={api}.", api=api),
    )


def unreadable_error(body: bytes) -> errors.WireError:
    """Return the error for a body that is not a reply, with an excerpt of it."""
    excerpt = _body_excerpt(body)
    if not excerpt:
        return errors.WireError(Translatable("The server returned an empty response."))
    return errors.WireError(
        Translatable("The response does not match the API format: {excerpt}", excerpt=excerpt)
    )


def _is_error(frame: Mapping[str, Any]) -> bool:
    """Return whether an event is an error: under `error`, or in the shape of a gateway's error."""
    if frame.get("error") or frame.get("object") == "error":
        return True
    if frame.get("type") in ("error", "server_error") and "message" in frame:
        return True
    if frame.get("choices") or frame.get("content") or frame.get("delta") or frame.get("usage"):
        return False
    if any(frame.get(name) for name in ("detail", "errors", "error_msg")) or frame.get("success") is False:
        return True
    outcome = frame.get("base_resp")
    if isinstance(outcome, Mapping) and outcome.get("status_code"):
        return True
    has_sentence = any(isinstance(frame.get(name), str) for name in ("msg", "message"))
    return has_sentence and (frame.get("code") not in SUCCESS_CODES or frame.get("status") in FAILURE_WORDS)


def _parse_body(body: bytes) -> Any:
    text = body.decode("utf-8", "replace").strip()
    try:
        return json.loads(text.removeprefix("data:").partition("\n\n")[0])
    except (ValueError, RecursionError):
        return None


def _error_object(payload: Any) -> Mapping[str, Any]:
    """Return the error object, with its text under `message`."""
    # Google wraps errors in a list.
    if isinstance(payload, list):
        payload = next((each for each in payload if isinstance(each, Mapping)), None)
    if not isinstance(payload, Mapping):
        return {}
    error = payload.get("error") or payload.get("base_resp") or payload
    # Cloudflare sends a list of errors.
    if isinstance(several := payload.get("errors"), list) and several and error is payload:
        error = several[0]
    if not isinstance(error, Mapping):
        return {**payload, "message": error}
    message = next((error[name] for name in MESSAGE_FIELDS if error.get(name)), None)
    metadata = error.get("metadata")
    # OpenRouter puts the message of the upstream server into the metadata.
    if isinstance(metadata, Mapping) and metadata.get("raw"):
        message = ": ".join(filter(None, map(_one_line, (message, metadata["raw"]))))
    return {**error, "message": message, "metadata": None}


def _error_status(error: Mapping[str, Any]) -> int:
    code = _one_line(error.get("code"))
    if code.isdecimal() and 400 <= int(code) < 600:
        return int(code)
    keywords = f"{code} {_one_line(error.get('type'))}"
    default = 402 if USED_UP.search(_one_line(error.get("message"))) else 500
    return next((status for word, status in STATUS_BY_KEYWORD.items() if word in keywords), default)


def _error_class(status: int, message: str, kind: str) -> type[errors.ApiError]:
    if status == 429 and ("billing" in kind or USED_UP.search(f"{kind} {message}")):
        return errors.InsufficientBalance
    if status == 400 and re.search(r"(not supported|unsupported|unknown) model", message, re.IGNORECASE):
        return errors.UnknownModel
    if status >= 500 or status == 408:
        return errors.ServerBusy
    return ERROR_BY_STATUS.get(status, errors.ApiError)


def _body_excerpt(body: bytes) -> str:
    text = _one_line(body[: MAX_MESSAGE_CHARS * 4].decode("utf-8", "replace"))
    return "an HTML page instead of JSON" if text.startswith("<") else text


def _one_line(value: Any) -> str:
    """Return a value of the server as one short line of printable text."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = "".join(char if char.isprintable() else " " for char in text)
    line = " ".join(line.split())
    return line if len(line) <= MAX_MESSAGE_CHARS else line[:MAX_MESSAGE_CHARS] + "…"
