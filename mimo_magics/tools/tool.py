"""A tool, wherever it comes from: its specification, how its arguments are read, and how it runs."""

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
    """What came of a call that was run."""

    output: str
    """For the model."""
    is_error: bool = False
    log: str = ""
    """What was printed, and the trace of a failure: for people."""


@dataclass(frozen=True, slots=True)
class NotebookTool:
    """A tool, wherever it comes from."""

    spec: Tool
    """What the model is told of it."""
    parse_arguments: Callable[[str], dict[str, Any]]
    """Arguments as the model wrote them to arguments as the tool takes them; raises `ValueError`."""
    run: Callable[[dict[str, Any]], Awaitable[ToolOutcome]]
    confirm: Confirmation = "every_call"
    """When the person is asked before it runs."""
    parallel: bool = False
    """Whether several calls of it may run at a time."""
    timeout: float | None = None
    """Seconds."""
    function: Callable[..., Any] | None = None
    """What it was made of; `None` for a tool of an MCP server."""
    mcp_server: str = ""
    """The MCP server that it is of."""

    def __post_init__(self) -> None:
        """Refuse a confirmation that there is none of.

        Raises:
            BadOption: `confirm` is none of the three.
        """
        if self.confirm not in CONFIRMATIONS:
            raise BadOption(
                Translatable("confirm cannot be {confirm!r}.", confirm=self.confirm),
                Translatable("It is one of: {names}.", names=", ".join(CONFIRMATIONS)),
            )

    @property
    def name(self) -> str:
        """What the model calls it."""
        return self.spec.name

    def is_same_as(self, other: NotebookTool | None) -> bool:
        """Tell whether it runs the same thing: the very function, or the very tool of a server."""
        return other is not None and (
            self is other or (self.function is not None and self.function is other.function)
        )
