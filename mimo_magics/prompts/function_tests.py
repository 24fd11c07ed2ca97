"""The value of `%mimo_test`: the tests of a function, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass

from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import escape_html, escape_invisible_characters, replace_control_characters
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.reply import wrap_html
from mimo_magics.prompts.pytest_process import MAX_SECONDS, CaseOutcome, PytestRun

MAX_SHOWN_CHARS = 300
MARKS = {True: "✓", False: "✗"}


@dataclass(frozen=True, slots=True)
class FunctionTests:
    """Tests of a function, and their run."""

    function: str
    """The name of the function."""
    code: str
    """The tests, as the model wrote them."""
    file: str
    """The whole file that ran: the function and what it needs, then the tests."""
    run: PytestRun
    """How the tests ended. Without a run it has no cases."""
    reply: Reply
    """The last reply of the model."""
    notices: tuple[str, ...] = ()

    @property
    def passed(self) -> tuple[CaseOutcome, ...]:
        """The tests that passed."""
        return self.run.passed

    @property
    def failed(self) -> tuple[CaseOutcome, ...]:
        """The tests that failed."""
        return self.run.failed

    @property
    def output(self) -> str:
        """What pytest printed, the end of it."""
        return self.run.output

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        lines = [_describe_case(case) for case in (*self.failed, *self.passed)]
        head, notes = translate(self._summary), [*map(translate, self.notices)]
        items = "".join(f'<li dir="auto">{escape_html(line)}</li>' for line in lines)
        html = f'<p dir="auto">{escape_html(head)}</p><ul>{items}</ul>' + "".join(map(small_html, notes))
        plain = "\n".join((head, *lines, *notes))
        return {"text/html": wrap_html(html), "text/plain": replace_control_characters(plain)}

    @property
    def _summary(self) -> str:
        if self.run.limit:
            return Translatable(
                "The tests of {name} were stopped after {seconds:.0f} seconds.",
                name=self.function,
                seconds=MAX_SECONDS,
            )
        if not self.run.cases:
            return Translatable("No test of {name} ran.", name=self.function)
        return Translatable(
            "Tests of {name}: {passed} passed, {failed} failed.",
            name=self.function,
            passed=len(self.passed),
            failed=len(self.failed),
        )


def _describe_case(case: CaseOutcome) -> str:
    reason = " ".join(case.failure.split())[:MAX_SHOWN_CHARS]
    line = f"{MARKS[not case.failure]} {case.name}"
    return escape_invisible_characters(f"{line}: {reason}" if reason else line)
