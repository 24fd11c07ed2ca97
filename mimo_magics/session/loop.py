"""One turn on its way: from the prompt to the turn that can be kept."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import date

from mimo_magics import client, endpoint, local
from mimo_magics.endpoint import Endpoint
from mimo_magics.errors import BadKey, BadOption, BadRequest, MimoError, UnknownModel
from mimo_magics.events import Accumulator, Approval, Event, Noted, Started, ToolProgress
from mimo_magics.messages import (
    Message,
    Params,
    Reply,
    Request,
    ToolCall,
    rounds,
    system,
    user,
    whole_characters,
)
from mimo_magics.models import cost, is_chat, output_tokens
from mimo_magics.presets import LOCAL, Preset
from mimo_magics.session import advice
from mimo_magics.session.calls import Calls
from mimo_magics.session.stopwatch import Stopwatch
from mimo_magics.session.system import text as system_text
from mimo_magics.session.turns import Turn, answered
from mimo_magics.settings import Settings
from mimo_magics.tools import NotebookTool
from mimo_magics.wire import FORMATS
from mimo_magics.wire.bare_calls import BareCalls
from mimo_magics.wire.markup import Markup


class RunningTurn:
    """A turn that is being answered. Iterate over its events; `reply` is what has come of it at any moment."""

    def __init__(
        self,
        prompt: str,
        history: tuple[Message, ...],
        settings: Settings,
        today: date,
        *,
        tools: tuple[NotebookTool, ...] = (),
        trusted: set[str] | None = None,
    ) -> None:
        self.turn: Turn | None = None
        """The turn when it is over."""
        wanted = settings.tool_choice != "none" and settings.max_steps > 0
        self.tools = {tool.name: tool for tool in tools if wanted}
        """What may be called, by name."""
        self._settings = settings
        self._service = endpoint.preset(settings)
        specs = tuple(tool.spec for tool in self.tools.values())
        self.request = replace(_request(prompt, history, settings, self._service, today), tools=specs)
        self._asked = time.time()
        self._accumulator = Accumulator()
        self._stopwatch = Stopwatch()
        self._failed = False
        self._in_between = False
        """Whether tools run, and no answer of the server does."""
        self._calls = Calls(self.tools, set() if trusted is None else trusted)
        self._events = self._run()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    def called(self, id_: str) -> ToolCall:
        """Return the tool call of this id."""
        return next(call for call in self._accumulator.reply.tool_calls if call.id == id_)

    def approve(self, id_: str, approval: Approval) -> None:
        """Say whether the tool call of this id may run, which a `ToolProgress` said is waiting.

        Call it on the loop that the turn runs on.
        """
        self._calls.approve(id_, approval)

    async def aclose(self) -> None:
        """Break off; the socket is closed at once."""
        await self._events.aclose()

    @property
    def reply(self) -> Reply:
        """What has come, with the times it took and what it cost."""
        reply = self._accumulator.reply
        price = cost(reply.usage, self._service.name, self.request.params.model)
        return replace(reply, timing=self._stopwatch.timing, cost=price)

    def end(self) -> Turn:
        """Make the turn. Unless the server said why it ended, it was cut by a failure, or else left early."""
        broken_off = list(self._calls.left())
        for result in broken_off:
            self._accumulator.feed(ToolProgress(result.id, "failed", result))
        reply = self.reply
        stop = None if broken_off or self._in_between else reply.stop
        reply = replace(reply, stop=stop or ("cut" if self._failed else "interrupted"))
        self.turn = Turn(self.request, reply, self._service.name, self._settings.api, self._asked)
        return self.turn

    async def _run(self) -> AsyncGenerator[Event]:
        try:
            async with aclosing(self._answer()) as events:
                async for event in events:
                    self._accumulator.feed(event)
                    self._stopwatch.feed(event)
                    yield event
        except MimoError as error:
            self._failed = True
            error.reply = self.reply
            raise

    async def _answer(self) -> AsyncGenerator[Event]:
        """Ask the service; the embedded model is fetched and started first."""
        settings = self._settings
        if settings.preset == LOCAL.name:
            async with aclosing(local.start(settings.local_model)) as preparations:
                async for step in preparations:
                    yield step
            address, request = local.endpoint(settings), local.translated(self.request)
        else:
            address = endpoint.find(settings)
            request = self.request = await _with_model(self.request, settings, self._service, address)
        for warning in advice.warnings(settings, self._service, request, address):
            yield Noted(warning)
        try:
            async with aclosing(self._rounds(address, request)) as events:
                async for event in events:
                    yield event
        except (UnknownModel, BadKey, BadRequest) as error:
            error.hint = advice.afterwards(error, request, address) or error.hint
            raise

    async def _rounds(self, address: Endpoint, request: Request) -> AsyncGenerator[Event]:
        """Ask, run the tools that are called, tell their results, until an answer calls none."""
        base = request.messages
        for left in reversed(range(self._settings.max_steps + 1)):
            async with aclosing(self._round(address, request)) as events:
                async for event in events:
                    yield event
            calls = self._accumulator.reply.message.open_calls if self.tools else ()
            if not calls or not left:
                return
            self._in_between = True
            async with aclosing(self._calls.answered(calls)) as progress:
                async for step in progress:
                    yield step
            messages = (*base, *rounds(answered(self._accumulator.reply.message)))
            request = replace(request, messages=messages, tools=request.tools if left > 1 else ())
            if left == 1:
                last = self._settings.max_steps
                yield Noted(
                    f"Round {last} of tool calls was the last; then the model was asked without tools."
                )

    async def _round(self, address: Endpoint, request: Request) -> AsyncGenerator[Event]:
        """Ask once, and take calls that the model wrote as text out of it."""
        calls = len(self._accumulator.reply.tool_calls)
        filters: list[Markup | BareCalls] = [Markup(calls)]
        if self._service is LOCAL:
            filters.append(BareCalls([tool.name for tool in request.tools], calls))
        async with aclosing(client.stream(address, self._settings.api, request)) as events:
            async for event in events:
                if isinstance(event, Started):
                    endpoint.took(address)
                    self._in_between = False
                for each in _through(filters, [event]):
                    yield each
        for number, each_filter in enumerate(filters, 1):
            for each in _through(filters[number:], list(each_filter.end())):
                yield each


def _through(filters: Sequence[Markup | BareCalls], events: Iterable[Event]) -> Iterable[Event]:
    for each in filters:
        events = [out for event in events for out in each.feed(event)]
    return events


def _request(
    prompt: str, history: tuple[Message, ...], settings: Settings, service: Preset, today: date
) -> Request:
    if not prompt.strip():
        raise BadOption("There is no prompt.", "Say something.")
    told = whole_characters(system_text(settings.system, service.system, today))
    head = (system(told),) if told else ()
    asked = user(whole_characters(prompt))
    return Request((*head, *history, asked), _params(settings, service), stream=settings.stream)


def _params(settings: Settings, service: Preset) -> Params:
    model = settings.model or service.model
    needed = FORMATS[settings.api].needs_output_bound or service.bounds_output
    return Params(
        model,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_completion_tokens=output_tokens(
            settings.max_tokens, model, needed=needed, ceiling=service.max_output
        ),
        stop=settings.stop,
        frequency_penalty=settings.frequency_penalty,
        presence_penalty=settings.presence_penalty,
        thinking=settings.thinking,
        response_format={"type": "json_object"} if settings.json else None,
        web_search=settings.web_search,
        tool_choice=None if settings.tool_choice == "none" else settings.tool_choice,
        extra=settings.param,
    )


_first_models: dict[str, str] = {}
"""The first chat model of each service that was asked for its list."""


async def _with_model(request: Request, settings: Settings, service: Preset, address: Endpoint) -> Request:
    """Where a service's models change, and the person named none, its first chat model answers."""
    if settings.model or not service.lists_models:
        return request
    if service.name not in _first_models:
        listing = replace(address, base_url=service.base_urls["openai"], auth=service.auth["openai"])
        for model in filter(is_chat, await client.models(listing)):
            _first_models.setdefault(service.name, model)
    model = _first_models.get(service.name, service.model)
    return replace(request, params=replace(request.params, model=model))
