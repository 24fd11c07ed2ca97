"""Registered tools, and tools made of functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.tools.registry import REGISTERED_TOOLS, as_tools, from_function, register, tool
from mimo_magics.tools.tool import ToolOutcome


@pytest.fixture(autouse=True)
def _nothing_registered() -> Iterator[None]:
    REGISTERED_TOOLS.clear()
    yield
    REGISTERED_TOOLS.clear()


def clock(zone: str = "UTC") -> str:
    """Tell the time."""
    return f"12:00 {zone}"


def test_a_registered_function_does_not_change() -> None:
    assert tool(clock) is clock
    assert tool(confirm="none")(clock) is clock


def test_a_registered_tool_has_the_settings_of_its_decorator() -> None:
    tool(confirm="once_per_session", parallel=True, timeout=5.0)(clock)
    registered = REGISTERED_TOOLS["clock"]
    assert list(REGISTERED_TOOLS) == ["clock"]
    assert (registered.confirm, registered.parallel, registered.timeout, registered.function) == (
        "once_per_session",
        True,
        5.0,
        clock,
    )


def test_a_function_of_the_same_name_replaces_the_registered_one() -> None:
    def another() -> str:
        """Tell nothing."""
        return ""

    another.__name__ = "clock"
    tool(clock)
    tool(another)
    assert [(name, each.function) for name, each in REGISTERED_TOOLS.items()] == [("clock", another)]


def test_a_registered_function_keeps_its_settings_and_another_one_gets_the_defaults() -> None:
    def weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"Rain in {city}."

    tool(confirm="none")(clock)
    ready = from_function(weather, confirm="once_per_session")
    assert [(each.name, each.confirm) for each in as_tools([clock, weather])] == [
        ("clock", "none"),
        ("weather", "every_call"),
    ]
    assert as_tools([ready]) == (ready,)
    assert list(REGISTERED_TOOLS) == ["clock"]


def test_two_tools_with_the_same_name_are_refused() -> None:
    with pytest.raises(BadOption) as error:
        as_tools([clock, clock])
    assert (str(error.value), error.value.hint) == (
        "Two tools have the name 'clock'.",
        "Give one of them another name.",
    )


@pytest.mark.anyio
async def test_a_tool_made_of_a_function_reads_arguments_and_runs_it() -> None:
    made = from_function(clock)
    assert await made.run(made.parse_arguments('{"zone": "CST"}')) == ToolOutcome("12:00 CST")


def test_a_function_replaces_a_function_of_the_same_name_but_not_an_mcp_tool() -> None:
    tool(clock)
    served = replace(REGISTERED_TOOLS["clock"], function=None, mcp_server="git")
    with pytest.raises(BadOption, match=r"The tool name 'clock' is already in use\."):
        register(served)
    REGISTERED_TOOLS["clock"] = served
    with pytest.raises(BadOption, match=r"The tool name 'clock' is already in use\."):
        tool(clock)
    register(replace(served, confirm="none"))
    with pytest.raises(BadOption, match=r"The tool name 'clock' is already in use\."):
        register(replace(served, mcp_server="git_hub"))
    assert (REGISTERED_TOOLS["clock"].mcp_server, REGISTERED_TOOLS["clock"].confirm) == ("git", "none")
