"""The call of a speech model: its endpoint, its budget, its events, and its usage in the session."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any, TypedDict

from mimo_magics.client import endpoint, http, portal
from mimo_magics.core.errors import BadOption, BudgetExceeded, MimoError
from mimo_magics.core.events import Accumulator, AudioDelta, Event, ResponseStarted
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply, Request, Usage
from mimo_magics.core.models import SPEECH_MODELS
from mimo_magics.core.services import LOCAL_SERVICE, Service
from mimo_magics.core.settings import Api, Auth, Pace, Settings, Share
from mimo_magics.session.defaults import get_default_settings
from mimo_magics.session.dry_run import DryRun
from mimo_magics.session.limits.budget import Budget, Spending, describe_spending, is_exceeded
from mimo_magics.session.limits.usage_meter import UsageMeter
from mimo_magics.session.session import Session
from mimo_magics.tape import tape
from mimo_magics.wire.audio_data import AudioDecoder
from mimo_magics.wire.call_as_code import ApiCall
from mimo_magics.wire.formats import FORMATS

EventCallback = Callable[[Event], None]
DEFAULT_SERVICE = "xiaomi"
"""The service whose speech models a custom base URL is assumed to have."""


class SpeechOptions(TypedDict, total=False):
    """The settings that a call of a speech model may override."""

    preset: str
    api: Api
    base_url: str | None
    auth: Auth | None
    timeout: float
    prices: Mapping[str, Any]
    budget: str | None
    turn_budget: str | None
    share: Share
    tape: str | None
    tape_pace: Pace


def resolve_settings(session: Session | None, options: SpeechOptions) -> Settings:
    """Return the settings of a call: those of the session or of the notebook, with overrides, in the OpenAI format.

    Raises:
        BadOption: a setting is not valid, or the service has no speech models.
    """
    settings = (session.settings if session else get_default_settings()).override(options)
    if endpoint.resolve_service(settings) is LOCAL_SERVICE:
        raise BadOption(
            Translatable("The embedded model neither speaks nor transcribes."),
            Translatable("Choose a service: --preset xiaomi"),
        )
    if settings.api == "openai":
        return settings
    if settings.base_url:
        raise BadOption(
            Translatable("The Anthropic format has no speech models."),
            Translatable("Set a base URL of the OpenAI format: %mimo_config api=openai base_url=URL"),
        )
    return replace(settings, api="openai")


def find_speech_model(service: Service, ending: str) -> str | None:
    """Return the speech model of a service whose id ends like this, or `None` if it has none."""
    models = SPEECH_MODELS.get(service.name, SPEECH_MODELS[DEFAULT_SERVICE])
    return next((model.id for model in models if model.id.endswith(ending)), None)


class SpeechCall:
    """A call. Iterate over it to get its events; afterwards it has the audio and the reply.

    Args:
        settings: settings of the call.
        request: the request.
        usage: estimated usage of the request, before the server reports it.
        session: the session whose usage and budget it counts in, if there is one.
    """

    def __init__(self, settings: Settings, request: Request, usage: Usage, session: Session | None) -> None:
        self.settings = settings
        self.request = request
        self.audio = bytearray()
        self._audio_decoder = AudioDecoder()
        self.service = endpoint.resolve_service(settings)
        self._estimate = usage
        self._session = session
        self._accumulator = Accumulator()
        self._meter = UsageMeter()

    @property
    def model(self) -> str:
        """The requested model."""
        return self.request.params.model

    @property
    def reply(self) -> Reply:
        """The reply so far: its text, and the usage that the server reported."""
        return self._accumulator.reply

    @property
    def usage(self) -> Usage:
        """Tokens and seconds, estimated where the server reported none."""
        usage = self._meter.usage
        if usage == Usage():
            return usage
        return replace(usage, audio_seconds=usage.audio_seconds or self._estimate.audio_seconds)

    @property
    def cost(self) -> float | None:
        """Estimated cost in US dollars; `None` without a known price."""
        return self._compute_spending(self.usage).usd

    def check(self) -> None:
        """Check that the budgets allow the call.

        Raises:
            BudgetExceeded: a budget does not allow it.
            BadOption: a budget or a price is not valid.
        """
        before = self._session.compute_spending(self.settings) if self._session else Spending()
        self._check_budget(self.settings.budget, before)
        self._check_budget(self.settings.turn_budget, Spending())

    def build_dry_run(self, *warnings: str) -> DryRun:
        """Return the request with its estimated cost, without sending it."""
        address = endpoint.resolve_address(self.settings)
        call = ApiCall("openai", address.base_url, address.auth, FORMATS["openai"].encode(self.request))
        seconds = self._estimate.audio_seconds
        return DryRun(
            call, self.settings, self.service.name, self._estimate.input, warnings, audio_seconds=seconds
        )

    def run(self, on_event: EventCallback) -> None:
        """Make the call, and pass each event to a function in this thread. Works also while an event loop is running.

        Raises:
            MimoError: the call failed.
            KeyboardInterrupt: Ctrl-C, or an interrupt of the kernel.
        """
        self.check()
        with portal.PortalStream(self._open()) as events:
            for event in events:
                on_event(event)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[AsyncGenerator[Event]]:
        """Yield the events, and count the usage at the end, also of a call that failed."""
        try:
            async with aclosing(self._stream()) as events:
                yield events
        finally:
            if self._session and self.usage != Usage():
                self._session.count_unrecorded(self.usage, self.cost)

    async def _stream(self) -> AsyncGenerator[Event]:
        tapes = tape.resolve_tapes(self.settings.tape)
        clock = tape.create_clock(tapes, self.settings.tape_pace)
        service_endpoint = endpoint.resolve_endpoint(self.settings, tapes)
        self._meter.start_response(self._estimate.input)
        try:
            async with aclosing(http.stream(service_endpoint, "openai", self.request, clock)) as events:
                async for event in events:
                    self._feed(event)
                    if isinstance(event, ResponseStarted):
                        endpoint.bind_key(service_endpoint)
                    yield event
            self.audio += self._audio_decoder.close()
        except MimoError as error:
            if not error.was_sent:
                self._meter.drop_response()
            raise

    def _feed(self, event: Event) -> None:
        self._accumulator.feed(event)
        self._meter.feed(event)
        if isinstance(event, AudioDelta):
            self.audio += self._audio_decoder.feed(event.data)

    def _check_budget(self, text: str | None, before: Spending) -> None:
        if not text:
            return
        budget = Budget.parse(text)
        if is_exceeded(budget, before, self.model):
            raise BudgetExceeded(describe_spending(budget, before))
        if is_exceeded(budget, before + self._compute_spending(self._estimate), self.model):
            raise BudgetExceeded(
                Translatable(
                    "This call of about {tokens:,} tokens exceeds the rest of the budget. {usage}",
                    tokens=self._estimate.input,
                    usage=describe_spending(budget, before),
                )
            )

    def _compute_spending(self, usage: Usage) -> Spending:
        return Spending.from_usage(usage, self.service.name, self.model, self.settings.prices)
