"""The widgets of the panel: a row for each setting, buttons for tasks, and a status line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import ipywidgets

from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.parameter_ranges import PANEL_SETTINGS, TASKS, Task, sampling_for_task
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.widgets import WidgetFactory, widget_bundle
from mimo_magics.notebook.panel.controls import (
    WidgetBinding,
    create_control,
    needs_default_button,
    shows_all_choices,
)
from mimo_magics.notebook.panel.state import PanelState

WriteSettings = Callable[[Mapping[str, Any]], None]
INACTIVE_CLASS, UNSENT_CLASS = "mimo-idle", "mimo-unsent"
"""Classes of the rows of parameters that have no effect, and that are not sent."""
TASK_LABELS: Mapping[Task, Translatable] = {
    "code": Translatable("Code"),
    "factual": Translatable("Factual"),
    "writing": Translatable("Writing"),
    "math": Translatable("Math"),
}
NEW_CELL_TOOLTIP = Translatable("Insert %mimo_config with these settings below the next cell that you run")

STYLE = """<style>
.mimo-panel.mimo-panel { container-type: inline-size; box-sizing: border-box; width: 100%; padding: 0.5em 0; overflow: visible;
  color: var(--jp-content-font-color1, inherit); }
.mimo-panel .widget-vbox, .mimo-panel .widget-html, .mimo-panel .widget-html-content { display: block; margin: 0; width: auto; height: auto; overflow: visible; }
.mimo-panel .widget-html-content { font-size: var(--jp-ui-font-size1, 13px); line-height: 1.4; overflow-wrap: anywhere; }
.mimo-panel.mimo-panel .mimo-rows { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 3em; }
.mimo-panel.mimo-panel .mimo-row { display: grid; grid-template-columns: minmax(0, 32em) 5.5em minmax(0, 1fr); align-items: center; gap: 0 1em; margin: 1px 0; }
.mimo-panel .mimo-row > * { margin: 0; min-width: 0; }
.mimo-panel .mimo-row > .mimo-words { grid-column: 3; }
.mimo-panel .widget-inline-hbox, .mimo-panel .widget-toggle-buttons, .mimo-panel .widget-textarea, .mimo-panel .widget-dropdown, .mimo-panel .jupyter-widget-tagsinput { width: auto; max-width: none; margin: 1px 0; }
.mimo-panel .widget-label, .mimo-panel .mimo-tags > .widget-html { flex: none; width: 10.5em; margin: 0; padding: 0; text-align: start; color: inherit; }
.mimo-panel .mimo-tags { align-items: center; width: auto; }
.mimo-panel .mimo-tags .jupyter-widget-tagsinput { flex: 1 1 0; min-width: 0; flex-wrap: wrap; }
.mimo-panel .jupyter-widget-tagsinput .widget-text { display: inline-block !important; flex: 1 1 12em; width: auto; min-width: 12em; margin: 0; }
.mimo-panel.mimo-panel .widget-text .jupyter-widget-taginput { box-sizing: border-box; width: 100%; max-width: 100%; margin: 1px 0; text-align: start; }
.mimo-panel .widget-dropdown > select { background-image: linear-gradient(45deg, transparent 50%, currentColor 50%), linear-gradient(135deg, currentColor 50%, transparent 50%);
  background-size: 5px 5px; background-position: right 12px center, right 7px center; background-repeat: no-repeat; }
.mimo-panel .widget-readout { flex: none; width: 4.5em; min-width: 0; overflow: visible; }
.mimo-panel .widget-toggle-buttons { display: flex; flex-wrap: wrap; align-items: center; }
.mimo-panel .widget-toggle-buttons button { width: auto; margin: 0 4px 0 0; }
.mimo-panel .widget-toggle-button { width: auto; padding: 0 0.75em; }
.mimo-panel .mimo-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.mimo-panel .mimo-idle .slider-container, .mimo-panel .mimo-unsent .slider-container { opacity: 0.45; }
.mimo-panel .mimo-unsent .widget-readout:not(:focus) { width: calc(4.5 * var(--jp-widgets-font-size, 13px)); font-size: 0; }
.mimo-panel .mimo-unsent .widget-readout:not(:focus)::before { content: "–"; font-size: var(--jp-widgets-font-size, 13px); }
.mimo-panel .mimo-idle .widget-label { color: var(--jp-ui-font-color2, inherit); }
.mimo-panel .mimo-buttons { display: flex; flex-wrap: wrap; align-items: center; gap: 0 0.5em; margin-top: 0.5em; }
.mimo-panel .mimo-buttons button { flex: none; width: auto; margin: 0; }
@container (min-width: 76em) {
  .mimo-panel.mimo-panel .mimo-rows { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@container (min-width: 76em) and (max-width: 130em) {
  .mimo-panel.mimo-panel .mimo-row { grid-template-columns: minmax(0, 1fr) 5.5em; align-content: start; margin: 0 0 0.5em; }
  .mimo-panel .mimo-row > .mimo-words { grid-column: 1 / -1; padding-inline-start: 10.5em; }
}
@container (max-width: 50em) {
  .mimo-panel.mimo-panel .mimo-row { grid-template-columns: minmax(0, 1fr) 5.5em; margin: 0 0 0.5em; }
  .mimo-panel .mimo-row > .mimo-words { grid-column: 1 / -1; }
}
@container (max-width: 26em) {
  .mimo-panel .widget-inline-hbox, .mimo-panel .mimo-tags { flex-wrap: wrap; height: auto; }
  .mimo-panel .widget-label, .mimo-panel .mimo-tags > .widget-html { width: 100%; }
  .mimo-panel .slider-container { flex: 1 1 8em; min-width: 0; }
}
</style>"""
"""All rules are limited to our own class.

There are two columns of rows where they fit. A row that is too narrow for three columns puts its description below. The
readout of a parameter that is not sent shows a dash until a number is typed.
"""


class PanelLayout:
    """The widgets of one panel.

    Args:
        write: writes settings to the store.
        insert: inserts a cell that restores the settings, and returns a message.
        footer: a widget to show below.
    """

    def __init__(self, write: WriteSettings, insert: Callable[[], str], footer: Any = None) -> None:
        self._factory = factory = WidgetFactory()
        self.rows = {name: SettingRow(name, factory, write) for name in PANEL_SETTINGS}
        """The row of each setting."""
        self._header = factory.html()
        self._status = factory.html()
        self._task_buttons = TaskButtons(factory, write)
        new_cell_button = factory.button(
            translate("New cell with these settings"),
            "plus",
            lambda: self.show_status(insert()),
            translate(NEW_CELL_TOOLTIP),
        )
        button_row = factory.box(new_cell_button, self._status, is_row=True, css_classes="mimo-buttons")
        footers = [footer] if footer else []
        rows = factory.box(*(row.box for row in self.rows.values()), css_classes="mimo-rows")
        self.root = factory.box(
            factory.html(STYLE),
            self._header,
            rows,
            self._task_buttons.box,
            button_row,
            *footers,
            css_classes="mimo-panel",
        )
        """The widget that contains all others."""

    @property
    def bundle(self) -> dict[str, Any]:
        """The MIME bundle that shows the panel."""
        return widget_bundle(self.root)

    def paint(self, state: PanelState) -> None:
        """Show the state."""
        self._header.value = translate(
            "{model} at {host}",
            model=f"<strong>{escape_html(state.model)}</strong>",
            host=escape_html(state.host),
        )
        for row in self.rows.values():
            row.paint(state)
        self._task_buttons.paint(state)
        self.show_status(state.error)

    def show_status(self, text: str) -> None:
        """Show a message. Screen readers read it aloud."""
        self._status.value = f'<span role="status">{escape_html(text)}</span>'

    def close(self) -> None:
        """Remove the widgets."""
        self._factory.close()


class SettingRow:
    """The row of a setting: its control, a button for the service's default, and a description of its range and effect."""

    def __init__(self, name: str, factory: WidgetFactory, write: WriteSettings) -> None:
        self._name = name
        self.control = create_control(name, factory, lambda value: write({name: value}))
        """The control."""
        self.default_button = (
            DefaultButton(name, factory, self._create_default_handler(write))
            if needs_default_button(name)
            else None
        )
        """The button for the default of the service; `None` if the control itself shows the default."""
        self._description = factory.html()
        self._description.add_class("mimo-words")
        children = (
            self.control.box,
            *([self.default_button.button] if self.default_button else []),
            self._description,
        )
        self.box = factory.box(*children, is_row=True, css_classes="mimo-row")

    def paint(self, state: PanelState) -> None:
        """Show the stored value."""
        self.control.paint(state)
        if self.default_button:
            self.default_button.paint(state.value(self._name) is None)
        self._description.value = _describe_setting(self._name, state)
        self._mark(INACTIVE_CLASS, is_marked=self._name in state.inactive_reasons)
        self._mark(UNSENT_CLASS, is_marked=not state.is_sent(self._name))

    def _mark(self, css_class: str, *, is_marked: bool) -> None:
        (self.box.add_class if is_marked else self.box.remove_class)(css_class)

    def _create_default_handler(self, write: WriteSettings) -> Callable[[bool], None]:
        return lambda leaves: write({self._name: None if leaves else self.control.displayed_value})


class DefaultButton:
    """A button for the default of the service. When it is released, the displayed value of the control is stored."""

    def __init__(self, name: str, factory: WidgetFactory, on_change: Callable[[bool], None]) -> None:
        tooltip = translate("Use the default of the service for {name}", name=name)
        self.button = factory.control(
            ipywidgets.ToggleButton, description=translate("default"), tooltip=tooltip
        )
        self._binding = WidgetBinding(self.button, on_change)

    def paint(self, is_pressed: bool) -> None:
        """Show whether the default is used."""
        self._binding.paint(is_pressed)


class TaskButtons:
    """Buttons for the recommended values of a task."""

    def __init__(self, factory: WidgetFactory, write: WriteSettings) -> None:
        self._write = write
        self._state: PanelState | None = None
        self._buttons = {
            task: factory.button(translate(TASK_LABELS[task]), "", partial(self._set, task), "")
            for task in TASKS
        }
        self.box = factory.box(
            factory.html(translate("Recommended for")),
            *self._buttons.values(),
            is_row=True,
            css_classes="mimo-buttons",
        )

    def paint(self, state: PanelState) -> None:
        """Show in the tooltips which values each button sets."""
        self._state = state
        for task, button in self._buttons.items():
            values = sampling_for_task(task, state.service, state.model)
            assignments = ", ".join(f"{name} {value:g}" for name, value in values.items())
            inactive_reason = next(
                (state.inactive_reasons[name] for name in values if name in state.inactive_reasons), ""
            )
            warning = (
                translate("; no effect: {reason}", reason=translate(inactive_reason))
                if inactive_reason
                else ""
            )
            button.tooltip = translate("Set {values}{warning}", values=assignments, warning=warning)

    def _set(self, task: Any) -> None:
        assert self._state
        self._write(sampling_for_task(task, self._state.service, self._state.model))


def _describe_setting(name: str, state: PanelState) -> str:
    """Return the value, the range and the effect of a setting as HTML, as far as the control does not show them."""
    reason = state.inactive_reasons.get(name)
    lines = [
        escape_html(_describe_value(name, state)),
        escape_html(translate("⚠ no effect: {reason}", reason=translate(reason)) if reason else ""),
    ]
    # The buttons show the value; the text is for screen readers.
    if shows_all_choices(name):
        lines[0] = f'<span class="mimo-unseen">{lines[0]}</span>'
    return "<br>".join(filter(None, lines))


def _describe_value(name: str, state: PanelState) -> str:
    if name == "stop":
        return translate("{range}; \\n is a line break", range=state.format_range(name))
    if shows_all_choices(name):
        return state.format_value(name)
    if state.is_out_of_range(name):
        return translate(
            "{value} is set, outside {range}", value=state.format_value(name), range=state.format_range(name)
        )
    is_default = state.value(name) is None
    return " · ".join(
        filter(None, (state.format_value(name) if is_default else "", state.format_range(name)))
    )
