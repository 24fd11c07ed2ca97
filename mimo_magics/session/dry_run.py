"""A request that is not sent: exactly what would go to which address, about what it would cost, and what is odd about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mimo_magics.client import endpoint, model_list
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.client.local import process as local_process
from mimo_magics.core.errors import BadOption, BudgetReached, MimoError
from mimo_magics.core.i18n import Words, say, words
from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import PRICES_AS_OF, find_price
from mimo_magics.core.secret import Secret
from mimo_magics.core.services import LOCAL_SERVICE
from mimo_magics.core.settings import Api, Code, Settings
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.document import table
from mimo_magics.document.reply import CENTS
from mimo_magics.session import request_warnings
from mimo_magics.session.limits import context_window
from mimo_magics.session.limits.budget import Spent
from mimo_magics.session.limits.turn_limits import Limits
from mimo_magics.session.request import Question, as_listed
from mimo_magics.wire.call_as_code import ApiCall, build_snippet, format_json_body
from mimo_magics.wire.formats import FORMATS

DATA = re.compile(
    r'("(?:data|url)": "(?:data:[\w/+.-]+;base64,)?[A-Za-z0-9+/]{24})([A-Za-z0-9+/=]{100,})(?=")'
)
"""Pictures and sounds in JSON, of which only the beginning is shown. No text can look like one: its quotes are escaped."""
BOUNDS = ("max_completion_tokens", "max_tokens")
"""What the formats call the bound of the output."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A request as it would be sent. It prints itself."""

    call: ApiCall
    """Address, headers and body; without an address for the embedded model."""
    settings: Settings
    service: str
    """Name of the preset, or `other`."""
    tokens: int
    """Of the input, about."""
    warnings: tuple[str, ...] = ()

    @property
    def body(self) -> Mapping[str, Any]:
        """What would be sent, as JSON."""
        return self.call.body

    @property
    def most_output(self) -> int | None:
        """Bound of the output in tokens, if one would be sent."""
        bounds = (self.body.get(name) for name in BOUNDS)
        return next((bound for bound in bounds if isinstance(bound, int)), None)

    @property
    def cost(self) -> tuple[float, float | None] | None:
        """About how many US dollars the input costs, and how many with the most output, if a bound would be sent.

        `None` where no price is known.
        """
        least, most = self.spent(Usage(self.tokens)).usd, self.most_output
        if least is None:
            return None
        return least, self.spent(Usage(self.tokens, most)).usd if most else None

    def spent(self, usage: Usage) -> Spent:
        """Return what this many tokens cost there."""
        return Spent.of(usage, self.service, str(self.body["model"]), self.settings.prices)

    def code(self, kind: Code) -> str:
        """Return code that makes the call. The key is the environment variable `MIMO_API_KEY`.

        Raises:
            BadOption: the embedded model has no address for others, or the code is for the other format.
        """
        if not self.call.base_url:
            raise BadOption(
                Words("The embedded model has no address for others."),
                Words("Choose a service: --preset mimo-v2"),
            )
        if kind in FORMATS and kind != self.call.api:
            raise BadOption(
                Words(
                    "This call has the {api} format, and not that of {kind}.", api=self.call.api, kind=kind
                ),
                Words("Use --api {kind}.", kind=kind),
            )
        return build_snippet(kind, self.call)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        rows = table.bundle(words("of the request", ""), self._rows())
        written = DATA.sub(_shortened, format_json_body(self.body))
        warnings = "".join(f'<p dir="auto">⚠ {escape_html(say(line))}</p>' for line in self.warnings)
        body = f"<details><summary>{escape_html(say('Body, as JSON'))}</summary><pre>{escape_html(written)}</pre></details>"
        texts = (
            rows["text/plain"],
            *(f"⚠ {replace_control_characters(say(line))}" for line in self.warnings),
            written,
        )
        return {"text/html": rows["text/html"] + warnings + body, "text/plain": "\n".join(texts)}

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    def _rows(self) -> Iterator[tuple[str, str]]:
        yield (
            Words("to"),
            self.call.url
            if self.call.base_url
            else say("the embedded model, which has no address until it runs"),
        )
        yield Words("format"), self.call.api
        yield Words("model"), str(self.body["model"])
        yield Words("input"), say("about {tokens:,} tokens", tokens=self.tokens)
        yield (
            Words("output"),
            say("at most {most_output:,} tokens", most_output=self.most_output)
            if self.most_output
            else say("no bound is sent"),
        )
        yield Words("cost"), self._cost()

    def _cost(self) -> str:
        if self.service == LOCAL_SERVICE.name:
            return say("nothing")
        if self.cost is None:
            return say("not known: no price is published for this model there")
        least, most = self.cost
        beyond = say(", {usd} with all of the output", usd=_usd(most)) if most is not None else ""
        return say(
            "{usd} for the input{beyond} (prices of {prices_as_of})",
            usd=_usd(least),
            beyond=beyond,
            prices_as_of=PRICES_AS_OF,
        )


def _shortened(data: re.Match[str]) -> str:
    return f"{data[1]}… {len(data[2]):,} characters more"


def _usd(amount: float) -> str:
    return (
        say("about {amount:.4f} USD", amount=amount)
        if amount >= CENTS
        else say("less than {cents} USD", cents=CENTS)
    )


def draft(asked: Question, spent: Spent, *notes: str) -> Draft:
    """Return the request of a turn as the turn would send it.

    Args:
        asked: what the turn begins with.
        spent: what the session has spent.
        notes: what else is to be told.

    Raises:
        WindowFull: the conversation does not fit.
        BadOption: a setting cannot be.
    """
    limits = Limits(asked, spent)
    before, plan = limits.left_out, limits.plan((asked.prompt,))
    asked = as_listed(asked)
    find_price(
        asked.service.name, asked.model, asked.settings.prices
    )  # an error now, and not when it is shown
    summary = asked.past[-1].summary if plan.left_out else ""
    request, unsent = asked.request(left_out=plan.left_out, summary=summary)
    request = limits.bounded(request, plan.tokens)
    settings, service = asked.settings, asked.service
    url = endpoint.resolve_base_url(settings)
    auth = settings.auth or service.auth[settings.api]
    address = Endpoint(url, Secret(), auth)
    told = (
        *unsent,
        *request_warnings.warnings(settings, service, request, address),
        *_limited(limits, plan.tokens),
        *_left_out(asked, plan.left_out, before, summary),
        *_unlisted(asked),
        *notes,
    )
    sent = local_process.adapt_request(request) if service is LOCAL_SERVICE else request
    body = FORMATS[settings.api].encode(sent)
    return Draft(ApiCall(settings.api, url, auth, body), settings, service.name, plan.tokens, told)


def for_sdk(settings: Settings, kind: str) -> Settings:
    """Return the settings with which a call has the format that a kind of code is for.

    Raises:
        BadOption: the service has no address for it.
    """
    if kind not in FORMATS or kind == settings.api:
        return settings
    api: Api = "openai" if kind == "openai" else "anthropic"
    if settings.base_url:
        raise BadOption(
            Words(
                "The address for the {api} format is none for the {other} format.",
                api=settings.api,
                other=api,
            ),
            Words("Say the address for it: --api {api} --base-url URL", api=api),
        )
    return replace(settings, api=api)


def _limited(limits: Limits, tokens: int) -> Iterator[str]:
    """Tell of a budget that would refuse it."""
    try:
        limits.check(tokens)
    except BudgetReached as error:
        yield error.message
    except MimoError as error:  # a price that is not known
        yield Words("{fact} {hint}", fact=error.message, hint=error.hint)


def _left_out(asked: Question, left_out: int, before: int, summary: str) -> Iterator[str]:
    """Tell which turns are not sent; a summary that is still to be written cannot be shown."""
    line = context_window.told(left_out, before, asked.model, summary)
    if line and asked.settings.overflow == "summarise":
        yield Words(
            "The window is full: the model is first asked for a summary of the oldest turns, which then stands before the others."
        )
    elif line:
        yield line


def _unlisted(asked: Question) -> Iterator[str]:
    if asked.takes_first and not model_list.get_cached_models(asked.service):
        yield Words(
            "The service is asked for its models first; if it answers, its first one takes the place of {model}.",
            model=asked.model,
        )
