"""Register functions as tools, and make tools of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.tools.tool import Confirmation, NotebookTool, ToolOutcome

Function = TypeVar("Function", bound=Callable[..., Any])


ToolLike = NotebookTool | Callable[..., Any]
"""A tool, or a function that becomes one."""

REGISTERED_TOOLS: dict[str, NotebookTool] = {}
"""Registered tools of this process by name. Every prompt of a notebook offers them."""


@overload
def tool(function: Function) -> Function: ...


@overload
def tool(
    *, confirm: Confirmation = ..., parallel: bool = ..., timeout: float | None = ...
) -> Callable[[Function], Function]: ...


def tool(
    function: Function | None = None,
    *,
    confirm: Confirmation = "every_call",
    parallel: bool = False,
    timeout: float | None = None,
) -> Any:
    '''Let the model call a function. The function itself does not change.

        @mimo_magics.tool
        def get_current_weather(city: str) -> str:
            """Return the current weather of a city."""

    Registering a function of the same name replaces the earlier one.

    Args:
        function: sync or async, with type hints. The docstring describes it to the model. An awaitable result is
            awaited. The values of a generator are collected, up to 1,000.
        confirm: when to ask the user: before each call, once in a session, or never.
        parallel: whether several calls of it may run at the same time.
        timeout: seconds after which a call fails.

    Raises:
        BadOption: the signature has no JSON schema, or a tool of an MCP server has the same name.
    '''

    def registered(function: Function) -> Function:
        register(from_function(function, confirm=confirm, parallel=parallel, timeout=timeout))
        return function

    return registered if function is None else registered(function)


def register(notebook_tool: NotebookTool) -> None:
    """Offer a tool with every prompt of a notebook. It replaces an earlier tool of the same name.

    Raises:
        BadOption: the name belongs to a tool of another origin, a function or another MCP server.
    """
    earlier = REGISTERED_TOOLS.get(notebook_tool.name)
    if earlier and earlier.mcp_server != notebook_tool.mcp_server:
        raise BadOption(
            Translatable("The tool name {name!r} is already in use.", name=notebook_tool.name),
            Translatable("Remove the other tool first: %mimo_tools remove {name}", name=notebook_tool.name),
        )
    REGISTERED_TOOLS[notebook_tool.name] = notebook_tool


def from_function(
    function: Callable[..., Any],
    *,
    confirm: Confirmation = "every_call",
    parallel: bool = False,
    timeout: float | None = None,
) -> NotebookTool:
    """Return a tool for a function without registering it. `tool` documents the arguments and errors."""
    from mimo_magics.tools.execution import run_function
    from mimo_magics.tools.schema import Signature

    signature = Signature(function)

    async def run(arguments: Mapping[str, Any]) -> ToolOutcome:
        return await run_function(function, arguments)

    return NotebookTool(signature.tool, signature.parse_arguments, run, confirm, parallel, timeout, function)


def as_tools(tools: Iterable[ToolLike]) -> tuple[NotebookTool, ...]:
    """Return tools for functions, as `Session.ask(tools=[...])` accepts them. Registered functions keep their settings.

    Raises:
        BadOption: a signature has no JSON schema, or two tools have the same name.
    """
    registered = {id(converted.function): converted for converted in REGISTERED_TOOLS.values()}
    converted = tuple(
        each if isinstance(each, NotebookTool) else registered.get(id(each)) or from_function(each)
        for each in tools
    )
    names = [each.name for each in converted]
    if duplicates := {name for name in names if names.count(name) > 1}:
        raise BadOption(
            Translatable("Two tools have the name {name!r}.", name=min(duplicates)),
            Translatable("Give one of them another name."),
        )
    return converted
