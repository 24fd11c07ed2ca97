"""The tool calls of a turn: each is read, approved, run, and answered exactly once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import anyio

from mimo_magics.core.events import (
    Approval,
    Event,
    PendingApproval,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
    ToolState,
)
from mimo_magics.core.messages import ToolCall, ToolResult
from mimo_magics.tape.clock import Clock
from mimo_magics.tools.tool import NotebookTool, Outcome

MOST = 32
"""Calls in a turn: models have made 120 at a time (XiaomiMiMo/MiMo#98)."""
REPEATED = "This call is the same as an earlier one of this reply, which was made once. See its result."
STOPPED = "The person stopped this call before it ran."
LEFT_BEHIND = "The person stopped this call while it ran; what it began may still go on."


class CallNumbers:
    """Numbers the tool calls of a turn from 0: a server counts those of each response, among other blocks or not."""

    def __init__(self) -> None:
        self._count = 0
        self._numbers: dict[int, int] = {}
        """By the index that the server gave the call in its present response."""

    def begin_response(self) -> None:
        """Take the same indices for other calls from now on."""
        self._numbers.clear()

    def numbered(self, event: Event) -> Event:
        """Return the event with the number of the call within the turn."""
        if not isinstance(event, ToolCallStart | ToolCallDelta):
            return event
        if event.index not in self._numbers:
            self._numbers[event.index] = self._count
            self._count += 1
        return replace(event, index=self._numbers[event.index])


@dataclass(frozen=True, slots=True)
class _Ready:
    """A call that may run."""

    index: int
    call: ToolCall
    tool: NotebookTool
    arguments: dict[str, Any]


class Calls:
    """Answers the calls of one turn.

    A call is known by its number within the turn. Its id comes from the server, which may repeat it.

    Args:
        tools: what may be called, by name.
        trusted: names of the tools that the user approved for the session; grows.
        clock: of the turn.
    """

    def __init__(self, tools: Mapping[str, NotebookTool], trusted: set[str], clock: Clock) -> None:
        self._clock = clock
        self._tools = tools
        self._trusted = trusted
        self._count = 0
        self._open: dict[int, ToolCall] = {}
        self._running: set[int] = set()

    def left(self) -> Iterator[ToolProgress]:
        """Yield the ends of the calls that were broken off."""
        for index, call in self._open.items():
            reason = LEFT_BEHIND if index in self._running else STOPPED
            yield ToolProgress(index, "failed", _failure(call, reason))

    async def answered(self, calls: Mapping[int, ToolCall]) -> AsyncGenerator[ToolProgress]:
        """Answer the calls of one response, by number, in their order; those of parallel tools in a row run at a time."""
        self._open = dict(calls)
        for parallel, group in groupby(calls, lambda index: self._is_parallel(calls[index])):
            together = list(group)
            for run in [together] if parallel else [[index] for index in together]:
                async for progress in self._group(run, calls):
                    yield progress

    def _is_parallel(self, call: ToolCall) -> bool:
        tool = self._tools.get(call.name)
        return bool(tool and tool.parallel)

    async def _group(
        self, group: Sequence[int], calls: Mapping[int, ToolCall]
    ) -> AsyncGenerator[ToolProgress]:
        ready = []
        for index in group:
            prepared = self._prepared(index, calls)
            if isinstance(prepared, ToolResult):
                yield self._ended(index, prepared)
            elif self._needs_approval(prepared):
                pending = PendingApproval(prepared.call)
                yield ToolProgress(index, "waiting", approval=pending)
                approval = await pending.wait_for_decision()
                yield self._decided(prepared, approval)
                ready += [prepared] if approval.allowed else []
            else:
                ready.append(prepared)
        for each in ready:
            self._running.add(each.index)
            yield ToolProgress(each.index, "running")
        for index, result in await _together(ready, self._clock):
            yield self._ended(index, result)

    def _prepared(self, index: int, calls: Mapping[int, ToolCall]) -> _Ready | ToolResult:
        """Read a call, or say why it cannot be run."""
        self._count += 1
        call = calls[index]
        tool = self._tools.get(call.name)
        if self._count > MOST:
            return _failure(call, f"Not run: a turn may make {MOST} calls at the most.")
        if tool is None:
            return _failure(
                call, f"There is no tool {call.name}. There are: {', '.join(self._tools) or 'none'}."
            )
        first = next(number for number, each in calls.items() if _same(each, call))
        if first != index:
            return _failure(call, REPEATED)
        try:
            return _Ready(index, call, tool, tool.parse_arguments(call.arguments))
        except ValueError as error:
            return _failure(call, str(error))

    def _needs_approval(self, ready: _Ready) -> bool:
        return ready.tool.confirm != "none" and ready.tool.name not in self._trusted

    def _decided(self, ready: _Ready, approval: Approval) -> ToolProgress:
        call = ready.call
        if not approval.allowed:
            told = "The person refused this call" + (f": {approval.reason}" if approval.reason else ".")
            return self._ended(ready.index, ToolResult(call.id, call.name, told, is_error=True, refused=True))
        if approval.for_session or ready.tool.confirm == "once_per_session":
            self._trusted.add(call.name)
        return ToolProgress(ready.index, "approved")

    def _ended(self, index: int, result: ToolResult) -> ToolProgress:
        self._open.pop(index, None)
        state: ToolState = "refused" if result.refused else "failed" if result.is_error else "done"
        return ToolProgress(index, state, result)


def _same(one: ToolCall, other: ToolCall) -> bool:
    return (one.name, one.arguments) == (other.name, other.arguments)


def _failure(call: ToolCall, told: str) -> ToolResult:
    return ToolResult(call.id, call.name, told, is_error=True)


async def _together(ready: Sequence[_Ready], clock: Clock) -> list[tuple[int, ToolResult]]:
    results: dict[int, ToolResult] = {}

    async def run(each: _Ready) -> None:
        results[each.index] = await _result(each, clock)

    async with anyio.create_task_group() as group:
        for each in ready:
            group.start_soon(run, each)
    return [(each.index, results[each.index]) for each in ready]


async def _result(ready: _Ready, clock: Clock) -> ToolResult:
    began = clock.now()
    outcome = Outcome(
        f"Timed out after {ready.tool.timeout} s; what it began may still go on.", is_error=True
    )
    with anyio.move_on_after(ready.tool.timeout):
        try:
            outcome = await ready.tool.run(ready.arguments)
        except Exception as error:  # noqa: BLE001  of a tool that is no function of ours
            from mimo_magics.tools.execution import format_exception_line

            outcome = Outcome(format_exception_line(error), is_error=True)
    call, seconds = ready.call, round(clock.now() - began, 3)
    return ToolResult(
        call.id, call.name, outcome.output, is_error=outcome.is_error, seconds=seconds, log=outcome.log
    )
