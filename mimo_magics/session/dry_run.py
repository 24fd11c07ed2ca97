"""A dry run: the request of a prompt with its URL, its estimated cost and warnings. Nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mimo_magics.client import endpoint, model_list
from mimo_magics.client.local import process as local_process
from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.errors import BadOption, BudgetExceeded, MimoError
from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import PRICES_AS_OF, find_price
from mimo_magics.core.services import LOCAL_SERVICE
from mimo_magics.core.settings import Api, CodeKind, Settings
from mimo_magics.core.text import escape_html, replace_control_characters, replace_unencodable_characters
from mimo_magics.document import table
from mimo_magics.document.context_html import context_html, describe_item
from mimo_magics.document.reply import MIN_SHOWN_COST
from mimo_magics.session import request_warnings
from mimo_magics.session.limits import context_window
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.limits.turn_limits import TurnLimits
from mimo_magics.session.request import TurnInput, resolve_listed_model
from mimo_magics.wire.call_as_code import ApiCall, build_snippet, format_json_body
from mimo_magics.wire.formats import FORMATS

MEDIA_DATA_PATTERN = re.compile(
    r'("(?:data|url|voice)": "(?:data:[\w/+.-]+;base64,)?[A-Za-z0-9+/]{24})([A-Za-z0-9+/=]{100,})(?=")'
)
"""Images and audio in JSON, which are shortened. A text cannot match, as its quotes are escaped."""
MAX_TOKENS_FIELDS = ("max_completion_tokens", "max_tokens")
"""Names of the output limit in the formats."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """The request of a prompt, which displays itself. It was not sent."""

    call: ApiCall
    """URL, headers and body. The embedded model has no URL."""
    settings: Settings
    service: str
    """Name of the preset, or `other`."""
    tokens: int
    """Estimated tokens of the input."""
    warnings: tuple[str, ...] = ()
    context: tuple[ContextItem, ...] = ()
    """What the prompt sends beside its own text: values, cells, files and media."""
    audio_seconds: float = 0.0
    """Duration of audio that is billed by its length."""
    schema: str = ""
    """The schema that the reply must fit, in words; empty without one."""

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON body of the request."""
        return self.call.body

    @property
    def max_output_tokens(self) -> int | None:
        """Output limit in tokens; `None` if the request has none."""
        bounds = (self.body.get(name) for name in MAX_TOKENS_FIELDS)
        return next((bound for bound in bounds if isinstance(bound, int)), None)

    @property
    def cost(self) -> tuple[float, float | None] | None:
        """Estimated cost of the input, and of input and maximum output if the request has an output limit.

        In US dollars. `None` if no price is known.
        """
        input_usage = Usage(self.tokens, audio_seconds=self.audio_seconds)
        input_cost, max_output_tokens = self.compute_spending(input_usage).usd, self.max_output_tokens
        if input_cost is None:
            return None
        return input_cost, self.compute_spending(
            Usage(self.tokens, max_output_tokens)
        ).usd if max_output_tokens else None

    def compute_spending(self, usage: Usage) -> Spending:
        """Return the cost of these tokens at the prices of the service."""
        return Spending.from_usage(usage, self.service, str(self.body["model"]), self.settings.prices)

    def add_warnings(self, warnings: Iterable[str]) -> DryRun:
        """Return the dry run with more warnings."""
        return replace(self, warnings=(*self.warnings, *warnings))

    def to_code(self, kind: CodeKind) -> str:
        """Return code that makes the call. It reads the API key from the environment variable `MIMO_API_KEY`.

        Raises:
            BadOption: the embedded model has no public base URL, or the code is for the other format.
        """
        if not self.call.base_url:
            raise BadOption(
                Translatable("The embedded model has no public base URL."),
                Translatable("Choose a service: --preset mimo-v2"),
            )
        if kind in FORMATS and kind != self.call.api:
            raise BadOption(
                Translatable(
                    "The call uses the {api} format, but the code is for {kind}.",
                    api=self.call.api,
                    kind=kind,
                ),
                Translatable("Use --api {kind}.", kind=kind),
            )
        return build_snippet(kind, self.call)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        rows = table.table_bundle(translatables("Request (not sent)", ""), self._rows())
        body_json = MEDIA_DATA_PATTERN.sub(_shorten_data, format_json_body(self.body))
        warnings = "".join(f'<p dir="auto">⚠ {escape_html(translate(line))}</p>' for line in self.warnings)
        body = f"<details><summary>{escape_html(translate('JSON body'))}</summary><pre>{escape_html(body_json)}</pre></details>"
        texts = (
            rows["text/plain"],
            *(f"⚠ {replace_control_characters(translate(line))}" for line in self.warnings),
            body_json,
        )
        text = replace_unencodable_characters("\n".join(texts))
        head = context_html(self.context)
        return {"text/html": rows["text/html"] + warnings + head + body, "text/plain": text}

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    def _rows(self) -> Iterator[tuple[str, str]]:
        yield (
            Translatable("URL"),
            self.call.url if self.call.base_url else translate("embedded model (no URL until it runs)"),
        )
        yield Translatable("format"), self.call.api
        yield Translatable("model"), str(self.body["model"])
        yield Translatable("input"), translate("about {tokens:,} tokens", tokens=self.tokens)
        for item in self.context:
            yield Translatable("context"), describe_item(item)
        if self.schema:
            yield Translatable("schema"), self.schema
        yield (
            Translatable("output"),
            translate("at most {most_output:,} tokens", most_output=self.max_output_tokens)
            if self.max_output_tokens
            else translate("no limit sent"),
        )
        yield Translatable("cost"), self._format_cost()

    def _format_cost(self) -> str:
        if self.service == LOCAL_SERVICE.name:
            return translate("free")
        if self.cost is None:
            return translate("unknown: no price is published for this model")
        input_cost, max_cost = self.cost
        max_cost_text = (
            translate(", {usd} with the maximum output", usd=_format_usd(max_cost))
            if max_cost is not None
            else ""
        )
        return translate(
            "{usd} for the input{beyond} (your prices)"
            if self.body["model"] in self.settings.prices
            else "{usd} for the input{beyond} (prices of {prices_as_of})",
            usd=_format_usd(input_cost),
            beyond=max_cost_text,
            prices_as_of=PRICES_AS_OF,
        )


def _shorten_data(match: re.Match[str]) -> str:
    return f"{match[1]}… {len(match[2]):,} characters more"


def _format_usd(amount: float) -> str:
    return (
        translate("about {amount:.4f} USD", amount=amount)
        if amount >= MIN_SHOWN_COST
        else translate("less than {cents} USD", cents=MIN_SHOWN_COST)
    )


def build_dry_run(turn_input: TurnInput, session_spending: Spending, *notes: str) -> DryRun:
    """Return the request of a turn as the turn would send it.

    Args:
        turn_input: input of the turn.
        session_spending: tokens and cost of the session.
        notes: more warnings.

    Raises:
        ContextWindowExceeded: the request does not fit into the context window.
        BadOption: a setting is not valid.
    """
    limits = TurnLimits(turn_input, session_spending)
    omitted_before, plan = limits.omitted_turns, limits.plan_context((turn_input.prompt,))
    turn_input = resolve_listed_model(turn_input)
    find_price(
        turn_input.service.name, turn_input.model, turn_input.settings.prices
    )  # an error now, and not when it is shown
    summary = turn_input.past[-1].summary if plan.omitted_turns else ""
    request, attachment_notes = turn_input.build_request(omitted_turns=plan.omitted_turns, summary=summary)
    request = limits.limit_output(request, plan.tokens)
    settings, service = turn_input.settings, turn_input.service
    service_endpoint = endpoint.resolve_address(settings)
    warnings = (
        *attachment_notes,
        *request_warnings.find_warnings(settings, service, request, service_endpoint),
        *_budget_warnings(limits, plan.tokens),
        *_omitted_turns_warnings(turn_input, plan.omitted_turns, omitted_before, summary),
        *_model_list_warnings(turn_input),
        *notes,
    )
    sent_request = local_process.adapt_request(request) if service is LOCAL_SERVICE else request
    body = FORMATS[settings.api].encode(sent_request)
    call = ApiCall(settings.api, service_endpoint.base_url, service_endpoint.auth, body)
    schema = turn_input.schema.summary if turn_input.schema else ""
    return DryRun(
        call, settings, service.name, plan.tokens, warnings, turn_input.context_items, schema=schema
    )


def settings_for_code(settings: Settings, kind: str) -> Settings:
    """Return the settings with the API format that a kind of code needs.

    Raises:
        BadOption: the base URL is for the other format.
    """
    if kind not in FORMATS or kind == settings.api:
        return settings
    api: Api = "openai" if kind == "openai" else "anthropic"
    if settings.base_url:
        raise BadOption(
            Translatable(
                "The base URL is for the {api} format, but the code needs the {other} format.",
                api=settings.api,
                other=api,
            ),
            Translatable("Set its base URL: --api {api} --base-url URL", api=api),
        )
    return replace(settings, api=api)


def _budget_warnings(limits: TurnLimits, tokens_in: int) -> Iterator[str]:
    """Warn of a budget that the request would exceed."""
    try:
        limits.check_budgets(tokens_in)
    except BudgetExceeded as error:
        yield error.message
    except MimoError as error:
        yield Translatable("{fact} {hint}", fact=error.message, hint=error.hint)


def _omitted_turns_warnings(
    turn_input: TurnInput, omitted_turns: int, omitted_before: int, summary: str
) -> Iterator[str]:
    """Warn of turns that are not sent. Their summary is not written yet."""
    line = context_window.build_omission_notice(omitted_turns, omitted_before, turn_input.model, summary)
    if line and turn_input.settings.overflow == "summarize":
        yield Translatable(
            "The context window is full: first the model summarizes the oldest turns, and the summary is sent in their place."
        )
    elif line:
        yield line


def _model_list_warnings(turn_input: TurnInput) -> Iterator[str]:
    if turn_input.discovers_model and not model_list.has_requested_list(turn_input.service):
        yield Translatable(
            "Sending this prompt first requests the model list. If {model} is not listed, the request uses its successor.",
            model=turn_input.model,
        )
