"""One turn on its way: from the prompt to the turn that can be kept."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from mimo_magics import client, endpoint, local
from mimo_magics.events import Accumulator, Event
from mimo_magics.messages import Message, Params, Reply, Request, system, user
from mimo_magics.models import output_tokens
from mimo_magics.session.stopwatch import Stopwatch
from mimo_magics.session.turns import Turn
from mimo_magics.settings import Settings
from mimo_magics.wire import FORMATS


class RunningTurn:
    """A turn that is being answered. Iterate over its events; `reply` is what has come of it at any moment."""

    def __init__(self, prompt: str, history: tuple[Message, ...], settings: Settings) -> None:
        self.request = _request(prompt, history, settings)
        self.turn: Turn | None = None
        """The turn when it is over."""
        self._settings = settings
        self._asked = time.time()
        self._accumulator = Accumulator()
        self._stopwatch = Stopwatch()
        self._events = self._run()

    def __aiter__(self) -> AsyncGenerator[Event]:
        return self._events

    async def aclose(self) -> None:
        """Break off; the socket is closed at once."""
        await self._events.aclose()

    @property
    def reply(self) -> Reply:
        """What has come, with the times it took."""
        return replace(self._accumulator.reply, timing=self._stopwatch.timing)

    def end(self, otherwise: str) -> Turn:
        """Make the turn; `otherwise` is why it ended, unless the server said why."""
        reply = self.reply
        settings = self._settings
        reply = replace(reply, stop=reply.stop or otherwise)
        self.turn = Turn(self.request, reply, settings.preset, settings.api, self._asked)
        return self.turn

    async def _run(self) -> AsyncGenerator[Event]:
        async with aclosing(_answer(self.request, self._settings)) as events:
            async for event in events:
                self._accumulator.feed(event)
                self._stopwatch.feed(event)
                yield event


def _request(prompt: str, history: tuple[Message, ...], settings: Settings) -> Request:
    head = (system(settings.system),) if settings.system else ()
    return Request((*head, *history, user(prompt)), _params(settings), stream=settings.stream)


def _params(settings: Settings) -> Params:
    service = endpoint.preset(settings)
    model = settings.model or service.model
    bound = output_tokens(
        settings.max_tokens,
        model,
        needed=FORMATS[settings.api].needs_output_bound,
        ceiling=service.max_output,
    )
    return Params(
        model,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_completion_tokens=bound,
        thinking=settings.thinking,
    )


async def _answer(request: Request, settings: Settings) -> AsyncGenerator[Event]:
    """Ask the service; the embedded model is fetched and started first."""
    if settings.preset == "local":
        async with aclosing(local.start(settings.local_model)) as preparations:
            async for step in preparations:
                yield step
        address, request = local.endpoint(settings), local.translated(request)
    else:
        address = endpoint.find(settings)
    async with aclosing(client.stream(address, settings.api, request)) as events:
        async for event in events:
            yield event
