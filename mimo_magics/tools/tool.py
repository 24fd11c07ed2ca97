"""The value of a tool: its specification, the parser of its arguments, and the function that runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Tool

Confirmation = Literal["every_call", "once_per_session", "none"]


CONFIRMATIONS: tuple[Confirmation, ...] = ("every_call", "once_per_session", "none")


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """The outcome of a call that ran."""

    output: str
    """The text for the model."""
    is_error: bool = False
    log: str = ""
    """Printed output and the traceback of a failure. Only the user sees them."""


@dataclass(frozen=True, slots=True)
class NotebookTool:
    """A tool that a notebook offers: a function, or a tool of an MCP server."""

    spec: Tool
    """Name, description and JSON schema for the model."""
    parse_arguments: Callable[[str], dict[str, Any]]
    """Parse the JSON that the model wrote into keyword arguments. Raises `ValueError`."""
    run: Callable[[dict[str, Any]], Awaitable[ToolOutcome]]
    confirm: Confirmation = "every_call"
    """When the user is asked before a call runs."""
    parallel: bool = False
    """Whether several calls of it may run at the same time."""
    timeout: float | None = None
    """Seconds."""
    function: Callable[..., Any] | None = None
    """The Python function. `None` for a tool of an MCP server."""
    mcp_server: str = ""
    """Name of the MCP server. Empty for a function."""

    def __post_init__(self) -> None:
        """Check the confirmation.

        Raises:
            BadOption: `confirm` is not one of `CONFIRMATIONS`.
        """
        if self.confirm not in CONFIRMATIONS:
            raise BadOption(
                Translatable("Invalid value {confirm!r} of confirm.", confirm=self.confirm),
                Translatable("Use one of: {names}.", names=", ".join(CONFIRMATIONS)),
            )

    @property
    def name(self) -> str:
        """The name that the model uses."""
        return self.spec.name

    def is_same_as(self, other: NotebookTool | None) -> bool:
        """Return whether both run the same function, or are the same tool of a server."""
        return other is not None and (
            self is other or (self.function is not None and self.function is other.function)
        )
