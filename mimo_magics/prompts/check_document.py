"""The document of a check result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.pricing import PRICES_AS_OF
from mimo_magics.core.statistics import Rate
from mimo_magics.core.text import quote, quote_value
from mimo_magics.document.check_tables import CaseLine, CheckLine, check_bundle

if TYPE_CHECKING:  # a result shows itself as this document
    from mimo_magics.prompts.check_result import CheckRate, CheckResult, CheckRow, VariantTest

MAX_TEXT_CHARS = 200
MAX_FAILED_ROWS = 20
ORDER = ("failed", "error", "no reply", "not run", "not verified", "passed")
NOT_VERIFIED = Translatable("not verified")
RESULT_TEXTS = {
    "failed": Translatable("✗ failed"),
    "error": Translatable("✗ error"),
    "no reply": Translatable("no reply"),
    "not run": Translatable("not run"),
    "not verified": NOT_VERIFIED,
    "passed": Translatable("✓ passed"),
}
LABEL_ADVICE = Translatable(
    "A judge without labels is not verified and does not count. Label some rows, and add label=case['column'] to judge()."
)
REPEAT_NOTE = Translatable("A case passes if all its repetitions pass.")


def build_document(result: CheckResult) -> dict[str, str]:
    """Return a check result as a MIME bundle."""
    rows = sorted(result.rows, key=lambda row: ORDER.index(result.get_row_result(row)))
    summary = (*_iter_rates(result), *map(_describe_test, result.tests), _describe_calls(result))
    return check_bundle(
        summary,
        [_build_check_line(each) for each in result.checks],
        [_build_case_line(result, row) for row in rows],
        tuple(_iter_notes(result)),
    )


def describe_failures(result: CheckResult, min_rate: float) -> str:
    """Return the rate, the required one, and the cases that failed as plain text, for the message of a test."""
    required = translate("Required: {share}.", share=f"{min_rate:.0%}".replace("%", " %"))
    failed = [row for row in result.rows if result.get_row_result(row) in ("failed", "error", "not run")]
    shown = [_describe_failed_row(result, row) for row in failed[:MAX_FAILED_ROWS]]
    more = len(failed) - len(shown)
    lines = [translate("{count:,} more rows.", count=more)] if more else []
    notes = [translate(LABEL_ADVICE)] if result.unverified_checks else []
    return "\n\n".join((f"{next(_iter_rates(result))}. {required}", *shown, *lines, *notes))


def _describe_failed_row(result: CheckResult, row: CheckRow) -> str:
    line = _build_case_line(result, row)
    details = "".join(f"\n    {each}" for each in line.details)
    return f"{translate('Case {number}', number=line.case)}: {line.inputs}{details}"


def _iter_rates(result: CheckResult) -> Iterator[str]:
    for each in result.rates:
        name = " · ".join(filter(None, (result.name, each.variant)))
        yield translate(
            "{name}: {successes} of {count} cases passed{share}",
            name=quote(name, MAX_TEXT_CHARS),
            successes=each.rate.successes,
            count=each.rate.count,
            share=f" ({format_share(each.rate)}, {translate('95 % interval')} {format_interval(each.rate)})"
            if each.rate.count
            else "",
        )


def format_share(rate: Rate) -> str:
    """Return a rate as a percentage."""
    return f"{rate.share:.0%}".replace("%", " %") if rate.share is not None else ""


def format_interval(rate: Rate) -> str:
    """Return the interval of a rate as percentages."""
    interval = rate.interval
    return f"{100 * interval.low:.0f}–{100 * interval.high:.0f} %" if rate.count else ""


def _describe_test(each: VariantTest) -> str:
    return translate(
        "{first} → {second}: cases that pass only with the first {only_first}, only with the second {only_second}; "
        "exact McNemar p = {p:.2g}",
        first=quote(each.first, MAX_TEXT_CHARS),
        second=quote(each.second, MAX_TEXT_CHARS),
        only_first=each.test.only_first,
        only_second=each.test.only_second,
        p=each.test.p_value,
    )


def _describe_calls(result: CheckResult) -> str:
    usage, cost = result.usage, result.cost
    return " · ".join(
        filter(
            None,
            (
                translate(
                    "{count:,} call" if result.request_count == 1 else "{count:,} calls",
                    count=result.request_count,
                ),
                translate("{input:,} → {output:,} tokens", input=usage.input, output=usage.output),
                f"{cost:.4f} USD" if cost else "",
                f"{result.seconds:.1f} s",
            ),
        )
    )


def _build_check_line(check: CheckRate) -> CheckLine:
    source = f"{check.variant}: {check.source}" if check.variant else check.source
    if not check.is_verified:
        return CheckLine(source, "", "", "", NOT_VERIFIED)
    rate = check.rate
    passed = translate("{successes} of {count}", successes=rate.successes, count=rate.count)
    return CheckLine(source, passed, format_share(rate), format_interval(rate), _describe_agreement(check))


def _describe_agreement(check: CheckRate) -> str:
    agreement = check.agreement
    if agreement is None:
        return ""
    kappa = translate("not defined") if agreement.kappa is None else f"{agreement.kappa:.2f}"
    return translate(
        "agree on {agreed} of {count}, kappa {kappa}",
        agreed=agreement.agreed,
        count=agreement.count,
        kappa=kappa,
    )


def _build_case_line(result: CheckResult, row: CheckRow) -> CaseLine:
    number = f"{row.case}.{row.repetition}" if _has_repetitions(result) else str(row.case)
    return CaseLine(
        number,
        row.variant,
        RESULT_TEXTS[result.get_row_result(row)],
        describe_inputs(row.inputs),
        _describe_value(row),
        tuple(iter_details(result, row)),
    )


def iter_details(result: CheckResult, row: CheckRow) -> Iterator[str]:
    """Yield the lines about a row: its failed asserts with the values, or the error of its call."""
    if row.failure:
        yield translate(row.failure)
        return
    for check, each in zip(result.checks, row.outcomes, strict=False):
        if each.outcome in ("failed", "error"):
            mark = "" if check.is_verified else f" ({translate(NOT_VERIFIED)})"
            yield f"{check.source}{mark}"
            yield from each.explanation.splitlines()


def describe_inputs(inputs: Mapping[str, Any]) -> str:
    """Return the values of the slots. The name of a single one is left out."""
    if len(inputs) == 1:
        return " ".join(map(_describe_input, inputs.values()))
    return ", ".join(f"{name}={_describe_input(value)}" for name, value in inputs.items())


def _describe_input(value: object) -> str:
    return quote(value, MAX_TEXT_CHARS) if isinstance(value, str) else quote_value(value, MAX_TEXT_CHARS)


def _describe_value(row: CheckRow) -> str:
    return _describe_input(row.value) if isinstance(row.reply, Reply) else ""


def _has_repetitions(result: CheckResult) -> bool:
    return any(row.repetition > 1 for row in result.rows)


def _iter_notes(result: CheckResult) -> Iterator[str]:
    if missing := sum(bool(row.failure) for row in result.rows):
        yield Translatable(
            "{count} call has no reply and is not counted."
            if missing == 1
            else "{count} calls have no reply and are not counted.",
            count=missing,
        )
    if _has_repetitions(result):
        yield REPEAT_NOTE
    if result.unverified_checks:
        yield LABEL_ADVICE
    if result.cost:
        yield Translatable("Prices of {prices_as_of}: an estimate.", prices_as_of=PRICES_AS_OF)
