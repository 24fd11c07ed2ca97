"""The values that pass between the layers: parts, messages, requests and replies.

They are frozen, and compare and print by content. Cells, files and turns have their ids elsewhere. A parameter that is `None` or
an empty tuple is not sent.
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
    """Text of a prompt or a reply. A reply is Markdown source."""

    type: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True, slots=True)
class ContextPart(TextPart):
    """Text of a prompt that describes a value, such as a data frame, and a description of it for the user."""

    type: ClassVar[str] = "context"
    name: str = ""
    """The reference in the prompt, such as `df` or `rows[0]["x"]`; empty for the result of a tool."""
    kind: str = ""
    """What the value is, such as `pandas DataFrame` or `dict`."""
    detail: str = ""
    """What the text contains, such as `41,233 x 7, schema and 5 rows`."""
    whole_size: int = 0
    """Bytes of the text without a limit: exact for texts, estimated for frames and arrays, else a lower limit."""

    @property
    def size(self) -> int:
        """Bytes of the text."""
        return len(self.text.encode(errors="surrogatepass"))

    @property
    def label(self) -> str:
        """The value in a few words, such as `df 41,233 x 7, schema and 5 rows`."""
        return f"{self.name} {self.detail}" if self.name else self.detail


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """Reasoning of the model."""

    type: ClassVar[str] = "reasoning"
    text: str
    signature: str = ""
    """Signature of the Anthropic format, sent back as it came. MiMo sends none."""


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image in a prompt: JPEG, PNG, GIF, WebP or BMP."""

    type: ClassVar[str] = "image"
    url: str
    """An http(s) URL, or a data URL with the image."""
    name: str = ""
    """What the user calls it, such as a file name. Shown to the user, never sent."""


@dataclass(frozen=True, slots=True)
class AudioPart:
    """Audio in a prompt: MP3, WAV, FLAC, M4A or OGG. The Anthropic format does not support it."""

    type: ClassVar[str] = "audio"
    url: str
    """An http(s) URL, or a data URL with the audio."""
    name: str = ""
    """What the user calls it. Shown to the user, never sent."""


@dataclass(frozen=True, slots=True)
class VideoPart:
    """A video in a prompt: MP4, MOV, AVI or WMV. The Anthropic format does not support it."""

    type: ClassVar[str] = "video"
    url: str
    """An http(s) URL, or a data URL with the video."""
    name: str = ""
    """What the user calls it. Shown to the user, never sent."""
    fps: float | None = None
    """Frames per second that the model sees: 0.1 to 10. `None` leaves it to the server, which takes 2."""
    media_resolution: str = ""
    """`default` or `max`; empty leaves it to the server."""


MediaPart = ImagePart | AudioPart | VideoPart


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that the model requests."""

    type: ClassVar[str] = "tool_call"
    id: str
    name: str
    arguments: str = ""
    """JSON as the model wrote it, which may be invalid. Empty means `{}`."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of the tool call with the same id."""

    type: ClassVar[str] = "tool_result"
    id: str
    name: str
    output: str
    """Always text: MiMo refuses lists and images here."""
    is_error: bool = False
    refused: bool = False
    """Whether the user refused the call. `output` is what the model receives then."""
    seconds: float | None = None
    """Run time in seconds; `None` for a call that did not run."""
    log: str = ""
    """Printed output and traceback. Shown to the user, never sent."""
    invalid_arguments: bool = False
    """Whether the call did not run because its arguments do not fit the tool."""


Part = TextPart | ContextPart | ReasoningPart | MediaPart | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a request: role and parts."""

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
        """The tool calls, in the order of the model."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def open_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls without a result in this message. A result belongs to one call."""
        results = Counter(part.id for part in self.parts if isinstance(part, ToolResult))
        open_calls = []
        for call in self.tool_calls:
            if results[call.id]:
                results[call.id] -= 1
            else:
                open_calls.append(call)
        return tuple(open_calls)


def join_texts(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts of a prompt as a server receives them: consecutive texts are one text."""
    for is_text, group in groupby(parts, lambda part: isinstance(part, TextPart)):
        if is_text:
            yield TextPart("".join(part.text for part in group if isinstance(part, TextPart)))
        else:
            yield from group


def split_responses(message: Message) -> Iterator[Message]:
    """Split a reply with tool calls into the messages of the formats: calls, results, and so on in turn."""
    for is_result, parts in groupby(message.parts, lambda part: isinstance(part, ToolResult)):
        yield Message("tool" if is_result else "assistant", tuple(parts))


def unused_id(id_: str, used: Collection[str]) -> str:
    """Return an id for a tool call: the id of the server, or `call_N` where that is empty or already used."""
    candidates = chain([id_] if id_ else [], (f"call_{number}" for number in count(len(used))))
    return next(candidate for candidate in candidates if candidate not in used)


def with_unique_ids(messages: Iterable[Message]) -> Iterator[Message]:
    """Yield the messages of a request with unique ids of tool calls. A call and its result have the same id.

    Servers repeat ids or send none, and refuse a request in which two calls have the same id.
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
    """Return the message of a system prompt."""
    return Message("system", (TextPart(text),))


def user_message(text: str) -> Message:
    """Return the message of a prompt."""
    return Message("user", (TextPart(text),))


@dataclass(frozen=True, slots=True)
class Params:
    """Parameters of one call. A field that is not set is not sent, and the server uses its default."""

    model: str
    temperature: float | None = None
    """0 to 1.5 (2 on api.mimo-v2.com). No effect while thinking is on in a MiMo model."""
    top_p: float | None = None
    """0.01 to 1. No effect while thinking is on in a MiMo model."""
    max_completion_tokens: int | None = None
    """Limit of the output, including reasoning."""
    stop: tuple[str, ...] = ()
    """At most four sequences that end the reply."""
    frequency_penalty: float | None = None
    """-2 to 2; OpenAI format only."""
    presence_penalty: float | None = None
    """-2 to 2; OpenAI format only."""
    thinking: bool | None = None
    """Turn thinking on or off. Each model has its own default."""
    tool_choice: str | None = None
    """`auto`, `none`, `required` or the name of a tool. MiMo supports `auto` only."""
    response_format: Mapping[str, Any] | None = None
    """`{"type": "json_object"}` for JSON mode; OpenAI format only."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More fields of the JSON body, sent unchanged. They override the fields above."""
    web_search: str | None = None
    """`on` or `force`: the server searches the web; OpenAI format only."""


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
    """One call to a model, before a format encodes it."""

    messages: tuple[Message, ...]
    params: Params
    tools: tuple[Tool, ...] = ()
    stream: bool = True
    fields: ServiceFields = ServiceFields()


MAX_COUNT = 2**53
"""Largest count of tokens or turns. A file with a larger one is damaged; sums stop here."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts that the server reported. They are totals; 0 where the server reported nothing."""

    input: int = 0
    """Tokens of the whole request, including cached tokens."""
    output: int = 0
    """Tokens of the whole reply, including reasoning."""
    cached: int = 0
    """Tokens of `input` that came from the prefix cache."""
    reasoning: int = 0
    """Tokens of `output` that are reasoning."""
    web_searches: int = 0
    """Web searches of the server. They are billed in addition to tokens."""
    audio_seconds: float = 0.0
    """Seconds of audio that a model transcribed. They are billed instead of tokens."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            min(self.input + other.input, MAX_COUNT),
            min(self.output + other.output, MAX_COUNT),
            min(self.cached + other.cached, MAX_COUNT),
            min(self.reasoning + other.reasoning, MAX_COUNT),
            min(self.web_searches + other.web_searches, MAX_COUNT),
            min(self.audio_seconds + other.audio_seconds, MAX_COUNT),
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of a reply in seconds, counted from the request."""

    time_to_first_token: float | None = field(default=None, metadata={"saved_as": "first"})
    """Time to the first token; `None` without tokens."""
    reasoning: float | None = None
    """Duration of the reasoning; `None` without reasoning."""
    total: float = 0.0
    tools: float = 0.0
    """Part of `total`: from the first tool call that runs or waits for approval to the next response."""

    @property
    def streaming(self) -> float:
        """Seconds in which the model generated tokens: without the wait for the first one, and without tools."""
        return 0.0 if self.time_to_first_token is None else self.total - self.time_to_first_token - self.tools


@dataclass(frozen=True, slots=True)
class Annotation:
    """A source of a web search of the server."""

    url: str
    title: str = ""
    summary: str = ""
    site_name: str = ""
    publish_time: str = ""


@dataclass(frozen=True, slots=True)
class SchemaResult:
    """How the reply to a prompt with a schema fits it."""

    schema: Mapping[str, Any]
    """JSON Schema of the value: of an array, or of one object."""
    errors: tuple[str, ...] = ()
    """What does not fit the schema."""
    has_value: bool = True
    """Whether there is an object that fits, or a list with its valid items."""

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return self.schema.get("type") == "array"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model returned for one prompt, complete or so far."""

    message: Message = Message("assistant")
    usage: Usage | None = None
    """`None` where the server reported none."""
    stop: str | None = None
    """Reason of the end: `end`, `length`, `tool_calls`, `stop`, `filter`, `repetition`, `interrupted`, `cut` (a broken
    connection), `budget`, or another value of the server. `None` while the reply is not over."""
    model: str = ""
    """The model that the server reports."""
    id: str = ""
    annotations: tuple[Annotation, ...] = ()
    notes: tuple[str, ...] = ()
    """Remarks that came with the reply, such as a web search that failed."""
    timing: Timing | None = None
    """Set by a session."""
    cost: float | None = None
    """Estimated cost in US dollars, set by a session from the price table; `None` without a known price."""
    uses_own_price: bool = False
    """Whether the cost uses a price of the setting `prices`."""
    result: SchemaResult | None = None
    """Set by a session if the prompt has a schema."""

    @property
    def text(self) -> str:
        """The text of the reply, as Markdown source."""
        return self.message.text

    @property
    def reasoning(self) -> str:
        """The reasoning of the model."""
        return self.message.reasoning

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls that the model requests."""
        return self.message.tool_calls

    @property
    def value(self) -> Any:
        """The validated value of a reply to a prompt with a schema; else `None`."""
        return None

    @property
    def errors(self) -> tuple[str, ...]:
        """What does not fit the schema."""
        return self.result.errors if self.result else ()

    @property
    def json_text(self) -> str:
        """The value of a reply to a prompt with a schema, as JSON; empty without a value."""
        return self.text if self.result and self.result.has_value else ""

    def __str__(self) -> str:
        return self.text
