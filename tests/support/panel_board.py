"""Control of the parameter panel, for tests."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from mimo_magics.core.parameter_ranges import PANEL_SETTINGS
from mimo_magics.core.setting_values import to_text
from mimo_magics.notebook.config.allowed_values import TYPE_HINTS
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.panel.layout import PanelLayout


def shell() -> InteractiveShell:
    """Return the current shell, as other test files of the process may have replaced it."""
    return InteractiveShell.instance()


OWN_PROMPT = "Answer in verse.\nAlways."


Outputs = list[dict[str, Any]]


def control_widget(board: PanelLayout, name: str) -> Any:
    """Return the widget of a control; for the system prompt, the selection."""
    return board.rows[name].control._binding.widget


def move_control(board: PanelLayout, name: str, value: Any) -> None:
    """Change a control like a page."""
    moved = control_widget(board, name)
    moved.set_state({"index": moved.options.index(value)} if hasattr(moved, "index") else {"value": value})


def row_note(board: PanelLayout, name: str) -> str:
    return board.rows[name].box.children[-1].value


def write_setting(config: MimoConfig, name: str, value: Any) -> None:
    config.write(name, to_text(TYPE_HINTS[name], value))


def panel_html(board: PanelLayout) -> str:
    return "".join(child.value for box in board.root.children for child in html_widgets(box))


def html_widgets(box: Any) -> list[Any]:
    inner = [found for child in getattr(box, "children", ()) for found in html_widgets(child)]
    return [*([box] if "HTML" in type(box).__name__ else []), *inner]


def last_bundle(published: Outputs) -> dict[str, str]:
    return published[-1]["data"]


def table_rows(plain: str) -> dict[str, str]:
    table = plain.partition("\n")[2]
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in table.splitlines()[: len(PANEL_SETTINGS)]}
