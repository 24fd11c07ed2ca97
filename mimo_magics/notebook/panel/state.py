"""The state of the settings, as text for the panel and for the table below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mimo_magics.client import endpoint
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.parameter_ranges import (
    DEFAULT_RANGES,
    PANEL_SETTINGS,
    bounds,
    config_line,
    ineffective_parameters,
)
from mimo_magics.core.services import Service
from mimo_magics.core.settings import Settings
from mimo_magics.core.text import escape_html, escape_invisible_characters
from mimo_magics.document import table
from mimo_magics.document.details import details_html
from mimo_magics.document.sanitizer import NO_MATH_CLASSES
from mimo_magics.notebook.commands.reply import copyable_bundle
from mimo_magics.notebook.config.allowed_values import describe_allowed_values, resolve_model
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.session.request import resolve_max_tokens

OBSERVED_SETTINGS = ("preset", "base_url", *PANEL_SETTINGS)
"""The settings that the state depends on, in the order of the restore line."""
SERVER_DEFAULT = Translatable("server default")
MAX_VALUE_CHARS = 80
"""Maximum number of characters of a text in the table."""
COLUMN_HEADERS = translatables("setting", "value", "range", "has an effect")
NOTHING_TO_RESTORE = Translatable("All settings have their defaults: there is nothing to restore.")
RESTORE_CAPTION = Translatable("Click to select; running this line restores the settings:")
TABLE_TITLE = Translatable("Table of values")
UPDATE_NOTICE = Translatable("Updates with the panel. After reloading the page, run this cell again.")


@dataclass(frozen=True, slots=True)
class PanelState:
    """The settings and their meaning for the service."""

    settings: Settings
    service: Service
    model: str
    """The model that replies."""
    host: str
    """The host name of the service."""
    inactive_reasons: Mapping[str, str]
    """The settings without effect, each with the reason."""
    changed_settings: frozenset[str] = frozenset()
    """The settings that a new kernel would not have."""
    error: str = ""
    """Why no request can be sent with these settings; empty if it can."""

    def value(self, name: str) -> Any:
        """Return the stored value; `None` means the default of the service."""
        return getattr(self.settings, name)

    def format_value(self, name: str) -> str:
        """Return the stored value as text."""
        match self.value(name):
            case None:
                return self._describe_default(name)
            case bool() as on:
                return "on" if on else "off"
            case tuple() as texts:
                return _truncate(", ".join(map(escape_control_chars, texts)) or translate("none"))
            case str() as text:
                return _truncate(escape_control_chars(text))
            case number:
                return str(number)

    def format_range(self, name: str) -> str:
        """Return the allowed values of the service as text."""
        return translate(describe_allowed_values(name, self.service, self.model))

    def is_out_of_range(self, name: str) -> bool:
        """Return whether the stored value is outside the documented range of the service."""
        value = self.value(name)
        if name not in DEFAULT_RANGES or value is None:
            return False
        low, high = bounds(name, self.service, self.model)
        return not low <= value <= high

    def is_sent(self, name: str) -> bool:
        """Return whether a request contains the parameter: a stored value, or a default that the format requires."""
        return self.value(name) is not None or (name == "max_tokens" and self._default_max_tokens is not None)

    @property
    def _default_max_tokens(self) -> int | None:
        """The output limit that is sent when none is stored."""
        return resolve_max_tokens(self.settings, self.service, self.model)

    def _describe_default(self, name: str) -> str:
        """Return the default as text: the value if it is known, otherwise «server default»."""
        known = {"model": self.model, "system": self.service.system or translate("none")}
        if name in known:
            return translate("service default: {value}", value=known[name])
        if name == "max_tokens" and (limit := self._default_max_tokens):
            return translate("default: {max_tokens:,}", max_tokens=limit)
        return translate(SERVER_DEFAULT)


def read_panel_state(config: MimoConfig) -> PanelState:
    """Return the state of the stored settings. Settings that no request can be sent with are an error in the state.

    Raises:
        BadOption: a value is invalid, because `%config` does not check values.
    """
    values = {name: getattr(config, name) for name in OBSERVED_SETTINGS}
    settings = Settings(**{**values, "stop": tuple(values["stop"])})
    (service, model), host, error_text = resolve_model(settings), "", ""
    try:
        host = endpoint.parse_host(endpoint.resolve_base_url(settings))
    except BadOption as error:
        error_text = " ".join(filter(None, error.lines))
    inactive_reasons, changed_settings = (
        ineffective_parameters(settings, service, model),
        frozenset(filter(config.is_changed, OBSERVED_SETTINGS)),
    )
    return PanelState(
        settings, service, model, host or service.name, inactive_reasons, changed_settings, error_text
    )


def escape_control_chars(text: str) -> str:
    r"""Return a text on one line, with `\n` for a line break, and `""` for an empty text."""
    visible_text = (
        escape_invisible_characters(text).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    )
    return visible_text or '""'


def _truncate(text: str) -> str:
    return text if len(text) <= MAX_VALUE_CHARS else f"{text[:MAX_VALUE_CHARS]}…"


def build_restore_line(state: PanelState) -> str:
    """Return the line that restores the settings in a new kernel; empty if there is nothing to restore.

    A base URL that is not valid is left out, because it may contain a password.
    """
    names = [name for name in OBSERVED_SETTINGS if not (name == "base_url" and state.error)]
    changed_values = {name: state.value(name) for name in names if name in state.changed_settings}
    return config_line(changed_values) if changed_values else ""


def summary_bundle(state: PanelState, *, is_folded: bool = False) -> dict[str, str]:
    """Return the table and the restore line as a MIME bundle. The table repeats the controls, so it can be folded."""
    rows = (
        (name, state.format_value(name), state.format_range(name), _format_effect(name, state))
        for name in PANEL_SETTINGS
    )
    caption = Translatable(
        "{model} at {host}. {follows}", model=state.model, host=state.host, follows=UPDATE_NOTICE
    )
    table_bundle = table.table_bundle(COLUMN_HEADERS, rows, caption=caption)
    restore_line = build_restore_line(state)
    line_bundle = copyable_bundle(restore_line) if restore_line else {"text/html": "", "text/plain": ""}
    restore_text = translate(RESTORE_CAPTION if restore_line else NOTHING_TO_RESTORE)
    table_html = table_bundle["text/html"]
    if is_folded:
        table_html = details_html(translate(TABLE_TITLE), table_html)
    html = f'<div class="{NO_MATH_CLASSES}">{table_html}<p>{escape_html(restore_text)}</p>{line_bundle["text/html"]}</div>'
    plain = "\n".join(filter(None, (table_bundle["text/plain"], restore_text, line_bundle["text/plain"])))
    return {"text/html": html, "text/plain": plain}


def _format_effect(name: str, state: PanelState) -> str:
    if name in state.inactive_reasons:
        return translate("no: {reason}", reason=translate(state.inactive_reasons[name]))
    return translate("yes, outside the range" if state.is_out_of_range(name) else "yes")
