"""The assert statements of a check: what is accepted, and how a failed one is explained."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from support.hostile import HOSTILE

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import Message, Reply, TextPart
from mimo_magics.prompts.assertion import CheckOutcome, VerdictMissing, parse_assertions

REPLY = Reply(Message("assistant", (TextPart("Good."),)))


def run(source: str, **variables: Any) -> CheckOutcome:
    (assertion,) = parse_assertions(source)
    return assertion.run(variables)


FAILURES = [
    ("assert value == case['label']", "value = 'praise'\ncase['label'] = 'complaint'"),
    ("assert value == 'complaint'", "value = 'praise'"),
    ("assert value in ('complaint', 'question')", "value = 'praise'"),
    ("assert len(value) < 3", "value = 'praise'\nlen(value) = 6"),
    ("assert not value", "value = 'praise'"),
    (
        "assert value.startswith(case['label'])",
        "case['label'] = 'complaint'\nvalue.startswith(case['label']) = False",
    ),
    (
        "assert value == 'praise' and value == case['label']",
        "value = 'praise'\nvalue = 'praise'\ncase['label'] = 'complaint'",
    ),
    ("assert value == 'a' and missing", "value = 'praise'"),
    ("assert 1 < len(value) < 3", "value = 'praise'\nlen(value) = 6"),
    ("assert reply is None", "reply = 'Good.'"),
    ("assert all(each == 'x' for each in value)", "all(each == 'x' for each in value) = False"),
    ("assert False", ""),
    ("assert value == 'x', f'got {value}'", "got praise\nvalue = 'praise'"),
    ("assert (\n    value\n    == 'x'\n)", "value = 'praise'"),
]


@pytest.mark.parametrize(("source", "explanation"), FAILURES)
def test_a_failed_assert_shows_the_values_that_it_compared(source: str, explanation: str) -> None:
    outcome = run(source, value="praise", case={"label": "complaint"}, reply=REPLY)
    assert outcome == CheckOutcome("failed", explanation)


def test_a_passed_assert_needs_no_explanation() -> None:
    assert run("assert value == 1", value=1) == CheckOutcome("passed")


PARTS = "one = 1\ncount(one) = 1\ncount(2) = 2"


def test_each_part_is_evaluated_once() -> None:
    calls: list[int] = []

    def count(number: int) -> int:
        calls.append(number)
        return number

    assert run("assert count(one) == count(2)", count=count, one=1).explanation == PARTS
    assert calls == [1, 2]


@pytest.mark.parametrize(
    ("source", "explanation"),
    [
        ("assert case['lable']", "KeyError: 'lable'"),
        ("assert missing", "NameError: name 'missing' is not defined"),
        ("assert value < 'a'", "TypeError: '<' not supported between instances of 'int' and 'str'"),
        ("assert value == 2, case['lable']", "KeyError: 'lable'"),
    ],
)
def test_an_exception_is_an_error_of_its_check(source: str, explanation: str) -> None:
    assert run(source, value=1, case={}) == CheckOutcome("error", explanation)


def test_an_interrupt_is_not_an_error_of_a_check() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("assert interrupt()", interrupt=interrupt)


def test_no_except_of_the_user_catches_a_missing_verdict() -> None:
    def judge(_: object) -> None:
        with suppress(Exception):
            raise VerdictMissing

    with pytest.raises(VerdictMissing):
        run("assert judge(1)", judge=judge)


class Unprintable:
    def __repr__(self) -> str:
        raise ValueError

    def __str__(self) -> str:
        raise ValueError


def test_a_value_whose_repr_fails_is_named_by_its_type() -> None:
    assert run("assert value == 1", value=Unprintable()).explanation == "value = Unprintable"
    outcome = run("assert value == 2, value", value=Unprintable())
    assert outcome == CheckOutcome("error", "ValueError")


@pytest.mark.parametrize("text", [*HOSTILE.values(), "\u202eevil", "a" * 100_000, "\x1b[2J\r\n\0"])
def test_an_explanation_is_short_and_has_no_invisible_characters(text: str) -> None:
    outcome = run("assert value == 1, value", value=text)
    assert outcome.outcome == "failed"
    assert max(map(len, outcome.explanation.splitlines())) <= 520
    assert len(outcome.explanation.splitlines()) <= 2
    assert not set(outcome.explanation) & set("\u202e\x1b\0\r")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "There are 0 checks."),
        ("# nothing", "There are 0 checks."),
        ("assert value ==", "The checks are not valid Python, line 1: invalid syntax."),
        ("assert value\nimport os", "A check is an assert statement, not import os."),
        ("x = 1\nassert x", "A check is an assert statement, not x = 1."),
        ("assert await value", "The checks are not valid Python, line 1: 'await' outside function."),
        ("assert 1\n" * 51, "There are 51 checks."),
        ("!ls", "The checks are not valid Python, line 1: invalid syntax."),
    ],
)
def test_other_text_is_refused_before_anything_is_sent(body: str, message: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse_assertions(body)
    assert caught.value.message == message
    assert caught.value.hint == "Write one to 50 assert statements over case, value and reply."


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(BadOption, match="not valid Python"):
        parse_assertions("assert " + "(" * 5_000 + ")" * 5_000)


def test_the_source_of_an_assert_is_one_line_of_limited_length() -> None:
    first, second = parse_assertions("  assert (value ==\n      1)  # why\n  assert " + "x" * 500)
    assert first.source == "assert (value == 1)"
    assert second.source == f"assert {'x' * 193}…"


def test_calls_of_the_judge_are_counted_for_the_estimate() -> None:
    first, second = parse_assertions("assert judge('a', reply) and judge('b', reply)\nassert value")
    assert (first.judge_calls, second.judge_calls) == (2, 0)
