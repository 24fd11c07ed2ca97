"""The tables of `%mimo_config`: named settings, or all of them with the changed ones first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import SettingGroup
from mimo_magics.document import table
from mimo_magics.document.cells import OneLine
from mimo_magics.document.details import details_html
from mimo_magics.notebook.config.store import SETTINGS, SettingInfo

COLUMN_HEADERS = translatables("setting", "value", "source", "allowed", "meaning")
DEFAULT_HEADERS = translatables("setting", "default", "allowed", "meaning")
GROUP_LABELS: Mapping[SettingGroup, str] = {
    "service": Translatable("Service"),
    "sampling": Translatable("Sampling"),
    "session": Translatable("Session"),
    "display": Translatable("Display"),
    "safety": Translatable("Safety"),
}
MAX_VALUE_CHARS, MAX_SOURCE_CHARS, MAX_ALLOWED_CHARS, MAX_HELP_CHARS = 40, 30, 45, 64
"""Characters of a cell in the list of all settings, which has one line for each of them."""


def named_settings_bundle(rows: Iterable[SettingInfo], warning: str = "") -> dict[str, str]:
    """Return a table of some settings with whole texts, and a warning below it."""
    cells = ((row.name, format_value(row.value), row.source, row.allowed_values, row.help) for row in rows)
    return table.table_bundle(COLUMN_HEADERS, cells, caption=warning)


def all_settings_bundle(rows: Sequence[SettingInfo], key_rows: Iterable[SettingInfo]) -> dict[str, str]:
    """Return a table of the changed settings and the API key, and the settings with their defaults folded by group."""
    changed = (*(row for row in rows if not row.is_default), *key_rows)
    bundle = table.table_bundle(COLUMN_HEADERS, map(_changed_cells, changed))
    html, texts = [bundle["text/html"]], [bundle["text/plain"]]
    for group in get_args(SettingGroup):
        members = [row for row in rows if row.is_default and SETTINGS[row.name].metadata["group"] == group]
        if members:
            bundle = table.table_bundle(DEFAULT_HEADERS, map(_default_cells, members))
            label, names = translate(GROUP_LABELS[group]), ", ".join(row.name for row in members)
            html.append(details_html(f"{label}: {names}", bundle["text/html"]))
            texts.append(f"\n{label}\n{bundle['text/plain']}")
    return {"text/html": "".join(html), "text/plain": "\n".join(texts)}


def _changed_cells(row: SettingInfo) -> Sequence[str | OneLine]:
    name, value, *others = _default_cells(row)
    return name, value, OneLine(row.source, MAX_SOURCE_CHARS), *others


def _default_cells(row: SettingInfo) -> Sequence[str | OneLine]:
    return (
        row.name,
        OneLine(format_value(row.value), MAX_VALUE_CHARS),
        OneLine(row.allowed_values, MAX_ALLOWED_CHARS),
        OneLine(row.help, MAX_HELP_CHARS),
    )


def format_value(value: Any) -> str:
    """Return the value of a setting as text; a dash for none."""
    match value:
        case True | False:
            return "on" if value else "off"
        case None:
            return "–"
        case list() | dict() if not value:
            return "–"
        case Secret():
            return repr(value).strip("'")
    return str(value)
