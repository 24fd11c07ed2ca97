"""What can go wrong, as a person is told it: one sentence of fact, one of advice.

MimoError                 .hint (what to do next)  .reply (what had arrived)
|-- BadOption                 an option, a parameter or a setting is wrong; nothing was sent
|-- Interrupted               the person stopped the cell
|-- SessionBusy               the session is in the middle of another turn
|-- SessionNotSaved           the session's file could not be written; nothing is lost
|-- BadSessionFile            a file holds no session that can be read; it is left as it is
|-- ContextWindowExceeded     the conversation is longer than the model takes; nothing was sent
|-- BudgetExceeded            what may be spent is spent; nothing was sent
|-- MissingApiKey             there is no key for the host
|-- LocalModelError           the embedded model cannot be fetched or started
|-- ConnectionFailed          the server was not reached, or did not answer
|-- IncompleteStream          the answer ended in the middle
|-- WireError                 what came is not what the API describes
|-- TapeMismatch              a tape that is replayed has no answer to this request; nothing was sent
|-- BadTape                   a file is no tape, or a damaged one
`-- ApiError                  the server said no   .status .code .param .request_id
    |-- BadRequest            400
    |-- InvalidApiKey         401
    |-- InsufficientBalance   402
    |-- Forbidden             403
    |-- UnknownModel          404, or 400 for a model that is not served
    |-- ContentFiltered       421
    |-- RateLimited           429   .retry_after (seconds)
    `-- ServerBusy            5xx
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, ClassVar

from mimo_magics.core.i18n import Translatable, translate

if TYPE_CHECKING:  # errors are loaded with the extension, the values of a conversation are not
    from mimo_magics.core.messages import Reply


class MimoError(Exception):
    """Base of all errors of this package."""

    default_hint: ClassVar[str] = ""
    show_traceback: ClassVar[bool] = False
    """Whether a notebook shows where an error came from, too: the setting `debug`."""

    def __init__(self, message: str, hint: str = "", reply: Reply | None = None) -> None:
        super().__init__(message)
        self.hint = hint or self.default_hint
        self.reply = reply

    @property
    def message(self) -> str:
        """What happened, without what to do; in words that can be said in another language, where they are ours."""
        fact: str = self.args[0]
        return fact

    @property
    def lines(self) -> tuple[str, str]:
        """What happened and what to do, as the person reads it."""
        return translate(self.message), translate(self.hint)

    def redact(self, key: str) -> None:
        """Take a key out of what is shown."""
        from mimo_magics.core.secret import redact_excerpt

        self.args = tuple(redact_excerpt(arg, key) for arg in self.args)
        self.hint = redact_excerpt(self.hint, key)

    def _render_traceback_(self) -> list[str]:
        """Two lines for a notebook (IPython's protocol): what happened and what to do."""
        from mimo_magics.core.text import replace_unencodable_characters  # only where something is wrong

        message, hint = self.lines
        heading = f"\x1b[31m{type(self).__name__}\x1b[0m: {message}"
        trace = traceback.format_exception(self) if self.show_traceback else []
        return [replace_unencodable_characters(line) for line in (*trace, heading, hint) if line]


class BadOption(MimoError):
    """An option, a parameter or a setting is wrong; nothing was sent."""


class Interrupted(MimoError):
    """The person stopped the cell. What had arrived is kept in the conversation."""


class SessionBusy(MimoError):
    """The session is in the middle of another turn."""

    default_hint = Translatable("Wait until the current turn ends, interrupt it, or use another Session.")


class SessionNotSaved(MimoError):
    """The session's file could not be written. What was said is in the kernel still, and the file as it was."""


class BadSessionFile(MimoError):
    """A file holds no session that can be read; it is left as it is."""


class ContextWindowExceeded(MimoError):
    """The conversation is longer than the model takes; nothing was sent."""

    default_hint = Translatable(
        "Leave out the oldest turns with %mimo_config overflow=drop-oldest, or start over with --new."
    )


class BudgetExceeded(MimoError):
    """What may be spent is spent; nothing was sent."""

    default_hint = Translatable(
        "Raise the budget with --budget or %mimo_config budget=…; %mimo_usage shows token usage and cost."
    )


class MissingApiKey(MimoError):
    """There is no key for the host."""


class LocalModelError(MimoError):
    """The embedded model cannot be fetched or started."""


class ConnectionFailed(MimoError):
    """The server was not reached, or did not answer.

    Args:
        message: what happened.
        hint: what to do next.
        is_retryable: whether another attempt may do better.
    """

    default_hint = Translatable("Check the network, the proxy and the base URL, then run the cell again.")

    def __init__(self, message: str, hint: str = "", *, is_retryable: bool = True) -> None:
        super().__init__(message, hint)
        self.is_retryable = is_retryable


class IncompleteStream(MimoError):
    """The answer ended in the middle; what had come is kept."""

    default_hint = Translatable(
        "The partial reply is kept. Resume it with %mimo continue, or run the cell again."
    )


class WireError(MimoError):
    """What came is not what the API describes."""

    default_hint = Translatable("Check the base URL and the API format (--api).")


class TapeMismatch(MimoError):
    """A tape that is replayed has no answer to this request; nothing was sent."""


class BadTape(MimoError):
    """A file is no tape, or a damaged one."""

    default_hint = Translatable("Record the tape again: %mimo_tape record PATH")


class ApiError(MimoError):
    """The server said no.

    Args:
        message: the server's words, cleaned.
        status: the HTTP status, or the status that an error inside a stream names.
        code: the server's own code; MiMo repeats the status as a string.
        param: MiMo often puts the useful text here; it is part of the message then.
        request_id: what the server's support wants to know.
        retry_after: seconds that the server asks to wait.
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
        """Take a key out of all that the server said; some repeat the one that they refuse."""
        from mimo_magics.core.secret import redact_excerpt

        super().redact(key)
        for name in ("code", "param", "request_id"):
            setattr(self, name, redact_excerpt(getattr(self, name), key))


class BadRequest(ApiError):
    """400: the server does not take this request."""

    default_hint = Translatable(
        "Check the options of the cell, or start over without the history: %%mimo --new"
    )


class InvalidApiKey(ApiError):
    """401: the key is wrong, or belongs to another host."""

    default_hint = Translatable("Check the API key in MIMO_API_KEY. Each host and plan has its own keys.")


class InsufficientBalance(ApiError):
    """402: the balance is used up."""

    default_hint = Translatable("Top up the account, or check its usage in the console.")


class Forbidden(ApiError):
    """403: the region is not served, or the account is blocked."""

    default_hint = Translatable(
        "The service may be unavailable in your region, or the account is blocked. Check the account and its API key."
    )


class UnknownModel(ApiError):
    """404, or 400 that names the model: it is not served here."""

    default_hint = Translatable(
        "Choose another model with -m (%mimo_models lists them), or check the base URL."
    )


class ContentFiltered(ApiError):
    """421: the content filter refused the prompt or the answer."""

    default_hint = Translatable("Rephrase the prompt.")


class RateLimited(ApiError):
    """429: too many requests at a time, or the plan's quota is used up."""

    default_hint = Translatable("Rate limit reached. Wait a moment, then run the cell again.")


class ServerBusy(ApiError):
    """5xx: the server failed or is overloaded."""

    default_hint = Translatable("The service is overloaded or failed. Run the cell again later.")
