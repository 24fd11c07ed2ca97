"""The request for a structured result: instructions, and JSON mode or the tool that takes the result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mimo_magics.session.request import TurnInput
from mimo_magics.session.structured.result_frame import find_library
from mimo_magics.session.structured.result_tool import build_result_tool
from mimo_magics.session.structured.result_tool_filter import RESULT_TOOL
from mimo_magics.session.structured.schema import build_schema

JSON_MODE = {"type": "json_object"}


def add_schema(turn_input: TurnInput, source: Any) -> TurnInput:
    """Return the input of a turn whose reply fits a schema.

    With other tools the instructions alone ask for JSON: servers do not combine tools with JSON mode or with a forced call.

    Raises:
        BadOption: there is no JSON Schema for the source, or no library for its data frame.
    """
    turn_input = replace(turn_input, schema=build_schema(source))
    if turn_input.settings.format == "table":
        find_library()
    if turn_input.tools:
        return turn_input
    params = turn_input.params
    if turn_input.settings.api == "openai":
        return replace(turn_input, params=replace(params, response_format=JSON_MODE))
    assert turn_input.schema
    tool = build_result_tool(turn_input.schema)
    if not tool:
        return turn_input
    return replace(turn_input, tools=(tool,), params=replace(params, tool_choice=RESULT_TOOL))
