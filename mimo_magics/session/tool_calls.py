"""The tool calls of a turn: parse, approve and run each call, and return exactly one result for it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import anyio

from mimo_magics.core.errors import ApprovalTimeout
from mimo_magics.core.events import (
    Approval,
    Event,
    PendingApproval,
    ResponseRestarted,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
    ToolState,
)
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ToolCall, ToolResult
from mimo_magics.core.serialization import canonical_json
from mimo_magics.core.settings import Settings
from mimo_magics.core.text import quote
from mimo_magics.tape.clock import Clock
from mimo_magics.tools.result import share_results
from mimo_magics.tools.tool import NotebookTool, ToolOutcome

MAX_TOOL_CALLS = 32
"""Limit for a turn and for one response: models have made thousands of calls at a time (XiaomiMiMo/MiMo#98)."""
MAX_EQUAL_FAILURES = 3
"""How often equal calls may fail with the same result in a turn: models repeat them endlessly (the same report)."""
MAX_NAME_CHARS = 64
"""Characters of a tool name in a note: a model may call a tool by any name."""
TRUNCATED_RESPONSE = f"Your response was truncated after {MAX_TOOL_CALLS} tool calls. Later calls were discarded and did not run."
REPEATED_FAILURE = (
    f"This call failed {MAX_EQUAL_FAILURES} times with this result. No tool runs in this turn any more: "
    "answer without tools."
)
UNFINISHED_CALL = "Not run: your response was ended before it contained the arguments of this call."
DUPLICATE_CALL = "This call is the same as an earlier one of this reply, which ran once. See its result."
NOT_DECIDED = "This call was refused: it was not approved in time."
CallKey = tuple[str, str]
"""Name and arguments as canonical JSON. Equal calls have equal keys."""
CANCELLED_ITSELF = "The tool cancelled the task in which it ran."
INTERRUPTED_BEFORE_RUN = "The user stopped this call before it ran."
INTERRUPTED_WHILE_RUNNING = "The user stopped this call while it ran. It may still have effects."


class CallNumbers:
    """Numbers the tool calls of a turn from 0. The indices of a server start again with each response."""

    def __init__(self) -> None:
        self._count = 0
        self._numbers: dict[int, int] = {}
        """Numbers by the index that the server gave to the call in the current response."""
        self.is_truncated = False
        """Whether the current response exceeded the limit of calls."""

    def begin_response(self) -> None:
        """Begin a response: its indices are those of new calls."""
        self._numbers.clear()
        self.is_truncated = False

    def exceed_limit(self, event: Event) -> bool:
        """Return whether the event starts a call beyond the limit of a response."""
        is_new = isinstance(event, ToolCallStart | ToolCallDelta) and event.index not in self._numbers
        self.is_truncated |= is_new and len(self._numbers) == MAX_TOOL_CALLS
        return self.is_truncated

    def number_event(self, event: Event) -> Event:
        """Return the event with the number of the call within the turn."""
        if isinstance(event, ResponseRestarted):
            self.begin_response()
        if not isinstance(event, ToolCallStart | ToolCallDelta):
            return event
        if event.index not in self._numbers:
            self._numbers[event.index] = self._count
            self._count += 1
        return replace(event, index=self._numbers[event.index])


@dataclass(frozen=True, slots=True)
class _ReadyCall:
    """A call that is ready to run."""

    index: int
    call: ToolCall
    tool: NotebookTool
    arguments: dict[str, Any]


class ToolCallRunner:
    """Runs the tool calls of one turn.

    A call is identified by its number in the turn. Its id comes from the server, which may repeat it.

    Args:
        tools: the offered tools.
        trusted_tools: the tools that the user approved for the session, by name. Approvals add tools.
        clock: clock of the turn.
        settings: the settings of the turn, for the timeout of approvals and for what the results contain of data.
    """

    def __init__(
        self,
        tools: Sequence[NotebookTool],
        trusted_tools: dict[str, NotebookTool] | None,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._approval_timeout = settings.approval_timeout
        self._clock = clock
        self._share = settings.share
        self._tools = {tool.name: tool for tool in tools}
        self._trusted_tools = {} if trusted_tools is None else trusted_tools
        self._call_count = 0
        self._open_calls: dict[int, ToolCall] = {}
        self._running_indices: set[int] = set()
        self._keys: dict[int, CallKey] = {}
        self._failures: Counter[tuple[CallKey, str]] = Counter()
        self._truncated_after = -1
        self.end_reason: Translatable | None = None
        """Why no more tools run in this turn; `None` while they may run."""

    def fail_open_calls(self) -> Iterator[ToolProgress]:
        """Yield a failed result for each call that has none."""
        for index, call in self._open_calls.items():
            reason = INTERRUPTED_WHILE_RUNNING if index in self._running_indices else INTERRUPTED_BEFORE_RUN
            yield ToolProgress(index, "failed", _failed_result(call, reason))

    async def run_calls(
        self, calls: Mapping[int, ToolCall], *, is_truncated: bool = False
    ) -> AsyncGenerator[ToolProgress]:
        """Run the calls of one response in their order. Consecutive calls of parallel tools run at the same time.

        Args:
            calls: the calls, by number.
            is_truncated: whether the response exceeded the limit of calls. The last result reports it to the model.
        """
        self._open_calls = dict(calls)
        self._keys = {index: _build_key(call) for index, call in calls.items()}
        self._truncated_after = max(calls) if is_truncated else -1
        for parallel, group in groupby(calls, lambda index: self._is_parallel(calls[index])):
            indices = list(group)
            for batch in [indices] if parallel else [[index] for index in indices]:
                async for progress in self._run_group(batch, calls):
                    yield progress

    def _is_parallel(self, call: ToolCall) -> bool:
        tool = self._tools.get(call.name)
        return bool(tool and tool.parallel)

    async def _run_group(
        self, group: Sequence[int], calls: Mapping[int, ToolCall]
    ) -> AsyncGenerator[ToolProgress]:
        ready_calls = []
        for index in group:
            prepared = self._prepare_call(index, calls)
            if isinstance(prepared, ToolResult):
                yield self._finish_call(index, prepared)
            elif self._needs_approval(prepared):
                pending = PendingApproval(prepared.call)
                yield ToolProgress(index, "waiting", approval=pending)
                approval = await pending.wait_for_decision(self._approval_timeout)
                yield self._apply_approval(prepared, approval)
                if approval.is_timeout:
                    raise self._build_timeout_error(prepared.call)
                ready_calls += [prepared] if approval.allowed else []
            else:
                ready_calls.append(prepared)
        for each in ready_calls:
            self._running_indices.add(each.index)
            yield ToolProgress(each.index, "running")
        with share_results(self._share):
            results = await _run_concurrently(ready_calls, self._clock)
        for index, result in results:
            yield self._finish_call(index, result)

    def _prepare_call(self, index: int, calls: Mapping[int, ToolCall]) -> _ReadyCall | ToolResult:
        """Return a call with its parsed arguments, or an error result."""
        self._call_count += 1
        call = calls[index]
        tool = self._tools.get(call.name)
        if self._call_count > MAX_TOOL_CALLS:
            self.end_reason = Translatable(
                "Limit of {most} tool calls per turn reached; the model replied without further tools.",
                most=MAX_TOOL_CALLS,
            )
            return _failed_result(call, f"Not run: a turn may make {MAX_TOOL_CALLS} calls at the most.")
        if any(number < index and key == self._keys[index] for number, key in self._keys.items()):
            return _failed_result(call, DUPLICATE_CALL)
        if tool is None:
            return _failed_result(
                call, f"There is no tool {call.name}. Available: {', '.join(self._tools) or 'none'}."
            )
        if self._truncated_after >= 0 and not call.arguments and tool.spec.parameters.get("properties"):
            return _failed_result(call, UNFINISHED_CALL)
        try:
            return _ReadyCall(index, call, tool, tool.parse_arguments(call.arguments))
        except ValueError as error:
            return replace(_failed_result(call, str(error)), invalid_arguments=True)

    def _needs_approval(self, ready: _ReadyCall) -> bool:
        is_trusted = ready.tool.is_same_as(self._trusted_tools.get(ready.tool.name))
        return ready.tool.confirm != "none" and not is_trusted

    def _apply_approval(self, ready: _ReadyCall, approval: Approval) -> ToolProgress:
        call = ready.call
        if not approval.allowed:
            output = (
                NOT_DECIDED
                if approval.is_timeout
                else "The user refused this call" + (f": {approval.reason}" if approval.reason else ".")
            )
            return self._finish_call(
                ready.index, ToolResult(call.id, call.name, output, is_error=True, refused=True)
            )
        if approval.for_session or ready.tool.confirm == "once_per_session":
            self._trusted_tools[call.name] = ready.tool
        return ToolProgress(ready.index, "approved")

    def _build_timeout_error(self, call: ToolCall) -> ApprovalTimeout:
        return ApprovalTimeout(
            Translatable(
                "Approval timed out after {seconds:g} s: the call of {name} was refused.",
                name=quote(call.name, MAX_NAME_CHARS),
                seconds=self._approval_timeout,
            )
        )

    def _finish_call(self, index: int, result: ToolResult) -> ToolProgress:
        call = self._open_calls.pop(index)
        if result.is_error and result.output != DUPLICATE_CALL:
            result = self._count_failure(index, call, result)
        if index == self._truncated_after:
            result = replace(result, output=f"{result.output}\n\n{TRUNCATED_RESPONSE}")
        state: ToolState = "refused" if result.refused else "failed" if result.is_error else "done"
        return ToolProgress(index, state, result)

    def _count_failure(self, index: int, call: ToolCall, result: ToolResult) -> ToolResult:
        failure = self._keys[index], result.output
        self._failures[failure] += 1
        if self._failures[failure] < MAX_EQUAL_FAILURES:
            return result
        self.end_reason = Translatable(
            "The same call of {name} failed {count} times; the model replied without further tools.",
            name=quote(call.name, MAX_NAME_CHARS),
            count=MAX_EQUAL_FAILURES,
        )
        return replace(result, output=f"{result.output}\n\n{REPEATED_FAILURE}")


def _build_key(call: ToolCall) -> CallKey:
    """Return the name and the arguments as canonical JSON, or as they are if they are not JSON."""
    try:
        return call.name, canonical_json(json.loads(call.arguments.strip() or "{}"))
    except (ValueError, RecursionError):
        return call.name, call.arguments


def _failed_result(call: ToolCall, output: str) -> ToolResult:
    return ToolResult(call.id, call.name, output, is_error=True)


async def _run_concurrently(ready_calls: Sequence[_ReadyCall], clock: Clock) -> list[tuple[int, ToolResult]]:
    results: dict[int, ToolResult] = {}

    async def run(each: _ReadyCall) -> None:
        results[each.index] = await _run_call(each, clock)

    async with anyio.create_task_group() as group:
        for each in ready_calls:
            group.start_soon(run, each)
    return [
        (each.index, results.get(each.index) or _failed_result(each.call, CANCELLED_ITSELF))
        for each in ready_calls
    ]


async def _run_call(ready: _ReadyCall, clock: Clock) -> ToolResult:
    start = clock.now()
    outcome = ToolOutcome(
        f"Timed out after {ready.tool.timeout} s. It may still have effects.", is_error=True
    )
    with anyio.move_on_after(ready.tool.timeout):
        try:
            outcome = await ready.tool.run(ready.arguments)
        # A tool that is not a function may raise any exception.
        except (Exception, asyncio.CancelledError) as error:
            from mimo_magics.tools.execution import format_exception_line, is_stopped_by_caller

            if is_stopped_by_caller(error):
                raise
            outcome = ToolOutcome(format_exception_line(error), is_error=True)
    call, seconds = ready.call, round(clock.now() - start, 3)
    return ToolResult(
        call.id, call.name, outcome.output, is_error=outcome.is_error, seconds=seconds, log=outcome.log
    )
