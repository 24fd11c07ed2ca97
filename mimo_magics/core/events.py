"""Events of a running turn, and the accumulator that folds them into a `Reply`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass, field, replace
from typing import Any, Literal, NamedTuple

from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import (
    Annotation,
    Message,
    Part,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    ToolResult,
    Usage,
    unused_id,
)
from mimo_magics.core.run_progress import RunProgress
from mimo_magics.core.text import join_surrogates


@dataclass(frozen=True, slots=True)
class ModelPreparation:
    """The embedded model is being downloaded or started. No request was sent yet."""

    step: str
    bytes_done: int = 0
    """Bytes downloaded so far."""
    bytes_total: int = 0
    """Size of the download; 0 if unknown."""

    def __str__(self) -> str:
        values = {"what": self.step, "done": self.bytes_done / 1e6, "total": self.bytes_total / 1e6}
        return Translatable(
            "{what}: {done:,.0f} of {total:,.0f} MB" if self.bytes_total else "{what} …", **values
        )


@dataclass(frozen=True, slots=True)
class Retrying:
    """The server was busy or not reachable. The call is retried after a wait."""

    attempt: int
    """Number of the next attempt, from 2."""
    max_attempts: int
    delay: float
    """Seconds until the next attempt."""
    reason: str

    def __str__(self) -> str:
        values = asdict(self) | {"delay": round(self.delay, 1)}
        return Translatable(
            "{reason} · retrying in {delay:g} s, attempt {attempt} of {max_attempts}", **values
        )


@dataclass(frozen=True, slots=True)
class ResponseStarted:
    """The response of the server began."""

    id: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class ResponseRestarted:
    """The server starts its response again. Everything since `ResponseStarted` is discarded."""

    id: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class ResultExpected:
    """The response that began is to fit a schema. Its text is JSON, so a renderer shows its items instead."""

    schema: Mapping[str, Any]
    """JSON Schema of the value: of an array, or of one object."""


@dataclass(frozen=True, slots=True)
class ResultItem:
    """An item of a list is complete and fits the schema, or fields of one object are complete."""

    value: Any
    """The item as JSON. The fields of one object replace those of the event before."""


@dataclass(frozen=True, slots=True)
class AudioDelta:
    """More audio of a speech model."""

    data: str = field(repr=False)
    """Base64, which may be cut at any character. `wire.audio_data` decodes it."""


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More reasoning. A signature ends a reasoning part."""

    text: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class ToolCallStart:
    """A tool call begins. A second event with the same index fills in only fields that were empty."""

    index: int
    """Number of the call, from 0. A decoder counts within one response, a session within the turn."""
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """More arguments of a tool call, as JSON text."""

    index: int
    arguments: str


ToolState = Literal["waiting", "approved", "running", "done", "failed", "refused"]
"""`waiting` is for the approval of the user. The last three states are final."""


@dataclass(frozen=True, slots=True)
class ToolProgress:
    """The state of a tool call changed. The last event of a call carries its result."""

    index: int
    """Number of the call within the turn, as in `ToolCallStart`. Ids from the server may repeat."""
    state: ToolState
    result: ToolResult | None = None
    approval: PendingApproval | None = field(default=None, compare=False)
    """Set while the state is `waiting`."""


@dataclass(frozen=True, slots=True)
class Approval:
    """The user's decision on a tool call."""

    allowed: bool
    reason: str = ""
    """Reason of a refusal, which is sent to the model."""
    for_session: bool = False
    """Whether the tool needs no more approvals in this session."""
    is_timeout: bool = False
    """Whether the time for a decision is over."""


class PendingApproval:
    """A tool call that waits for the user's decision.

    It belongs to one call, with its name and arguments. The first decision counts. All methods can be called from any thread.
    """

    def __init__(self, call: ToolCall) -> None:
        self.call = call
        self._decision: Future[Approval] = Future()

    def __repr__(self) -> str:
        return f"PendingApproval({self.call!r})"

    def approve(self, *, for_session: bool = False) -> None:
        """Allow the call."""
        self.decide(Approval(allowed=True, for_session=for_session))

    def refuse(self, reason: str = "") -> None:
        """Refuse the call. The reason is sent to the model."""
        self.decide(Approval(allowed=False, reason=reason))

    def decide(self, approval: Approval) -> None:
        """Decide on the call. No effect on a call that is already decided, or whose turn is over."""
        with suppress(InvalidStateError):
            self._decision.set_result(approval)

    async def wait_for_decision(self, max_seconds: float | None = None) -> Approval:
        """Wait for the decision. After `max_seconds` the call is refused."""
        refusal = Approval(allowed=False, is_timeout=True)
        timer = (
            None
            if max_seconds is None
            else asyncio.get_running_loop().call_later(max_seconds, self.decide, refusal)
        )
        try:
            return await asyncio.wrap_future(self._decision)
        finally:
            if timer:
                timer.cancel()


@dataclass(frozen=True, slots=True)
class Annotations:
    """The server sent sources of a web search."""

    items: tuple[Annotation, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about the reply, shown with a warning sign and saved in `Reply.notes`."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What the session did with the turn, such as a branch that it created. Shown below the reply, and not part of it."""

    text: str


@dataclass(frozen=True, slots=True)
class PromptContext:
    """What the prompt sends beside its own text. It comes before the first request."""

    items: tuple[ContextItem, ...]


@dataclass(frozen=True, slots=True)
class UsageUpdate:
    """Token counts so far, which replace earlier counts. They may follow `Stopped`."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Stopped:
    """The response is over. `Reply.stop` lists the reasons."""

    reason: str


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """One reply of a comparison is over: no further event belongs to it."""

    failure: str = ""
    """Why it failed; empty if it did not."""


Event = (
    ModelPreparation
    | Retrying
    | ResponseStarted
    | ResponseRestarted
    | TextDelta
    | ResultExpected
    | ResultItem
    | AudioDelta
    | ReasoningDelta
    | ToolCallStart
    | ToolCallDelta
    | ToolProgress
    | Annotations
    | Note
    | Notice
    | PromptContext
    | UsageUpdate
    | Stopped
    | ReplyEnded
    | RunProgress
)


class ReplyEvent(NamedTuple):
    """An event of one reply of a comparison."""

    number: int
    """Number of the reply, from 0."""
    event: Event


class Accumulator:
    """Folds events into a `Reply`, which can be read at any time.

    The pieces stay in lists until the reply is read, so that the time to feed grows linearly.
    """

    def __init__(self) -> None:
        self._entries: list[_PartBuilder | ToolResult] = []
        self._call_builders: dict[int, _PartBuilder] = {}
        self._response_started = ResponseStarted()
        self._response_start = 0
        """Index of the first entry of the current response."""
        self._usage: Usage | None = None
        self._previous_usage: Usage | None = None
        self._stop: str | None = None
        self._annotations: tuple[Annotation, ...] = ()
        self._notes: tuple[str, ...] = ()
        self.notices: tuple[str, ...] = ()
        """The notices of the turn, which are not part of the reply."""
        self.context: tuple[ContextItem, ...] = ()
        """The context of the prompt."""

    def feed(self, event: Event) -> None:
        """Add an event."""
        match event:
            case TextDelta(text):
                self._current_builder(TextPart).pieces.append(text)
            case ReasoningDelta(text, signature):
                self._add_reasoning(text, signature)
            case ToolCallStart(index, id_, name):
                self._open_call(index, id_, name)
            case ToolCallDelta(index, arguments):
                self._open_call(index, "", "").pieces.append(arguments)
            case ToolProgress(_, _, ToolResult() as result):
                self._entries.append(result)
            case _:
                self._feed_metadata(event)

    def _feed_metadata(self, event: Event) -> None:
        """Add an event that is not content."""
        match event:
            case ResponseStarted():
                self._response_started = event
                self._begin_response()
            case ResponseRestarted(id_, model):
                del self._entries[self._response_start :]
                self._response_started = ResponseStarted(id_, model)
                self._call_builders = {}
            case UsageUpdate(usage):
                self._usage = usage
            case Stopped(reason):
                self._stop = reason
            case Annotations(items):
                self._annotations += items
            case Note(text):
                self._notes += (text,)
            case Notice(text):
                self.notices += (text,)
            case PromptContext(items):
                self.context = items

    def _begin_response(self) -> None:
        """Begin a response, which counts its calls and its tokens from 0."""
        self._call_builders = {}
        self._response_start = len(self._entries)
        if self._usage:
            self._previous_usage = (self._previous_usage or Usage()) + self._usage
            self._usage = None

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        return Reply(
            Message("assistant", tuple(part for _, part in self._iter_parts())),
            self._total_usage,
            self._stop and join_surrogates(self._stop),
            join_surrogates(self._response_started.model),
            join_surrogates(self._response_started.id),
            tuple(Annotation(*map(join_surrogates, astuple(each))) for each in self._annotations),
            tuple(map(join_surrogates, self._notes)),
        )

    @property
    def open_calls(self) -> dict[int, ToolCall]:
        """The tool calls without a result, by number."""
        parts = list(self._iter_parts())
        ids = {part.id for _, part in parts if isinstance(part, ToolResult)}
        return {index: part for index, part in parts if isinstance(part, ToolCall) and part.id not in ids}

    def _iter_parts(self) -> Iterator[tuple[int, Part]]:
        """Yield the parts, each tool call with its number. No two calls have the same id."""
        used: set[str] = set()
        for entry in self._entries:
            if isinstance(entry, ToolResult):
                yield -1, entry
            elif entry.has_content:
                part = entry.build_part()
                if isinstance(part, ToolCall):
                    part = replace(part, id=unused_id(part.id, used))
                    used.add(part.id)
                yield entry.index, part

    @property
    def _total_usage(self) -> Usage | None:
        if self._usage and self._previous_usage:
            return self._previous_usage + self._usage
        return self._usage or self._previous_usage

    def _current_builder(self, kind: type[TextPart | ReasoningPart]) -> _PartBuilder:
        builder = self._entries[-1] if self._entries else None
        if not isinstance(builder, _PartBuilder) or builder.kind is not kind or builder.signature:
            builder = _PartBuilder(kind)
            self._entries.append(builder)
        return builder

    def _add_reasoning(self, text: str, signature: str) -> None:
        builder = self._current_builder(ReasoningPart)
        builder.pieces.append(text)
        builder.signature = signature

    def _open_call(self, index: int, id_: str, name: str) -> _PartBuilder:
        builder = self._call_builders.get(index)
        if builder is None:
            builder = self._call_builders[index] = _PartBuilder(ToolCall, index)
            self._entries.append(builder)
        builder.id = builder.id or id_
        builder.name = builder.name or name
        return builder


class _PartBuilder:
    """A part that can still grow."""

    __slots__ = ("id", "index", "kind", "name", "pieces", "signature")

    def __init__(self, kind: type[TextPart | ReasoningPart | ToolCall], index: int = 0) -> None:
        self.kind = kind
        self.index = index
        self.pieces: list[str] = []
        self.id = self.name = self.signature = ""

    @property
    def has_content(self) -> bool:
        """Whether the part has content. Servers also send calls without a name and empty parts."""
        return bool(self.name if self.kind is ToolCall else self.signature or any(self.pieces))

    def build_part(self) -> Part:
        text = join_surrogates("".join(self.pieces))
        if self.kind is ToolCall:
            return ToolCall(join_surrogates(self.id), join_surrogates(self.name), text)
        return (
            ReasoningPart(text, join_surrogates(self.signature))
            if self.kind is ReasoningPart
            else TextPart(text)
        )
