"""A prompt and what was said before it as the request that is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from mimo_magics.client import endpoint, model_list
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import (
    Message,
    Params,
    Part,
    Request,
    TextPart,
    Tool,
    system_message,
    user_message,
    whole_characters,
    with_unique_ids,
)
from mimo_magics.core.models import choose_max_tokens
from mimo_magics.core.services import LOCAL_SERVICE, Preset
from mimo_magics.core.settings import Settings
from mimo_magics.session.attachments import fitted
from mimo_magics.session.limits.context_window import opening
from mimo_magics.session.system_prompt import text as system_text
from mimo_magics.session.turn import Turn, history
from mimo_magics.wire.formats import FORMATS

Prompt = str | Sequence[Part]
"""What a person says: words, or parts such as pictures with words."""

SET_ASIDE = date(2000, 1, 1)
"""Stands for the day that a system prompt tells, where requests of different days are compared."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a turn begins with."""

    prompt: Message
    past: tuple[Turn, ...]
    """The turns that it follows, oldest first."""
    head: tuple[Message, ...]
    """What stands before them: the system prompt, if there is one."""
    params: Params
    tools: tuple[Tool, ...]
    settings: Settings
    service: Preset

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self.params.model

    def request(
        self, rounds: Iterable[Message] = (), *, left_out: int = 0, summary: str = "", tools: bool = True
    ) -> tuple[Request, tuple[str, ...]]:
        """Return a request of the turn, and a line for each kind of parts that the model cannot be sent.

        Args:
            rounds: tool calls of this turn, and their results.
            left_out: how many of the oldest turns are not sent.
            summary: what is sent in their place.
            tools: whether tools are still offered.
        """
        past = with_unique_ids((*history(self.past[left_out:]), self.prompt, *rounds))
        said = (*self.head, *opening(summary), *past)
        messages, notes = fitted(said, self.model, self.settings.api)
        offered = self.tools if tools else ()
        return Request(messages, self.params, offered, stream=self.settings.stream), notes

    @property
    def takes_first(self) -> bool:
        """Whether the first chat model of the service answers: its models change, and the person named none."""
        return self.service.discovers_default_model and not self.settings.model

    @property
    def digest(self) -> str:
        """What equal requests to the same service have in common.

        The date of the system prompt and the way of the answer, streamed or whole, are set aside.

        Raises:
            BadOption: the format cannot say the request.
        """
        settings, service = self.settings, self.service
        undated, _ = replace(self, head=_head(settings, service, SET_ASIDE)).request()
        body = FORMATS[settings.api].encode(replace(undated, stream=True))
        where = (service.name, settings.base_url, settings.local_model if service is LOCAL_SERVICE else "")
        said = json.dumps([settings.api, where, body], sort_keys=True)
        return sha256(said.encode()).hexdigest()[:32]


def question(
    prompt: Prompt, past: Iterable[Turn], settings: Settings, today: date, tools: Iterable[Tool] = ()
) -> Question:
    """Put together what a turn begins with.

    Raises:
        BadOption: the prompt says nothing, or a setting cannot be.
    """
    service = endpoint.resolve_service(settings)
    head, params = _head(settings, service, today), _params(settings, service)
    return Question(_asked(prompt), tuple(past), head, params, tuple(tools), settings, service)


async def with_model(asked: Question, address: Endpoint) -> Question:
    """Ask the service for its models if its first one is to answer."""
    if asked.takes_first:
        await model_list.list_models_at(asked.service, address)
    return as_listed(asked)


def as_listed(asked: Question) -> Question:
    """Put in the model that answers, as far as it is known without asking."""
    if not asked.takes_first:
        return asked
    model = model_list.choose_model(asked.service, model_list.get_cached_models(asked.service))
    return replace(asked, params=replace(asked.params, model=model))


def _asked(prompt: Prompt) -> Message:
    if not (prompt.strip() if isinstance(prompt, str) else prompt):
        raise BadOption(Words("There is no prompt."), Words("Say something."))
    if isinstance(prompt, str):
        return user_message(whole_characters(prompt))
    return Message("user", tuple(map(_whole, prompt)))


def _whole(part: Part) -> Part:
    return TextPart(whole_characters(part.text)) if isinstance(part, TextPart) else part


def _head(settings: Settings, service: Preset, today: date) -> tuple[Message, ...]:
    told = whole_characters(system_text(settings.system, service.system, today))
    return (system_message(told),) if told else ()


def output_bound(settings: Settings, service: Preset, model: str) -> int | None:
    """Return the bound of the output that is sent, in tokens; `None` leaves it to the service."""
    needed = FORMATS[settings.api].requires_max_tokens or service.truncates_by_default
    return choose_max_tokens(settings.max_tokens, model, is_required=needed, ceiling=service.max_output)


def _params(settings: Settings, service: Preset) -> Params:
    model = settings.model or service.model
    return Params(
        model,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_completion_tokens=output_bound(settings, service, model),
        stop=settings.stop,
        frequency_penalty=settings.frequency_penalty,
        presence_penalty=settings.presence_penalty,
        thinking=settings.thinking,
        response_format={"type": "json_object"} if settings.json else None,
        web_search=settings.web_search,
        tool_choice=None if settings.tool_choice == "none" else settings.tool_choice,
        extra=settings.param,
    )
