"""The settings: one list for options, `%mimo_config`, environment variables and keyword arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, Literal, TypedDict, get_args, get_origin, get_type_hints

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Language, Translatable
from mimo_magics.core.setting_values import (
    convert_value,
    describe_type,
    is_json_value,
    matches_type,
    strip_optional,
)
from mimo_magics.core.suggest import did_you_mean

Api = Literal["openai", "anthropic"]
Auth = Literal["bearer", "api-key", "both", "x-api-key"]
Format = Literal["markdown", "text", "json", "table", "code"]
WebSearch = Literal["on", "force"]
Overflow = Literal["error", "drop-oldest", "summarize"]
RunAll = Literal["run", "keep"]
Unresolved = Literal["notice", "error", "ignore"]
Share = Literal["schema", "sample", "full"]
"""What may be sent of data: names and types only, statistics and a few values, or as much as fits; the least first."""
Pace = Literal["real", "fast", "once"]
ThinkingForm = Literal["thinking", "chat_template_kwargs", "enable_thinking", "reasoning_effort"]
"""Request fields that turn thinking on or off: MiMo; vLLM, SGLang and llama.cpp; Alibaba Cloud; OpenAI."""
OnOff = Literal["on", "off"]
"""The text forms of a bool."""
SettingGroup = Literal["service", "sampling", "session", "display", "safety"]
"""The groups of settings in `%mimo_config`."""
MIN_VALUE_BUDGET = 200
"""Smallest `value_budget` in bytes."""
MAX_QUOTED_CHARS = 200
"""Maximum length of a value that an error quotes."""
SERVICE_SETTINGS = ("base_url", "auth", "model")
"""Settings that belong to one service."""
CodeKind = Literal["curl", "openai", "anthropic", "httpx"]
"""Programs and libraries for which a call can be written as code."""


def _setting(
    group: SettingGroup,
    default: Any,
    help: str,  # noqa: A002  the name that argparse uses
    *flags: str,
    metavar: str = "",
    project: bool = False,
    panel: bool = False,
) -> Any:
    """Describe a setting.

    Args:
        group: the group that `%mimo_config` shows it in.
        default: the built-in value.
        help: one sentence for help pages and tables.
        flags: the flags of its option, if it has one.
        metavar: the placeholder for the value on help pages.
        project: whether `[tool.mimo]` in a pyproject.toml may set it.
        panel: whether the parameter panel shows it.
    """
    metadata = {
        "group": group,
        "help": help,
        "flags": flags,
        "metavar": metavar,
        "project": project,
        "panel": panel,
    }
    if default == {}:
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a turn. `None` means: use the default of the service."""

    preset: str = _setting(
        "service",
        "mimo-v2",
        "Service: mimo-v2, xiaomi, or local (the embedded model).",
        "--preset",
        metavar="NAME",
    )
    api: Api = _setting("service", "openai", "API format of the service.", "--api", panel=True)
    base_url: str | None = _setting(
        "service",
        None,
        "Base URL for the chosen API format, such as https://host/v1.",
        "--base-url",
        metavar="URL",
    )
    auth: Auth | None = _setting("service", None, "HTTP header that carries the API key.")
    model: str | None = _setting(
        "service", None, "Model id.", "-m", "--model", metavar="ID", project=True, panel=True
    )
    temperature: float | None = _setting(
        "sampling",
        None,
        "Sampling temperature: higher is more random. No effect while a MiMo model thinks.",
        "-t",
        "--temperature",
        metavar="X",
        project=True,
        panel=True,
    )
    top_p: float | None = _setting(
        "sampling",
        None,
        "Nucleus sampling: sample from the most likely tokens up to this total probability. No effect while a MiMo model thinks.",
        "--top-p",
        metavar="X",
        project=True,
        panel=True,
    )
    max_tokens: int | None = _setting(
        "sampling",
        None,
        "Output limit in tokens, reasoning included; capped at the model's own limit.",
        "--max-tokens",
        metavar="N",
        project=True,
        panel=True,
    )
    stop: tuple[str, ...] = _setting(
        "sampling",
        (),
        "Stop sequence that ends the reply, with \\n for a newline; repeatable up to four times.",
        "--stop",
        metavar="TEXT",
        project=True,
        panel=True,
    )
    frequency_penalty: float | None = _setting(
        "sampling",
        None,
        "Positive values make frequently used tokens less likely. OpenAI format only.",
        "--frequency-penalty",
        metavar="X",
        project=True,
        panel=True,
    )
    presence_penalty: float | None = _setting(
        "sampling",
        None,
        "Positive values make tokens that already occurred less likely. OpenAI format only.",
        "--presence-penalty",
        metavar="X",
        project=True,
        panel=True,
    )
    thinking: bool | None = _setting(
        "sampling", None, "Turn thinking on or off.", "--thinking", metavar="on|off", project=True, panel=True
    )
    thinking_form: ThinkingForm | None = _setting(
        "service", None, "Request field that --thinking sets; depends on the service. OpenAI format only."
    )
    json: bool = _setting(
        "sampling",
        False,
        "JSON mode: the reply is valid JSON; the prompt must describe its fields. OpenAI format only.",
        "--json",
    )
    param: Mapping[str, Any] = _setting(
        "sampling",
        {},
        "Additional field of the request, sent unchanged; repeatable.",
        "--param",
        metavar="NAME=VALUE",
    )
    tool_choice: str | None = _setting(
        "session",
        None,
        "Tool choice: auto, none, required, or the name of a tool. MiMo supports auto only; none sends no tools.",
        "--tool-choice",
        metavar="NAME",
    )
    max_steps: int = _setting(
        "session",
        10,
        "Maximum rounds of tool calls in a turn; after that the model replies without tools.",
        "--max-steps",
        metavar="N",
    )
    web_search: WebSearch | None = _setting(
        "session",
        None,
        "Web search by the service: on lets the model decide, force always searches. OpenAI format only.",
        "--web-search",
    )
    system: str | None = _setting(
        "session",
        None,
        "System prompt: your own text, mimo, mimo-zh, or none. Default: mimo for MiMo, none for other services.",
        "-s",
        "--system",
        metavar="TEXT",
        panel=True,
    )
    budget: str | None = _setting(
        "safety", None, "Budget of a session: an amount such as 2 USD or 200k tokens."
    )
    turn_budget: str | None = _setting(
        "safety",
        None,
        "Budget of a turn: an amount such as '0.05 USD' or '20k tokens'.",
        "--budget",
        metavar="AMOUNT",
    )
    prices: Mapping[str, Any] = _setting(
        "service",
        {},
        'Prices by model, in US dollars per million tokens of input, cached input and output: {"my-model": [1, 0.1, 3]}.',
    )
    window: int | None = _setting(
        "service", None, "Context window of the model in tokens; overrides the published value."
    )
    overflow: Overflow = _setting(
        "session",
        "error",
        "Full context window: raise an error, leave out the oldest turns, or summarize them.",
    )
    run_all: RunAll = _setting(
        "session",
        "run",
        "Re-run policy: call the model again, or reuse the saved reply if the request is unchanged.",
    )
    unresolved: Unresolved = _setting(
        "session",
        "notice",
        "References in a prompt that have no value: show a notice, raise an error, or ignore them.",
    )
    share: Share = _setting(
        "safety",
        "sample",
        "What prompts and tool results contain of frames, arrays and containers: names and types, a sample, or all that fits.",
        "--share",
        project=True,
    )
    value_budget: int = _setting(
        "session",
        20_000,
        "Maximum size in bytes of the text of a variable in a prompt; a string is never cut.",
    )
    notebook: str | None = _setting(
        "session",
        None,
        "Path of the notebook, for front ends that do not report it; needed by autosave, resume and cached replies.",
    )
    autosave: bool = _setting(
        "session", False, "Save the session in a file beside the notebook after each turn."
    )
    stream: bool = _setting(
        "display", True, "Stream the reply, or receive it in one piece.", "--stream", panel=True
    )
    timeout: float = _setting(
        "service",
        480.0,
        "Read timeout in seconds; thinking may take minutes.",
        "--timeout",
        metavar="S",
    )
    approval_timeout: float | None = _setting(
        "safety",
        None,
        "Seconds that a tool call waits for an approval; then it is refused and the cell fails. Default: no limit.",
    )
    format: Format = _setting("display", "markdown", "Display format of the reply.", "-f", "--format")
    quiet: bool = _setting(
        "display", False, "Show no output; the reply is the value of the cell.", "-q", "--quiet"
    )
    live: bool = _setting("display", True, "Show replies in live widgets if the front end supports them.")
    remote_images: bool = _setting(
        "safety",
        False,
        "Load remote images in replies instead of linking to them; their hosts see your IP address.",
    )
    debug: bool = _setting("display", False, "Show the full traceback of an error.")
    fix_prompt: str | None = _setting(
        "session", None, "File with your own prompt for %mimo_fix, in place of the built-in one."
    )
    test_prompt: str | None = _setting(
        "session", None, "File with your own prompt for %mimo_test, in place of the built-in one."
    )
    tape: str | None = _setting(
        "session", None, "Tape of HTTP calls: record:PATH, replay:PATH or auto:PATH; set by %mimo_tape."
    )
    tape_pace: Pace = _setting(
        "session", "once", "Replay speed of a tape: real time, ten times as fast, or without pauses."
    )
    language: Language = _setting(
        "display", "en", "Language of labels, notices and errors; not sent to models."
    )
    local_model: str = _setting(
        "service",
        "smollm2-135m",
        "Embedded model: smollm2-135m, or the path of a GGUF file.",
    )

    def __post_init__(self) -> None:
        """Check the type of every value before anything is sent.

        Raises:
            BadOption: a value has the wrong type or is out of range.
        """
        for name, hint in _hints().items():
            value = convert_value(hint, getattr(self, name))
            if not matches_type(value, hint):
                raise invalid_setting(name, value)
            object.__setattr__(self, name, value)
        if not is_json_value(dict(self.param)):
            raise BadOption(
                Translatable("param must contain only JSON values, not {value}.", value=_quote(self.param)),
                Translatable(
                    "JSON values are strings, finite numbers, true, false, null, lists, and objects with string keys."
                ),
            )
        if self.timeout <= 0:
            raise invalid_setting("timeout", self.timeout, Translatable("a number above 0"))
        if self.approval_timeout is not None and self.approval_timeout <= 0:
            raise invalid_setting("approval_timeout", self.approval_timeout, Translatable("a number above 0"))
        if self.window is not None and self.window < 1:
            raise invalid_setting("window", self.window, Translatable("an integer above 0"))
        if self.value_budget < MIN_VALUE_BUDGET:
            expected = Translatable("an integer from {low}", low=MIN_VALUE_BUDGET)
            raise invalid_setting("value_budget", self.value_budget, expected)
        if self.max_steps < 0:
            raise invalid_setting("max_steps", self.max_steps, Translatable("0 or a larger integer"))

    def override(self, options: Mapping[str, Any]) -> Settings:
        """Return these settings with overrides. A preset resets the settings of the service that it replaces.

        Raises:
            BadOption: a value has the wrong type or is out of range.
        """
        service_settings = dict.fromkeys(SERVICE_SETTINGS) if "preset" in options else {}
        return replace(self, **{**service_settings, **options})


def invalid_setting(name: str, value: object, expected: str = "") -> BadOption:
    """Return the error for a value that a setting cannot have.

    Args:
        name: the setting.
        value: the invalid value, or its text.
        expected: the valid values in words; by default those of the type.
    """
    hint = _hints()[name]
    (setting,) = (each for each in fields(Settings) if each.name == name)
    choices = get_args(strip_optional(hint)) if get_origin(strip_optional(hint)) is Literal else ()
    help_text = Translatable(setting.metadata["help"])
    return BadOption(
        Translatable(
            "{name} must be {expected}, not {value}.",
            name=name,
            expected=expected or describe_type(hint),
            value=_quote(value),
        ),
        did_you_mean(value, choices, help_text) if isinstance(value, str) else help_text,
    )


@cache
def _hints() -> dict[str, Any]:
    return get_type_hints(Settings)


def _quote(value: object) -> str:
    # Imported late, as only errors need it.
    from mimo_magics.core.text import quote_value

    return quote_value(value, MAX_QUOTED_CHARS)


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
    thinking: bool | OnOff | None
    thinking_form: ThinkingForm | None
    json: bool | OnOff
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
    unresolved: Unresolved
    share: Share
    value_budget: int
    notebook: str | None
    autosave: bool | OnOff
    stream: bool | OnOff
    timeout: float
    approval_timeout: float | None
    format: Format
    quiet: bool | OnOff
    live: bool | OnOff
    remote_images: bool | OnOff
    debug: bool | OnOff
    fix_prompt: str | None
    test_prompt: str | None
    tape: str | None
    tape_pace: Pace
    language: Language
    local_model: str


COMPARABLE_SETTINGS = tuple(
    setting.name
    for setting in fields(Settings)
    if setting.name == "preset" or (setting.metadata["panel"] and setting.name != "stream")
)
"""Settings for which a comparison accepts several values."""
