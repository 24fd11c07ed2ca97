"""The calls of one row: attempts, repair requests of a result, and what becomes of the row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from mimo_magics.batch.call_limiter import AdmittedCall, CallLimiter
from mimo_magics.batch.row_prompt import RowRequest
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.client.http import Attempt
from mimo_magics.client.local import process as local_process
from mimo_magics.client.retry import MAX_ATTEMPTS, compute_delay, is_retryable
from mimo_magics.core.errors import ApiError, IncompleteStream, MimoError, RateLimited
from mimo_magics.core.events import Event, ResponseStarted, Stopped, TextDelta
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Request, Usage
from mimo_magics.core.pricing import choose_priced_model
from mimo_magics.core.services import LOCAL_SERVICE
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.limits.usage_meter import UsageMeter
from mimo_magics.session.request import TurnInput
from mimo_magics.session.structured.result_tool_filter import ResultToolFilter
from mimo_magics.tape.clock import Clock
from mimo_magics.wire.formats import FORMATS
from mimo_magics.wire.refused_requests import adapt_body
from mimo_magics.wire.think_tags import ThinkTagFilter

if TYPE_CHECKING:  # they import pydantic
    from mimo_magics.session.structured.rounds import ResultRounds

MAX_REFUSALS = 20
"""Refusals (HTTP 429) of one row while others succeed, after which it fails: it may be too large for the limit itself."""
EMPTY = Translatable("The reply is empty.")
EMPTY_AT_LIMIT = Translatable("The reply is empty: the output limit was reached. Raise max_tokens.")
WITHHELD = Translatable("The service withheld the reply (content filter).")


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a row."""

    text: str = ""
    data: str = ""
    """The value as JSON, if there is a schema."""
    error: str = ""
    usage: Usage = Usage()
    usd: float | None = 0.0
    seconds: float = 0.0
    failure: MimoError | None = None
    """The failure of the last call; `None` if the service replied."""


class RowCaller:
    """Makes the calls of rows.

    Args:
        turn_input: what all rows have in common.
        endpoint: where the calls go.
        limiter: admits them.
        clock: measures the waits before retries.
    """

    def __init__(self, turn_input: TurnInput, endpoint: Endpoint, limiter: CallLimiter, clock: Clock) -> None:
        self._turn_input = turn_input
        self._endpoint = endpoint
        self._limiter = limiter
        self._clock = clock
        self._refusals: list[tuple[ApiError, frozenset[str]]] = []
        """Refusals of a field, with the fields that stayed. Further requests are adapted in the same way."""
        self._protected = frozenset(turn_input.params.extra)
        """Fields that stay: the user set them, or they were changed once."""

    @property
    def is_closed(self) -> bool:
        """Whether no further call is made."""
        return self._limiter.gate.is_closed

    def close(self) -> None:
        """Make no further call. Those that have started go on."""
        self._limiter.gate.close()

    async def call(self, row: RowRequest) -> RowOutcome:
        """Make the calls of a row and return what became of it. Nothing raises because a call failed.

        Raises:
            GateClosed: the run is over, and the row has no result.
        """
        calls = _RowCalls(self, row)
        started_at = monotonic()
        try:
            outcome = await calls.run()
        except MimoError as failure:
            outcome = RowOutcome(calls.text, error=failure.message, failure=failure)
        return replace(
            outcome,
            usage=calls.usage,
            usd=self._compute_cost(calls.usage, calls.model),
            seconds=monotonic() - started_at - calls.waited,
        )

    def _compute_cost(self, usage: Usage, reply_model: str) -> float | None:
        turn_input = self._turn_input
        prices, service = turn_input.settings.prices, turn_input.service.name
        model = choose_priced_model(service, turn_input.model, reply_model, prices)
        return Spending.from_usage(usage, service, model, prices).usd

    def encode(self, request: Request) -> dict[str, Any]:
        """Return the JSON body of a request, adapted as the server requires."""
        if self._turn_input.service is LOCAL_SERVICE:
            request = local_process.adapt_request(request)
        body: dict[str, Any] = dict(FORMATS[self._turn_input.settings.api].encode(request))
        for failure, protected in self._refusals:
            adapted = adapt_body(body, failure, protected)
            body = adapted.body if adapted else body
        return body

    async def send(self, request: Request, calls: _RowCalls) -> _Response:
        """Send a request until the service replies, and return the response.

        Raises:
            GateClosed: the run is over.
            MimoError: the service failed too often, or refused the request.
        """
        tokens, attempts, refusals = calls.row.tokens, 0, 0
        while True:
            body, asked_at = self.encode(request), monotonic()
            async with self._limiter.admit(tokens) as call:
                calls.waited += monotonic() - asked_at
                attempt = Attempt(self._endpoint, self._turn_input.settings.api, body, self._clock)
                async with aclosing(attempt.run()) as running:
                    events = [event async for event in running]
                failure = attempt.failure
                if failure is None:
                    return self._accept(events, call, tokens)
                call.fail(failure)
            if self._adapt(attempt, failure, is_outdated=body != self.encode(request)):
                continue
            if isinstance(failure, RateLimited):
                # The shared pause decides on the next attempt.
                refusals += 1
                if self.is_closed or refusals >= MAX_REFUSALS:
                    raise failure
                continue
            attempts += 1
            delay = self._plan_retry(failure, attempts)
            calls.waited += delay
            await self._clock.sleep(delay)

    def _accept(self, events: Sequence[Event], call: AdmittedCall, tokens: int) -> _Response:
        meter = UsageMeter()
        meter.start_response(tokens)
        filtered = list(_apply_filters(events))
        for event in filtered:
            meter.feed(event)
        call.succeed(meter.usage)
        return _Response(filtered, meter.usage)

    def _adapt(self, attempt: Attempt, failure: MimoError, *, is_outdated: bool) -> bool:
        """Adapt the requests of all rows if the server refused a field or lacks one.

        A request is outdated if the refusal of another row changed it in the meantime.
        """
        if is_outdated:
            return True
        adapted = attempt.adapt_body(failure, self._protected)
        if adapted and isinstance(failure, ApiError):
            self._refusals.append((failure, self._protected))
            self._protected |= adapted.fields
        return adapted is not None

    def _plan_retry(self, failure: MimoError, attempts: int) -> float:
        """Return the seconds until the next attempt.

        Raises:
            MimoError: there is none.
        """
        is_cut = isinstance(failure, IncompleteStream)
        if attempts >= MAX_ATTEMPTS or not (is_cut or is_retryable(failure)):
            raise failure
        return compute_delay(attempts, failure, self._clock)


@dataclass(frozen=True, slots=True)
class _Response:
    """The response to one request."""

    events: Sequence[Event]
    usage: Usage

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def stop(self) -> str:
        return next((event.reason for event in self.events if isinstance(event, Stopped)), "")

    @property
    def model(self) -> str:
        return next((event.model for event in self.events if isinstance(event, ResponseStarted)), "")


class _RowCalls:
    """The calls of one row, with what they cost until now."""

    def __init__(self, caller: RowCaller, row: RowRequest) -> None:
        self._caller, self.row = caller, row
        self.usage, self.model, self.text = Usage(), "", ""
        self.waited = 0.0
        """Seconds of waits for the limits and before retries."""

    async def run(self) -> RowOutcome:
        schema = self._caller._turn_input.schema  # noqa: SLF001  the caller is its other half
        request = self.row.request
        if not schema:
            return self._read_text(await self._send(request))
        from mimo_magics.session.structured.rounds import ResultRounds

        rounds = ResultRounds(schema, json_mode=bool(request.params.response_format))
        while True:
            response = await self._send(request)
            for event in response.events:
                rounds.feed(event)
            if not (next_round := rounds.plan_next()):
                return self._read_result(rounds, response)
            self.text = rounds.text
            request = replace(self.row.request, messages=(*self.row.request.messages, *next_round.messages))
            if not next_round.json_mode:
                request = replace(request, params=replace(request.params, response_format=None))

    async def _send(self, request: Request) -> _Response:
        response = await self._caller.send(request, self)
        self.usage += response.usage
        self.model = self.model or response.model
        return response

    def _read_text(self, response: _Response) -> RowOutcome:
        if response.stop == "filter":
            return RowOutcome(response.text, error=WITHHELD)
        if response.text.strip():
            return RowOutcome(response.text)
        return RowOutcome(error=EMPTY_AT_LIMIT if response.stop == "length" else EMPTY)

    def _read_result(self, rounds: ResultRounds, response: _Response) -> RowOutcome:
        result = rounds.build_result()
        if not result.errors:
            return RowOutcome(rounds.text, result.json_text)
        if not rounds.text.strip():
            return self._read_text(response)
        return RowOutcome(rounds.text, error="; ".join(result.errors))


def _apply_filters(events: Iterable[Event]) -> Iterable[Event]:
    """Separate reasoning that is written in the text, and read the call that delivers a result."""
    for each in (ThinkTagFilter(), ResultToolFilter()):
        events = [*(out for event in events for out in each.feed(event)), *each.flush()]
    return events
