"""Functions that run as tools."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import sys
import threading
import types
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any
from unittest.mock import ANY

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
async def test_the_value_of_a_function_is_returned_as_text(function: Any) -> None:
    assert await run_function(function, {"a": 2, "b": 3}) == ToolOutcome("5")


def keeping_name(function: Callable[..., Any], wrapper: Callable[..., Any]) -> Callable[..., Any]:
    return functools.wraps(function)(wrapper)


def calls(function: Callable[..., Any]) -> Callable[..., Any]:
    """A sync function that returns the value of another one."""

    def wrapper(**arguments: Any) -> Any:
        return function(**arguments)

    return wrapper


class Adder:
    """A callable with an async `__call__`."""

    __name__ = "adder"

    async def __call__(self, a: int, b: int) -> int:
        return await add_later(a, b)

    async def method(self, a: int, b: int) -> int:
        return await add_later(a, b)

    @classmethod
    async def of_class(cls, a: int, b: int) -> int:
        return await add_later(a, b)

    @staticmethod
    async def static(a: int, b: int) -> int:
        return await add_later(a, b)


class Awaited:
    """An awaitable that is not a coroutine."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return self.value


def done_future(value: Any) -> concurrent.futures.Future[Any]:
    future: concurrent.futures.Future[Any] = concurrent.futures.Future()
    future.set_result(value)
    return future


@types.coroutine
def of_generator(a: int, b: int) -> Generator[Any, None, int]:
    yield from asyncio.sleep(0).__await__()
    return a + b


async def forgotten_await(a: int, b: int) -> Any:
    return add_later(a, b)


async def as_future(a: int, b: int) -> Any:
    return asyncio.ensure_future(add_later(a, b))


def in_own_loop(a: int, b: int) -> int:
    with asyncio.Runner() as runner:
        return runner.run(add_later(a, b))


ADDERS: dict[str, Callable[..., Any]] = {
    "async wrapper of a sync function": keeping_name(add, calls(add_later)),
    "sync function that returns a coroutine": calls(add_later),
    "async wrapper of an async function": keeping_name(add_later, Adder.static),
    "asyncio.run": keeping_name(add_later, lambda a, b: asyncio.run(add_later(a, b))),
    "anyio.run": keeping_name(add_later, lambda a, b: anyio.run(add_later, a, b)),
    "a loop of its own": in_own_loop,
    "async __call__": Adder(),
    "async method": Adder().method,
    "async class method": Adder.of_class,
    "async static method": Adder.static,
    "partial": functools.partial(add_later),
    "partial of a partial": functools.partial(functools.partial(add_later)),
    "partial of an object": functools.partial(Adder()),
    "partial of a sync wrapper": functools.partial(keeping_name(add_later, calls(add_later))),
    "an awaitable object": lambda a, b: Awaited(a + b),
    "an awaitable of an awaitable": lambda a, b: Awaited(Awaited(add_later(a, b))),
    "an await that was forgotten": forgotten_await,
    "a future": as_future,
    "a future of threads": lambda a, b: done_future(a + b),
    "a coroutine made of a generator": of_generator,
    "lru_cache of a sync function": functools.lru_cache(add),
}


@pytest.mark.parametrize("function", ADDERS.values(), ids=ADDERS.keys())
@pytest.mark.parametrize("layers", [0, 1, 2])
async def test_an_awaitable_value_is_awaited(function: Callable[..., Any], layers: int) -> None:
    for number in range(layers):
        function = (
            functools.partial(function)
            if number
            else keeping_name(function, lambda inner=function, **arguments: inner(**arguments))
        )
    assert await run_function(function, {"a": 2, "b": 3}) == ToolOutcome("5")


async def test_an_object_that_awaits_itself_ends() -> None:
    lazy = Awaited(None)
    lazy.value = lazy
    assert "Awaited object" in (await run_function(lambda: lazy, {})).output


def count_to(end: int) -> Generator[int]:
    print("begun")
    yield from range(end)


async def count_later(end: int) -> AsyncGenerator[int]:
    print("begun")
    for number in range(end):
        yield number
        await asyncio.sleep(0)


async def returns_generator(end: int) -> Any:
    return count_to(end)


GENERATORS = [
    count_to,
    count_later,
    returns_generator,
    calls(count_to),
    calls(count_later),
]


@pytest.mark.parametrize("function", GENERATORS)
async def test_the_values_of_a_generator_are_collected(function: Any) -> None:
    assert await run_function(function, {"end": 3}) == ToolOutcome("[0, 1, 2]", log="begun\n")


@pytest.mark.parametrize("function", GENERATORS)
async def test_a_generator_without_end_is_stopped(function: Any) -> None:
    outcome = await run_function(function, {"end": 10**9})
    assert (outcome.output[:7], outcome.is_error) == ("[0,\n1,\n", False)
    assert outcome.output.endswith("\n999]\n(stopped after 1,000 values)")


async def test_invalid_notes_of_an_exception_are_ignored() -> None:
    def fails() -> None:
        error = ValueError("no")
        error.__notes__ = 5
        raise error

    assert (await run_function(fails, {})).output == "ValueError: no"


async def test_a_generator_that_fails_is_a_failure() -> None:
    def fails() -> Generator[int]:
        yield 1
        raise ValueError("no more")

    outcome = await run_function(fails, {})
    assert (outcome.output, outcome.is_error) == ("ValueError: no more", True)


async def test_a_sync_function_runs_in_a_thread_and_an_async_one_on_the_loop() -> None:
    def where() -> str:
        return threading.current_thread().name

    async def current_thread_name() -> str:
        return where()

    assert (await run_function(where, {})).output != where()
    assert (await run_function(current_thread_name, {})).output == where()


async def test_a_thread_has_the_context_of_its_caller() -> None:
    word: ContextVar[str] = ContextVar("word")
    word.set("hello")
    assert (await run_function(word.get, {})).output == "hello"


def shout(words: str) -> str:
    print(words)
    print("and", words, file=sys.stderr)
    return words.upper()


async def test_printed_output_of_a_function_is_captured(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run_function(shout, {"words": "hi"}) == ToolOutcome("HI", log="hi\nand hi\n")
    print("outside")
    assert capsys.readouterr().out == "outside\n"
    assert not isinstance(sys.stdout, ContextStream)


async def test_functions_that_run_at_the_same_time_do_not_mix_their_output() -> None:
    async def slowly(word: str) -> str:
        for _ in range(3):
            print(word)
            await asyncio.sleep(0.01)
        return word

    outcomes = await asyncio.gather(*(run_function(slowly, {"word": word}) for word in "ab"))
    assert outcomes == [ToolOutcome("a", log="a\n" * 3), ToolOutcome("b", log="b\n" * 3)]


def test_output_of_other_code_is_not_captured(capsys: pytest.CaptureFixture[str]) -> None:
    with OutputCapture() as printed:
        other = threading.Thread(target=print, args=("from elsewhere",))
        other.start()
        other.join()
        print("from here")
    assert (printed.text, capsys.readouterr().out) == ("from here\n", "from elsewhere\n")


def fail(password: str) -> None:
    print("about to fail")
    raise KeyError("no such thing")


async def test_the_model_gets_the_last_line_of_a_failure_and_the_user_its_traceback() -> None:
    outcome = await run_function(fail, {"password": "secret-canary"})
    assert (outcome.output, outcome.is_error) == ("KeyError: 'no such thing'", True)
    head, *frames, last = outcome.log.removeprefix("about to fail\n").splitlines()
    assert (head, last) == ("Traceback (most recent call last):", "KeyError: 'no such thing'")
    assert [frame.split()[-1] for frame in frames if frame.startswith("  File")] == ["fail"]
    assert "secret-canary" not in outcome.output


async def test_a_function_cannot_end_the_process() -> None:
    outcome = await run_function(sys.exit, {})
    assert (outcome.output, outcome.is_error) == ("RuntimeError: the tool tried to exit the process", True)


class UnusualError(BaseException):
    """A `BaseException` that is not an `Exception`, as in pytest."""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (SystemExit(3), "RuntimeError: the tool tried to exit the process"),
        (asyncio.CancelledError(), "asyncio.exceptions.CancelledError"),
        (UnusualError("x"), f"{__name__}.UnusualError: x"),
        (concurrent.futures.CancelledError(), "concurrent.futures._base.CancelledError"),
        (StopAsyncIteration(), "StopAsyncIteration"),
        (BaseExceptionGroup("many", [UnusualError()]), "BaseExceptionGroup: many (1 sub-exception)"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
async def test_every_error_of_a_function_becomes_a_result(
    error: BaseException, message: str, is_async: bool
) -> None:
    def raises() -> None:
        raise error

    async def raises_later() -> None:
        raise error

    outcome = await run_function(raises_later if is_async else raises, {})
    assert (outcome.output, outcome.is_error) == (message, True)
    assert "_call_function" not in outcome.log


async def test_a_function_that_awaits_a_cancelled_task_does_not_cancel_the_turn() -> None:
    async def waits() -> None:
        task = asyncio.ensure_future(asyncio.sleep(60))
        task.cancel()
        await task

    assert (await run_function(waits, {})).is_error


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit])
async def test_a_thread_cannot_interrupt_the_turn(error: type[BaseException]) -> None:
    def raises() -> None:
        raise error

    assert await run_function(raises, {}) == ToolOutcome(error.__name__, True, ANY)


async def test_a_stop_iteration_is_a_failure() -> None:
    assert (await run_function(lambda: next(iter(())), {})).output == "StopIteration"


async def test_an_interrupt_on_the_loop_is_raised() -> None:
    async def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await run_function(interrupted, {})


async def test_a_coroutine_that_raises_what_closes_coroutines_is_a_failure() -> None:
    async def raises() -> None:
        raise GeneratorExit

    assert await run_function(raises, {}) == ToolOutcome("GeneratorExit", True, ANY)


def test_an_interrupt_of_a_tool_on_the_loop_of_another_thread_is_a_failure() -> None:
    async def raises() -> None:
        raise KeyboardInterrupt

    with ThreadPoolExecutor() as threads:
        outcome = threads.submit(lambda: asyncio.run(run_function(raises, {}))).result()
    assert outcome == ToolOutcome("KeyboardInterrupt", True, ANY)


async def test_the_traceback_of_a_callable_object_begins_in_its_call() -> None:
    class Fails:
        async def __call__(self) -> None:
            fail("x")

    outcome = await run_function(Fails(), {})
    frames = [line.split()[-1] for line in outcome.log.splitlines() if line.startswith("  File")]
    assert frames == ["__call__", "fail"]


def forever(n: int = 0) -> int:
    return forever(n + 1)


async def test_recursion_without_end_is_a_failure_like_any_other() -> None:
    outcome = await run_function(forever, {})
    assert outcome.output.startswith("RecursionError: maximum recursion depth exceeded")
    assert len(outcome.log) <= MAX_LOG_CHARS + 100


async def test_a_cancelled_call_does_not_wait_for_its_function() -> None:
    started, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def never() -> None:
        started.set()
        go_on.wait()
        done.set()

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(run_function, never, {})
            await anyio.to_thread.run_sync(started.wait)
            scope.cancel()
    assert scope.cancelled_caught
    assert not done.is_set()
    go_on.set()


def test_a_long_message_is_truncated() -> None:
    assert len(format_exception_line(ValueError("x" * 10_000))) == MAX_ERROR_CHARS + 1


def noted(error: BaseException, *notes: str) -> BaseException:
    for note in notes:
        error.add_note(note)
    return error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError("one\ntwo"), "ValueError: one\ntwo"),
        (noted(ValueError("no"), "a note", "another"), "ValueError: no\na note\nanother"),
        (SyntaxError("no", ("x.py", 1, 1, "x", 1, 2)), "SyntaxError: no"),
        (
            noted(ExceptionGroup("many", [ValueError("no")]), "a note"),
            "ExceptionGroup: many (1 sub-exception)\na note",
        ),
    ],
)
def test_the_message_of_an_exception_includes_its_notes(error: BaseException, line: str) -> None:
    assert format_exception_line(error) == line
