"""The result of a reply with a schema: a table of its items or fields, its errors, and the folded raw text.

The items come from a model. Each text is escaped, and rows, columns and cells have limits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import escape_html, escape_invisible_characters, replace_control_characters
from mimo_magics.document import styles
from mimo_magics.document.details import details_html
from mimo_magics.document.table import table_bundle

MAX_COLUMNS = 20
MAX_NAME_CHARS = 60
MAX_CELL_CHARS = 300
MAX_FIELD_CHARS = 500
"""Characters of a value of one object, which has a row for each field."""
MAX_ERRORS = 20
MAX_ERROR_CHARS = 400
MAX_RAW_CHARS = 100_000
MAX_REFERENCES = 20
VALUE_COLUMN = "value"
EMPTY_RESULT = Translatable("The list is empty.")
RAW_TEXT = Translatable("Raw text")


@dataclass(frozen=True, slots=True)
class ResultTable:
    """The items of a list, or the fields of one object, as text."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric_columns: tuple[str, ...] = ()
    caption: str = ""

    def to_bundle(self) -> dict[str, str]:
        """Return the table as a MIME bundle."""
        return table_bundle(
            self.head,
            self.rows,
            numeric_columns=self.numeric_columns,
            caption=self.caption,
            empty_text=EMPTY_RESULT,
        )


def build_table(schema: Mapping[str, Any], value: Any) -> ResultTable:
    """Return the table of a value.

    Args:
        schema: JSON Schema of the value: an array, or one object.
        value: the value as JSON.
    """
    if isinstance(value, list):
        return _build_list_table(schema, value)
    fields = value if isinstance(value, Mapping) else {VALUE_COLUMN: value}
    rows = tuple((_name(key), cell_text(each, MAX_FIELD_CHARS)) for key, each in fields.items())
    return ResultTable(translatables("field", "value"), rows)


def read_table(reply: Reply) -> ResultTable | None:
    """Return the table of a reply with a schema, or `None` if it has no value."""
    result = reply.result
    if not result or not reply.json_text:
        return None
    try:
        value = json.loads(reply.json_text)
        if result.is_list and isinstance(value, Mapping):
            (value,) = value.values()
        return build_table(result.schema, value)
    except (ValueError, RecursionError):
        # A session file may be damaged.
        return None


def count_items(reply: Reply) -> int:
    """Return the number of valid items of a reply with a schema."""
    try:
        value = json.loads(reply.json_text) if reply.json_text else []
    except (ValueError, RecursionError):
        return 0
    if reply.result and reply.result.is_list and isinstance(value, Mapping):
        return sum(len(each) for each in value.values() if isinstance(each, list))
    return 1 if reply.json_text else 0


def result_html(reply: Reply) -> str:
    """Return the table, the errors and the folded raw text as HTML."""
    table = read_table(reply)
    shown = scrollable_html(table.to_bundle()["text/html"]) if table else ""
    errors = "".join(f'<p dir="auto">{escape_html(line)}</p>' for line in iter_error_lines(reply))
    text = reply.text[:MAX_RAW_CHARS] + ("…" if len(reply.text) > MAX_RAW_CHARS else "")
    body = f'<pre dir="auto" tabindex="0" style="{styles.SCROLL}">{escape_html(text)}</pre>'
    raw = details_html(translate(RAW_TEXT), body, is_open=not table, is_quiet=True) if text.strip() else ""
    return shown + errors + raw


def result_text(reply: Reply) -> str:
    """Return the table and the errors as plain text. Without a table it is the raw text."""
    table = read_table(reply)
    shown = table.to_bundle()["text/plain"] if table else replace_control_characters(reply.text)
    return "\n".join(filter(None, (shown, *iter_error_lines(reply))))


def iter_error_lines(reply: Reply) -> Iterator[str]:
    """Yield what does not fit the schema, a line for each item."""
    for error in reply.errors[:MAX_ERRORS]:
        text = translate(error)
        shown = " ".join(escape_invisible_characters(text[:MAX_ERROR_CHARS]).split())
        yield f"⚠ {shown}…" if len(text) > MAX_ERROR_CHARS else f"⚠ {shown}"
    if more := reply.errors[MAX_ERRORS:]:
        yield f"⚠ {translate('{count:,} more errors.', count=len(more))}"


def scrollable_html(inner: str) -> str:
    """Return a wide table in a box that the mouse and the keyboard scroll."""
    label = escape_html(translate("Result"))
    return f'<div role="region" aria-label="{label}" tabindex="0" style="{styles.WIDE}">{inner}</div>'


def cell_text(value: Any, max_chars: int = MAX_CELL_CHARS) -> str:
    """Return a JSON value as the text of a cell, on one line."""
    match value:
        case str():
            text = value
        case None:
            text = "–"
        case list() if all(isinstance(each, str | int | float) for each in value):
            text = ", ".join(map(cell_text, value[:max_chars]))
        case _:
            text = json.dumps(value, ensure_ascii=False)
    line = " ".join(text[: 4 * max_chars].split())
    return line if len(line) <= max_chars else f"{line[: max_chars - 1]}…"


def _build_list_table(schema: Mapping[str, Any], items: Sequence[Any]) -> ResultTable:
    rows = [each if isinstance(each, Mapping) else {VALUE_COLUMN: each} for each in items]
    names = list(dict.fromkeys((*_find_names(schema), *(name for row in rows for name in row))))
    caption = ""
    if (more := len(names) - MAX_COLUMNS) > 0:
        names = names[:MAX_COLUMNS]
        caption = translate("{count:,} more columns.", count=more)
    cells = tuple(tuple(cell_text(row.get(name)) if name in row else "" for name in names) for row in rows)
    numeric = tuple(_name(name) for name in names if _is_numeric([row.get(name) for row in rows]))
    return ResultTable(tuple(map(_name, names)), cells, numeric, caption)


def _find_names(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the fields of an item, in the order of the schema, which may come from a file."""
    node: Any = schema.get("items")
    definitions = schema.get("$defs")
    for _ in range(MAX_REFERENCES):
        if not isinstance(node, Mapping) or not isinstance(node.get("$ref"), str):
            break
        name = node["$ref"].rpartition("/")[2]
        node = definitions.get(name) if isinstance(definitions, Mapping) else None
    properties = node.get("properties") if isinstance(node, Mapping) else None
    if isinstance(properties, Mapping):
        yield from map(str, properties)


def _is_numeric(values: Sequence[Any]) -> bool:
    numbers = [each for each in values if each is not None]
    return bool(numbers) and all(type(each) in (int, float) for each in numbers)


def _name(name: str) -> str:
    """Return the name of a field as text: it may come from a model or a file."""
    line = " ".join(escape_invisible_characters(str(name)[:MAX_NAME_CHARS]).split())
    return line if len(name) <= MAX_NAME_CHARS else f"{line}…"
