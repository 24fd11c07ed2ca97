"""A function of the notebook, run as a tool."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from mimo_magics.tools.execution import (
    MAX_ERROR_CHARS,
    MAX_LOG_CHARS,
    ContextStream,
    OutputCapture,
    format_exception_line,
    run_function,
)
from mimo_magics.tools.tool import ToolOutcome

pytestmark = pytest.mark.anyio


def add(a: int, b: int) -> int:
    return a + b


async def add_later(a: int, b: int) -> int:
    await asyncio.sleep(0)
    return a + b


@pytest.mark.parametrize("function", [add, add_later])
async def test_a_function_gives_its_value_back_as_text(function: Any) -> None:
    assert await run_function(function, {"a": 2, "b": 3}) == ToolOutcome("5")


async def test_a_sync_function_runs_in_a_thread_and_an_async_one_on_the_loop() -> None:
    def where() -> str:
        return threading.current_thread().name

    async def here() -> str:
        return where()

    assert (await run_function(where, {})).output != where()
    assert (await run_function(here, {})).output == where()


async def test_a_thread_has_the_context_of_its_caller() -> None:
    word: ContextVar[str] = ContextVar("word")
    word.set("hello")
    assert (await run_function(word.get, {})).output == "hello"


def talk(words: str) -> str:
    print(words)
    print("and", words, file=sys.stderr)
    return words.upper()


async def test_what_a_function_prints_is_kept_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run_function(talk, {"words": "hi"}) == ToolOutcome("HI", log="hi\nand hi\n")
    print("outside")
    assert capsys.readouterr().out == "outside\n"
    assert not isinstance(sys.stdout, ContextStream)


async def test_functions_at_a_time_do_not_mix_what_they_print() -> None:
    async def slowly(word: str) -> str:
        for _ in range(3):
            print(word)
            await asyncio.sleep(0.01)
        return word

    outcomes = await asyncio.gather(*(run_function(slowly, {"word": word}) for word in "ab"))
    assert outcomes == [ToolOutcome("a", log="a\n" * 3), ToolOutcome("b", log="b\n" * 3)]


def test_what_is_printed_elsewhere_meanwhile_goes_where_it_went(capsys: pytest.CaptureFixture[str]) -> None:
    with OutputCapture() as printed:
        other = threading.Thread(target=print, args=("from elsewhere",))
        other.start()
        other.join()
        print("from here")
    assert (printed.text, capsys.readouterr().out) == ("from here\n", "from elsewhere\n")


def fail(password: str) -> None:
    print("about to fail")
    raise KeyError("no such thing")


async def test_a_failure_is_told_by_its_last_line_and_its_trace_is_for_people() -> None:
    outcome = await run_function(fail, {"password": "secret-canary"})
    assert (outcome.output, outcome.is_error) == ("KeyError: 'no such thing'", True)
    head, *frames, last = outcome.log.removeprefix("about to fail\n").splitlines()
    assert (head, last) == ("Traceback (most recent call last):", "KeyError: 'no such thing'")
    assert [frame.split()[-1] for frame in frames if frame.startswith("  File")] == ["fail"]
    assert "secret-canary" not in outcome.output


async def test_a_function_cannot_end_the_process() -> None:
    outcome = await run_function(sys.exit, {})
    assert (outcome.output, outcome.is_error) == ("RuntimeError: the tool wanted to end the process", True)


def forever(n: int = 0) -> int:
    return forever(n + 1)


async def test_recursion_without_end_is_a_failure_like_any_other() -> None:
    outcome = await run_function(forever, {})
    assert outcome.output.startswith("RecursionError: maximum recursion depth exceeded")
    assert len(outcome.log) <= MAX_LOG_CHARS + 100


async def test_a_function_that_never_returns_is_left_behind_at_once() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def never() -> None:
        begun.set()
        go_on.wait()
        done.set()

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(run_function, never, {})
            await anyio.to_thread.run_sync(begun.wait)
            scope.cancel()
    assert scope.cancelled_caught
    assert not done.is_set()
    go_on.set()


def test_a_long_message_is_cut() -> None:
    assert len(format_exception_line(ValueError("x" * 10_000))) == MAX_ERROR_CHARS + 1
