"""The tool that takes the result in the Anthropic format, which has no JSON mode."""

from __future__ import annotations

from mimo_magics.core.messages import Tool
from mimo_magics.session.structured.result_tool_filter import RESULT_TOOL
from mimo_magics.session.structured.schema import ResultSchema
from mimo_magics.tools.schema import inline_definitions


def build_result_tool(schema: ResultSchema) -> Tool | None:
    """Return the tool, or `None` for a type that contains itself: MiMo's gateway accepts no references."""
    reply_schema = schema.reply_schema
    try:
        parameters = inline_definitions(reply_schema, reply_schema.get("$defs", {}))
    except TypeError:
        return None
    return Tool(RESULT_TOOL, "Deliver the result of the prompt.", parameters)
