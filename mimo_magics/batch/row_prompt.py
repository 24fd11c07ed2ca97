"""The prompt of all rows: the request of a row, and the key of its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from typing import Any

from mimo_magics.context.picture import render_part
from mimo_magics.context.prompt_references import expand, find_references, get_root_name
from mimo_magics.core.errors import BadArguments, BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import MediaPart, Message, Part, Request, TextPart
from mimo_magics.core.settings import Settings
from mimo_magics.core.text import quote
from mimo_magics.session.limits.context_window import estimate_message_tokens
from mimo_magics.session.request import TurnInput, build_prompt_message, build_turn_input

MAX_NAME_CHARS = 60
WHOLE_ROW = "row"
"""The slot for the whole row, as in `{row["first name"]}`, unless a column has this name."""


@dataclass(frozen=True, slots=True)
class RowRequest:
    """The request of a row."""

    key: str
    """The digest of everything that decides on the reply. The date in the system prompt is left out."""
    request: Request
    tokens: int
    """Estimated tokens of the request."""


@dataclass(frozen=True)
class RowPrompt:
    """A prompt with slots, and the settings for all rows. Rows see no history and no tools."""

    text: str
    """The prompt with its slots, such as `{text}` or `{row["first name"]}`."""
    turn_input: TurnInput
    """The input of each row, but for its prompt."""
    undated: TurnInput
    """The same without the date, for the keys. The model is that of the setting, also if the service chooses another one."""

    @classmethod
    def create(cls, text: str, settings: Settings, today: date, schema: Any = None) -> RowPrompt:
        """Return the prompt of a run.

        Args:
            text: the prompt with its slots.
            settings: the settings of each call.
            today: the date for the system prompt.
            schema: a type or a JSON Schema that each reply must fit.

        Raises:
            BadOption: the prompt has no slots, or a setting or the schema is not valid.
        """
        if not find_references(text):
            raise BadOption(
                Translatable("The prompt has no slot for a value of the row."),
                Translatable("Write the name of a column in braces, such as {example}.", example="{text}"),
            )
        turn_input = build_turn_input(text, (), settings, today)
        if schema is not None:
            from mimo_magics.session.structured.result_request import add_schema

            turn_input = add_schema(turn_input, schema)
        return cls(text, turn_input, turn_input.without_date())

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """The names of the columns that the prompt uses, in their order."""
        return tuple(dict.fromkeys(map(get_root_name, find_references(self.text))))

    def build(self, row: Mapping[str, Any]) -> RowRequest:
        """Return the request of a row.

        Raises:
            BadArguments: the row lacks a value.
            BadOption: a picture cannot be sent.
        """
        message = build_prompt_message(self._expand(row))
        request = self._build_request(self.turn_input, message)
        undated = self._build_request(self.undated, message)
        tokens = round(estimate_message_tokens(request.messages))
        return RowRequest(self.undated.compute_digest(undated), request, tokens)

    @cached_property
    def _instructions(self) -> tuple[Part, ...]:
        schema = self.turn_input.schema
        return (TextPart(f"\n\n{schema.instructions}"),) if schema else ()

    def _expand(self, row: Mapping[str, Any]) -> tuple[Part, ...]:
        for name in self.slots:
            if name != WHOLE_ROW and row.get(name) is None:
                raise BadArguments(
                    Translatable("The row has no value for {name!r}.", name=quote(name, MAX_NAME_CHARS)), ""
                )
        settings = self.turn_input.settings
        render = partial(render_part, max_bytes=settings.value_budget, share=settings.share)
        expansion = expand(self.text, row, render)
        if expansion.unresolved:
            reference = quote(expansion.unresolved[0][1], MAX_NAME_CHARS)
            raise BadArguments(Translatable("{reference} has no value.", reference=reference), "")
        return expansion.parts

    def _build_request(self, turn_input: TurnInput, message: Message) -> Request:
        if any(isinstance(part, MediaPart) for part in message.parts):
            request, _ = replace(turn_input, prompt=message).build_request()
            return replace(request, stream=False)
        # The checks of a turn are about history and media. A row of text has neither.
        prompt = Message(message.role, (*message.parts, *self._instructions))
        messages = (*turn_input.system_messages, prompt)
        return Request(messages, turn_input.params, turn_input.tools, stream=False, fields=turn_input.fields)
