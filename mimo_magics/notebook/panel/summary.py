"""What the panel leaves in the notebook: a table of the values, and the line that restores them."""

from __future__ import annotations

from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.parameter_ranges import PANEL_SETTINGS, config_line
from mimo_magics.core.text import escape_html
from mimo_magics.document import table
from mimo_magics.document.sanitizer import NO_MATH_CLASSES
from mimo_magics.notebook.commands.reply import copyable_bundle
from mimo_magics.notebook.panel.state import PanelState

COLUMN_HEADERS = translatables("setting", "value", "range", "acts")
NOTHING_TO_RESTORE = Translatable("All of them are as built in: there is nothing to restore.")
RESTORE_CAPTION = Translatable("This line restores them; one click selects it:")
UPDATE_NOTICE = Translatable("Follows the panel until the page is loaded anew; then run the cell again.")


def build_restore_line(state: PanelState) -> str:
    """Return the line with which another kernel gets the same values; empty when it has them by itself."""
    changed_values = {name: state.value(name) for name in PANEL_SETTINGS if name in state.changed_settings}
    return config_line(changed_values) if changed_values else ""


def summary_bundle(state: PanelState) -> dict[str, str]:
    """Return both as a MIME bundle."""
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
    html = f'<div class="{NO_MATH_CLASSES}">{table_bundle["text/html"]}<p>{escape_html(restore_text)}</p>{line_bundle["text/html"]}</div>'
    plain = "\n".join(filter(None, (table_bundle["text/plain"], restore_text, line_bundle["text/plain"])))
    return {"text/html": html, "text/plain": plain}


def _format_effect(name: str, state: PanelState) -> str:
    if name in state.inactive_reasons:
        return translate("no: {reason}", reason=translate(state.inactive_reasons[name]))
    return translate("yes, outside the range" if state.is_out_of_range(name) else "yes")
