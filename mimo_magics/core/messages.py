"""The values that pass between the layers: parts, messages, requests and replies.

They are pure and frozen: equal content is an equal value, and what happened can be seen by printing
them. Identity (cells, files, turns) lives elsewhere. `None` and an empty tuple mean «do not send».
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count, groupby
from typing import Any, ClassVar, Literal

from mimo_magics.core.services import ServiceFields

Role = Literal["system", "developer", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class TextPart:
    """Words for the reader, as Markdown source when a model wrote them."""

    type: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """What the model thought before it answered."""

    type: ClassVar[str] = "reasoning"
    text: str
    signature: str = ""
    """Opaque proof of origin (Anthropic format). MiMo sends none; the part is kept and sent back all the same."""


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture in a prompt: JPEG, PNG, GIF, WebP or BMP."""

    type: ClassVar[str] = "image"
    url: str
    """An http(s) address, or a data URL that holds the picture itself."""


@dataclass(frozen=True, slots=True)
class AudioPart:
    """Sound in a prompt: MP3, WAV, FLAC, M4A or OGG. The Anthropic format has none."""

    type: ClassVar[str] = "audio"
    url: str
    """An http(s) address, or a data URL that holds the sound itself."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model's wish to run a tool."""

    type: ClassVar[str] = "tool_call"
    id: str
    name: str
    arguments: str = ""
    """JSON as the model wrote it. Reading it may fail; losing it may not. Empty stands for `{}`."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back for the call of the same id."""

    type: ClassVar[str] = "tool_result"
    id: str
    name: str
    output: str
    """Always text: MiMo refuses lists and pictures here."""
    is_error: bool = False
    refused: bool = False
    """Whether the person did not let it run; `output` says so to the model."""
    seconds: float | None = None
    """How long it ran; `None` when it did not."""
    log: str = ""
    """What it printed, and the trace of its failure: for people, never sent."""


Part = TextPart | ReasoningPart | ImagePart | AudioPart | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation."""

    role: Role
    parts: tuple[Part, ...] = ()

    @property
    def text(self) -> str:
        """All text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def reasoning(self) -> str:
        """All reasoning parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, ReasoningPart))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls, in the model's order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def open_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls that have no result in this message; one result answers one call."""
        results = Counter(part.id for part in self.parts if isinstance(part, ToolResult))
        open_calls = []
        for call in self.tool_calls:
            if results[call.id]:
                results[call.id] -= 1
            else:
                open_calls.append(call)
        return tuple(open_calls)


def split_responses(message: Message) -> Iterator[Message]:
    """Split an answer that ran tools into the messages that a server knows: calls, their results, and so on."""
    for is_result, parts in groupby(message.parts, lambda part: isinstance(part, ToolResult)):
        yield Message("tool" if is_result else "assistant", tuple(parts))


def unused_id(id_: str, used: Collection[str]) -> str:
    """Return an id for a tool call: the server's, or `call_N` when it sent none or one that is used already."""
    candidates = chain([id_] if id_ else [], (f"call_{number}" for number in count(len(used))))
    return next(candidate for candidate in candidates if candidate not in used)


def with_unique_ids(messages: Iterable[Message]) -> Iterator[Message]:
    """Yield the messages of a conversation so that no two tool calls have the same id.

    Servers repeat ids or send none, and refuse a conversation with two equal ones. A call and its result have the same id.
    """
    used: set[str] = set()
    open_ids: dict[str, list[str]] = {}

    def assign_unique_id(part: Part) -> Part:
        if isinstance(part, ToolCall):
            unique = unused_id(part.id, used)
            used.add(unique)
            open_ids.setdefault(part.id, []).append(unique)
            return replace(part, id=unique)
        if isinstance(part, ToolResult) and open_ids.get(part.id):
            return replace(part, id=open_ids[part.id].pop(0))
        return part

    for message in messages:
        if message.role == "assistant":
            open_ids.clear()
        if any(isinstance(part, ToolCall | ToolResult) for part in message.parts):
            yield replace(message, parts=tuple(map(assign_unique_id, message.parts)))
        else:
            yield message


def system_message(text: str) -> Message:
    """Build the message that sets the model's task."""
    return Message("system", (TextPart(text),))


def user_message(text: str) -> Message:
    """Build a prompt."""
    return Message("user", (TextPart(text),))


@dataclass(frozen=True, slots=True)
class Params:
    """What can be asked of one generation. A field that is not set is not sent: the server decides."""

    model: str
    temperature: float | None = None
    """0 to 1.5 (2 on api.mimo-v2.com); without effect while a MiMo model thinks."""
    top_p: float | None = None
    """0.01 to 1; without effect while a MiMo model thinks."""
    max_completion_tokens: int | None = None
    """Upper bound of the output, reasoning included."""
    stop: tuple[str, ...] = ()
    """At most four sequences that end the answer."""
    frequency_penalty: float | None = None
    """-2 to 2; OpenAI format only."""
    presence_penalty: float | None = None
    """-2 to 2; OpenAI format only."""
    thinking: bool | None = None
    """Reason before answering. Each model has its own default."""
    tool_choice: str | None = None
    """`auto`, `none`, `required` or a tool's name. MiMo honours `auto` only."""
    response_format: Mapping[str, Any] | None = None
    """`{"type": "json_object"}` for JSON mode; OpenAI format only."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More body fields, passed on untouched. They win over the fields above."""
    web_search: str | None = None
    """`on` or `force`: the server searches; OpenAI format only."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call."""

    name: str
    """1 to 64 characters of A-Z, a-z, 0-9, _ and -."""
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    """JSON Schema of an object."""


@dataclass(frozen=True, slots=True)
class Request:
    """All that a wire format needs to know of one call."""

    messages: tuple[Message, ...]
    params: Params
    tools: tuple[Tool, ...] = ()
    stream: bool = True
    fields: ServiceFields = ServiceFields()


MAX_COUNT = 2**53
"""Of tokens and turns that a file may tell; beyond it a file is damaged, and sums end there."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the server told them; inclusive totals, 0 where it told nothing."""

    input: int = 0
    """Tokens of the whole request, cached ones included."""
    output: int = 0
    """Tokens of the whole reply, reasoning included."""
    cached: int = 0
    """Part of `input` that came from the prefix cache."""
    reasoning: int = 0
    """Part of `output` that was reasoning."""
    web_searches: int = 0
    """Searches of the server, which are paid beside the tokens."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            min(self.input + other.input, MAX_COUNT),
            min(self.output + other.output, MAX_COUNT),
            min(self.cached + other.cached, MAX_COUNT),
            min(self.reasoning + other.reasoning, MAX_COUNT),
            min(self.web_searches + other.web_searches, MAX_COUNT),
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a reply took, in seconds since the request was made."""

    time_to_first_token: float | None = field(default=None, metadata={"saved_as": "first"})
    """Until the first token; `None` when none came."""
    reasoning: float | None = None
    """How long the model reasoned; `None` when it did not."""
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Annotation:
    """A source that a web search of the server used."""

    url: str
    title: str = ""
    summary: str = ""
    site_name: str = ""
    publish_time: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answered, whole or up to now."""

    message: Message = Message("assistant")
    usage: Usage | None = None
    """`None` when the server told nothing."""
    stop: str | None = None
    """Why it ended: `end`, `length`, `tool_calls`, `stop`, `filter`, `repetition`, `interrupted`, `cut`, or the
    server's own word when it is none of these. `None` while it goes on."""
    model: str = ""
    """The model that answered, by its own account."""
    id: str = ""
    annotations: tuple[Annotation, ...] = ()
    notes: tuple[str, ...] = ()
    """What the server remarked beside the answer, such as a web search that failed."""
    timing: Timing | None = None
    """Set by a session; the wire does not measure."""
    cost: float | None = None
    """Estimate in US dollars, set by a session from the dated price table; `None` where no price is known."""

    @property
    def text(self) -> str:
        """The answer's Markdown source."""
        return self.message.text

    @property
    def reasoning(self) -> str:
        """What the model thought."""
        return self.message.reasoning

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools that the model wants to run."""
        return self.message.tool_calls

    def __str__(self) -> str:
        return self.text
