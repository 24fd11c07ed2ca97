"""Functions that a model may call: what it is told of them, and how they are run. A person decides which may run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.tools.tool import Confirmation, NotebookTool, ToolOutcome

Function = TypeVar("Function", bound=Callable[..., Any])


ToolLike = NotebookTool | Callable[..., Any]
"""What can be given where tools are wanted."""

REGISTERED_TOOLS: dict[str, NotebookTool] = {}
"""What was registered in this process, by name: each prompt of a notebook offers it."""


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
    '''Let the model call a function; the function itself stays as it is.

        @mimo_magics.tool
        def get_current_weather(city: str) -> str:
            """Tell the present weather of a city."""

    Registering a function of the same name replaces the earlier one.

    Args:
        function: sync or async, with type hints; its docstring tells the model what it does. What it returns is
            awaited where that can be done; the values of a generator are collected, up to 1,000.
        confirm: ask the person before each call, once in a session, or never.
        parallel: let several calls of it run at a time.
        timeout: seconds after which a call is given up.

    Raises:
        BadOption: the function cannot be described to a model, or a tool of an MCP server has its name.
    '''

    def registered(function: Function) -> Function:
        register(from_function(function, confirm=confirm, parallel=parallel, timeout=timeout))
        return function

    return registered if function is None else registered(function)


def register(notebook_tool: NotebookTool) -> None:
    """Offer a tool with each prompt of a notebook, instead of an earlier one of its name.

    Raises:
        BadOption: the name belongs to a tool of another origin: a function, or another MCP server.
    """
    earlier = REGISTERED_TOOLS.get(notebook_tool.name)
    if earlier and earlier.mcp_server != notebook_tool.mcp_server:
        raise BadOption(
            Translatable("The name {name} belongs to another tool.", name=notebook_tool.name),
            Translatable("Remove that one first: %mimo_tools remove {name}", name=notebook_tool.name),
        )
    REGISTERED_TOOLS[notebook_tool.name] = notebook_tool


def from_function(
    function: Callable[..., Any],
    *,
    confirm: Confirmation = "every_call",
    parallel: bool = False,
    timeout: float | None = None,
) -> NotebookTool:
    """Make a tool of a function without registering it; for arguments and errors see `tool`."""
    from mimo_magics.tools.execution import run_function
    from mimo_magics.tools.schema import Signature

    signature = Signature(function)

    async def run(arguments: Mapping[str, Any]) -> ToolOutcome:
        return await run_function(function, arguments)

    return NotebookTool(signature.tool, signature.parse_arguments, run, confirm, parallel, timeout, function)


def as_tools(tools: Iterable[ToolLike]) -> tuple[NotebookTool, ...]:
    """Make tools of functions, as `Session.ask(tools=[...])` takes them; one that is registered keeps its settings.

    Raises:
        BadOption: one of them cannot be described, or two have one name.
    """
    registered = {id(converted.function): converted for converted in REGISTERED_TOOLS.values()}
    converted = tuple(
        each if isinstance(each, NotebookTool) else registered.get(id(each)) or from_function(each)
        for each in tools
    )
    names = [each.name for each in converted]
    if duplicates := {name for name in names if names.count(name) > 1}:
        raise BadOption(
            Translatable("Two tools have the name {name}.", name=min(duplicates)),
            Translatable("Give one of them another name."),
        )
    return converted
