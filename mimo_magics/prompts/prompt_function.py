"""A prompt function: a prompt with slots that is called like a function and returns the value of the reply."""

from __future__ import annotations

import json
import keyword
import warnings
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import sha256
from inspect import Parameter, Signature
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mimo_magics.batch.batch_job import BatchJob, OnError, ProgressCallback, check_rows, ignore_progress
from mimo_magics.batch.map_options import split_options
from mimo_magics.batch.map_result import MapResult
from mimo_magics.context.picture import render_part
from mimo_magics.context.prompt_references import expand, find_references, get_root_name
from mimo_magics.core.errors import BadArguments, BadOption
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import SilentRenderer
from mimo_magics.core.settings import Settings
from mimo_magics.core.text import LINE_END, escape_invisible_characters, quote
from mimo_magics.prompts.prompt_call import PromptCall, find_calls, record_call
from mimo_magics.prompts.prompt_file import (
    FILE_OPTIONS,
    PromptContent,
    read_prompt_file,
    write_prompt_file,
)
from mimo_magics.session import turn_driver
from mimo_magics.session.current_session import get_current_session
from mimo_magics.session.one_off_turn import open_one_off_turn
from mimo_magics.session.request import Prompt
from mimo_magics.session.turn import INCOMPLETE_STOPS
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tools.approval import refuse_unattended

if TYPE_CHECKING:
    from mimo_magics.session.session import Session
    from mimo_magics.session.structured.schema import ResultSchema

VERSION_CHARS = 12
MAX_NAME_CHARS = 60
MAX_WARNED_ERRORS = 3
MAX_WARNED_CHARS = 200


class PromptWarning(UserWarning):
    """The reply to a prompt function is invalid or incomplete."""


@dataclass(frozen=True)
class PromptFunction:
    """A prompt with slots. Call it with a value for each slot.

        classify = PromptFunction("classify", "Is this praise or a complaint? {text}", schema="label")
        classify(text="It broke after a day.")
        await classify.a("It broke after a day.")

    The prompt is sent without the history of a session, and adds no turn to it. Its usage counts in the session.
    """

    name: str
    prompt: str
    """The text with its slots, such as `{text}`."""
    schema: ResultSchema | Any = None
    """The schema of the value: a type, a JSON Schema, a text such as `name, age int`, or none for text."""
    system: str | None = None
    """The system prompt: a text, `mimo`, `mimo-zh` or `none`; `None` means that of the service."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The settings that the function overrides, such as `model`."""
    session: Session | None = field(default=None, compare=False, repr=False)
    """The session in which the usage counts; by default the current one."""

    def __post_init__(self) -> None:
        """Check the parts of the function, and bring them into one form.

        Raises:
            BadOption: a name, the prompt, the schema or an option is not valid.
        """
        check_name(self.name)
        self._set("prompt", normalize_text(self.prompt))
        self._set("system", normalize_text(self.system or "") or None)
        self._set("options", MappingProxyType(normalize_options(self.options)))
        self._set("schema", _normalize_schema(self.schema))
        if not self.prompt.strip():
            raise BadOption(
                Translatable("The prompt of {name} is empty.", name=self.name),
                Translatable("Write it below %%mimo --define {name}.", name=self.name),
            )
        self._set("__signature__", self._build_signature())
        self._set("__name__", self.name)
        self._set("__doc__", self.describe())

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    def __repr__(self) -> str:
        return f"<PromptFunction {self.signature}, version {self.version}>"

    def __call__(self, /, *args: Any, **values: Any) -> Any:
        """Send the prompt, and return the value of the reply: validated with a schema, else the text.

        Nothing raises because a reply is invalid: the value is what is valid of it, or `None`, and a warning reports
        what is wrong. `run` returns the whole reply with its errors.

        Raises:
            BadArguments: a value is missing, or there is no such slot; nothing was sent.
            MimoError: the call failed.
        """
        return self._warn_and_get_value(self.run(*args, **values))

    async def a(self, /, *args: Any, **values: Any) -> Any:
        """Do the same as a call, without blocking the event loop."""
        return self._warn_and_get_value(await self.run_async(self._bind(args, values)))

    def run(self, /, *args: Any, **values: Any) -> Reply:
        """Send the prompt, and return the whole reply. Errors are those of a call."""
        turn = self._open_turn(self._bind(args, values), {})
        return self._record(turn_driver.drive_sync(turn, SilentRenderer(), refuse_unattended))

    async def run_async(self, values: Mapping[str, Any], **options: Any) -> Reply:
        """Send the prompt with these values, and return the whole reply.

        Args:
            values: the values by slot.
            options: settings to override for this call.
        """
        async with self._open_turn(self._bind((), values), options) as running:
            await turn_driver.drive(running, SilentRenderer(), refuse_unattended)
        return self._record(running)

    def map(
        self,
        rows: object,
        *,
        on_error: OnError = "value",
        on_progress: ProgressCallback = ignore_progress,
        **options: Any,
    ) -> MapResult:
        """Call the function for each row: `classify.map(df)`. Arguments and errors are those of `mimo_magics.map`."""
        return check_rows(self.create_job(rows, **options).run(on_progress), on_error)

    async def amap(
        self,
        rows: object,
        *,
        on_error: OnError = "value",
        on_progress: ProgressCallback = ignore_progress,
        **options: Any,
    ) -> MapResult:
        """Do the same as `map`, without blocking the event loop."""
        return check_rows(await self.create_job(rows, **options).run_async(on_progress), on_error)

    def create_job(self, rows: object, session: Session | None = None, **options: Any) -> BatchJob:
        """Return the job of `map`, which has not started."""
        map_options, overrides = split_options(options)
        session = session or self.session or get_current_session()
        settings = self.build_settings(session, overrides)
        return BatchJob.create(self.prompt, rows, session, settings, schema=self.schema, options=map_options)

    def save(self, path: str | Path) -> None:
        """Write the function to a prompt file, which `load_prompt` reads.

        A file holds model, sampling, system prompt and schema: a warning names the options that are left out.

        Raises:
            BadPromptFile: the file holds something else or cannot be written, or the prompt does not fit into a file.
        """
        content = PromptContent(self.prompt, self.system, self.file_options, self.schema)
        write_prompt_file(Path(path), content)
        if left_out := [name for name in self.options if name not in FILE_OPTIONS]:
            text = translate("Not saved in the prompt file: {names}.", names=", ".join(left_out))
            warnings.warn(text, PromptWarning, stacklevel=2)

    def get_value(self, reply: Reply) -> Any:
        """Return the value of a reply of `run`: the validated one with a schema, else the text."""
        return reply.value if self.schema else reply.text

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the slots, in their order."""
        return tuple(dict.fromkeys(map(get_root_name, find_references(self.prompt))))

    @property
    def calls(self) -> tuple[PromptCall, ...]:
        """The calls of this version in this process, oldest first."""
        return find_calls(self.name, self.version)

    @property
    def returns(self) -> str:
        """The type of the value, such as `list[Book]`."""
        if not self.schema:
            return "str"
        name = quote(self.schema.name, MAX_NAME_CHARS)
        return f"list[{name}]" if self.schema.is_list else name

    @property
    def signature(self) -> str:
        """Name, slots and type of the value: `classify(text) -> Label`."""
        return f"{self.name}({', '.join(self.parameters)}) -> {self.returns}"

    @property
    def file_options(self) -> dict[str, Any]:
        """The options that a prompt file holds."""
        return {name: self.options[name] for name in FILE_OPTIONS if name in self.options}

    @cached_property
    def version(self) -> str:
        """The hash of prompt, system prompt, schema, model and sampling. It is the same for all line ends."""
        schema = [dict(self.schema.item_schema), self.schema.is_list] if self.schema else None
        content = [self.prompt, self.system, self.file_options, schema]
        return sha256(json.dumps(content).encode()).hexdigest()[:VERSION_CHARS]

    def describe(self) -> str:
        """Return signature, version, options and all texts, as `?` shows them."""
        texts = (
            f"{head}:\n{text}" for head, text in (*self._texts, ("JSON Schema", self._schema_text)) if text
        )
        return escape_invisible_characters("\n\n".join((self.signature, ", ".join(self._facts), *texts)))

    def build_bundle(self) -> dict[str, str]:
        """Return the card of the function as a MIME bundle. It hides no text."""
        from mimo_magics.prompts.prompt_card import render_card

        card = render_card(self.signature, self._facts, self._texts, self._schema_text)
        return {"text/html": card, "text/plain": self.describe()}

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.build_bundle()

    @property
    def _facts(self) -> tuple[str, ...]:
        options = (f"{name}={value!r}" for name, value in self.options.items())
        return (translate("version {version}", version=self.version), *options)

    @property
    def _texts(self) -> tuple[tuple[str, str], ...]:
        system = ((translate(Translatable("System prompt")), self.system),) if self.system else ()
        return (*system, (translate(Translatable("Prompt")), self.prompt))

    @property
    def _schema_text(self) -> str:
        return json.dumps(self.schema.reply_schema, indent=2, ensure_ascii=False) if self.schema else ""

    def build_prompt(self, values: Mapping[str, Any], settings: Settings) -> Prompt:
        """Return the prompt with the values in its slots. Braces in a value are not slots.

        Raises:
            BadArguments: a value has no such attribute or item.
            BadOption: a picture cannot be sent.
        """
        render = partial(render_part, max_bytes=settings.value_budget, share=settings.share)
        expansion = expand(self.prompt, values, render)
        if expansion.unresolved:
            reference = quote(expansion.unresolved[0][1], MAX_NAME_CHARS)
            raise BadArguments(
                Translatable("{reference} has no value.", reference=reference), self._usage_hint
            )
        return expansion.parts

    def build_settings(self, session: Session, options: Mapping[str, Any] = MappingProxyType({})) -> Settings:
        """Return the settings of a call: those of the session with the system prompt and options of the function."""
        own = {"format": "markdown", **self.options, "system": self.system}
        return session.settings.override({**own, **options})

    def _open_turn(
        self, values: Mapping[str, Any], options: Mapping[str, Any]
    ) -> AbstractAsyncContextManager[RunningTurn]:
        session = self.session or get_current_session()
        settings = self.build_settings(session, options)
        return open_one_off_turn(session, self.build_prompt(values, settings), settings, self.schema)

    def _record(self, running: RunningTurn) -> Reply:
        record_call(self.name, self.version, running)
        return running.finished_reply

    def _bind(self, args: tuple[Any, ...], values: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return dict(self._build_signature().bind(*args, **values).arguments)
        except TypeError as error:
            reason = quote(str(error), MAX_WARNED_CHARS)
            fact = Translatable("{name}() was not called: {reason}.", name=self.name, reason=reason)
            raise BadArguments(fact, self._usage_hint) from None

    @property
    def _usage_hint(self) -> str:
        return Translatable("Usage: {usage}", usage=self.signature)

    def _build_signature(self) -> Signature:
        kind = Parameter.POSITIONAL_OR_KEYWORD
        return Signature(
            [Parameter(check_slot(name), kind) for name in self.parameters], return_annotation=self.returns
        )

    def _warn_and_get_value(self, reply: Reply) -> Any:
        if lines := find_problems(reply):
            shown = "; ".join(lines[:MAX_WARNED_ERRORS])
            more = f" (+{len(lines) - MAX_WARNED_ERRORS})" if len(lines) > MAX_WARNED_ERRORS else ""
            warnings.warn(f"{self.name}: {shown}{more}", PromptWarning, stacklevel=3)
        return self.get_value(reply)


def load_prompt(path: str | Path, name: str = "") -> PromptFunction:
    """Return the prompt function of a file. Nothing in the file is run, and nothing is sent.

    Args:
        path: the prompt file.
        name: the name of the function; by default that of the file without its ending.

    Raises:
        BadPromptFile: the file cannot be read, is too large, or is not a valid prompt file.
        BadOption: the name, a slot, the schema or an option is not valid.
    """
    content = read_prompt_file(Path(path))
    return PromptFunction(
        name or Path(path).stem, content.prompt, content.schema, content.system, content.options
    )


def find_problems(reply: Reply) -> tuple[str, ...]:
    """Return what is wrong with a reply: errors of its value, or that it is incomplete or truncated."""
    if reply.errors:
        return tuple(quote(" ".join(error.split()), MAX_WARNED_CHARS) for error in reply.errors)
    if reply.stop in INCOMPLETE_STOPS:
        return (translate("The reply is incomplete."),)
    return (translate("The reply is truncated; raise max_tokens."),) if reply.stop == "length" else ()


def check_name(name: str) -> str:
    """Return the name of a function if it is valid.

    Raises:
        BadOption: it is not an identifier, or is too long.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or len(name) > MAX_NAME_CHARS:
        raise BadOption(
            Translatable("{name} is not a valid function name.", name=quote(name, MAX_NAME_CHARS)),
            Translatable("Use a Python identifier, such as classify."),
        )
    return name


def check_slot(name: str) -> str:
    """Return the name of a slot if a call can name it.

    Raises:
        BadOption: it is a keyword of Python, or not an identifier.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise BadOption(
            Translatable("{name} is not a valid name of a slot.", name=quote(name, MAX_NAME_CHARS)),
            Translatable("Use a Python identifier as the name of a slot."),
        )
    return name


def normalize_text(text: str) -> str:
    """Return a text with newlines as line ends, and without newlines around it."""
    return LINE_END.sub("\n", text).strip("\n")


def normalize_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as settings store them.

    Raises:
        BadOption: a setting does not exist, or its value is not valid.
    """
    if "system" in options or (unknown := set(options) - set(Settings.__slots__)):
        name = "system" if "system" in options else min(unknown)
        raise BadOption(
            Translatable("{name} is not an option of a prompt function.", name=quote(name, MAX_NAME_CHARS)),
            Translatable("Options are settings such as model; the system prompt has its own argument."),
        )
    settings = Settings().override(options)
    return {name: getattr(settings, name) for name, value in options.items() if value is not None}


def _normalize_schema(source: Any) -> ResultSchema | None:
    """Return a schema without a title, which its name replaces."""
    if source is None:
        return None
    from mimo_magics.session.structured.schema import build_schema

    schema = build_schema(source)
    plain = {name: value for name, value in schema.item_schema.items() if name != "title"}
    return replace(schema, item_schema=plain)
