"""One turn on its way: from the prompt to the turn that can be kept."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import date

from mimo_magics import client, endpoint, local
from mimo_magics.endpoint import Endpoint
from mimo_magics.errors import UnknownModel
from mimo_magics.events import Accumulator, Event, Noted
from mimo_magics.messages import Message, Params, Reply, Request, system, user
from mimo_magics.models import SUCCESSORS, cost, is_chat, output_tokens
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

    def end(self, otherwise: str) -> Turn:
        """Make the turn; `otherwise` is why it ended, unless the server said why."""
        reply = self.reply
        reply = replace(reply, stop=reply.stop or otherwise)
        self.turn = Turn(self.request, reply, self._service.name, self._settings.api, self._asked)
        return self.turn

    async def _run(self) -> AsyncGenerator[Event]:
        async with aclosing(self._answer()) as events:
            async for event in events:
                self._accumulator.feed(event)
                self._stopwatch.feed(event)
                yield event

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
                    yield event
        except UnknownModel as error:
            successor = SUCCESSORS.get(request.params.model)
            if successor and error.hint == UnknownModel.default_hint:
                error.hint = f"Where it is retired, its successor is {successor}: -m {successor}"
            raise


def _request(
    prompt: str, history: tuple[Message, ...], settings: Settings, service: Preset, today: date
) -> Request:
    told = system_text(settings.system, service.system, today)
    head = (system(told),) if told else ()
    return Request((*head, *history, user(prompt)), _params(settings, service), stream=settings.stream)


def _params(settings: Settings, service: Preset) -> Params:
    model = settings.model or service.model
    needed = FORMATS[settings.api].needs_output_bound
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
    if settings.model or settings.base_url or not service.lists_models:
        return request
    if service.name not in _first_models:
        listing = replace(address, base_url=service.base_urls["openai"], auth=service.auth["openai"])
        chat = filter(is_chat, await client.models(listing))
        _first_models[service.name] = next(chat, service.model)
    return replace(request, params=replace(request.params, model=_first_models[service.name]))
