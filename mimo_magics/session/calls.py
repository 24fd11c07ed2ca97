"""The tool calls of a turn: each is read, approved, run, and answered exactly once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import anyio

from mimo_magics.clock import Clock
from mimo_magics.events import Approval, ToolProgress, ToolState
from mimo_magics.messages import ToolCall, ToolResult
from mimo_magics.tools import NotebookTool, Outcome

MOST = 32
"""Calls in a turn: models have made 120 at a time (XiaomiMiMo/MiMo#98)."""
STOPPED = "The person stopped this call before it ran."
LEFT_BEHIND = "The person stopped this call while it ran; what it began may still go on."


@dataclass(frozen=True, slots=True)
class _Ready:
    """A call that may run."""

    call: ToolCall
    tool: NotebookTool
    arguments: dict[str, Any]


class Calls:
    """Answers the calls of one turn.

    Args:
        tools: what may be called, by name.
        trusted: names of the tools that the person allowed for the session; grows.
        clock: of the turn.
    """

    def __init__(self, tools: Mapping[str, NotebookTool], trusted: set[str], clock: Clock) -> None:
        self._clock = clock
        self._tools = tools
        self._trusted = trusted
        self._count = 0
        self._seen: set[tuple[str, str]] = set()
        """Calls that were approved: the same one is not asked for again."""
        self._open: dict[str, ToolCall] = {}
        self._running: set[str] = set()
        self._approvals: dict[str, Approval] = {}
        self._asked: dict[str, anyio.Event] = {}

    def approve(self, id_: str, approval: Approval) -> None:
        """Say whether a call that waits may run; on the loop that the turn runs on."""
        self._approvals.setdefault(id_, approval)
        if event := self._asked.get(id_):
            event.set()

    def left(self) -> Iterator[ToolResult]:
        """Yield answers to the calls that were broken off."""
        for id_, call in self._open.items():
            yield _failure(call, LEFT_BEHIND if id_ in self._running else STOPPED)

    async def answered(self, calls: Sequence[ToolCall]) -> AsyncGenerator[ToolProgress]:
        """Answer the calls of one answer, in their order; those of parallel tools in a row run at a time."""
        self._open = {call.id: call for call in calls}
        for parallel, group in groupby(calls, self._is_parallel):
            together = list(group)
            for run in [together] if parallel else [[call] for call in together]:
                async for progress in self._group(run, calls):
                    yield progress

    def _is_parallel(self, call: ToolCall) -> bool:
        tool = self._tools.get(call.name)
        return bool(tool and tool.parallel)

    async def _group(
        self, group: Sequence[ToolCall], calls: Sequence[ToolCall]
    ) -> AsyncGenerator[ToolProgress]:
        ready = []
        for call in group:
            prepared = self._prepared(call, calls)
            if isinstance(prepared, ToolResult):
                yield self._ended(prepared)
            elif self._needs_approval(prepared):
                yield ToolProgress(call.id, "waiting")
                approval = await self._approval(call.id)
                yield self._decided(prepared, approval)
                ready += [prepared] if approval.allowed else []
            else:
                ready.append(prepared)
        for each in ready:
            self._running.add(each.call.id)
            yield ToolProgress(each.call.id, "running")
        for result in await _together(ready, self._clock):
            yield self._ended(result)

    def _prepared(self, call: ToolCall, calls: Sequence[ToolCall]) -> _Ready | ToolResult:
        """Read a call, or say why it cannot be run."""
        self._count += 1
        tool = self._tools.get(call.name)
        if self._count > MOST:
            return _failure(call, f"Not run: a turn may make {MOST} calls at the most.")
        if tool is None:
            return _failure(
                call, f"There is no tool {call.name}. There are: {', '.join(self._tools) or 'none'}."
            )
        first = next(each for each in calls if _same(each, call))
        if first is not call:
            return _failure(
                call, f"This is the same call as {first.id}, which was made once. See its result."
            )
        try:
            return _Ready(call, tool, tool.read(call.arguments))
        except ValueError as error:
            return _failure(call, str(error))

    def _needs_approval(self, ready: _Ready) -> bool:
        known = ready.tool.name in self._trusted or (ready.call.name, ready.call.arguments) in self._seen
        return ready.tool.confirm != "none" and not known

    async def _approval(self, id_: str) -> Approval:
        event = self._asked[id_] = anyio.Event()
        if id_ not in self._approvals:
            await event.wait()
        return self._approvals[id_]

    def _decided(self, ready: _Ready, approval: Approval) -> ToolProgress:
        call = ready.call
        if not approval.allowed:
            told = "The person refused this call" + (f": {approval.reason}" if approval.reason else ".")
            return self._ended(ToolResult(call.id, call.name, told, is_error=True, refused=True))
        self._seen.add((call.name, call.arguments))
        if approval.for_session or ready.tool.confirm == "once_per_session":
            self._trusted.add(call.name)
        return ToolProgress(call.id, "approved")

    def _ended(self, result: ToolResult) -> ToolProgress:
        self._open.pop(result.id, None)
        state: ToolState = "refused" if result.refused else "failed" if result.is_error else "done"
        return ToolProgress(result.id, state, result)


def _same(one: ToolCall, other: ToolCall) -> bool:
    return (one.name, one.arguments) == (other.name, other.arguments)


def _failure(call: ToolCall, told: str) -> ToolResult:
    return ToolResult(call.id, call.name, told, is_error=True)


async def _together(ready: Sequence[_Ready], clock: Clock) -> list[ToolResult]:
    results: dict[str, ToolResult] = {}

    async def run(each: _Ready) -> None:
        results[each.call.id] = await _result(each, clock)

    async with anyio.create_task_group() as group:
        for each in ready:
            group.start_soon(run, each)
    return [results[each.call.id] for each in ready]


async def _result(ready: _Ready, clock: Clock) -> ToolResult:
    began = clock.now()
    outcome = Outcome(
        f"Timed out after {ready.tool.timeout} s; what it began may still go on.", is_error=True
    )
    with anyio.move_on_after(ready.tool.timeout):
        try:
            outcome = await ready.tool.run(ready.arguments)
        except Exception as error:  # noqa: BLE001  of a tool that is no function of ours
            from mimo_magics.tools.function import last_line

            outcome = Outcome(last_line(error), is_error=True)
    call, seconds = ready.call, round(clock.now() - began, 3)
    return ToolResult(
        call.id, call.name, outcome.output, is_error=outcome.is_error, seconds=seconds, log=outcome.log
    )
