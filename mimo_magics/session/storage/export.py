"""Export of a session as Markdown, HTML, a Python script or a curl command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mimo_magics.client import endpoint
from mimo_magics.client.credentials import ENV_VARIABLE
from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.errors import BadOption, MimoError, SessionNotSaved
from mimo_magics.core.i18n import LANGUAGE_TAGS, Translatable, translate
from mimo_magics.core.messages import (
    Part,
    ReasoningPart,
    Request,
    TextPart,
    ToolCall,
    ToolResult,
    join_texts,
    system_message,
)
from mimo_magics.core.services import LOCAL_SERVICE, SERVICES
from mimo_magics.core.settings import Settings
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import escape_html, escape_invisible_characters
from mimo_magics.document import steps
from mimo_magics.document.context_html import context_line, describe_item
from mimo_magics.document.json_text import format_json
from mimo_magics.document.result_table import iter_error_lines
from mimo_magics.session.history import History
from mimo_magics.session.media_reference import replace_missing_media
from mimo_magics.session.request import TurnInput
from mimo_magics.session.storage.transcript import TranscriptRow, build_transcript
from mimo_magics.session.turn import Turn
from mimo_magics.wire.call_as_code import ApiCall, build_snippet
from mimo_magics.wire.formats import FORMATS

if TYPE_CHECKING:  # it imports pydantic
    from mimo_magics.session.structured.schema import ResultSchema

BACKTICKS_PATTERN = re.compile("`+")
MARKDOWN_SPECIAL_CHARS = re.compile(r"[\\`*_{}\[\]<>#&!|~$]")
"""Characters with a meaning in a line of Markdown."""
JSON_MODE = {"type": "json_object"}
SHARED_PARAMETERS = (
    "model",
    "temperature",
    "top_p",
    "stop",
    "frequency_penalty",
    "presence_penalty",
    "thinking",
    "web_search",
)
"""Parameters with the same name as their setting."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
PAGE_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 50em; margin: 2em auto; padding: 0 1em; overflow-wrap: anywhere }
pre { white-space: pre-wrap }
h3 + pre { border-left: 4px solid; padding-left: 1em }
table { border-collapse: collapse }
th, td { border: 1px solid; padding: 0.2em 0.5em }
"""


def write_export(path: Path, history: History, name: str, file_format: str, settings: Settings) -> None:
    """Write the current branch of a session to a file, in another format.

    Raises:
        BadOption: the format is unknown, or the session has no turns.
        SessionNotSaved: the file cannot be written.
    """
    text = export_history(history, name, file_format, settings)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        fact = Translatable("{path} could not be written: {reason}.", path=path, reason=reason)
        raise SessionNotSaved(fact) from None


def export_history(history: History, name: str, file_format: str, settings: Settings) -> str:
    """Return the current branch of a session in another format.

    - `md`: Markdown. Replies are Markdown as the model wrote it; a reply with an open block is fenced. Everything else is fenced or
      escaped.
    - `html`: a self-contained page that runs and loads nothing.
    - `py`: a script that sends the prompts again, without tools.
    - `curl`: a shell command that sends the last prompt again with its history, without tools, because a turn has only their names.

    Args:
        history: of the session.
        name: of the session.
        file_format: the format.
        settings: base URL of a service without a preset, and whether replies are streamed.

    Raises:
        BadOption: the format is unknown, or the session has no turns.
    """
    if file_format not in EXPORTERS:
        formats = (*EXPORTERS, "json")
        advice = did_you_mean(
            file_format, formats, Translatable("Available: {names}.", names=", ".join(formats))
        )
        raise BadOption(Translatable("Unknown export format {to!r}.", to=file_format), advice)
    if not history.turns:
        raise BadOption(
            Translatable("The session has no turns to export."), Translatable("Send a prompt first.")
        )
    return EXPORTERS[file_format](history, name, settings)


def _export_markdown(history: History, name: str, _: Settings) -> str:
    rows = build_transcript(history, name).rows
    blocks = [f"# {_escape_inline(name)}", *(block for row in rows for block in _build_turn_blocks(row))]
    return "\n\n".join(blocks) + "\n"


def _build_turn_blocks(row: TranscriptRow) -> Iterator[str]:
    yield f"## {row.title}"
    yield _fence(row.prompt)
    if row.context:
        yield from _build_context_blocks(row.context)
    if row.summary:
        yield from _build_details_blocks(translate("Sent in place of older turns"), row.summary)
    for part in row.reply.message.parts:
        yield from _build_part_blocks(part) if row.reply.result is None else _build_json_blocks(part)
    for line in iter_error_lines(row.reply):
        yield _escape_inline(line)
    for note in row.reply.notes:
        yield f"⚠ {_escape_inline(translate(note))}"
    for source in row.reply.annotations:
        yield f"- {_escape_inline(source.title)} {_escape_inline(source.url)}"
    yield f"*{_escape_inline(row.footer)}*"


def _build_context_blocks(items: Sequence[ContextItem]) -> Iterator[str]:
    yield f"<details><summary>{escape_html(context_line(items))}</summary>"
    for item in items:
        yield _escape_inline(describe_item(item))
        if item.text:
            yield _fence(item.text)
    yield "</details>"


def _build_part_blocks(part: Part) -> Iterator[str]:
    match part:
        case TextPart(text):
            yield (
                escape_invisible_characters(text)
                if _is_closed(escape_invisible_characters(text))
                else _fence(text)
            )
        case ReasoningPart(text):
            yield from _build_details_blocks(translate("Reasoning"), text)
        case ToolCall(_, name, arguments):
            yield translate("Call to {name}", name=_escape_inline(name))
            yield _fence(format_json(arguments or "{}"))
        case ToolResult(_, name, output):
            yield translate(
                "Result of {name}: {outcome}", name=_escape_inline(name), outcome=steps.outcome_text(part)
            )
            yield _fence(output)
            if part.log:
                yield translate("Printed output")
                yield _fence(part.log)


def _build_json_blocks(part: Part) -> Iterator[str]:
    """Yield a part of a reply with a schema. Its text is JSON."""
    if isinstance(part, TextPart):
        yield _fence(format_json(part.text), "json")
    else:
        yield from _build_part_blocks(part)


def _build_details_blocks(title: str, text: str) -> Iterator[str]:
    yield f"<details><summary>{title}</summary>"
    yield _fence(text)
    yield "</details>"


def _fence(text: str, language: str = "") -> str:
    longest_run = max(map(len, BACKTICKS_PATTERN.findall(text)), default=0)
    fence = "`" * max(3, longest_run + 1)
    return f"{fence}{language}\n{escape_invisible_characters(text)}\n{fence}"


def _escape_inline(text: str) -> str:
    """Return untrusted text as one line of Markdown without markup."""
    return MARKDOWN_SPECIAL_CHARS.sub(r"\\\g<0>", " ".join(escape_invisible_characters(text).split()))


def _is_closed(source: str) -> bool:
    """Return whether the blocks of this Markdown are closed, so that text after it is not part of them."""
    from markdown_it import MarkdownIt

    last_token = MarkdownIt("commonmark").parse(f"{source}\n\n# End")[-1]
    return last_token.type == "heading_close"


def _export_html(history: History, name: str, _: Settings) -> str:
    return f"""<!DOCTYPE html>
<html lang="{LANGUAGE_TAGS[Translatable.language]}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width">
<title>{escape_html(name)}</title>
<style>{PAGE_STYLE}</style>
</head>
<body>
<h1 dir="auto">{escape_html(name)}</h1>
{build_transcript(history, name).html}
</body>
</html>
"""


def _export_script(history: History, name: str, settings: Settings) -> str:
    turns = history.turns
    options = [_get_turn_options(turn, settings) for turn in turns]
    common_options = {
        each: value
        for each, value in options[0].items()
        if each != "schema" and all(o.get(each) == value for o in options)
    }
    own_options = [{each: value for each, value in o.items() if each not in common_options} for o in options]
    prompts = [_get_prompt(turn) for turn in turns]
    parts = sorted({type(part).__name__ for prompt in prompts if isinstance(prompt, list) for part in prompt})
    lines = [
        f'"""Send the prompts of a session again. The API key is in the variable {ENV_VARIABLE}."""\n',
        "from mimo_magics import Session",
        *([f"from mimo_magics.core.messages import {', '.join(parts)}"] if parts else []),
        f"\nsession = {_format_call('Session', [], {'name': name, **common_options})}",
        *(
            f"print({_format_call('session.ask', [prompt], o)}{'.value' if 'schema' in o else ''})"
            for prompt, o in zip(prompts, own_options, strict=True)
        ),
    ]
    return "\n".join(lines) + "\n"


def _format_call(function: str, arguments: list[object], options: Mapping[str, object]) -> str:
    """Return a call in Python. `repr` writes the values, so that they are literals only."""
    lines = (*map(repr, arguments), *(f"{name}={value!r}" for name, value in options.items()))
    return "\n".join((f"{function}(", *(f"    {each}," for each in lines), ")"))


def _get_prompt(turn: Turn) -> str | list[Part]:
    (prompt,), _ = replace_missing_media([turn.prompt])
    match tuple(join_texts(prompt.parts)):
        case (TextPart(text),):
            return text
        case parts:
            return list(parts)


def _get_turn_options(turn: Turn, settings: Settings) -> dict[str, Any]:
    """Return the settings of a turn, as options of `Session.ask`."""
    params, service_settings = turn.params, _get_service_settings(turn, settings)
    schema = turn.reply.result.schema if turn.reply.result and _rebuild_schema(turn) else None
    odd_format = (
        {} if params.response_format in (None, JSON_MODE) else {"response_format": params.response_format}
    )
    options = {
        "preset": service_settings.preset,
        "base_url": service_settings.base_url,
        "api": service_settings.api,
        "auth": service_settings.auth,
        "local_model": service_settings.local_model
        if service_settings.preset == LOCAL_SERVICE.name
        else None,
        "stream": None if service_settings.stream else False,
        "system": turn.system or "none",
        "overflow": ("summarize" if turn.summary else "drop-oldest") if turn.omitted_turns else None,
        **{name: getattr(params, name) for name in SHARED_PARAMETERS},
        "max_tokens": params.max_completion_tokens,
        "json": (params.response_format == JSON_MODE and not schema) or None,
        "schema": schema,
        "param": {**odd_format, **params.extra},
    }
    return {name: value for name, value in options.items() if value not in (None, (), {})}


def _rebuild_schema(turn: Turn) -> ResultSchema | None:
    """Return the schema of a turn, or `None` if there is none or it has a part that only its type supports."""
    if not turn.reply.result:
        return None
    from mimo_magics.session.structured.schema import build_schema

    try:
        return build_schema(dict(turn.reply.result.schema))
    except MimoError:
        return None


def _get_service_settings(turn: Turn, settings: Settings) -> Settings:
    """Return the settings with the service of a turn. A service without a preset has the base URL of the settings."""
    if turn.preset not in SERVICES:
        return replace(settings, api=turn.api)
    return replace(settings, api=turn.api, preset=turn.preset, base_url=None)


def _export_curl(history: History, _: str, settings: Settings) -> str:
    turn = history.turns[-1]
    service_settings = _get_service_settings(turn, settings)
    address = endpoint.resolve_address(service_settings)
    if not address.base_url:
        raise BadOption(
            Translatable("The embedded model has no public base URL."),
            Translatable("Export to py instead."),
        )
    body = FORMATS[turn.api].encode(_build_last_request(history, service_settings))
    return build_snippet("curl", ApiCall(turn.api, address.base_url, address.auth, body))


def _build_last_request(history: History, service_settings: Settings) -> Request:
    """Return the last request, without tools."""
    *past, turn = history.turns
    system_messages = (system_message(turn.system),) if turn.system else ()
    turn_input = TurnInput(
        turn.prompt,
        tuple(past),
        system_messages,
        turn.params,
        (),
        service_settings,
        endpoint.resolve_service(service_settings),
        schema=_rebuild_schema(turn),
    )
    request, _ = turn_input.build_request(omitted_turns=turn.omitted_turns, summary=turn.summary)
    return request


EXPORTERS: Mapping[str, Callable[[History, str, Settings], str]] = {
    "md": _export_markdown,
    "html": _export_html,
    "py": _export_script,
    "curl": _export_curl,
}
