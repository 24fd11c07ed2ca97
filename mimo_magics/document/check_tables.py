"""The document of a check: its rates, a table of the asserts, and a table of the cases with the failures first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mimo_magics.core.i18n import translatables, translate
from mimo_magics.core.text import escape_html, escape_invisible_characters, replace_control_characters
from mimo_magics.document.cells import Cell, OneLine
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.reply import wrap_html
from mimo_magics.document.table import table_bundle

MAX_INPUT_CHARS, MAX_VALUE_CHARS, MAX_RESULT_CHARS = 32, 24, 20
MAX_DETAIL_LINES, MAX_LINE_CHARS = 20, 300
MAX_SHOWN_CASES = 200
CHECK_HEADERS = translatables("check", "passed", "rate", "95 % interval", "judge and labels")
CASE_HEADERS = translatables("case", "model", "result", "input", "value", "details")
DETAILS_STYLE = "min-width:24em;max-width:44em;overflow-wrap:anywhere;font-family:monospace"
NUMBERS = (CHECK_HEADERS[1], CHECK_HEADERS[2], CHECK_HEADERS[3], CASE_HEADERS[0])


@dataclass(frozen=True, slots=True)
class Details:
    """Lines of code or about values. A long word is broken."""

    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines, one below the other."""
        return replace_control_characters("\n".join(self._shown_lines))

    @property
    def html(self) -> str:
        """The lines in a font for code."""
        lines = "<br>".join(map(escape_html, self._shown_lines))
        return f'<div align="left" style="{DETAILS_STYLE}">{lines}</div>'

    @property
    def _shown_lines(self) -> tuple[str, ...]:
        more = ("…",) if len(self.lines) > MAX_DETAIL_LINES else ()
        shown = (" ".join(line.split()) for line in self.lines[:MAX_DETAIL_LINES])
        short = (line if len(line) <= MAX_LINE_CHARS else f"{line[:MAX_LINE_CHARS]}…" for line in shown)
        return (*map(escape_invisible_characters, short), *more)


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One assert: how many cases it passed."""

    source: str
    passed: str
    rate: str
    interval: str
    agreement: str = ""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One call: the case, and what its asserts found."""

    case: str
    model: str
    result: str
    inputs: str
    value: str
    details: tuple[str, ...] = ()


def check_bundle(
    summary: Sequence[str], checks: Iterable[CheckLine], cases: Sequence[CaseLine], notes: Iterable[str] = ()
) -> dict[str, str]:
    """Return a check as a MIME bundle.

    Args:
        summary: the rates of the whole check. The first line stands out.
        checks: the asserts.
        cases: the calls, failures first.
        notes: quiet lines at the end.
    """
    heading, *others = map(translate, summary)
    check_table, case_table = _build_checks(tuple(checks)), _build_cases(cases)
    quiet = [*map(translate, notes)]
    html = (
        f'<p dir="auto"><strong>{escape_html(heading)}</strong></p>'
        + "".join(f'<p dir="auto">{escape_html(line)}</p>' for line in others)
        + check_table["text/html"]
        + case_table["text/html"]
        + "".join(map(small_html, quiet))
    )
    details = [_describe_case(each) for each in cases[:MAX_SHOWN_CASES] if each.details]
    sections = ("\n".join((heading, *others)), check_table["text/plain"], case_table["text/plain"])
    plain = "\n\n".join(filter(None, (*sections, *details, *quiet)))
    return {"text/html": wrap_html(html), "text/plain": replace_control_characters(plain)}


def _describe_case(case: CaseLine) -> str:
    """Return the details of a case as plain text: `Case 3, failed:` and the indented lines."""
    name = translate("Case {number}", number=" · ".join(filter(None, (case.case, case.model))))
    lines = Details(case.details).text.replace("\n", "\n    ")
    return f"{name}, {translate(case.result)}:\n    {lines}"


def _build_checks(checks: Sequence[CheckLine]) -> dict[str, str]:
    rows = [
        (Details((each.source,)), each.passed, each.rate, each.interval, each.agreement) for each in checks
    ]
    return _build_table(CHECK_HEADERS, rows)


def _build_cases(cases: Sequence[CaseLine]) -> dict[str, str]:
    """Return the table of the cases. In plain text, the details do not fit into it."""
    shown = cases[:MAX_SHOWN_CASES]
    more = len(cases) - len(shown)
    caption = translate("{count:,} more rows.", count=more) if more else ""
    plain = _build_table(CASE_HEADERS[:-1], [_case_cells(each) for each in shown], caption)
    rows = [(*_case_cells(each), Details(each.details) if each.details else "") for each in shown]
    return {**_build_table(CASE_HEADERS, rows, caption), "text/plain": plain["text/plain"]}


def _case_cells(case: CaseLine) -> tuple[str | Cell, ...]:
    return (
        case.case,
        OneLine(case.model, MAX_VALUE_CHARS) if case.model else "",
        OneLine(case.result, MAX_RESULT_CHARS),
        OneLine(case.inputs, MAX_INPUT_CHARS),
        OneLine(case.value, MAX_VALUE_CHARS) if case.value else "",
    )


def _build_table(
    headers: Sequence[str], rows: Sequence[Sequence[str | Cell]], caption: str = ""
) -> dict[str, str]:
    """Return a table without the columns that are empty."""
    columns = [column for column in zip(headers, *rows, strict=True) if any(column[1:])]
    head, *body = zip(*columns, strict=True)
    return table_bundle(head, body, numeric_columns=NUMBERS, caption=caption)
