"""One call as code that anybody can run: for a shell, for httpx, for the official SDKs.

The forms are those of the services' quick-start pages. Values are written as literals, so that a prompt cannot be more
than a value, and the key is named, never written: it stands in the environment.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api, Auth, Code
from mimo_magics.core.text import UNSEEN
from mimo_magics.wire.formats import FORMATS

Kind = Code
KINDS: tuple[Kind, ...] = get_args(Kind)
VARIABLE = "MIMO_API_KEY"

UNTYPED = re.compile(rf"{UNSEEN.pattern}|[\ud800-\udfff]")
"""What a terminal that a command is pasted into would obey or could not show."""
LONGEST_ARGUMENT = 100_000
"""Bytes that a command line surely takes as one argument."""
PATIENCE = 480
"""Seconds that a whole answer may take; the SDKs want a bound of one's own for long ones."""

NAMED: Mapping[Api, Collection[str]] = {
    "openai": (
        *(
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_completion_tokens",
            "temperature",
            "top_p",
            "stop",
        ),
        *("frequency_penalty", "presence_penalty", "response_format", "tools", "tool_choice"),
    ),
    "anthropic": (
        "model",
        "messages",
        "max_tokens",
        "system",
        "stop_sequences",
        "stream",
        "tools",
        "tool_choice",
    ),
}
"""Fields that the methods of the SDKs name in all their versions; all others go into `extra_body`.

Version 2 of the Anthropic SDK does not name the sampling any more.
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it goes over the wire."""

    api: Api
    base_url: str
    auth: Auth
    body: Mapping[str, Any]

    @property
    def url(self) -> str:
        """The whole address."""
        return self.base_url + FORMATS[self.api].path

    def headers(self, key: str) -> dict[str, str]:
        """Return its headers, with something that stands for the key."""
        return {**FORMATS[self.api].headers(Secret(key), self.auth), "Content-Type": "application/json"}


def snippet(kind: Kind, call: Call) -> str:
    """Return code that makes the call and prints the answer. Those of the SDKs are for their own format."""
    return UNTYPED.sub(_typed, WRITERS[kind](call))


def as_json(body: Mapping[str, Any]) -> str:
    """Write a body as JSON for people; what a terminal would obey is escaped as JSON does it."""
    return UNTYPED.sub(_typed, json.dumps(body, ensure_ascii=False, indent=2))


def _curl(call: Call) -> str:
    """Write the command of the quick-start page; a redirect is not followed, as it would take the key along."""
    body = as_json(call.body)
    lines = [
        f"curl --request POST {shlex.quote(call.url)}",
        *(f'--header "{name}: {value}"' for name, value in call.headers(f"${VARIABLE}").items()),
    ]
    if len(body.encode()) > LONGEST_ARGUMENT:
        command = " \\\n".join((*lines, "--data-binary @- <<'JSON'"))
        return f"{command}\n{body}\nJSON\n"
    body = body.replace("'", "\\u0027")  # JSON's own escape, so that nothing ends the shell's quotation
    return " \\\n".join((*lines, f"--data-raw '{body}'")) + "\n"


def _httpx(call: Call) -> str:
    headers = "".join(
        f"    {_literal(name)}: {_header(value)},\n" for name, value in call.headers(f"${VARIABLE}").items()
    )
    opened = f'"POST", url, headers=headers, json=body, timeout={PATIENCE}'
    if call.body.get("stream"):
        asked = f"with httpx.stream({opened}) as response:\n    for line in response.iter_lines():\n        print(line)"
    else:
        asked = f"response = httpx.request({opened})\nprint(response.text)"
    values = f"url = {_literal(call.url)}\nheaders = {{\n{headers}}}\nbody = {_literal(call.body)}"
    return f"import os\n\nimport httpx\n\n{values}\n\n{asked}\n"


def _header(value: str) -> str:
    before, name, _ = value.partition(f"${VARIABLE}")
    if not name:
        return _literal(value)
    key = f'os.environ["{VARIABLE}"]'
    return f"{_literal(before)} + {key}" if before else key


def _openai(call: Call) -> str:
    words = 'if chunk.choices:\n        print(chunk.choices[0].delta.content or "", end="")'
    return _by_sdk(
        call,
        "OpenAI",
        "completion = client.chat.completions.create",
        f"for chunk in completion:\n    {words}",
        "print(completion.model_dump_json())",
    )


def _anthropic(call: Call) -> str:
    words = 'if event.type == "content_block_delta":\n        print(getattr(event.delta, "text", ""), end="")'
    return _by_sdk(
        call,
        "Anthropic",
        "message = client.messages.create",
        f"for event in message:\n    {words}",
        "print(message.content)",
    )


def _by_sdk(call: Call, name: str, method: str, streamed: str, whole: str) -> str:
    named = {field: value for field, value in call.body.items() if field in NAMED[call.api]}
    others = {field: value for field, value in call.body.items() if field not in named}
    arguments = {**named, **({"extra_body": others} if others else {})}
    written = "".join(f"    {field}={_literal(value, 1)},\n" for field, value in arguments.items())
    return (
        f"import os\n\nfrom {call.api} import {name}\n\n"
        f'client = {name}(\n    api_key=os.environ.get("{VARIABLE}"),\n    base_url={_literal(call.base_url)},\n'
        f"    timeout={PATIENCE},\n)\n\n{method}(\n{written})\n\n{streamed if call.body.get('stream') else whole}\n"
    )


def _literal(value: object, depth: int = 0) -> str:
    """Write a value in Python, with a line for each of its parts."""
    match value:
        case str():
            return _quoted(value)
        case Mapping() if value:
            rows = [f"{_literal(name)}: {_literal(each, depth + 1)}" for name, each in value.items()]
            return _block("{}", rows, depth)
        case list() | tuple() if value:
            return _block("[]", [_literal(each, depth + 1) for each in value], depth)
    return repr(value)


def _block(brackets: str, rows: Iterable[str], depth: int) -> str:
    margin = "    " * depth
    lines = "".join(f"{margin}    {row},\n" for row in rows)
    return f"{brackets[0]}\n{lines}{margin}{brackets[1]}"


def _quoted(text: str) -> str:
    """Write a text as Python does, in double quotes unless it holds some."""
    written = repr(text)
    return written if '"' in text else f'"{written[1:-1]}"'


def _typed(found: re.Match[str]) -> str:
    """Return the JSON escapes of characters, which are those of Python, too."""
    return json.dumps(found[0])[1:-1]


WRITERS: Mapping[Kind, Callable[[Call], str]] = {
    "curl": _curl,
    "openai": _openai,
    "anthropic": _anthropic,
    "httpx": _httpx,
}
