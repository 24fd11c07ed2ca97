"""A conversation in the forms of other programs: a document, a page, a script, a shell's command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mimo_magics.client import endpoint
from mimo_magics.client.credentials import ENV_VARIABLE
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import LANGUAGE_TAGS, Words, say
from mimo_magics.core.messages import (
    Part,
    ReasoningPart,
    Request,
    TextPart,
    ToolCall,
    ToolResult,
    system_message,
)
from mimo_magics.core.services import LOCAL_SERVICE, SERVICES
from mimo_magics.core.settings import Settings
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import escape_html, escape_invisible_characters
from mimo_magics.document import steps
from mimo_magics.session.history import History
from mimo_magics.session.request import Question
from mimo_magics.session.storage.transcript import Line, transcript
from mimo_magics.session.turn import Turn
from mimo_magics.wire.call_as_code import ApiCall, build_snippet
from mimo_magics.wire.formats import FORMATS

BACKTICKS = re.compile("`+")
ACTING = re.compile(r"[\\`*_{}\[\]<>#&!|~$]")
"""What may mean something in a line of Markdown."""
JSON_MODE = {"type": "json_object"}
SAME = (
    "model",
    "temperature",
    "top_p",
    "stop",
    "frequency_penalty",
    "presence_penalty",
    "thinking",
    "web_search",
)
"""Parameters that are called as their settings are."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 50em; margin: 2em auto; padding: 0 1em; overflow-wrap: anywhere }
pre { white-space: pre-wrap }
h3 + pre { border-left: 4px solid; padding-left: 1em }
table { border-collapse: collapse }
th, td { border: 1px solid; padding: 0.2em 0.5em }
"""


def export(history: History, name: str, to: str, settings: Settings) -> str:
    """Return a conversation in another form.

    - `md`: Markdown. The answers are source text, as the model wrote it, and mean there what they mean to whoever shows
      the document; one whose last block has no end is fenced. All else is fenced or escaped.
    - `html`: a page that needs nothing else, runs nothing and loads nothing.
    - `py`: a script that asks the prompts of the line again. It offers no tools.
    - `curl`: a command for a shell that sends the last prompt again, with all that was said before it. It offers no
      tools either, as a turn knows only their names.

    Args:
        history: all that was said.
        name: of the session.
        to: the form.
        settings: tell the address of a service that has no name, and whether answers are streamed.

    Raises:
        BadOption: there is no such form, or nothing that it could say. A session's file is another matter.
    """
    if to not in FORMS:
        forms = (*FORMS, "json")
        advice = did_you_mean(to, forms, Words("There are: {names}.", names=", ".join(forms)))
        raise BadOption(Words("There is no form {to!r} of a conversation.", to=to), advice)
    if not history.turns:
        raise BadOption(Words("The conversation has no turns to export."), Words("Ask something."))
    return FORMS[to](history, name, settings)


def _markdown(history: History, name: str, _: Settings) -> str:
    rows = transcript(history, name).rows
    blocks = [f"# {_inline(name)}", *(block for row in rows for block in _turn(row))]
    return "\n\n".join(blocks) + "\n"


def _turn(row: Line) -> Iterator[str]:
    yield f"## {row.title}"
    yield _fenced(row.prompt)
    if row.summary:
        yield from _folded(say("Sent in place of older turns"), row.summary)
    for part in row.reply.message.parts:
        yield from _part(part)
    for note in row.reply.notes:
        yield f"⚠ {_inline(say(note))}"
    for source in row.reply.annotations:
        yield f"- {_inline(source.title)} {_inline(source.url)}"
    yield f"*{_inline(row.small)}*"


def _part(part: Part) -> Iterator[str]:
    match part:
        case TextPart(text):
            yield (
                escape_invisible_characters(text)
                if _has_an_end(escape_invisible_characters(text))
                else _fenced(text)
            )
        case ReasoningPart(text):
            yield from _folded(say("Thoughts"), text)
        case ToolCall(_, name, arguments):
            yield say("Call of {name}", name=_inline(name))
            yield _fenced(steps.formatted(arguments or "{}"))
        case ToolResult(_, name, output):
            yield say("Result of {name}: {outcome}", name=_inline(name), outcome=steps.outcome(part))
            yield _fenced(output)
            if part.log:
                yield _fenced(part.log)


def _folded(line: str, text: str) -> Iterator[str]:
    yield f"<details><summary>{line}</summary>"
    yield _fenced(text)
    yield "</details>"


def _fenced(text: str) -> str:
    longest = max(map(len, BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{escape_invisible_characters(text)}\n{fence}"


def _inline(text: str) -> str:
    """Return a stranger's text as one line of Markdown that says it and does nothing."""
    return ACTING.sub(r"\\\g<0>", " ".join(escape_invisible_characters(text).split()))


def _has_an_end(source: str) -> bool:
    """Tell whether what follows this Markdown is read as what it is, and not as code or HTML that goes on."""
    from markdown_it import MarkdownIt

    last = MarkdownIt("commonmark").parse(f"{source}\n\n# End")[-1]
    return last.type == "heading_close"


def _page(history: History, name: str, _: Settings) -> str:
    return f"""<!DOCTYPE html>
<html lang="{LANGUAGE_TAGS[Words.language]}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width">
<title>{escape_html(name)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1 dir="auto">{escape_html(name)}</h1>
{transcript(history, name).bundle()["text/html"]}
</body>
</html>
"""


def _script(history: History, name: str, settings: Settings) -> str:
    turns = history.turns
    options = [_options(turn, settings) for turn in turns]
    common = {each: value for each, value in options[0].items() if all(o.get(each) == value for o in options)}
    own = [{each: value for each, value in o.items() if each not in common} for o in options]
    prompts = [_prompt(turn) for turn in turns]
    parts = sorted({type(part).__name__ for prompt in prompts if isinstance(prompt, list) for part in prompt})
    lines = [
        f'"""Ask the prompts of a conversation again. The key is in the variable {ENV_VARIABLE}."""\n',
        "from mimo_magics import Session",
        *([f"from mimo_magics.core.messages import {', '.join(parts)}"] if parts else []),
        f"\nsession = {_call('Session', [], {'name': name, **common})}",
        *(f"print({_call('session.ask', [prompt], o)})" for prompt, o in zip(prompts, own, strict=True)),
    ]
    return "\n".join(lines) + "\n"


def _call(function: str, arguments: list[object], options: Mapping[str, object]) -> str:
    """Return a call in Python. Values are written by `repr`, so that none of them can be more than a value."""
    written = (*map(repr, arguments), *(f"{name}={value!r}" for name, value in options.items()))
    return "\n".join((f"{function}(", *(f"    {each}," for each in written), ")"))


def _prompt(turn: Turn) -> str | list[Part]:
    match turn.prompt.parts:
        case (TextPart(text),):
            return text
        case parts:
            return list(parts)


def _options(turn: Turn, settings: Settings) -> dict[str, Any]:
    """Return what was set for a turn, as options of `Session.ask`."""
    params, where = turn.params, _service(turn, settings)
    odd_format = (
        {} if params.response_format in (None, JSON_MODE) else {"response_format": params.response_format}
    )
    options = {
        "preset": where.preset,
        "base_url": where.base_url,
        "api": where.api,
        "auth": where.auth,
        "local_model": where.local_model if where.preset == LOCAL_SERVICE.name else None,
        "stream": None if where.stream else False,
        "system": turn.system or "none",
        "overflow": ("summarise" if turn.summary else "drop-oldest") if turn.left_out else None,
        **{name: getattr(params, name) for name in SAME},
        "max_tokens": params.max_completion_tokens,
        "json": params.response_format == JSON_MODE or None,
        "param": {**odd_format, **params.extra},
    }
    return {name: value for name, value in options.items() if value not in (None, (), {})}


def _service(turn: Turn, settings: Settings) -> Settings:
    """Return the settings with the service that a turn was asked at; one without a name is where they say."""
    if turn.preset not in SERVICES:
        return replace(settings, api=turn.api)
    return replace(settings, api=turn.api, preset=turn.preset, base_url=None)


def _command(history: History, _: str, settings: Settings) -> str:
    turn = history.turns[-1]
    where = _service(turn, settings)
    url = endpoint.resolve_base_url(where)
    if not url:
        raise BadOption(
            Words("The embedded model has no address for others."), Words("Export to py, or ask a service.")
        )
    auth = where.auth or endpoint.resolve_service(where).auth[turn.api]
    body = FORMATS[turn.api].encode(_request(history, where))
    return build_snippet("curl", ApiCall(turn.api, url, auth, body))


def _request(history: History, where: Settings) -> Request:
    """Return what the last prompt was sent with, but for the tools."""
    *past, turn = history.turns
    head = (system_message(turn.system),) if turn.system else ()
    asked = Question(turn.prompt, tuple(past), head, turn.params, (), where, endpoint.resolve_service(where))
    request, _ = asked.request(left_out=turn.left_out, summary=turn.summary)
    return request


FORMS: Mapping[str, Callable[[History, str, Settings], str]] = {
    "md": _markdown,
    "html": _page,
    "py": _script,
    "curl": _command,
}
