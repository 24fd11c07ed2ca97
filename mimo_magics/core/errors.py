"""The exceptions of this package. Each has two lines: what happened, and what to do next.

MimoError                 .hint (what to do next)  .reply (the partial reply)
|-- BadOption                 an option, parameter or setting is invalid; nothing was sent
|   `-- BadArguments          a prompt function was called with other values than its slots; also a TypeError
|-- Interrupted               the user stopped the cell
|-- ApprovalTimeout           no decision on a tool call in time; the call was refused
|-- SessionBusy               the session is in the middle of another turn
|-- SessionNotSaved           the session file could not be written; nothing is lost
|-- BadSessionFile            the file contains no readable session; the file is unchanged
|-- BadPromptFile             the file contains no valid prompt, or it cannot be read or written
|-- ContextWindowExceeded     the request exceeds the context window of the model; nothing was sent
|-- BudgetExceeded            the budget is used up; nothing was sent
|-- MissingApiKey             there is no API key for the host
|-- LocalModelError           the embedded model cannot be downloaded or started
|-- ConnectionFailed          the server is unreachable or did not respond
|-- IncompleteStream          the connection broke before the end of the reply
|-- WireError                 the response does not match the API format
|-- TapeMismatch              the replayed tape has no response to this request; nothing was sent
|-- BadTape                   the file is not a tape, or is damaged
`-- ApiError                  the API returned an error   .status .code .param .request_id
    |-- BadRequest            400
    |-- InvalidApiKey         401
    |-- InsufficientBalance   402, or 429 for a used-up quota
    |-- Forbidden             403
    |-- UnknownModel          404, or 400 for an unsupported model
    |-- ContentFiltered       421
    |-- RateLimited           429   .retry_after (seconds)
    `-- ServerBusy            5xx
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, ClassVar

from mimo_magics.core.i18n import Translatable, translate

if TYPE_CHECKING:
    # The extension loads this module; it must not load the messages.
    from mimo_magics.core.messages import Reply


class MimoError(Exception):
    """Base of all errors of this package."""

    default_hint: ClassVar[str] = ""
    show_traceback: ClassVar[bool] = False
    """Whether notebooks show the full traceback: the setting `debug`."""
    was_sent = True
    """Whether the request may have reached the server, so that its tokens count."""

    def __init__(self, message: str, hint: str = "", reply: Reply | None = None) -> None:
        super().__init__(message)
        self.hint = hint or self.default_hint
        self.reply = reply

    @property
    def message(self) -> str:
        """What happened, without the hint. Messages of this package are `Translatable`."""
        fact: str = self.args[0]
        return fact

    @property
    def lines(self) -> tuple[str, str]:
        """What happened and what to do, in the language of the user."""
        return translate(self.message), translate(self.hint)

    def redact(self, key: str) -> None:
        """Replace an API key in the message and the hint."""
        from mimo_magics.core.secret import redact_excerpt

        self.args = tuple(redact_excerpt(arg, key) for arg in self.args)
        self.hint = redact_excerpt(self.hint, key)

    def _render_traceback_(self) -> list[str]:
        """Return the two lines that IPython shows instead of a traceback."""
        # Imported late, as only errors that are shown need it.
        from mimo_magics.core.text import replace_unencodable_characters

        message, hint = self.lines
        heading = f"\x1b[31m{type(self).__name__}\x1b[0m: {message}"
        trace = traceback.format_exception(self) if self.show_traceback else []
        return [replace_unencodable_characters(line) for line in (*trace, heading, hint) if line]


class BadOption(MimoError):
    """An option, parameter or setting is invalid; nothing was sent."""

    was_sent = False


class BadArguments(BadOption, TypeError):
    """A prompt function was called with other values than its slots; nothing was sent."""


class Interrupted(MimoError):
    """The user stopped the cell. The partial reply is part of the session."""


class ApprovalTimeout(MimoError):
    """A tool call got no decision in time and was refused. The partial reply is part of the session."""

    default_hint = Translatable(
        "Run the cell again and decide, or allow the tool: %mimo_tools confirm NAME=none"
    )


class SessionBusy(MimoError):
    """The session is in the middle of another turn."""

    default_hint = Translatable("Wait until the current turn ends, interrupt it, or use another Session.")


class SessionNotSaved(MimoError):
    """The session file could not be written. The kernel still has the session, and the file is unchanged."""


class BadSessionFile(MimoError):
    """The file contains no readable session; the file is unchanged."""


class BadPromptFile(MimoError):
    """The file contains no valid prompt, or it cannot be read or written."""

    was_sent = False


class ContextWindowExceeded(MimoError):
    """The request exceeds the context window of the model; nothing was sent."""

    default_hint = Translatable(
        "Leave out the oldest turns with %mimo_config overflow=drop-oldest, or start over with --new."
    )


class BudgetExceeded(MimoError):
    """The budget is used up; nothing was sent."""

    default_hint = Translatable(
        "Raise the budget with --budget or %mimo_config budget=…; %mimo_usage shows token usage and cost."
    )


class MissingApiKey(MimoError):
    """There is no API key for the host."""


class LocalModelError(MimoError):
    """The embedded model cannot be downloaded or started."""


class ConnectionFailed(MimoError):
    """The server is unreachable or did not respond.

    Args:
        message: what happened.
        hint: what to do next.
        is_retryable: whether another attempt may succeed.
        was_sent: whether the request reached the server.
    """

    default_hint = Translatable("Check the network, the proxy and the base URL, then run the cell again.")

    def __init__(
        self, message: str, hint: str = "", *, is_retryable: bool = True, was_sent: bool = True
    ) -> None:
        super().__init__(message, hint)
        self.is_retryable = is_retryable
        self.was_sent = was_sent


class IncompleteStream(MimoError):
    """The connection broke before the end of the reply; the partial reply is kept."""

    default_hint = Translatable(
        "The partial reply is kept. Resume it with %mimo continue, or run the cell again."
    )


class WireError(MimoError):
    """The response does not match the API format."""

    default_hint = Translatable("Check the base URL and the API format (--api).")


class TapeMismatch(MimoError):
    """The replayed tape has no response to this request; nothing was sent."""

    was_sent = False


class BadTape(MimoError):
    """The file is not a tape, or is damaged."""

    was_sent = False

    default_hint = Translatable("Record the tape again: %mimo_tape record PATH")


class ApiError(MimoError):
    """The API returned an error.

    Args:
        message: the HTTP status and the server's message on one line.
        status: the HTTP status, or the status that an error inside a stream reports.
        code: the error code of the service; MiMo repeats the status as a string.
        param: details of the error. MiMo often puts the useful text here, so it is also part of the message.
        request_id: the id of the request, for the support of the service.
        retry_after: the seconds of the `Retry-After` header.
    """

    default_hint = Translatable("Check the base URL, the API format (--api) and the options of the cell.")

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        param: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code
        self.param = param
        self.request_id = request_id
        self.retry_after = retry_after

    def redact(self, key: str) -> None:
        """Replace an API key in every text of the server. Some servers repeat the key that they refuse."""
        from mimo_magics.core.secret import redact_excerpt

        super().redact(key)
        for name in ("code", "param", "request_id"):
            setattr(self, name, redact_excerpt(getattr(self, name), key))


class BadRequest(ApiError):
    """HTTP 400 Bad Request: the server does not accept the request."""

    default_hint = Translatable(
        "Check the options of the cell, or start over without the history: %%mimo --new"
    )


class InvalidApiKey(ApiError):
    """HTTP 401 Unauthorized: the API key is invalid, or belongs to another host."""

    default_hint = Translatable("Check the API key in MIMO_API_KEY. Each host and plan has its own keys.")


class InsufficientBalance(ApiError):
    """HTTP 402 Payment Required: the balance is used up."""

    default_hint = Translatable("Top up the account, or check its usage in the console.")


class Forbidden(ApiError):
    """HTTP 403 Forbidden: the region is not supported, or the account is blocked."""

    default_hint = Translatable(
        "The service may be unavailable in your region, or the account is blocked. Check the account and its API key."
    )


class UnknownModel(ApiError):
    """HTTP 404 Not Found, or HTTP 400 that names the model: the service does not have the model."""

    default_hint = Translatable(
        "Choose another model with -m (%mimo_models lists them), or check the base URL."
    )


class ContentFiltered(ApiError):
    """HTTP 421: the content filter blocked the prompt or the reply."""

    default_hint = Translatable("Rephrase the prompt.")


class RateLimited(ApiError):
    """HTTP 429 Too Many Requests: the rate limit is reached."""

    default_hint = Translatable("Rate limit reached. Wait a moment, then run the cell again.")


class ServerBusy(ApiError):
    """HTTP 5xx: the server failed or is overloaded."""

    default_hint = Translatable("The service is overloaded or failed. Run the cell again later.")
