"""The plan of a run before it: how many calls it makes, and their tokens, cost and time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from mimo_magics.batch.rate_window import RateLimits
from mimo_magics.batch.row_prompt import RowPrompt
from mimo_magics.batch.store import RowStore
from mimo_magics.core.errors import MimoError
from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import PRICES_AS_OF
from mimo_magics.core.text import escape_html, escape_invisible_characters
from mimo_magics.document.details import details_html
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.reply import wrap_html
from mimo_magics.document.table import table_bundle
from mimo_magics.session.limits.budget import Spending

ASSUMED_OUTPUT = (20, 500, 8_000)
"""Output tokens of a reply, reasoning included, while none is known: low, expected and most."""
MIN_SEEN = 3
"""Replies after which the estimate comes from replies."""
MOST_FACTOR = 2.0
"""How much longer than the longest reply seen a reply may be."""
MAX_READ_SECONDS = 3.0
"""Seconds after which the plan stops reading rows, and extrapolates."""
CHECK_ROWS = 256
MAX_PROMPT_CHARS = 20_000
HEADERS = translatables("estimate", "tokens", "USD")
NAMES = translatables("low", "expected", "most")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run will do. It displays itself; nothing was sent."""

    rows: int
    """Rows of the input; those that were read, if the others are unknown."""
    is_counted: bool
    """Whether all rows were counted."""
    calls: int
    """Rows for which the service is called."""
    reused: int
    """Rows whose result is in the store, or that equal another row."""
    unsent: int
    """Rows that cannot be sent, such as those without a value."""
    estimates: tuple[Spending, Spending, Spending]
    """Tokens and US dollars of the calls: low, expected and most."""
    seen_replies: int
    """Replies from which the output was estimated; 0 for an assumption."""
    minutes: float | None
    """Minutes that the rate limits require at least; `None` without known limits."""
    first_prompt: str
    """The prompt of the first row that is sent."""

    @property
    def expected(self) -> Spending:
        """The expected tokens and cost."""
        return self.estimates[1]

    @property
    def question(self) -> Translatable:
        """The calls and their cost in one line."""
        low, expected, high = self.estimates
        calls = Translatable("{count:,} call" if self.calls == 1 else "{count:,} calls", count=self.calls)
        if expected.usd is None:
            return Translatable("{calls}, about {tokens:,} tokens", calls=calls, tokens=expected.tokens)
        return Translatable(
            "{calls}, about {tokens:,} tokens, {usd:.2f} USD ({low:.2f} to {most:.2f})",
            calls=calls,
            tokens=expected.tokens,
            usd=expected.usd,
            low=low.usd,
            most=high.usd,
        )

    @property
    def note_lines(self) -> tuple[str, ...]:
        """The plan in a line, for the document of a sample."""
        return (Translatable("All rows: {plan}", plan=self.question),)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        lines = [*self._iter_lines()]
        rows = [
            (name, f"{each.tokens:,}", "–" if each.usd is None else f"{each.usd:,.4f}")
            for name, each in zip(NAMES, self.estimates, strict=True)
        ]
        table = table_bundle(HEADERS, rows, numeric_columns=HEADERS[1:])
        html = "".join(f'<p dir="auto">{escape_html(line)}</p>' for line in lines) + table["text/html"]
        html += "".join(map(small_html, self._notes)) + self._prompt_html
        prompt = escape_invisible_characters(f"{translate('First prompt')}:\n{self.first_prompt}")
        plain = (*lines, table["text/plain"], *self._notes, *([prompt] if self.first_prompt else []))
        return {"text/html": wrap_html(html), "text/plain": "\n".join(plain)}

    @property
    def _prompt_html(self) -> str:
        if not self.first_prompt:
            return ""
        text = escape_html(escape_invisible_characters(self.first_prompt[:MAX_PROMPT_CHARS]))
        return details_html(translate("First prompt"), f"<pre>{text}</pre>")

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    def _iter_lines(self) -> Iterable[str]:
        counts = (
            translate("rows: {count:,}" if self.is_counted else "rows: at least {count:,}", count=self.rows),
            translate("calls: {count:,}", count=self.calls),
            translate("reused: {count:,}", count=self.reused),
            translate("without a value: {count:,}", count=self.unsent) if self.unsent else "",
        )
        yield " · ".join(filter(None, counts))
        if self.minutes is not None:
            yield translate(
                "At the rate limits of the service: {minutes:.1f} minutes or more", minutes=self.minutes
            )

    @property
    def _notes(self) -> list[str]:
        source = (
            translate("Output estimated from {count:,} replies.", count=self.seen_replies)
            if self.seen_replies
            else translate("Output assumed. A sample (--sample 5) estimates it from replies.")
        )
        prices = translate("Prices of {prices_as_of}: an estimate.", prices_as_of=PRICES_AS_OF)
        return [source, *([prices] if self.expected.usd else [])]


@dataclass(slots=True)
class _Counts:
    """What was read of the input."""

    rows: int = 0
    calls: int = 0
    reused: int = 0
    unsent: int = 0
    input_tokens: int = 0
    first_prompt: str = ""


def plan_run(
    prompt: RowPrompt,
    rows: Iterable[Mapping[str, Any]],
    total: int | None,
    store: RowStore,
    limits: RateLimits,
) -> RunPlan:
    """Return the plan of a run. Rows are read for some seconds; what is not read is extrapolated.

    Args:
        prompt: the prompt.
        rows: the rows.
        total: their number, if it is known.
        store: the results that are there.
        limits: the rate limits.
    """
    counts, outputs, is_whole = _read_rows(prompt, rows, store)
    scale = total / counts.rows if total and counts.rows else 1.0
    calls = round(counts.calls * scale)
    input_tokens = round(counts.input_tokens * scale)
    estimates = tuple(
        _price(prompt, calls, input_tokens, output) for output in _estimate_outputs(prompt, outputs)
    )
    assert len(estimates) == 3
    return RunPlan(
        rows=total or counts.rows,
        is_counted=is_whole or total is not None,
        calls=calls,
        reused=round(counts.reused * scale),
        unsent=round(counts.unsent * scale),
        estimates=estimates,
        seen_replies=len(outputs) if len(outputs) >= MIN_SEEN else 0,
        minutes=_compute_minutes(calls, estimates[1].tokens, limits),
        first_prompt=counts.first_prompt,
    )


def add_plans(plans: Sequence[RunPlan]) -> RunPlan:
    """Return the plan of several runs, one after the other."""
    low, expected, high = (
        reduce(add, (plan.estimates[place] for plan in plans), Spending()) for place in range(3)
    )
    minutes = [plan.minutes for plan in plans if plan.minutes is not None]
    return RunPlan(
        rows=sum(plan.rows for plan in plans),
        is_counted=all(plan.is_counted for plan in plans),
        calls=sum(plan.calls for plan in plans),
        reused=sum(plan.reused for plan in plans),
        unsent=sum(plan.unsent for plan in plans),
        estimates=(low, expected, high),
        seen_replies=min(plan.seen_replies for plan in plans),
        minutes=sum(minutes) if minutes else None,
        first_prompt=plans[0].first_prompt,
    )


def _read_rows(
    prompt: RowPrompt, rows: Iterable[Mapping[str, Any]], store: RowStore
) -> tuple[_Counts, list[int], bool]:
    counts, outputs, keys = _Counts(), list[int](), set[str]()
    deadline = time.monotonic() + MAX_READ_SECONDS
    for row in rows:
        counts.rows += 1
        if counts.rows % CHECK_ROWS == 0 and time.monotonic() > deadline:
            return counts, outputs, False
        try:
            request = prompt.build(row)
        except MimoError:
            counts.unsent += 1
            continue
        stored = store.find(request.key)
        if stored and stored.usage.output:
            outputs.append(stored.usage.output)
        if request.key in keys or (stored and not stored.error):
            counts.reused += 1
            continue
        keys.add(request.key)
        counts.calls += 1
        counts.input_tokens += request.tokens
        counts.first_prompt = counts.first_prompt or request.request.messages[-1].text
    return counts, outputs, True


def _estimate_outputs(prompt: RowPrompt, seen: list[int]) -> tuple[float, float, float]:
    """Return the low, expected and highest output tokens of a reply."""
    limit = prompt.turn_input.params.max_completion_tokens or float("inf")
    if len(seen) >= MIN_SEEN:
        return min(seen), sum(seen) / len(seen), min(max(seen) * MOST_FACTOR, limit)
    low, expected, high = (min(tokens, limit) for tokens in ASSUMED_OUTPUT)
    return low, expected, high


def _price(prompt: RowPrompt, calls: int, input_tokens: int, output: float) -> Spending:
    turn_input = prompt.turn_input
    usage = Usage(input_tokens, round(calls * output))
    return Spending.from_usage(usage, turn_input.service.name, turn_input.model, turn_input.settings.prices)


def _compute_minutes(calls: int, tokens: int, limits: RateLimits) -> float | None:
    minutes = [
        amount / limit for amount, limit in ((calls, limits.requests), (tokens, limits.tokens)) if limit
    ]
    return max(minutes, default=None)
