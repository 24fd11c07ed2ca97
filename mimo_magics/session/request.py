"""The request of a turn: system prompt, past turns, prompt, parameters and tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mimo_magics.client import endpoint, model_list
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import (
    AudioPart,
    ImagePart,
    Message,
    Params,
    Part,
    Request,
    TextPart,
    Tool,
    VideoPart,
    system_message,
    with_unique_ids,
)
from mimo_magics.core.models import choose_max_tokens
from mimo_magics.core.serialization import canonical_json
from mimo_magics.core.services import LOCAL_SERVICE, Service, ServiceFields
from mimo_magics.core.settings import Settings
from mimo_magics.core.text import join_surrogates, quote_value
from mimo_magics.session.attachments import Recipient, check_prompt_media, replace_unsupported_parts
from mimo_magics.session.earlier_values import count_values, without_values
from mimo_magics.session.limits.context_window import build_summary_messages
from mimo_magics.session.media_reference import replace_missing_media
from mimo_magics.session.prompt_context import build_context_items
from mimo_magics.session.system_prompt import build_system_prompt
from mimo_magics.session.turn import Turn, history_messages, without_reasoning
from mimo_magics.wire.formats import FORMATS

if TYPE_CHECKING:  # it imports pydantic
    from mimo_magics.session.structured.schema import ResultSchema

Prompt = str | Part | Sequence[str | Part]
"""A text, or parts such as images with texts."""
MAX_QUOTED_CHARS = 100

PLACEHOLDER_DATE = date(2000, 1, 1)
"""Replaces the date in the system prompt, so that requests of different days have equal digests."""


@dataclass(frozen=True, slots=True)
class TurnInput:
    """The input of a turn."""

    prompt: Message
    past: tuple[Turn, ...]
    """The turns before the prompt, oldest first."""
    system_messages: tuple[Message, ...]
    """The system prompt, if there is one."""
    params: Params
    tools: tuple[Tool, ...]
    settings: Settings
    service: Service
    schema: ResultSchema | None = None
    """What the reply must contain as JSON."""

    @property
    def model(self) -> str:
        """The model to call."""
        return self.params.model

    def build_request(
        self,
        turn_messages: Iterable[Message] = (),
        *,
        omitted_turns: int = 0,
        summary: str = "",
        with_tools: bool = True,
    ) -> tuple[Request, tuple[str, ...]]:
        """Return a request of the turn, and a line for each type of parts that the model does not support.

        Args:
            turn_messages: tool calls of this turn and their results.
            omitted_turns: number of the oldest turns that are not sent.
            summary: summary that is sent in their place.
            with_tools: whether to offer the tools.

        Raises:
            BadOption: the prompt has media that the model, the format or the setting `share` excludes.
        """
        turns = with_unique_ids(
            (*history_messages(self.sent_past[omitted_turns:]), self.sent_prompt, *turn_messages)
        )
        all_messages = (*self.system_messages, *build_summary_messages(summary), *turns)
        check_prompt_media(self.prompt, self.recipient)
        known_messages, missing_notes = replace_missing_media(all_messages)
        messages, notes = replace_unsupported_parts(known_messages, self.recipient)
        offered_tools = self.tools if with_tools else ()
        request = Request(messages, self.params, offered_tools, self.settings.stream, self.fields)
        return request, (*missing_notes, *notes, *self._iter_value_notes(omitted_turns))

    def _iter_value_notes(self, omitted_turns: int) -> Iterator[str]:
        """Yield a line if values of earlier turns are not sent."""
        count = sum(map(count_values, self.past[omitted_turns:]))
        if count and self.settings.share == "schema":
            yield Translatable("share=schema: values of earlier turns were not sent: {count}.", count=count)

    @property
    def context_items(self) -> tuple[ContextItem, ...]:
        """The context of the prompt with its figures."""
        return build_context_items(self.prompt, self.service.name, self.model, self.settings.prices)

    @property
    def recipient(self) -> Recipient:
        """Where the request goes, as far as it decides on media."""
        return Recipient(self.model, self.settings.api, self.settings.share, self.service.name)

    @property
    def sent_prompt(self) -> Message:
        """The prompt, followed by the instructions of the schema."""
        if not self.schema:
            return self.prompt
        instructions = TextPart(f"\n\n{self.schema.instructions}")
        return replace(self.prompt, parts=(*self.prompt.parts, instructions))

    @property
    def fields(self) -> ServiceFields:
        """The fields in which the request differs between services."""
        fields = self.service.fields
        return replace(fields, thinking=self.settings.thinking_form or fields.thinking)

    @property
    def sent_past(self) -> tuple[Turn, ...]:
        """The past turns as they are sent: with values if they are shared, and reasoning for services that need or sent it."""
        turns: Iterable[Turn] = self.past
        if self.settings.share == "schema":
            turns = map(without_values, turns)
        name, pads_reasoning = self.service.name, self.service.fields.pads_reasoning
        return tuple(
            turn if pads_reasoning or turn.preset == name else without_reasoning(turn) for turn in turns
        )

    @property
    def discovers_model(self) -> bool:
        """Whether the model list of the service decides on the model, as the user set none."""
        return self.service.discovers_default_model and not self.settings.model

    @property
    def digest(self) -> str:
        """The digest of the request and its service, without the date of the system prompt and the stream setting.

        Raises:
            BadOption: the API format does not support the request.
        """
        request, _ = self.without_date().build_request()
        return self.compute_digest(request)

    def without_date(self) -> TurnInput:
        """Return the input with a system prompt that is the same every day."""
        head = build_system_messages(self.settings, self.service, PLACEHOLDER_DATE)
        return replace(self, system_messages=head)

    def compute_digest(self, undated_request: Request) -> str:
        """Return the digest of a request of the input without a date. Errors are those of `digest`."""
        settings, service = self.settings, self.service
        streamed = undated_request if undated_request.stream else replace(undated_request, stream=True)
        body = FORMATS[settings.api].encode(streamed)
        service_key = (
            service.name,
            settings.base_url,
            settings.local_model if service is LOCAL_SERVICE else "",
        )
        request_json = canonical_json([settings.api, service_key, body])
        return sha256(request_json.encode()).hexdigest()[:32]


def build_turn_input(
    prompt: Prompt, past: Iterable[Turn], settings: Settings, today: date, tools: Iterable[Tool] = ()
) -> TurnInput:
    """Build the input of a turn.

    Raises:
        BadOption: the prompt is empty, or a setting is not valid.
    """
    service = endpoint.resolve_service(settings)
    head, params = build_system_messages(settings, service, today), _build_params(settings, service)
    return TurnInput(build_prompt_message(prompt), tuple(past), head, params, tuple(tools), settings, service)


async def resolve_model(turn_input: TurnInput, service_endpoint: Endpoint) -> TurnInput:
    """Fetch the model list of the service if it decides on the model, and return the input with that model."""
    if turn_input.discovers_model:
        await model_list.list_models_at(turn_input.service, service_endpoint)
    return resolve_listed_model(turn_input)


def resolve_listed_model(turn_input: TurnInput) -> TurnInput:
    """Return the input with the model that the cached model list decides on."""
    if not turn_input.discovers_model:
        return turn_input
    model = model_list.choose_model(turn_input.service, model_list.get_cached_models(turn_input.service))
    return replace(turn_input, params=replace(turn_input.params, model=model))


def build_prompt_message(prompt: Prompt) -> Message:
    """Return the message of a prompt.

    Raises:
        BadOption: the prompt is empty, or has something else than texts and parts.
    """
    items: Iterable[Any] = prompt if isinstance(prompt, list | tuple) else [prompt]
    parts: tuple[Any, ...] = tuple(TextPart(each) if isinstance(each, str) else each for each in items)
    if not all(map(_is_prompt_part, parts)):
        raise BadOption(
            Translatable(
                "A prompt must be text, or a list of texts and parts, not {prompt}.",
                prompt=quote_value(prompt, MAX_QUOTED_CHARS),
            ),
            Translatable("A part is a value such as ImagePart. The session holds the earlier turns."),
        )
    if all(isinstance(part, TextPart) and not part.text.strip() for part in parts):
        raise BadOption(Translatable("There is no prompt."), Translatable("Write a prompt."))
    return Message("user", tuple(map(_join_surrogates_in_part, parts)))


def _is_prompt_part(part: object) -> bool:
    match part:
        case TextPart(content) | ImagePart(content) | AudioPart(content) | VideoPart(content):
            return isinstance(content, str)
    return False


def _join_surrogates_in_part(part: Part) -> Part:
    match part:
        case TextPart(text):
            return replace(part, text=join_surrogates(text))
        case ImagePart(url) | AudioPart(url) | VideoPart(url):
            return replace(part, url=join_surrogates(url))
    return part


def build_system_messages(settings: Settings, service: Service, today: date) -> tuple[Message, ...]:
    prompt = join_surrogates(build_system_prompt(settings.system, service.system, today))
    return (system_message(prompt),) if prompt else ()


def resolve_max_tokens(settings: Settings, service: Service, model: str) -> int | None:
    """Return the limit of output tokens to send; `None` leaves it to the service."""
    is_required = FORMATS[settings.api].requires_max_tokens or service.truncates_by_default
    return choose_max_tokens(settings.max_tokens, model, is_required=is_required, ceiling=service.max_output)


def _build_params(settings: Settings, service: Service) -> Params:
    model = settings.model or service.model
    return Params(
        model,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_completion_tokens=resolve_max_tokens(settings, service, model),
        stop=settings.stop,
        frequency_penalty=settings.frequency_penalty,
        presence_penalty=settings.presence_penalty,
        thinking=settings.thinking,
        response_format={"type": "json_object"} if settings.json else None,
        web_search=settings.web_search,
        tool_choice=None if settings.tool_choice == "none" else settings.tool_choice,
        extra=settings.param,
    )
