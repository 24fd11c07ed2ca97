"""One turn on its way: from the prompt to the turn that can be kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from uuid import uuid4

from mimo_magics.client import endpoint, http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.client.local import process as local_process
from mimo_magics.core.errors import BadKey, BadRequest, BudgetReached, MimoError, UnknownModel
from mimo_magics.core.events import Accumulator, Event, Noted, Started, Stopped, Told
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Message, Reply, Request, Usage, rounds
from mimo_magics.core.services import LOCAL_SERVICE
from mimo_magics.session import request_warnings
from mimo_magics.session.attachments import fitted
from mimo_magics.session.cached_reply import replayed
from mimo_magics.session.continuation import joined
from mimo_magics.session.limits import context_window
from mimo_magics.session.limits.budget import Spent
from mimo_magics.session.limits.context_window import estimated
from mimo_magics.session.limits.turn_limits import Limits
from mimo_magics.session.limits.usage_meter import Meter
from mimo_magics.session.request import Question, with_model
from mimo_magics.session.timing import Stopwatch
from mimo_magics.session.tool_calls import CallNumbers, Calls
from mimo_magics.session.turn import Turn, answered
from mimo_magics.tape import tape
from mimo_magics.tools.tool import NotebookTool
from mimo_magics.wire.bare_tool_calls import BareToolCallFilter
from mimo_magics.wire.tool_call_markup import ToolCallMarkupFilter


class RunningTurn:
    """A turn that is being answered. Iterate over its events; `reply` is what has come of it at any moment."""

    def __init__(
        self,
        asked: Question,
        tools: tuple[NotebookTool, ...] = (),
        *,
        trusted: set[str] | None = None,
        cell: str = "",
        spent: Spent = Spent(),
    ) -> None:
        self.turn: Turn | None = None
        """The turn when it is over."""
        self.told: tuple[str, ...] = ()
        """What the session has to say of it, in quiet lines."""
        self.kept: Turn | None = None
        """An answer that is there already, and is given instead of asking."""
        self.continues: Turn | None = None
        """The turn whose answer was broken off, and goes on with this one."""
        self.digest = asked.digest
        self._tools = tools
        self._asked = asked
        self._cell = cell
        self._tapes = tape.resolve_tapes(asked.settings.tape)
        self.clock = tape.create_clock(self._tapes, asked.settings.tape_pace)
        """Measures its times, and its waits."""
        self._accumulator = Accumulator()
        self._stopwatch = Stopwatch(self.clock)
        self._limits = Limits(asked, spent)
        self._summary = asked.past[-1].summary if asked.past else ""
        self._tokens = 0
        """Of the coming request, about."""
        self._broken_off = "interrupted"
        """Why the answer ends where the server says nothing of it."""
        self._in_between = False
        """Whether tools run, and no answer of the server does."""
        self._calls = Calls(
            {tool.name: tool for tool in tools}, set() if trusted is None else trusted, self.clock
        )
        self._numbers = CallNumbers()
        self._events = self._run()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    async def aclose(self) -> None:
        """Break off; the socket is closed at once."""
        await self._events.aclose()

    @property
    def reply(self) -> Reply:
        """What has come, with the times it took and what it cost."""
        reply = self._accumulator.reply
        price = self._limits.cost() if reply.usage else None
        return replace(reply, timing=self._stopwatch.timing, cost=price)

    @property
    def cost(self) -> float | None:
        """Estimate of what was spent, in US dollars, also where the server told no tokens; `None` without a price."""
        return self._limits.cost()

    def end(self) -> Turn:
        """Make the turn. Unless the server said why it ended, it was cut by a failure, or else left early."""
        turn = self._as_it_was(self.kept) if self.kept else self._as_it_went()
        if self.continues and turn.kept:
            turn = joined(self.continues, turn)
        self.turn = turn
        return turn

    def _as_it_was(self, kept: Turn) -> Turn:
        reply = replace(kept.reply, told=self._accumulator.reply.told)
        return replace(kept, reply=reply, cell=self._cell, spent=Usage())

    def _as_it_went(self) -> Turn:
        left = list(self._calls.left())
        for event in left:
            self._accumulator.feed(event)
        reply = self.reply
        stop = None if left or self._in_between or self._broken_off == "budget" else reply.stop
        asked, limits = self._asked, self._limits
        return Turn(
            asked.prompt,
            replace(reply, stop=stop or self._broken_off),
            asked.params,
            asked.service.name,
            asked.settings.api,
            self.clock.timestamp,
            id=uuid4().hex[:12],
            system="".join(message.text for message in asked.head),
            tools=tuple(tool.name for tool in asked.tools),
            spent=limits.usage,
            context=limits.context,
            left_out=limits.left_out,
            summary=self._summary,
            digest=self.digest,
            cell=self._cell,
        )

    async def _run(self) -> AsyncGenerator[Event]:
        try:
            async with aclosing(self._answer()) as events:
                async for event in events:
                    self._accumulator.feed(event)
                    self._stopwatch.feed(event)
                    yield event
        except MimoError as error:
            self._broken_off = "cut"
            error.reply = self.reply
            raise

    async def _answer(self) -> AsyncGenerator[Event]:
        """Ask the service, or the tape; the embedded model is fetched and started first."""
        for line in self.told:
            yield Told(line)
        if self.kept:
            for event in replayed(self.kept.reply):
                yield event
            return
        settings = self._asked.settings
        if self._asked.service is LOCAL_SERVICE and not tape.is_replaying(self._tapes):
            async with aclosing(local_process.start_server(settings.local_model)) as preparations:
                async for step in preparations:
                    yield step
        address = local_process.choose_endpoint(settings, self._tapes)
        self._asked = await with_model(self._asked, address)
        request, notes = self._asked.request()
        for warning in (*notes, *request_warnings.warnings(settings, self._asked.service, request, address)):
            yield Noted(warning)
        try:
            async with aclosing(self._rounds(address)) as events:
                async for event in events:
                    yield event
        except (UnknownModel, BadKey, BadRequest) as error:
            error.hint = (
                request_warnings.afterwards(error, self._asked.settings, request, address) or error.hint
            )
            raise

    async def _rounds(self, address: Endpoint) -> AsyncGenerator[Event]:
        """Ask, run the tools that are called, tell their results, until an answer calls none."""
        most = self._asked.settings.max_steps
        for left in reversed(range(most + 1)):
            own = tuple(rounds(answered(self._accumulator.reply.message)))
            async with aclosing(self._round(address, own, tools=left > 0)) as events:
                async for event in events:
                    yield event
            calls = self._accumulator.open_calls if self._tools else {}
            if not calls or not left or self._broken_off == "budget":
                break
            self._in_between = True
            async with aclosing(self._calls.answered(calls)) as progress:
                async for step in progress:
                    yield step
            if left == 1:
                yield Noted(
                    Words(
                        "Round {most} of tool calls was the last; then the model was asked without tools.",
                        most=most,
                    )
                )
        if warning := self._limits.warning:
            yield Noted(warning)

    async def _round(
        self, address: Endpoint, own: tuple[Message, ...], *, tools: bool
    ) -> AsyncGenerator[Event]:
        """Ask once, with as much of the conversation as may be sent, until a budget is used up."""
        async with aclosing(self._fit(address, own)) as events:
            async for event in events:
                yield event
        limits = self._limits
        tokens = max(self._tokens, limits.context)
        try:
            limits.check(tokens)
        except BudgetReached:
            if not own:
                raise
            self._broken_off = "budget"
            return
        limits.asking(tokens)
        request, _ = self._asked.request(own, left_out=limits.left_out, summary=self._summary, tools=tools)
        async with aclosing(self._heard(address, limits.bounded(request, tokens))) as events:
            async for event in events:
                limits.feed(event)
                yield event
                if limits.reached and not isinstance(event, Stopped):
                    self._broken_off = "budget"
                    return

    async def _fit(self, address: Endpoint, own: tuple[Message, ...]) -> AsyncGenerator[Event]:
        """Leave out the oldest turns where the window is full, and have them summarised if that is wanted."""
        limits, asked = self._limits, self._asked
        before, plan = limits.left_out, limits.plan((asked.prompt, *own))
        limits.left_out, self._tokens = plan.left_out, plan.tokens
        if limits.left_out == 0:
            self._summary = ""
        elif limits.left_out > before and asked.settings.overflow == "summarise":
            yield Told(Words("The window is full: the model summarises the oldest turns first."))
            self._summary = await self._summarised(address, asked.past[before : limits.left_out])
            self._in_between = bool(own)
        if line := context_window.told(limits.left_out, before, asked.model, self._summary):
            yield Noted(line)

    async def _summarised(self, address: Endpoint, turns: Sequence[Turn]) -> str:
        """Ask for a summary of these turns, and of what was summarised before."""
        asked = self._asked
        said = self._limits.summarisable(turns, self._summary)
        messages, _ = fitted(
            context_window.summary_request(said, self._summary), asked.model, asked.settings.api
        )
        params = replace(asked.params, web_search=None, response_format=None, tool_choice=None, stop=())
        request = Request((*asked.head, *messages), params, stream=asked.settings.stream)
        summary, meter = Accumulator(), Meter()
        self._limits.check(estimated(request.messages))
        meter.asking(estimated(request.messages))
        async with aclosing(self._heard(address, request)) as events:
            async for event in events:
                summary.feed(event)
                meter.feed(event)
        self._limits.add(meter.spent)
        return summary.reply.text

    async def _heard(self, address: Endpoint, request: Request) -> AsyncGenerator[Event]:
        """Ask, take calls that the model wrote as text out of what comes, and number the calls."""
        self._numbers.begin_response()
        calls = len(self._accumulator.reply.tool_calls)
        filters: list[ToolCallMarkupFilter | BareToolCallFilter] = [ToolCallMarkupFilter(calls)]
        if self._asked.service is LOCAL_SERVICE:
            filters.append(BareToolCallFilter([tool.name for tool in request.tools], calls))
            request = local_process.adapt_request(request)
        async with aclosing(http.stream(address, self._asked.settings.api, request, self.clock)) as events:
            async for event in events:
                if isinstance(event, Started):
                    endpoint.bind_key(address)
                    self._in_between = False
                for each in _through(filters, [event]):
                    yield self._numbers.numbered(each)
        for number, each_filter in enumerate(filters, 1):
            for each in _through(filters[number:], list(each_filter.flush())):
                yield self._numbers.numbered(each)


def _through(
    filters: Sequence[ToolCallMarkupFilter | BareToolCallFilter], events: Iterable[Event]
) -> Iterable[Event]:
    for each in filters:
        events = [out for event in events for out in each.feed(event)]
    return events
