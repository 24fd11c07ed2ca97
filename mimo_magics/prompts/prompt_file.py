'''Prompt files: Markdown with a TOML header, in which a prompt function is saved.

    +++
    model = "mimo-v2-flash"
    temperature = 0.0
    system = "Be brief."
    schema = """
    {"type": "object", "properties": {"label": {"type": "string"}}}
    """
    +++

    Label this review: {text}

A prompt file may come from a stranger. Its header sets model, sampling, system prompt and schema, and nothing else.
'''

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from mimo_magics.context.prompt_references import find_references, get_root_name
from mimo_magics.core.errors import BadPromptFile
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.regular_file import open_regular_file
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import LINE_END, quote
from mimo_magics.core.working_folder import absolute_path
from mimo_magics.document.json_text import nesting_depth

if TYPE_CHECKING:  # it imports pydantic
    from mimo_magics.session.structured.schema import ResultSchema

FILE_OPTIONS = (
    *("model", "temperature", "top_p", "max_tokens", "stop", "frequency_penalty", "presence_penalty"),
    *("thinking", "json"),
)
"""The settings that a prompt file may contain: model and sampling."""
FENCE = "+++"
"""The line before and after the header."""
HEADER_KEYS = (*FILE_OPTIONS, "system", "schema", "many")
MAX_FILE_BYTES = 256 * 1024
MAX_NESTING = 50
"""Nesting depth of the schema."""
MAX_QUOTED_CHARS = 100
FILE_PATTERN = re.compile(
    rf"{re.escape(FENCE)}\n(?P<header>.*?)^{re.escape(FENCE)}$(?P<prompt>.*)", re.DOTALL | re.MULTILINE
)
FORMAT_HINT = Translatable("A prompt file is a TOML header between two lines +++, and the prompt below it.")
KEYS_HINT = Translatable("Keys of the header: {names}.", names=", ".join(HEADER_KEYS))


@dataclass(frozen=True, slots=True)
class PromptContent:
    """The content of a prompt file."""

    prompt: str
    system: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """Model and sampling."""
    schema: ResultSchema | None = None


def read_prompt_file(path: Path) -> PromptContent:
    """Return the content of a prompt file.

    Raises:
        BadPromptFile: the file cannot be read, is too large, or is not a valid prompt file.
        BadOption: there is no type for the schema.
    """
    try:
        with open_regular_file(path) as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _build_file_error("{name} cannot be read: {reason}.", path, error) from None
    return parse_prompt(_decode(data))


def write_prompt_file(path: Path, content: PromptContent) -> None:
    """Write a prompt file. A file that holds something else is not overwritten.

    Raises:
        BadPromptFile: the file holds something else or cannot be written, or the content does not fit into a file.
    """
    data = format_prompt(content).encode(errors="surrogatepass")
    # A file that this version writes must be one that it reads.
    parse_prompt(_decode(data))
    target = absolute_path(path)
    # `Path.exists` raises an error for a name that is too long.
    if os.path.exists(target):  # noqa: PTH110
        read_prompt_file(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace_file(Path(os.path.realpath(target)), data)
    except (OSError, ValueError) as error:
        raise _build_file_error("{name} cannot be written: {reason}.", path, error) from None


def format_prompt(content: PromptContent) -> str:
    """Return the text of a prompt file."""
    header = "".join(f"{name} = {value}\n" for name, value in _iter_header(content))
    return f"{FENCE}\n{header}{FENCE}\n\n{content.prompt}\n"


def parse_prompt(text: str) -> PromptContent:
    """Return the content of the text of a prompt file.

    Raises:
        BadPromptFile: it is not a valid prompt file.
        BadOption: there is no type for the schema.
    """
    match = FILE_PATTERN.fullmatch(LINE_END.sub("\n", text.removeprefix("\ufeff")))
    if not match:
        raise BadPromptFile(Translatable("The prompt file has no header."), FORMAT_HINT)
    header = _parse_header(match["header"])
    options = {key: value for key, value in header.items() if key in FILE_OPTIONS}
    _check_slots(match["prompt"])
    return PromptContent(match["prompt"], header.get("system"), options, _build_schema(header))


def _iter_header(content: PromptContent) -> Iterator[tuple[str, str]]:
    """Yield the keys of the header and their values as TOML."""
    for name, value in content.options.items():
        yield name, _to_toml(value)
    if content.system:
        yield "system", _to_toml_lines(content.system)
    if schema := content.schema:
        # The name of the type is the title of its schema.
        titled = {"title": schema.name, **schema.item_schema}
        yield "schema", _to_toml_lines(json.dumps(titled, indent=2, ensure_ascii=False))
        if schema.is_list:
            yield "many", _to_toml(True)


def _to_toml(value: Any) -> str:
    """Return a value of the header as TOML."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            # A JSON string is a TOML string, but TOML also escapes U+007F.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case tuple():
            return f"[{', '.join(map(_to_toml, value))}]"
    return repr(value)


def _to_toml_lines(text: str) -> str:
    """Return a text as a TOML string of as many lines. Only quotes that could end it are escaped."""
    if "\n" not in text:
        return _to_toml(text)
    lines = (_to_toml(line)[1:-1].replace('\\"', '"').replace('""', '"\\"') for line in text.split("\n"))
    # A line that ends the header cannot stand in a text.
    shown = "\n".join(f"{FENCE[:-1]}\\u002b" if line == FENCE else line for line in lines)
    return f'"""\n{shown}\n"""'


def _parse_header(text: str) -> dict[str, Any]:
    try:
        header = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = quote(str(error), MAX_QUOTED_CHARS)
        raise BadPromptFile(
            Translatable("The header is not valid TOML: {reason}.", reason=reason), FORMAT_HINT
        ) from None
    if unknown := [key for key in header if key not in HEADER_KEYS]:
        fact = Translatable("Unknown key {key} in the header.", key=quote(unknown[0], MAX_QUOTED_CHARS))
        raise BadPromptFile(fact, did_you_mean(unknown[0], HEADER_KEYS, KEYS_HINT))
    for key, kind in (("system", str), ("schema", str), ("many", bool)):
        if not isinstance(header.get(key, kind()), kind):
            raise BadPromptFile(
                Translatable("{key} must be a value of type {kind}.", key=key, kind=kind.__name__), KEYS_HINT
            )
    return header


def _build_schema(header: Mapping[str, Any]) -> ResultSchema | None:
    """Return the schema of a header; `None` without one."""
    if "schema" not in header:
        if header.get("many"):
            raise BadPromptFile(Translatable("many needs a schema."), KEYS_HINT)
        return None
    from mimo_magics.session.structured.schema import build_schema

    text = header["schema"]
    try:
        source = json.loads(text) if nesting_depth(text) <= MAX_NESTING else None
    except (ValueError, RecursionError):
        source = None
    if not isinstance(source, dict):
        raise BadPromptFile(
            Translatable("The schema in the header is not a JSON Schema."),
            Translatable("Write an object of JSON, at most {depth} levels deep.", depth=MAX_NESTING),
        )
    if not isinstance(source.get("title", ""), str):
        del source["title"]
    return build_schema(source, many=header.get("many", False))


def _check_slots(prompt: str) -> None:
    """Check that slots are plain names. A path such as `{rows.gi_frame.f_globals}` could read more than the value.

    Raises:
        BadPromptFile: a slot is a path.
    """
    for reference in find_references(prompt):
        if reference != get_root_name(reference):
            raise BadPromptFile(
                Translatable(
                    "A slot of a prompt file is a name, not {reference}.",
                    reference=quote(f"{{{reference}}}", MAX_QUOTED_CHARS),
                ),
                Translatable("Use a name such as {text}, and pass the value in the call."),
            )


def _decode(data: bytes) -> str:
    if len(data) > MAX_FILE_BYTES:
        raise BadPromptFile(
            Translatable("The prompt file is larger than {size:,} KB.", size=MAX_FILE_BYTES // 1024),
            Translatable("Shorten the prompt, or pass the long text in a slot."),
        )
    try:
        return data.decode()
    except ValueError:
        raise BadPromptFile(Translatable("The prompt file is not UTF-8 text."), FORMAT_HINT) from None


def _replace_file(target: Path, data: bytes) -> None:
    """Write a file. At any time it is either the old one or the new one."""
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.stem[:40]}", delete=False) as file:
        try:
            file.write(data)
            file.close()
            Path(file.name).chmod(_get_mode(target))
            Path(file.name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise


def _get_mode(target: Path) -> int:
    """Return the mode of the file, or else that of a new file, which others may read."""
    try:
        return target.stat().st_mode & 0o777
    except OSError:
        return 0o644


def _build_file_error(template: str, path: Path, error: OSError | ValueError) -> BadPromptFile:
    reason = getattr(error, "strerror", None) or str(error)
    name = quote(str(path), MAX_QUOTED_CHARS)
    return BadPromptFile(
        Translatable(template, name=name, reason=quote(reason, MAX_QUOTED_CHARS)),
        Translatable("Check the path."),
    )
