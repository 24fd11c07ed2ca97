"""One turn on its way: from the prompt to the turn that can be kept."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import date

from mimo_magics import client, endpoint, local
from mimo_magics.endpoint import Endpoint
from mimo_magics.errors import BadKey, BadOption, MimoError, UnknownModel
from mimo_magics.events import Accumulator, Event, Noted, Started
from mimo_magics.messages import Message, Params, Reply, Request, system, user, whole_characters
from mimo_magics.models import cost, is_chat, output_tokens
from mimo_magics.presets import LOCAL, Preset
from mimo_magics.session import advice
from mimo_magics.session.stopwatch import Stopwatch
from mimo_magics.session.system import text as system_text
from mimo_magics.session.turns import Turn
from mimo_magics.settings import Settings
from mimo_magics.wire import FORMATS


class RunningTurn:
    """A turn that is being answered. Iterate over its events; `reply` is what has come of it at any moment."""

    def __init__(self, prompt: str, history: tuple[Message, ...], settings: Settings, today: date) -> None:
        self.turn: Turn | None = None
        """The turn when it is over."""
        self._settings = settings
        self._service = endpoint.preset(settings)
        self.request = _request(prompt, history, settings, self._service, today)
        self._asked = time.time()
        self._accumulator = Accumulator()
        self._stopwatch = Stopwatch()
        self._failed = False
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
        price = cost(reply.usage, self._service.name, self.request.params.model)
        return replace(reply, timing=self._stopwatch.timing, cost=price)

    def end(self) -> Turn:
        """Make the turn. Unless the server said why it ended, it was cut by a failure, or else left early."""
        reply = self.reply
        reply = replace(reply, stop=reply.stop or ("cut" if self._failed else "interrupted"))
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
            async with aclosing(client.stream(address, settings.api, request)) as events:
                async for event in events:
                    if isinstance(event, Started):
                        endpoint.took(address)
                    yield event
        except (UnknownModel, BadKey) as error:
            error.hint = advice.afterwards(error, request, address) or error.hint
            raise


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
