"""`%mimo_tools`, and the tools that a cell offers to the model."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from mimo_magics.client import portal
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translatables
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.document import table
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.tools.registry import REGISTERED_TOOLS, as_tools, register
from mimo_magics.tools.tool import Confirmation, NotebookTool, ToolOutcome

if TYPE_CHECKING:
    from mimo_magics.client.mcp import McpTool

COLUMN_HEADERS = translatables("tool", "approval", "source", "description")


def run_tools_command(line: str, variables: Mapping[str, Any]) -> dict[str, str]:
    """Run a line of `%mimo_tools`, and return the table of the tools as a MIME bundle.

    Raises:
        BadOption: The line is invalid, a tool does not exist, or a function cannot be a tool.
    """
    _run_command(*parse_command("%mimo_tools", line), variables)
    rows = [
        (tool.name, tool.confirm, _origin(tool), tool.spec.description) for tool in REGISTERED_TOOLS.values()
    ]
    return table.table_bundle(COLUMN_HEADERS, rows, empty_text=Translatable("No tools are registered."))


def select_tools(names: str | None, variables: Mapping[str, Any]) -> tuple[NotebookTool, ...]:
    """Return the tools that a cell offers: the named tools, or else all registered tools.

    Args:
        names: Names of registered tools or of functions, separated by commas.
        variables: The variables of the user.

    Raises:
        BadOption: A name is unknown, or a function cannot be a tool.
    """
    if names is None:
        return tuple(REGISTERED_TOOLS.values())
    return as_tools(_find_tool(name, variables) for name in names.replace(",", " ").split())


def _find_tool(name: str, variables: Mapping[str, Any]) -> NotebookTool | Callable[..., Any]:
    if name in REGISTERED_TOOLS:
        return REGISTERED_TOOLS[name]
    function = variables.get(name)
    if callable(function):
        return cast("Callable[..., Any]", function)
    functions = [each for each, value in variables.items() if callable(value)]
    advice = did_you_mean(name, [*REGISTERED_TOOLS, *functions], Translatable("%mimo_tools lists the tools."))
    raise BadOption(Translatable("There is no function or tool {name!r}.", name=name), advice)


def _run_command(command: str, arguments: Namespace, variables: Mapping[str, Any]) -> None:
    match command:
        case "add":
            for tool in as_tools(_find_tool(name, variables) for name in arguments.function):
                register(tool)
        case "remove":
            for name in arguments.tool:
                del REGISTERED_TOOLS[_get_registered_tool(name).name]
        case "confirm":
            for name, _, confirm in (each.partition("=") for each in arguments.tool_when):
                tool = _get_registered_tool(name)
                register(replace(tool, confirm=cast("Confirmation", confirm)))
        case "add-mcp":
            for tool in _iter_server_tools(arguments.name, arguments.command, arguments.url or ""):
                register(tool)


def _get_registered_tool(name: str) -> NotebookTool:
    if name not in REGISTERED_TOOLS:
        raise BadOption(
            Translatable("There is no tool {name!r}.", name=name),
            did_you_mean(name, REGISTERED_TOOLS, Translatable("%mimo_tools lists the tools.")),
        )
    return REGISTERED_TOOLS[name]


def _origin(tool: NotebookTool) -> str:
    return Translatable("function") if tool.function else tool.mcp_server


def _iter_server_tools(name: str, words: Sequence[str], url: str) -> Iterator[NotebookTool]:
    """Connect to an MCP server, by its command or at its URL, and yield its tools."""
    from mimo_magics.client.mcp import McpServer
    from mimo_magics.tools.arguments import parse_json_object

    # The command takes the rest of the line with its options, so `--url` after the name is one of its words.
    if words and words[0].partition("=")[0] == "--url":
        url, words = words[0].partition("=")[2] or "".join(words[1:]), ()
    server = McpServer(name, url=url) if url else McpServer(name, words)
    for tool in portal.run_async(server.list_tools):
        yield NotebookTool(tool.spec, parse_json_object, partial(_run_mcp_tool, tool), mcp_server=name)


async def _run_mcp_tool(tool: McpTool, arguments: dict[str, Any]) -> ToolOutcome:
    from mimo_magics.tools.result import as_text

    text, is_error = await tool.call(arguments)
    return ToolOutcome(as_text(text), is_error)
