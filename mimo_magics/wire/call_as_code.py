"""One call as code: for a shell, for httpx, for the official SDKs.

The code follows the quick-start pages of the services. Values are written as literals, so that a prompt cannot become
code. The API key is read from an environment variable and never written.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api, Auth, CodeKind
from mimo_magics.core.text import INVISIBLE_CHARACTERS
from mimo_magics.wire.formats import FORMATS

CODE_KINDS: tuple[CodeKind, ...] = get_args(CodeKind)
API_KEY_VARIABLE = "MIMO_API_KEY"

UNSAFE_CHARACTERS = re.compile(rf"{INVISIBLE_CHARACTERS.pattern}|[\ud800-\udfff]")
"""Characters that a terminal would interpret when a command is pasted, or could not display."""
MAX_ARGUMENT_BYTES = 100_000
"""Maximum size of one command-line argument that every system accepts."""
TIMEOUT_SECONDS = 480
"""Timeout of the call; the SDKs require an explicit one for long replies."""

SDK_PARAMETERS: Mapping[Api, Collection[str]] = {
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
"""Parameters of the SDK methods in all versions; other fields go into `extra_body`.

Version 2 of the Anthropic SDK has no sampling parameters.
"""


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call as it is sent."""

    api: Api
    base_url: str
    auth: Auth
    body: Mapping[str, Any]

    @property
    def url(self) -> str:
        """The full URL."""
        return self.base_url + FORMATS[self.api].path

    def headers(self, key: str) -> dict[str, str]:
        """Return the headers with this key or placeholder."""
        return {**FORMATS[self.api].headers(Secret(key), self.auth), "Content-Type": "application/json"}


def build_snippet(kind: CodeKind, call: ApiCall) -> str:
    """Return code that makes the call and prints the reply. An SDK requires a call in its own format."""
    return UNSAFE_CHARACTERS.sub(_escape_characters, WRITERS[kind](call))


def format_json_body(body: Mapping[str, Any]) -> str:
    """Return a body as indented JSON. Characters that a terminal would interpret are escaped."""
    return UNSAFE_CHARACTERS.sub(_escape_characters, json.dumps(body, ensure_ascii=False, indent=2))


def _write_curl(call: ApiCall) -> str:
    """Return the curl command of the quick-start page. It follows no redirect, which would forward the API key."""
    body = format_json_body(call.body)
    lines = [
        f"curl --request POST {shlex.quote(call.url)}",
        *(f'--header "{name}: {value}"' for name, value in call.headers(f"${API_KEY_VARIABLE}").items()),
    ]
    if len(body.encode()) > MAX_ARGUMENT_BYTES:
        command = " \\\n".join((*lines, "--data-binary @- <<'JSON'"))
        return f"{command}\n{body}\nJSON\n"
    # The JSON escape of the quote, so that nothing ends the quoted string of the shell.
    body = body.replace("'", "\\u0027")
    return " \\\n".join((*lines, f"--data-raw '{body}'")) + "\n"


def _write_httpx(call: ApiCall) -> str:
    headers = "".join(
        f"    {_literal(name)}: {_header_literal(value)},\n"
        for name, value in call.headers(f"${API_KEY_VARIABLE}").items()
    )
    request_arguments = f'"POST", url, headers=headers, json=body, timeout={TIMEOUT_SECONDS}'
    if call.body.get("stream"):
        request_code = f"with httpx.stream({request_arguments}) as response:\n    for line in response.iter_lines():\n        print(line)"
    else:
        request_code = f"response = httpx.request({request_arguments})\nprint(response.text)"
    assignments = f"url = {_literal(call.url)}\nheaders = {{\n{headers}}}\nbody = {_literal(call.body)}"
    return f"import os\n\nimport httpx\n\n{assignments}\n\n{request_code}\n"


def _header_literal(value: str) -> str:
    before, name, _ = value.partition(f"${API_KEY_VARIABLE}")
    if not name:
        return _literal(value)
    key = f'os.environ["{API_KEY_VARIABLE}"]'
    return f"{_literal(before)} + {key}" if before else key


def _write_openai(call: ApiCall) -> str:
    print_code = 'if chunk.choices:\n        print(chunk.choices[0].delta.content or "", end="")'
    return _write_sdk_call(
        call,
        "OpenAI",
        "completion = client.chat.completions.create",
        f"for chunk in completion:\n    {print_code}",
        "print(completion.model_dump_json())",
    )


def _write_anthropic(call: ApiCall) -> str:
    print_code = (
        'if event.type == "content_block_delta":\n        print(getattr(event.delta, "text", ""), end="")'
    )
    return _write_sdk_call(
        call,
        "Anthropic",
        "message = client.messages.create",
        f"for event in message:\n    {print_code}",
        "print(message.content)",
    )


def _write_sdk_call(call: ApiCall, name: str, method: str, stream_code: str, full_code: str) -> str:
    sdk_arguments = {field: value for field, value in call.body.items() if field in SDK_PARAMETERS[call.api]}
    extra_body = {field: value for field, value in call.body.items() if field not in sdk_arguments}
    arguments = {**sdk_arguments, **({"extra_body": extra_body} if extra_body else {})}
    arguments_code = "".join(f"    {field}={_literal(value, 1)},\n" for field, value in arguments.items())
    return (
        f"import os\n\nfrom {call.api} import {name}\n\n"
        f'client = {name}(\n    api_key=os.environ.get("{API_KEY_VARIABLE}"),\n    base_url={_literal(call.base_url)},\n'
        f"    timeout={TIMEOUT_SECONDS},\n)\n\n{method}(\n{arguments_code})\n\n{stream_code if call.body.get('stream') else full_code}\n"
    )


def _literal(value: object, depth: int = 0) -> str:
    """Return a value as a Python literal, with one line per item."""
    match value:
        case str():
            return _quote(value)
        case Mapping() if value:
            rows = [f"{_literal(name)}: {_literal(each, depth + 1)}" for name, each in value.items()]
            return _bracket_lines("{}", rows, depth)
        case list() | tuple() if value:
            return _bracket_lines("[]", [_literal(each, depth + 1) for each in value], depth)
    return repr(value)


def _bracket_lines(brackets: str, rows: Iterable[str], depth: int) -> str:
    margin = "    " * depth
    lines = "".join(f"{margin}    {row},\n" for row in rows)
    return f"{brackets[0]}\n{lines}{margin}{brackets[1]}"


def _quote(text: str) -> str:
    """Return a string literal, in double quotes unless the text contains some."""
    literal = repr(text)
    return literal if '"' in text else f'"{literal[1:-1]}"'


def _escape_characters(match: re.Match[str]) -> str:
    """Return the JSON escapes of characters, which are also valid in Python."""
    return json.dumps(match[0])[1:-1]


WRITERS: Mapping[CodeKind, Callable[[ApiCall], str]] = {
    "curl": _write_curl,
    "openai": _write_openai,
    "anthropic": _write_anthropic,
    "httpx": _write_httpx,
}
