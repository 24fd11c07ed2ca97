"""The panel as widgets: a row for each setting, buttons for tasks, and what is said of it all. The page has no script of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import ipywidgets

from mimo_magics.core.i18n import Words, say
from mimo_magics.core.parameter_ranges import PANEL_SETTINGS, TASKS, Task, sampling_for_task
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.widgets import Parts, showing
from mimo_magics.notebook.panel.controls import Field, control, has_default, is_in_view
from mimo_magics.notebook.panel.state import Situation

Write = Callable[[Mapping[str, Any]], None]
IDLE = "mimo-idle"
LABELS: Mapping[Task, Words] = {
    "code": Words("Code"),
    "factual": Words("Factual"),
    "writing": Words("Writing"),
    "maths": Words("Maths"),
}
NEW_CELL = Words(
    "Puts %mimo_config with these settings into a new cell, which comes below the next cell that you run"
)

STYLE = """<style>
.mimo-panel.mimo-panel { container-type: inline-size; box-sizing: border-box; width: 100%; padding: 0.5em 0; overflow: visible;
  color: var(--jp-content-font-color1, inherit); }
.mimo-panel .widget-vbox, .mimo-panel .widget-html, .mimo-panel .widget-html-content { display: block; margin: 0; width: auto; height: auto; overflow: visible; }
.mimo-panel .widget-html-content { font-size: var(--jp-ui-font-size1, 13px); line-height: 1.4; overflow-wrap: anywhere; }
.mimo-panel.mimo-panel .mimo-row { display: grid; grid-template-columns: minmax(0, 32em) 5.5em minmax(0, 1fr); align-items: center; gap: 0 1em; margin: 1px 0; }
.mimo-panel .mimo-row > * { margin: 0; min-width: 0; }
.mimo-panel .mimo-row > .mimo-words { grid-column: 3; }
.mimo-panel .widget-inline-hbox, .mimo-panel .widget-toggle-buttons, .mimo-panel .widget-textarea, .mimo-panel .widget-dropdown, .mimo-panel .jupyter-widget-tagsinput { width: auto; max-width: none; margin: 1px 0; }
.mimo-panel .widget-label, .mimo-panel .mimo-tags > .widget-html { flex: none; width: 10.5em; margin: 0; padding: 0; text-align: start; color: inherit; }
.mimo-panel .mimo-tags { align-items: center; width: auto; }
.mimo-panel .mimo-tags .jupyter-widget-tagsinput { flex: 1 1 auto; min-width: 0; flex-wrap: wrap; }
.mimo-panel .jupyter-widget-tagsinput .widget-text { display: inline-block !important; width: auto; }
.mimo-panel .widget-readout { flex: none; width: 4.5em; min-width: 0; overflow: visible; }
.mimo-panel .widget-toggle-buttons { display: flex; flex-wrap: wrap; align-items: center; }
.mimo-panel .widget-toggle-buttons button { width: auto; margin: 0 4px 0 0; }
.mimo-panel .widget-toggle-button { width: auto; padding: 0 0.75em; }
.mimo-panel .mimo-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.mimo-panel .mimo-idle .slider-container { opacity: 0.45; }
.mimo-panel .mimo-idle .widget-label { color: var(--jp-ui-font-color2, inherit); }
.mimo-panel .mimo-buttons { display: flex; flex-wrap: wrap; align-items: center; gap: 0 0.5em; margin-top: 0.5em; }
.mimo-panel .mimo-buttons button { flex: none; width: auto; margin: 0; }
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
"""All of it is bound to our own class. A row that has no room for three columns puts its words below."""


class Board:
    """The widgets of one panel.

    Args:
        write: sets settings.
        insert: puts the line that restores them into a new cell, and returns what to tell the person.
        foot: a widget to go below.
    """

    def __init__(self, write: Write, insert: Callable[[], str], foot: Any = None) -> None:
        self._parts = parts = Parts()
        self.rows = {name: Row(name, parts, write) for name in PANEL_SETTINGS}
        """What shows each setting."""
        self._head = parts.html()
        self._state = parts.html()
        self._tasks = Tasks(parts, write)
        new = parts.button(
            say("New cell with these settings"), "plus", lambda: self.say(insert()), say(NEW_CELL)
        )
        below = parts.box(new, self._state, row=True, names="mimo-buttons")
        feet = [foot] if foot else []
        rows = (row.box for row in self.rows.values())
        self.root = parts.box(
            parts.html(STYLE), self._head, *rows, self._tasks.box, below, *feet, names="mimo-panel"
        )
        """The widget that holds all others."""

    @property
    def bundle(self) -> dict[str, Any]:
        """What shows it in a notebook."""
        return showing(self.root)

    def paint(self, now: Situation) -> None:
        """Show what holds."""
        self._head.value = say(
            "{model} at {host}",
            model=f"<strong>{escape_html(now.model)}</strong>",
            host=escape_html(now.where),
        )
        for row in self.rows.values():
            row.paint(now)
        self._tasks.paint(now)
        self.say(now.wrong)

    def say(self, text: str) -> None:
        """Tell the person something, in words that are read aloud."""
        self._state.value = f'<span role="status">{escape_html(text)}</span>'

    def close(self) -> None:
        """Take the widgets away."""
        self._parts.close()


class Row:
    """A setting: its control, a button that leaves it to the service, and its range and effect in words."""

    def __init__(self, name: str, parts: Parts, write: Write) -> None:
        self._name = name
        self.control = control(name, parts, lambda value: write({name: value}))
        """What a person moves."""
        self.default = Default(name, parts, self._leave(write)) if has_default(name) else None
        """Pressed while the service decides; `None` where the control shows that itself."""
        self._words = parts.html()
        self._words.add_class("mimo-words")
        shown = (self.control.box, *([self.default.button] if self.default else []), self._words)
        self.box = parts.box(*shown, row=True, names="mimo-row")

    def paint(self, now: Situation) -> None:
        """Show what is set."""
        self.control.paint(now)
        if self.default:
            self.default.paint(now.value(self._name) is None)
        self._words.value = _words(self._name, now)
        (self.box.add_class if self._name in now.idle else self.box.remove_class)(IDLE)

    def _leave(self, write: Write) -> Callable[[bool], None]:
        return lambda leaves: write({self._name: None if leaves else self.control.standing})


class Default:
    """The button that leaves a setting to the service. Released, it sets the value at which the control stands."""

    def __init__(self, name: str, parts: Parts, moved: Callable[[bool], None]) -> None:
        tooltip = say("Leave {name} to the service", name=name)
        self.button = parts.control(ipywidgets.ToggleButton, description=say("default"), tooltip=tooltip)
        self._field = Field(self.button, moved)

    def paint(self, pressed: bool) -> None:
        """Show whether the service decides."""
        self._field.paint(pressed)


class Tasks:
    """Buttons that set what is recommended for a task."""

    def __init__(self, parts: Parts, write: Write) -> None:
        self._write = write
        self._now: Situation | None = None
        self._buttons = {
            task: parts.button(say(LABELS[task]), "", partial(self._set, task), "") for task in TASKS
        }
        self.box = parts.box(
            parts.html(say("Recommended for")), *self._buttons.values(), row=True, names="mimo-buttons"
        )

    def paint(self, now: Situation) -> None:
        """Tell what each of them would set."""
        self._now = now
        for task, button in self._buttons.items():
            values = sampling_for_task(task, now.service, now.model)
            sets = ", ".join(f"{name} {value:g}" for name, value in values.items())
            idle = next((now.idle[name] for name in values if name in now.idle), "")
            but = say("; without effect: {reason}", reason=say(idle)) if idle else ""
            button.tooltip = say("Sets {values}{but}", values=sets, but=but)

    def _set(self, task: Any) -> None:
        assert self._now
        self._write(sampling_for_task(task, self._now.service, self._now.model))


def _words(name: str, now: Situation) -> str:
    """Say what a control does not: where it stands, between what, and whether it does anything."""
    reason = now.idle.get(name)
    told = [
        escape_html(_standing(name, now)),
        escape_html(say("⚠ without effect: {reason}", reason=say(reason)) if reason else ""),
    ]
    if is_in_view(name):  # to the eye
        told[0] = f'<span class="mimo-unseen">{told[0]}</span>'
    return "<br>".join(filter(None, told))


def _standing(name: str, now: Situation) -> str:
    if name == "stop":
        return say("{range}; \\n is a line's end", range=now.range(name))
    if is_in_view(name):
        return now.said(name)
    if now.is_outside(name):
        return say("{value} is set, outside {range}", value=now.said(name), range=now.range(name))
    is_default = now.value(name) is None
    return " · ".join(filter(None, (now.said(name) if is_default else "", now.range(name))))
