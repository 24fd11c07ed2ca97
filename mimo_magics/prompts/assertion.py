"""The assert statements of a check: parsed before anything is sent, and run for each case like code of the notebook."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent
from types import CodeType
from typing import Any, Literal

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import quote, quote_value

Outcome = Literal["passed", "failed", "error", "not run"]
JUDGE = "judge"
"""The name of the function by which an assert asks a model."""
RECORD = "@record"
"""The name of the function that records values. No code can have it as a name."""
MAX_CHECKS = 50
MAX_SHOWN_VALUES = 6
MAX_VALUE_CHARS = 160
MAX_SOURCE_CHARS = 200
MAX_MESSAGE_CHARS = 500


class VerdictMissing(BaseException):
    """The assert needs a verdict of the judge that was not requested yet. No `except Exception` catches it."""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """The outcome of one assert statement for one case."""

    outcome: Outcome
    explanation: str = ""
    """The values of the assert that failed, or the exception; empty if it passed."""


NOT_RUN = CheckOutcome("not run")


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assert statement."""

    source: str
    """Its text, on one line."""
    test: CodeType
    """The condition. It records the values of its parts."""
    parts: tuple[str, ...]
    """The source of the parts, by the numbers of their records."""
    message: CodeType | None
    """The expression after the comma."""
    judge_calls: int = 0
    """How many calls of the judge its source has."""

    def run(self, variables: dict[str, Any]) -> CheckOutcome:
        """Evaluate the condition with these variables.

        Raises:
            VerdictMissing: a verdict of the judge must be requested first.
        """
        records: dict[int, Any] = {}

        def record(number: int, value: Any) -> Any:
            records[number] = value
            return value

        variables[RECORD] = record
        try:
            # The code comes from the cell of the user, and runs like that cell.
            if eval(self.test, variables):  # noqa: S307
                return CheckOutcome("passed")
            message = self._build_message(variables)
        except Exception as error:  # noqa: BLE001  the code is the user's
            return CheckOutcome("error", _describe_error(error))
        finally:
            del variables[RECORD]
        return CheckOutcome("failed", "\n".join(filter(None, (message, *self._describe_values(records)))))

    def _build_message(self, variables: dict[str, Any]) -> str:
        if self.message is None:
            return ""
        value = eval(self.message, variables)  # noqa: S307
        return quote(_join_line(str(value)), MAX_MESSAGE_CHARS)

    def _describe_values(self, records: dict[int, Any]) -> Iterator[str]:
        """Yield a line for each part that was evaluated: `value = 'praise'`."""
        for number in sorted(records)[:MAX_SHOWN_VALUES]:
            yield f"{self.parts[number]} = {_describe_value(records[number])}"


def parse_assertions(body: str) -> tuple[Assertion, ...]:
    """Return the assert statements of a cell.

    Raises:
        BadOption: the text is not valid Python, or has another statement or none.
    """
    text = dedent(body)
    try:
        tree = ast.parse(text)
        found = tuple(_build_assertion(text, statement) for statement in tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        reason = quote(getattr(error, "msg", "") or str(error), MAX_SOURCE_CHARS)
        raise BadOption(
            Translatable("The checks are not valid Python, line {line}: {reason}.", line=line, reason=reason),
            ADVICE,
        ) from None
    if not 1 <= len(found) <= MAX_CHECKS:
        raise BadOption(Translatable("There are {count} checks.", count=len(found)), ADVICE)
    return found


ADVICE = Translatable("Write one to 50 assert statements over case, value and reply.")


def _build_assertion(text: str, statement: ast.stmt) -> Assertion:
    source = _join_line(ast.get_source_segment(text, statement) or ast.unparse(statement))
    if not isinstance(statement, ast.Assert):
        raise BadOption(
            Translatable("A check is an assert statement, not {source}.", source=quote(source, 60)), ADVICE
        )
    calls = sum(map(_is_judge_call, ast.walk(statement.test)))
    parts: list[str] = []
    test = _record_parts(statement.test, text, parts)
    return Assertion(
        quote(source, MAX_SOURCE_CHARS),
        _compile(test),
        tuple(parts),
        _compile(statement.msg) if statement.msg else None,
        calls,
    )


def _is_judge_call(node: ast.AST) -> bool:
    """Return whether a node calls the judge, whose reason explains more than its value."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == JUDGE


def _compile(expression: ast.expr) -> CodeType:
    tree = ast.fix_missing_locations(ast.Expression(expression))
    return compile(tree, "<check>", "eval", dont_inherit=True)


def _record_parts(test: ast.expr, text: str, parts: list[str]) -> ast.expr:
    """Return a condition whose compared values are recorded, each when it is evaluated."""

    def record(node: ast.expr) -> ast.expr:
        if _is_judge_call(node) or not any(isinstance(each, ast.Name) for each in ast.walk(node)):
            return node
        # The numbers follow the order of evaluation, arguments first.
        inner = record_arguments(node) if isinstance(node, ast.Call) else node
        number = len(parts)
        parts.append(quote(_join_line(ast.get_source_segment(text, node) or ""), MAX_SOURCE_CHARS))
        return _call_record(number, inner)

    def record_arguments(call: ast.Call) -> ast.Call:
        kinds = (ast.Name, ast.Attribute, ast.Subscript)
        call.args = [record(each) if isinstance(each, kinds) else each for each in call.args]
        return call

    def visit(node: ast.expr) -> ast.expr:
        match node:
            case ast.BoolOp(values=values):
                node.values = [visit(each) for each in values]
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                node.operand = visit(operand)
            case ast.Compare(left=left, comparators=comparators):
                node.left = record(left)
                node.comparators = [record(each) for each in comparators]
            case _:
                return record(node)
        return node

    return visit(test)


def _call_record(number: int, expression: ast.expr) -> ast.expr:
    """Return a call that records the value of an expression, and returns it."""
    name = ast.Name(RECORD, ast.Load())
    call = ast.Call(name, [ast.Constant(number), expression], [])
    return ast.copy_location(call, expression)


def _describe_value(value: object) -> str:
    if isinstance(value, Reply):
        return quote_value(value.text, MAX_VALUE_CHARS)
    return _join_line(quote_value(value, MAX_VALUE_CHARS))


def _describe_error(error: Exception) -> str:
    try:
        text = _join_line(str(error))
    except Exception:  # noqa: BLE001  `str` is code of the user
        text = ""
    return quote(f"{type(error).__name__}: {text}".removesuffix(": "), MAX_MESSAGE_CHARS)


def _join_line(text: str) -> str:
    return " ".join(text.split())
