"""The value of a tool, and its defaults."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import Tool
from mimo_magics.tools.tool import CONFIRMATIONS, NotebookTool, ToolOutcome


async def run(arguments: dict[str, Any]) -> ToolOutcome:
    return ToolOutcome(str(arguments))


def test_a_tool_is_called_by_the_name_in_its_specification() -> None:
    assert NotebookTool(Tool("clock"), json.loads, run).name == "clock"


def test_a_tool_asks_before_every_call_and_runs_one_call_at_a_time_by_default() -> None:
    assert NotebookTool(Tool("clock"), json.loads, run) == NotebookTool(
        Tool("clock"),
        json.loads,
        run,
        "every_call",
        parallel=False,
        timeout=None,
        function=None,
        mcp_server="",
    )


@pytest.mark.parametrize("confirm", CONFIRMATIONS)
def test_each_confirmation_is_accepted(confirm: Any) -> None:
    assert NotebookTool(Tool("clock"), json.loads, run, confirm).confirm == confirm


def test_an_unknown_confirmation_is_refused_with_those_that_exist() -> None:
    with pytest.raises(BadOption) as error:
        NotebookTool(Tool("clock"), json.loads, run, "sometimes")  # type: ignore[arg-type]
    assert (str(error.value), error.value.hint) == (
        "Invalid value 'sometimes' of confirm.",
        "Use one of: every_call, once_per_session, none.",
    )
