"""What a person can set: the one list that options, `%mimo_config`, the environment and keyword arguments share."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Literal, TypedDict, Union, get_args, get_origin, get_type_hints

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Language, Translatable

Api = Literal["openai", "anthropic"]
Auth = Literal["bearer", "api-key", "both", "x-api-key"]
Format = Literal["markdown", "text", "json"]
WebSearch = Literal["on", "force"]
Overflow = Literal["error", "drop-oldest", "summarise"]
RunAll = Literal["run", "keep"]
Pace = Literal["real", "fast", "once"]
ThinkingForm = Literal["thinking", "chat_template_kwargs", "enable_thinking", "reasoning_effort"]
"""Fields that switch reasoning: MiMo's own; of vLLM, SGLang and llama.cpp; of Alibaba's; of OpenAI's."""
MAX_DEPTH = 100
"""Levels of lists and objects in a value."""
MAX_QUOTED_CHARS = 200
CodeKind = Literal["curl", "openai", "anthropic", "httpx"]
"""Forms in which a call can be written."""


def _setting(
    default: Any,
    help: str,  # noqa: A002  argparse's word
    *flags: str,
    metavar: str = "",
    project: bool = False,
    panel: bool = False,
) -> Any:
    """Describe a field: its help, its option's flags, whether a project's file may set it and the panel shows it."""
    metadata = {"help": help, "flags": flags, "metavar": metavar, "project": project, "panel": panel}
    if default == {}:
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to ask, how, and how to show it. `None` leaves the choice to the service."""

    preset: str = _setting(
        "mimo-v2",
        "The service: mimo-v2, xiaomi, or local for the embedded model.",
        "--preset",
        metavar="NAME",
    )
    api: Api = _setting("openai", "The format of the API.", "--api", panel=True)
    base_url: str | None = _setting(
        None, "Another address for the chosen format, such as https://host/v1.", "--base-url", metavar="URL"
    )
    auth: Auth | None = _setting(None, "Form of the header that carries the key.")
    model: str | None = _setting(
        None, "The model that answers.", "-m", "--model", metavar="ID", project=True, panel=True
    )
    temperature: float | None = _setting(
        None,
        "How freely words are chosen. Without effect while a MiMo model thinks.",
        "-t",
        "--temperature",
        metavar="X",
        project=True,
        panel=True,
    )
    top_p: float | None = _setting(
        None,
        "Choose among the likeliest words of this total probability. Without effect while a MiMo model thinks.",
        "--top-p",
        metavar="X",
        project=True,
        panel=True,
    )
    max_tokens: int | None = _setting(
        None,
        "Upper bound of the output in tokens, reasoning included; never above what the model allows.",
        "--max-tokens",
        metavar="N",
        project=True,
        panel=True,
    )
    stop: tuple[str, ...] = _setting(
        (),
        "Text that ends the answer, \\n for a line end; may be given up to four times.",
        "--stop",
        metavar="TEXT",
        project=True,
        panel=True,
    )
    frequency_penalty: float | None = _setting(
        None,
        "Above 0, words already used often become less likely. OpenAI format only.",
        "--frequency-penalty",
        metavar="X",
        project=True,
        panel=True,
    )
    presence_penalty: float | None = _setting(
        None,
        "Above 0, words already used at all become less likely. OpenAI format only.",
        "--presence-penalty",
        metavar="X",
        project=True,
        panel=True,
    )
    thinking: bool | None = _setting(
        None, "Reason before answering, or do not.", "--thinking", metavar="on|off", project=True, panel=True
    )
    thinking_form: ThinkingForm | None = _setting(
        None, "The field that carries --thinking; each service has its own. OpenAI format only."
    )
    json: bool = _setting(
        False, "JSON mode: the answer is JSON, which the prompt must describe. OpenAI format only.", "--json"
    )
    param: Mapping[str, Any] = _setting(
        {},
        "Another field of the request, sent as it is; may be repeated.",
        "--param",
        metavar="NAME=VALUE",
    )
    tool_choice: str | None = _setting(
        None,
        "Which tool is to be called: auto, none, required, or a name. MiMo honors auto; none sends no tools.",
        "--tool-choice",
        metavar="NAME",
    )
    max_steps: int = _setting(
        10,
        "Rounds of tool calls in a turn; then the model answers without tools.",
        "--max-steps",
        metavar="N",
    )
    web_search: WebSearch | None = _setting(
        None,
        "Let the server search the web when the model wants it, or always: force. OpenAI format only.",
        "--web-search",
    )
    system: str | None = _setting(
        None,
        "The system prompt: your own text, mimo, mimo-zh, or none. Default: mimo for MiMo, none for others.",
        "-s",
        "--system",
        metavar="TEXT",
        panel=True,
    )
    budget: str | None = _setting(
        None, "What a conversation may spend in all: an amount such as 2 USD, or 200k tokens."
    )
    turn_budget: str | None = _setting(
        None,
        "What a turn may spend: an amount such as '0.05 USD', or '20k tokens'.",
        "--budget",
        metavar="AMOUNT",
    )
    prices: Mapping[str, Any] = _setting(
        {},
        'By model, US dollars for a million tokens of input, cached input and output: {"my-model": [1, 0.1, 3]}.',
    )
    window: int | None = _setting(
        None, "Tokens that the model takes in all, where its published figure is not right."
    )
    overflow: Overflow = _setting(
        "error",
        "When the conversation fills the model's window: say so, leave out the oldest turns, or summarise them.",
    )
    run_all: RunAll = _setting(
        "run",
        "Whether a prompt whose answer is saved is asked anew, or its answer kept when nothing has changed.",
    )
    notebook: str | None = _setting(
        None,
        "Path of the notebook, where the front end does not tell it: for autosave, resume and kept answers.",
    )
    autosave: bool = _setting(False, "Save the conversation beside the notebook after each turn.")
    stream: bool = _setting(
        True, "Ask for the answer while it comes, or in one piece.", "--stream", panel=True
    )
    timeout: float = _setting(
        480.0,
        "Longest silence of the server in seconds; thinking may take minutes.",
        "--timeout",
        metavar="S",
    )
    format: Format = _setting("markdown", "How the answer is shown.", "-f", "--format")
    quiet: bool = _setting(False, "Show nothing; the reply is the value of the cell.", "-q", "--quiet")
    live: bool = _setting(True, "Show answers as live widgets where the front end works with them.")
    remote_images: bool = _setting(
        False,
        "Load the pictures of answers, which tells their servers who reads, instead of linking to them.",
    )
    debug: bool = _setting(False, "Show the trace of an error, not only its two lines.")
    tape: str | None = _setting(
        None, "A tape of calls: record:PATH, replay:PATH or auto:PATH; %mimo_tape sets it."
    )
    tape_pace: Pace = _setting("once", "How a tape is replayed: in real time, in a tenth of it, or at once.")
    language: Language = _setting("en", "The language of labels, notices and errors; models are not told.")
    local_model: str = _setting(
        "smollm2-135m", "The embedded model: smollm2-135m, qwen2.5-coder-0.5b or -1.5b, or a GGUF file."
    )

    def __post_init__(self) -> None:
        """Refuse what is of another type, before anything is sent.

        Raises:
            BadOption: a value cannot be.
        """
        stop: object = self.stop
        if isinstance(stop, str | list):
            object.__setattr__(self, "stop", (stop,) if isinstance(stop, str) else tuple(stop))
        for name, hint in _hints().items():
            if not matches_type(getattr(self, name), hint):
                raise BadOption(
                    f"{name} cannot be {_quote(getattr(self, name))}.",
                    f"It is: {_type_name(hint)}.",
                )
        if not is_json_value(dict(self.param)):
            raise BadOption(
                Translatable("param cannot be {value}: JSON cannot say it.", value=_quote(self.param)),
                Translatable(
                    "It holds texts, finite numbers, true, false, null, lists, and objects whose names are texts."
                ),
            )
        if self.timeout <= 0:
            raise BadOption(f"timeout cannot be {self.timeout!r}.", "It is a number of seconds above 0.")
        if self.window is not None and self.window < 1:
            raise BadOption(f"window cannot be {self.window!r}.", "It is a number of tokens above 0.")
        if self.max_steps < 0:
            raise BadOption(f"max_steps cannot be {self.max_steps!r}.", "It is a number of rounds from 0.")


@cache
def _hints() -> dict[str, Any]:
    return get_type_hints(Settings)


def _quote(value: object) -> str:
    from mimo_magics.core.text import quote_value  # only here: it loads the values of a conversation

    return quote_value(value, MAX_QUOTED_CHARS)


def is_json_value(value: object, depth: int = 0) -> bool:
    """Tell whether JSON can say a value: no set, NaN or name that is not a text in it, and not nested without end."""
    match value:
        case None | bool() | str():
            return True
        case int():
            return abs(value) < 2**64
        case float():
            return isfinite(value)
        case list() | tuple():
            return depth < MAX_DEPTH and all(is_json_value(each, depth + 1) for each in value)
        case dict():
            return (
                depth < MAX_DEPTH
                and all(isinstance(name, str) for name in value)
                and all(is_json_value(each, depth + 1) for each in value.values())
            )
    return False


def _type_name(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return "a text, or a list of texts"
    return str(getattr(hint, "__name__", hint)).replace("typing.", "").replace("collections.abc.", "")


def matches_type(value: Any, hint: Any) -> bool:
    """Tell whether a value is of a type. Numbers are finite, `True` is none, and tuples hold texts."""
    if get_origin(hint) in (Union, UnionType):
        return any(matches_type(value, kind) for kind in get_args(hint))
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    if hint in (int, float):
        if isinstance(value, bool) or not isinstance(value, (int, hint)):
            return False
        return isfinite(value) if isinstance(value, float) else abs(value) < 2**63
    return isinstance(value, get_origin(hint) or hint)


class Options(TypedDict, total=False):
    """The fields of `Settings` as keyword arguments."""

    preset: str
    api: Api
    base_url: str | None
    auth: Auth | None
    model: str | None
    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    stop: tuple[str, ...]
    frequency_penalty: float | None
    presence_penalty: float | None
    thinking: bool | None
    thinking_form: ThinkingForm | None
    json: bool
    param: Mapping[str, Any]
    tool_choice: str | None
    max_steps: int
    web_search: WebSearch | None
    system: str | None
    budget: str | None
    turn_budget: str | None
    prices: Mapping[str, Any]
    window: int | None
    overflow: Overflow
    run_all: RunAll
    notebook: str | None
    autosave: bool
    stream: bool
    timeout: float
    format: Format
    quiet: bool
    live: bool
    remote_images: bool
    debug: bool
    tape: str | None
    tape_pace: Pace
    language: Language
    local_model: str


def parse_json_or_text(text: str) -> Any:
    """Read a value as JSON; what is none is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _unescape(text: str) -> str:
    """On a line, backslash-n and backslash-t stand for what a line cannot hold."""
    return text.replace("\\n", "\n").replace("\\t", "\t")


def parse_on_off(text: str) -> bool:
    """Read `on` or `off`.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    if text.lower() in ("on", "off", "true", "false"):
        return text.lower() in ("on", "true")
    raise argparse.ArgumentTypeError(f"{text!r} is neither on nor off")


def strip_optional(hint: Any) -> Any:
    """Return the type of a setting's values when it is set: `float` for `float | None`."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (kind for kind in get_args(hint) if kind is not NoneType)
    return hint


def from_text(hint: Any, text: str) -> Any:
    """Read a setting's value as a person writes it.

    `default` leaves to the service what may be left to it, and `none` too where it is no text of its own. A text in
    double quotes is a string of JSON, which can hold what a line cannot, such as a line's end.

    Raises:
        ValueError: it is none of the setting's type.
        argparse.ArgumentTypeError: it is neither on nor off.
    """
    kind = strip_optional(hint)
    if kind is not hint and text.lower() in (("default",) if kind is str else ("default", "none")):
        return None
    if kind is bool:
        return parse_on_off(text)
    if get_origin(kind) is tuple:
        value = parse_json_or_text(text)
        return tuple(map(str, value)) if isinstance(value, list) else (_unescape(text),)
    if get_origin(kind) is Mapping:
        return json.loads(text)
    if kind is str and isinstance(value := parse_json_or_text(text), str):
        return value
    return kind(text) if kind in (int, float) else text


def to_text(hint: Any, value: Any) -> str:
    """Write a setting's value as a person would, on one line, so that `from_text` reads the same value."""
    match value:
        case None:
            return "default"
        case bool():
            return "on" if value else "off"
        case str() if from_text(hint, value) == value and value.isprintable():
            return value
        case int() | float():
            return repr(value)
    json_text = json.dumps(value, ensure_ascii=False)
    return json_text if json_text.isprintable() else json.dumps(value)


COMPARABLE_SETTINGS = tuple(
    setting.name
    for setting in fields(Settings)
    if setting.name == "preset" or (setting.metadata["panel"] and setting.name != "stream")
)
"""Settings of which a comparison takes several values."""
