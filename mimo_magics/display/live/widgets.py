"""The widgets and the style of a live view. It uses core widgets only, and no JavaScript of its own.

The envelope of each message takes more than half a kilobyte, so the widgets of a view share their layout and styles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import ButtonStyle
from ipywidgets.widgets.widget_bool import ToggleButtonStyle as ToggleStyle
from ipywidgets.widgets.widget_int import ProgressStyle
from ipywidgets.widgets.widget_string import HTMLMathStyle, HTMLStyle

from mimo_magics.core.i18n import translate
from mimo_magics.document import styles
from mimo_magics.document.code_block import BLOCK_STYLE, HEAD_STYLE, PRE_STYLE
from mimo_magics.document.sanitizer import NO_MATH_CLASSES

CODE_RULES = f"""
.mimo-live.mimo-live .mimo-block {{ {BLOCK_STYLE} }}
.mimo-live .mimo-head {{ {HEAD_STYLE}; user-select: none; }}
.mimo-live.mimo-live .mimo-block pre {{ {PRE_STYLE} }}
.mimo-live.mimo-live .mimo-block code {{ {styles.CODE} }}
.mimo-live.mimo-live .mimo-before > .mimo-block, .mimo-live.mimo-live .mimo-before > .mimo-behind > .mimo-block {{ border-bottom: 0; }}
.mimo-live.mimo-live .mimo-behind > .mimo-block {{ border-top: 0; }}
.mimo-live.mimo-live .mimo-before .mimo-block pre {{ padding-bottom: 0; }}
.mimo-live.mimo-live .mimo-behind .mimo-block pre {{ padding-top: 0; }}
.mimo-live .mimo-code {{ position: relative; user-select: all; }}
.mimo-live .mimo-code > button {{ position: absolute; top: 1px; inset-inline-end: 1px; user-select: none; }}
.mimo-live .mimo-code > button, .mimo-live .mimo-cells > button {{ flex: none; width: auto; height: auto; margin: 0; border: 0; padding: 0.25em 0.75em;
  background: none; box-shadow: none; color: inherit; font-size: calc(0.85 * var(--jp-content-font-size1, 14px)); line-height: var(--jp-content-line-height, 1.6); }}
.mimo-live .mimo-code > button:hover, .mimo-live .mimo-cells > button:hover {{ text-decoration: underline; }}
.mimo-live .mimo-cells {{ display: flex; align-items: center; height: 1em; margin-top: -1em; }}
.mimo-live .mimo-cells > button {{ padding: 0 0.75em; line-height: 1; }}
.mimo-live.mimo-ended .mimo-code > button, .mimo-live.mimo-ended .mimo-cells {{ display: none; }}"""
"""Code blocks look as in a document. A block that is streamed in parts has no edges between them."""
STYLE = (
    f"<style>{CODE_RULES}"
    """
.mimo-live.mimo-live { box-sizing: border-box; width: 100%; padding-right: 40px; color: var(--jp-content-font-color1, inherit); overflow: visible; }
.mimo-live .widget-vbox, .mimo-live .widget-html, .mimo-live .widget-htmlmath, .mimo-live .widget-html-content, .mimo-live .widget-htmlmath-content {
  display: block; margin: 0; width: auto; height: auto; overflow: visible; }
.mimo-live .widget-html-content, .mimo-live .widget-htmlmath-content {
  font-size: var(--jp-content-font-size1, 14px); line-height: var(--jp-content-line-height, 1.6); white-space: normal; overflow-wrap: anywhere; }
.mimo-live.mimo-live pre { margin: 1.5em 2em; white-space: pre; overflow-x: auto; }
.mimo-live.mimo-live table { margin: 0 auto 1em 0; }
.mimo-live.mimo-live .mimo-before > *, .mimo-live.mimo-live .mimo-before > .mimo-behind > * { margin-bottom: 0; }
.mimo-live.mimo-live .mimo-behind > * { margin-top: 0; }
.mimo-live .widget-vbox:has(> .widget-htmlmath:last-child) + .widget-html .mimo-formula { display: none; }
.mimo-live .mimo-fold, .mimo-live .mimo-fold:hover { width: auto; height: auto; margin: 0; border: 0; padding: 0 6px 0 0; background: none; box-shadow: none;
  color: inherit; font-size: var(--jp-content-font-size1, 14px); line-height: var(--jp-content-line-height, 1.6); text-align: start; white-space: normal; }
.mimo-live .mimo-fold > i { width: 15px; margin: 0; font-size: 1.3em; text-align: start; vertical-align: -2px; }
.mimo-live .mimo-fold:focus-visible { outline: 2px solid var(--jp-brand-color1, currentColor); }
.mimo-live .mimo-steps { display: flex; flex-direction: column-reverse; max-height: 20em; overflow: auto;
  margin: 0 0 0.5em 0.5em; border-inline-start: 2px solid var(--jp-border-color2, #bbb); padding-inline-start: 1em; }
.mimo-live .mimo-steps.mimo-waiting { max-height: none; }
.mimo-live .mimo-steps > * { flex: none; }
.mimo-live .mimo-card, .mimo-live .mimo-ask { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.75em; }
.mimo-live .mimo-ask { row-gap: 0.25em; }
.mimo-live .mimo-ask button { flex: none; width: auto; margin: 0; }
.jp-OutputArea:has(.mimo-live), .jp-OutputArea-child:has(.mimo-live), .jp-OutputArea-output:has(.mimo-live) { overflow: visible; min-width: 0; }
.mimo-live .mimo-foot { position: sticky; top: 0; bottom: 0; z-index: 2; background: var(--jp-layout-color0, Canvas);
  display: flex; flex-wrap: wrap; align-items: center; gap: 0 0.75em; margin: 0; }
.mimo-live .mimo-foot button { flex: none; width: auto; margin: 0; }
.mimo-live .mimo-foot .widget-html-content { font-size: var(--jp-ui-font-size1, 13px); }
.mimo-live small, .mimo-live .mimo-fold, .mimo-live .mimo-foot .widget-html-content { opacity: 0.7; }
.mimo-live .mimo-steps .mimo-fold, .mimo-live .mimo-foot small { opacity: 1; }
.mimo-live .mimo-columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17em, 100%), 1fr)); gap: 1em; margin-top: 0.5em; }
.mimo-live .mimo-columns > * { border: 1px solid #8886; padding: 0.5em 1em; }
</style>"""
)
"""All rules are limited to our own class, so that the rest of the page keeps its style. Rules that JupyterLab has for HTML
outputs only, such as the margins of code, are repeated for widgets: nothing moves when the document replaces the view."""


class WidgetFactory:
    """Creates the widgets of one view, and closes them."""

    def __init__(self) -> None:
        self._widgets: list[Any] = []
        self._layout = self._register(ipywidgets.Layout())
        self._hidden_layout: Any = None
        self._styles: dict[type, Any] = {}

    def html(self, value: str = "", *, tabbable: bool = False) -> Any:
        """Return a widget for sanitized HTML. The keyboard can focus it if it is tabbable."""
        shared = {"layout": self._layout, "style": self._style(HTMLStyle)}
        return self._register(ipywidgets.HTML(value, tabbable=tabbable or None, **shared))

    def math(self, value: str) -> Any:
        """Return a widget for sanitized HTML that typesets the marked math in it."""
        value = f'<div class="{NO_MATH_CLASSES}">{value}</div>'
        return self._register(
            ipywidgets.HTMLMath(value, layout=self._layout, style=self._style(HTMLMathStyle))
        )

    def box(self, *children: Any, is_row: bool = False, css_classes: str = "") -> Any:
        """Return a box around other widgets."""
        kind = ipywidgets.HBox if is_row else ipywidgets.VBox
        return self._register(kind(children, layout=self._layout, _dom_classes=tuple(css_classes.split())))

    def button(self, text: str, icon: str, on_click: Callable[[], None], tooltip: str) -> Any:
        """Return a button."""
        shared = {"layout": self._layout, "style": self._style(ButtonStyle)}
        button = self._register(ipywidgets.Button(description=text, icon=icon, tooltip=tooltip, **shared))
        button.on_click(lambda _: on_click())
        return button

    def stop_button(self, on_click: Callable[[], None]) -> Any:
        """Return the button that stops the turn or the comparison."""
        return self.button(translate("Stop"), "stop", on_click, translate("Stop and keep the partial reply"))

    def text_field(self, placeholder: str) -> Any:
        """Return a text field of one line."""
        return self._register(ipywidgets.Text(placeholder=placeholder, layout=self._layout))

    def progress_bar(self, text: str, maximum: int, tooltip: str) -> Any:
        """Return a progress bar that is full at `maximum`."""
        style = self._style(ProgressStyle)
        style.description_width = "auto"
        bar = ipywidgets.IntProgress(0, max=maximum, description=text, layout=self._layout, style=style)
        bar.tooltip = tooltip
        return self._register(bar)

    def control(self, kind: Any, **traits: Any) -> Any:
        """Return a widget of another class of ipywidgets, such as a slider."""
        style = self._style(kind.class_traits()["style"].klass)
        return self._register(kind(layout=self._layout, style=style, **traits))

    def fold_button(self, text: str, body: Any, *, is_open: bool) -> Any:
        """Return a button that folds and unfolds a body."""
        shared = {"layout": self._layout, "style": self._style(ToggleStyle)}
        toggle = self._register(
            ipywidgets.ToggleButton(is_open, description=text, _dom_classes=("mimo-fold",), **shared)
        )
        toggle.tooltip = translate("Fold or unfold")

        def on_toggle(_: object) -> None:
            body.layout = self._layout if toggle.value else self._get_hidden_layout()
            toggle.icon = "caret-down" if toggle.value else "caret-right"

        toggle.observe(on_toggle, "value")
        on_toggle(None)
        return toggle

    def close(self) -> None:
        """Remove the widgets from the page and the kernel."""
        for widget in self._widgets:
            widget.close()

    def _get_hidden_layout(self) -> Any:
        self._hidden_layout = self._hidden_layout or self._register(ipywidgets.Layout(display="none"))
        return self._hidden_layout

    def _style(self, kind: type) -> Any:
        if kind not in self._styles:
            self._styles[kind] = self._register(kind())
        return self._styles[kind]

    def _register(self, widget: Any) -> Any:
        self._widgets.append(widget)
        return widget


def widget_bundle(widget: Any) -> dict[str, Any]:
    """Return the MIME bundle that shows a widget in a notebook."""
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {"application/vnd.jupyter.widget-view+json": view, "text/plain": "…"}
