"""A running turn: its requests, responses and tool calls, from the prompt to the finished turn."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING
from uuid import uuid4

from mimo_magics.client import credentials, endpoint, http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.client.local import process as local_process
from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.errors import (
    ApprovalTimeout,
    BadRequest,
    BudgetExceeded,
    InvalidApiKey,
    MimoError,
    UnknownModel,
)
from mimo_magics.core.events import Accumulator, Event, Note, Notice, PromptContext, ResponseStarted, Stopped
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import (
    Message,
    Reply,
    Request,
    TextPart,
    Timing,
    ToolResult,
    Usage,
    split_responses,
)
from mimo_magics.core.models import is_other_model
from mimo_magics.core.services import LOCAL_SERVICE
from mimo_magics.session import request_warnings
from mimo_magics.session.attachments import replace_unsupported_parts
from mimo_magics.session.cached_reply import replay_reply
from mimo_magics.session.continuation import join_turns
from mimo_magics.session.limits import context_window
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.limits.context_window import estimate_message_tokens
from mimo_magics.session.limits.response_size import ResponseSize
from mimo_magics.session.limits.turn_limits import TurnLimits
from mimo_magics.session.limits.usage_meter import UsageMeter
from mimo_magics.session.request import TurnInput, resolve_model
from mimo_magics.session.structured.item_events import ItemEvents
from mimo_magics.session.structured.result_tool_filter import ResultToolFilter
from mimo_magics.session.timing import TurnTimer
from mimo_magics.session.tool_calls import MAX_TOOL_CALLS, CallNumbers, ToolCallRunner
from mimo_magics.session.turn import Turn, keep_tool_parts, without_open_calls
from mimo_magics.tape import tape
from mimo_magics.tools.tool import NotebookTool
from mimo_magics.wire.bare_tool_calls import BareToolCallFilter
from mimo_magics.wire.think_tags import ThinkTagFilter
from mimo_magics.wire.tool_call_markup import ToolCallMarkupFilter

if TYPE_CHECKING:  # they import pydantic
    from mimo_magics.session.structured.result import StructuredReply
    from mimo_magics.session.structured.rounds import ResultRounds

ResponseFilter = ThinkTagFilter | ToolCallMarkupFilter | BareToolCallFilter | ResultToolFilter
"""Separates reasoning and tool calls from the text of one response."""
EMPTY_REPLY = Translatable(
    "The model answered without tools, and its reply is empty. Prompt again, or raise max_steps."
)


class RunningTurn:
    """A running turn. Iterate over it to get its events. `reply` is the partial reply at any time."""

    def __init__(
        self,
        turn_input: TurnInput,
        tools: tuple[NotebookTool, ...] = (),
        *,
        trusted_tools: dict[str, NotebookTool] | None = None,
        cell: str = "",
        opens_branch: bool = False,
        session_spending: Spending = Spending(),
    ) -> None:
        self.turn: Turn | None = None
        """The finished turn; `None` while it runs."""
        self.opening_notices: tuple[str, ...] = ()
        """Notices of the session, sent before the reply."""
        self.cached: Turn | None = None
        """A turn whose cached reply is used instead of a call."""
        self.continued_turn: Turn | None = None
        """The turn whose incomplete reply this turn continues."""
        self.digest = turn_input.digest
        self._tools = tools
        self._turn_input, settings = turn_input, turn_input.settings
        self._cell, self._opens_branch = cell, opens_branch
        self._tape_selection = tape.resolve_tapes(settings.tape)
        self.clock = tape.create_clock(self._tape_selection, settings.tape_pace)
        """Clock of the times and waits of the turn; of the tape if there is one."""
        self._accumulator, self._timer = Accumulator(), TurnTimer(self.clock)
        self._limits = TurnLimits(turn_input, session_spending)
        self._summary = turn_input.past[-1].summary if turn_input.past else ""
        self._request_tokens = 0
        """Estimated tokens of the next request."""
        self._incomplete_stop = "interrupted"
        """The stop reason if the server reports none."""
        self._is_between_responses = False
        """Whether tools run between two responses."""
        self._call_runner = ToolCallRunner(tools, trusted_tools, self.clock, settings)
        self._call_numbers, self._result_rounds = CallNumbers(), _create_result_rounds(turn_input)
        self.structured_reply: StructuredReply | None = None
        """The finished reply with its validated value; `None` without a schema."""
        self._item_events, self._events = ItemEvents(turn_input.schema), self._run()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    async def aclose(self) -> None:
        """Cancel the turn and close its connection."""
        await self._events.aclose()

    @property
    def prompt(self) -> Message:
        """The prompt."""
        return self._turn_input.prompt

    @property
    def reply(self) -> Reply:
        """The partial or complete reply, with its durations and cost."""
        reply = self._accumulator.reply
        price = self._limits.cost() if reply.usage else None
        uses_own_price = bool(price) and self._limits.uses_own_price
        return replace(reply, timing=self._timer.timing, cost=price, uses_own_price=uses_own_price)

    @property
    def meters(self) -> Mapping[int, RunningTurn]:
        """The meter of the one reply, for a renderer: the turn itself."""
        return {0: self}

    @property
    def timing(self) -> Timing:
        """The times until now."""
        return self._timer.timing

    @property
    def usage(self) -> Usage:
        """The token usage of all requests until now."""
        return self._limits.usage

    @property
    def notices(self) -> tuple[str, ...]:
        """The notices that were sent, to be shown beside the reply."""
        return self._accumulator.notices

    @property
    def context(self) -> tuple[ContextItem, ...]:
        """What the prompt sends beside its own text."""
        return self._accumulator.context

    @property
    def cost(self) -> float | None:
        """Estimated cost in US dollars, also if the server reported no usage; `None` without a price."""
        return self._limits.cost()

    @property
    def finished_reply(self) -> Reply:
        """The reply of the finished turn, with its value if there is a schema."""
        assert self.turn
        return self.structured_reply or self.turn.reply

    def finish(self) -> Turn:
        """Return the finished turn. Without a stop reason of the server, a failure or the caller ended it."""
        turn = self._build_cached_turn(self.cached) if self.cached else self._build_turn()
        if self._result_rounds:
            turn, self.structured_reply = self._result_rounds.split_turn(turn, is_cached=bool(self.cached))
        if self.continued_turn and turn.is_in_history:
            turn = join_turns(self.continued_turn, turn)
        self.turn = turn
        return turn

    def _build_cached_turn(self, cached_turn: Turn) -> Turn:
        return replace(
            cached_turn, usage=Usage(), cell=self._cell, opens_branch=self._opens_branch, is_undone=False
        )

    def _build_turn(self) -> Turn:
        unfinished_calls = list(self._call_runner.fail_open_calls())
        for event in unfinished_calls:
            self._accumulator.feed(event)
        reply = self.reply
        stop = (
            None
            if unfinished_calls or self._is_between_responses or self._incomplete_stop == "budget"
            else reply.stop
        )
        turn_input, limits = self._turn_input, self._limits
        return Turn(
            turn_input.prompt,
            replace(reply, stop=stop or self._incomplete_stop),
            turn_input.params,
            turn_input.service.name,
            turn_input.settings.api,
            self.clock.timestamp,
            id=uuid4().hex[:12],
            system="".join(message.text for message in turn_input.system_messages),
            tools=tuple(tool.name for tool in turn_input.tools),
            usage=limits.usage,
            context_tokens=limits.context_tokens,
            omitted_turns=limits.omitted_turns,
            summary=self._summary,
            digest=self.digest,
            cell=self._cell,
            opens_branch=self._opens_branch,
            hides_values=turn_input.settings.share == "schema",
        )

    async def _run(self) -> AsyncGenerator[Event]:
        try:
            async with aclosing(self._stream_turn()) as events:
                async for event in events:
                    self._accumulator.feed(event)
                    self._timer.feed(event)
                    for each in self._item_events.feed(event):
                        yield each
        except MimoError as error:
            self._incomplete_stop = "interrupted" if isinstance(error, ApprovalTimeout) else "cut"
            error.reply = self.reply
            raise

    def _iter_opening_events(self) -> Iterator[Event]:
        """Yield what the user sees before anything is sent."""
        for line in self.opening_notices:
            yield Notice(line)
        if items := self._turn_input.context_items:
            yield PromptContext(items)

    async def _stream_turn(self) -> AsyncGenerator[Event]:
        """Call the service or replay the tape. The embedded model is downloaded and started first."""
        for event in self._iter_opening_events():
            yield event
        if self.cached:
            for event in replay_reply(self.cached.reply):
                yield event
            return
        settings = self._turn_input.settings
        async with aclosing(endpoint.prepare_endpoint(settings, self._tape_selection)) as preparations:
            async for step in preparations:
                yield step
        service_endpoint = endpoint.resolve_endpoint(settings, self._tape_selection)
        if line := credentials.describe_env_file(service_endpoint.key_source):
            yield Notice(line)
        self._turn_input = await resolve_model(self._turn_input, service_endpoint)
        request, notes = self._turn_input.build_request()
        warnings = request_warnings.find_warnings(
            settings, self._turn_input.service, request, service_endpoint
        )
        for warning in (*notes, *warnings):
            if not self._has_shown(warning):
                yield Note(warning)
        try:
            async with aclosing(self._stream_rounds(service_endpoint)) as events:
                async for event in events:
                    yield event
        except (UnknownModel, InvalidApiKey, BadRequest) as error:
            error.hint = (
                request_warnings.find_error_hint(error, self._turn_input.settings, request, service_endpoint)
                or error.hint
            )
            raise

    async def _stream_rounds(self, service_endpoint: Endpoint) -> AsyncGenerator[Event]:
        """Stream the responses. With a schema, request again what does not fit it."""
        rounds = self._result_rounds
        async with aclosing(self._stream_responses(service_endpoint)) as events:
            async for event in events:
                if rounds:
                    rounds.feed(event)
                yield event
        while rounds and self._incomplete_stop != "budget" and (next_round := rounds.plan_next()):
            if not next_round.json_mode:
                params = replace(self._turn_input.params, response_format=None)
                self._turn_input = replace(self._turn_input, params=params)
            yield Notice(next_round.notice)
            async with aclosing(self._stream_repair(service_endpoint, next_round.messages)) as events:
                async for event in events:
                    rounds.feed(event)
                    yield event

    async def _stream_repair(
        self, service_endpoint: Endpoint, messages: tuple[Message, ...]
    ) -> AsyncGenerator[Event]:
        """Send a further request of a structured result. Its failure leaves what was read before."""
        tool_parts = keep_tool_parts(self._accumulator.reply.message)
        turn_messages = (*split_responses(tool_parts), *messages)
        try:
            async with aclosing(
                self._stream_response(service_endpoint, turn_messages, with_tools=not self._tools)
            ) as events:
                async for event in events:
                    yield event
        except MimoError as error:
            yield Note(str(error))

    async def _stream_responses(self, service_endpoint: Endpoint) -> AsyncGenerator[Event]:
        """Send requests and run the tool calls of the responses, until a response has no call."""
        max_steps = steps_left = self._turn_input.settings.max_steps
        while True:
            turn_messages = tuple(split_responses(without_open_calls(self._accumulator.reply.message)))
            async with aclosing(
                self._stream_response(service_endpoint, turn_messages, with_tools=steps_left > 0)
            ) as events:
                async for event in events:
                    yield event
            calls = self._accumulator.open_calls if self._tools else {}
            if not calls or not steps_left or self._incomplete_stop == "budget":
                break
            self._is_between_responses = True
            is_truncated = self._call_numbers.is_truncated
            async with aclosing(self._call_runner.run_calls(calls, is_truncated=is_truncated)) as progress:
                async for step in progress:
                    yield step
            end_reason = self._call_runner.end_reason
            steps_left = 0 if end_reason else steps_left - 1
            if not steps_left:
                last_round = Translatable(
                    "Tool-call limit reached (max_steps={most}); the model replied without further tools.",
                    most=max_steps,
                )
                yield Note(end_reason or last_round)
        if max_steps and not steps_left and not _ends_with_text(self._accumulator.reply.message):
            yield Note(EMPTY_REPLY)
        if warning := self._limits.warning:
            yield Note(warning)

    async def _stream_response(
        self, service_endpoint: Endpoint, turn_messages: tuple[Message, ...], *, with_tools: bool
    ) -> AsyncGenerator[Event]:
        """Send one request with the turns that fit, and stop when a budget is used up."""
        async with aclosing(self._fit_context_window(service_endpoint, turn_messages)) as events:
            async for event in events:
                yield event
        limits = self._limits
        tokens = max(self._request_tokens, limits.context_tokens)
        try:
            limits.check_budgets(tokens)
        except BudgetExceeded:
            if not turn_messages:
                raise
            self._incomplete_stop = "budget"
            return
        limits.start_response(tokens)
        request, _ = self._turn_input.build_request(
            turn_messages, omitted_turns=limits.omitted_turns, summary=self._summary, with_tools=with_tools
        )
        try:
            async with aclosing(
                self._stream_request(service_endpoint, limits.limit_output(request, tokens))
            ) as events:
                async for event in events:
                    limits.feed(event)
                    yield event
                    if limits.is_budget_exceeded and not isinstance(event, Stopped):
                        self._incomplete_stop = "budget"
                        return
        except MimoError as error:
            if not error.was_sent:
                limits.drop_response()
            raise

    async def _fit_context_window(
        self, service_endpoint: Endpoint, turn_messages: tuple[Message, ...]
    ) -> AsyncGenerator[Event]:
        """Omit the oldest turns if the context window is full, and get a summary of them if the user wants one."""
        limits, turn_input = self._limits, self._turn_input
        omitted_before, plan = limits.omitted_turns, limits.plan_context((turn_input.prompt, *turn_messages))
        limits.omitted_turns, self._request_tokens = plan.omitted_turns, plan.tokens
        if limits.omitted_turns == 0:
            self._summary = ""
        elif limits.omitted_turns > omitted_before and turn_input.settings.overflow == "summarize":
            yield Notice(
                Translatable("The context window is full: the model summarizes the oldest turns first.")
            )
            self._summary = await self._summarize(
                service_endpoint, turn_input.sent_past[omitted_before : limits.omitted_turns]
            )
            self._is_between_responses = bool(turn_messages)
        if line := context_window.build_omission_notice(
            limits.omitted_turns, omitted_before, turn_input.model, self._summary
        ):
            yield Note(line)

    async def _summarize(self, service_endpoint: Endpoint, turns: Sequence[Turn]) -> str:
        """Return the model's summary of these turns and of the earlier summary."""
        turn_input = self._turn_input
        fitting_turns = self._limits.select_turns_to_summarize(turns, self._summary)
        messages, _ = replace_unsupported_parts(
            context_window.build_summary_request(fitting_turns, self._summary),
            turn_input.recipient,
        )
        params = replace(turn_input.params, web_search=None, response_format=None, tool_choice=None, stop=())
        request = Request((*turn_input.system_messages, *messages), params, stream=turn_input.settings.stream)
        summary, meter = Accumulator(), UsageMeter()
        self._limits.check_budgets(estimate_message_tokens(request.messages))
        meter.start_response(estimate_message_tokens(request.messages))
        async with aclosing(self._stream_request(service_endpoint, request)) as events:
            async for event in events:
                summary.feed(event)
                meter.feed(event)
        self._limits.add(meter.usage)
        return summary.reply.text

    async def _stream_request(self, service_endpoint: Endpoint, request: Request) -> AsyncGenerator[Event]:
        """Send a request and number its tool calls. A response with too many calls is truncated."""
        self._call_numbers.begin_response()
        async with aclosing(self._stream_without_markup(service_endpoint, request)) as events:
            async for event in events:
                if self._call_numbers.exceed_limit(event):
                    yield Note(
                        Translatable(
                            "The response was truncated after {most} tool calls.",
                            most=MAX_TOOL_CALLS,
                        )
                    )
                    yield Stopped("tool_calls")
                    return
                yield self._call_numbers.number_event(event)

    async def _stream_without_markup(
        self, service_endpoint: Endpoint, request: Request
    ) -> AsyncGenerator[Event]:
        """Send a request, and separate reasoning and tool calls that are written in the text."""
        call_count = len(self._accumulator.reply.tool_calls)
        filters: list[ResponseFilter] = [ThinkTagFilter(), ToolCallMarkupFilter(call_count, request.tools)]
        if self._result_rounds:
            filters.append(ResultToolFilter())
        if self._turn_input.service is LOCAL_SERVICE:
            filters.append(BareToolCallFilter([tool.name for tool in request.tools], call_count))
            request = local_process.adapt_request(request)
        async with aclosing(
            http.stream(service_endpoint, self._turn_input.settings.api, request, self.clock)
        ) as events:
            size = ResponseSize()
            async for event in events:
                size.feed(event)
                if isinstance(event, Notice) and event.text in self.notices:
                    # Each request of the turn may be refused for the same reason.
                    continue
                if isinstance(event, ResponseStarted):
                    endpoint.bind_key(service_endpoint)
                    self._is_between_responses = False
                for each in _apply_filters(filters, [event]):
                    yield each
                if isinstance(event, ResponseStarted) and (note := self._describe_other_model(event.model)):
                    yield Note(note)
        for number, each_filter in enumerate(filters, 1):
            for each in _apply_filters(filters[number:], list(each_filter.flush())):
                yield each

    def _has_shown(self, warning: str) -> bool:
        """Return whether an earlier reply has this warning, which is shown once in a session."""
        return any(warning in turn.reply.notes for turn in self._turn_input.past)

    def _describe_other_model(self, other: str) -> str:
        """Return a note if another model answers than the requested one; empty if the reply has this note.

        Services redirect the ids of retired models. The embedded model ignores the requested id.
        """
        if other == LOCAL_SERVICE.model:
            return ""
        model = self._turn_input.model
        note = Translatable(
            "{other} replied instead of {model}. The cost uses the prices of {other} if they are known.",
            other=other,
            model=model,
        )
        is_new = not self._has_shown(note) and note not in self._accumulator.reply.notes
        return note if is_other_model(model, other) and is_new else ""


def _create_result_rounds(turn_input: TurnInput) -> ResultRounds | None:
    if not turn_input.schema:
        return None
    from mimo_magics.session.structured.rounds import ResultRounds

    json_mode, as_frame = bool(turn_input.params.response_format), turn_input.settings.format == "table"
    return ResultRounds(turn_input.schema, json_mode=json_mode, as_frame=as_frame)


def _ends_with_text(message: Message) -> bool:
    """Return whether a text follows the last tool result."""
    last_parts = takewhile(lambda part: not isinstance(part, ToolResult), reversed(message.parts))
    return any(isinstance(part, TextPart) and part.text.strip() for part in last_parts)


def _apply_filters(filters: Sequence[ResponseFilter], events: Iterable[Event]) -> Iterable[Event]:
    for each in filters:
        events = [out for event in events for out in each.feed(event)]
    return events
