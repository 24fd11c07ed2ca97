"""The controls of the panel, one for each kind of setting. A control shows the stored value and reports changes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, get_args, get_origin

import ipywidgets

from mimo_magics.client import model_list
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.parameter_ranges import DEFAULT_RANGES, bounds, default_value
from mimo_magics.core.setting_values import strip_optional
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.notebook.config.allowed_values import TYPE_HINTS
from mimo_magics.notebook.config.store import SETTINGS
from mimo_magics.notebook.panel.state import SERVER_DEFAULT, PanelState, escape_control_chars
from mimo_magics.session.system_prompt import NO_SYSTEM_PROMPT, build_system_prompt

ChangeCallback = Callable[[Any], None]
CUSTOM_TEXT_LABEL = Translatable("custom")
SYSTEM_PROMPTS: Mapping[str, str | None] = {
    Translatable("service default"): None,
    NO_SYSTEM_PROMPT: NO_SYSTEM_PROMPT,
    Translatable("MiMo English"): "mimo",
    "MiMo 中文": "mimo-zh",
}
ESCAPE_PATTERN = re.compile(r"\\(.)", re.DOTALL)


class Control(Protocol):
    """The control of one setting."""

    box: Any
    """Its widget."""

    @property
    def displayed_value(self) -> Any:
        """The value that the control displays, also when no value is set."""

    def paint(self, state: PanelState) -> None:
        """Show the stored value."""


class WidgetBinding:
    """Binds the value of a widget to a callback. Painting does not call it, even if the widget adjusts the value."""

    def __init__(self, widget: Any, on_change: ChangeCallback) -> None:
        self.widget = widget
        self._on_change = on_change
        self._is_painting = False
        widget.observe(self._handle_change, "value")

    def paint(self, value: Any, **traits: Any) -> None:
        """Set the value and other traits, in one message."""
        self._is_painting = True
        try:
            with self.widget.hold_sync(), self.widget.hold_trait_notifications():
                for name, it in traits.items():
                    setattr(self.widget, name, it)
                self.widget.value = value
        finally:
            self._is_painting = False

    def _handle_change(self, change: Mapping[str, Any]) -> None:
        if not self._is_painting:
            self._on_change(change["new"])


class Slider:
    """A slider for a number in the documented range of the service. It does not change a stored value outside the range."""

    def __init__(self, name: str, factory: WidgetFactory, on_change: ChangeCallback) -> None:
        self._name = name
        self.box = self._create_widget(factory, {**_label_traits(name), "continuous_update": False})
        self._binding = WidgetBinding(self.box, lambda value: on_change(self._to_setting(value)))

    @property
    def displayed_value(self) -> float:
        """The value that the slider displays."""
        return self._to_setting(self.box.value)

    def paint(self, state: PanelState) -> None:
        """Show the stored value, or the default of the service."""
        low, high = bounds(self._name, state.service, state.model)
        value = state.value(self._name)
        displayed = default_value(self._name, state.service, state.model) if value is None else value
        self._binding.paint(min(max(displayed, low), high), **self._widget_limits(low, high))

    def _create_widget(self, factory: WidgetFactory, traits: Mapping[str, Any]) -> Any:
        return factory.control(ipywidgets.FloatSlider, step=0.01, readout_format="", **traits)

    def _widget_limits(self, low: float, high: float) -> dict[str, float]:
        return {"min": low, "max": high}

    def _to_setting(self, value: float) -> float:
        # The widget counts in steps and arrives at 0.30000000000000004 instead of 0.3.
        return float(f"{value:.12g}")


class LogSlider(Slider):
    """A slider for a whole number. The value doubles every two steps."""

    def _create_widget(self, factory: WidgetFactory, traits: Mapping[str, Any]) -> Any:
        return factory.control(ipywidgets.FloatLogSlider, base=2, step=0.5, readout_format=".0f", **traits)

    def _widget_limits(self, low: float, high: float) -> dict[str, float]:
        return {"min": math.log2(low), "max": math.log2(high)}

    def _to_setting(self, value: float) -> int:
        return round(value)


class ChoiceButtons:
    """Buttons for one of a few values."""

    def __init__(self, name: str, factory: WidgetFactory, on_change: ChangeCallback) -> None:
        self._name = name
        self._values = _choices(name)
        labels = [*self._values]
        tooltips = [f"{name}: {label}" for label in labels]
        self.box = factory.control(
            ipywidgets.ToggleButtons, options=labels, tooltips=tooltips, **_label_traits(name)
        )
        self._binding = WidgetBinding(self.box, lambda label: on_change(self._values[label]))

    @property
    def displayed_value(self) -> Any:
        """The value of the pressed button."""
        return self._values[self.box.value]

    def paint(self, state: PanelState) -> None:
        """Press the button of the stored value."""
        value = state.value(self._name)
        self._binding.paint(next(label for label, each in self._values.items() if each == value))


class ModelControl:
    """A field for the name of a model. It suggests the known models and accepts any other."""

    def __init__(self, name: str, factory: WidgetFactory, on_change: ChangeCallback) -> None:
        self.box = factory.control(ipywidgets.Combobox, continuous_update=False, **_label_traits(name))
        self._binding = WidgetBinding(self.box, lambda value: on_change(value.strip() or None))

    @property
    def displayed_value(self) -> str:
        """The model that replies."""
        return str(self.box.value or self.box.placeholder)

    def paint(self, state: PanelState) -> None:
        """Show the name of the model, or as a placeholder the default model of the service."""
        self._binding.paint(state.settings.model or "", placeholder=state.model, options=_known_models(state))


class TextTags:
    """A field for several texts, each on one line."""

    def __init__(self, name: str, factory: WidgetFactory, on_change: ChangeCallback) -> None:
        self._name = name
        self._texts_by_tag: dict[str, str] = {}
        """The stored texts, by their tags."""
        label = factory.html(f'<span title="{escape_html(_help_text(name))}">{name}</span>')
        # In JupyterLab the field receives no Enter key: https://github.com/jupyterlab/jupyterlab/issues/6555
        tag_traits = {"placeholder": translate("Type a stop text, press Tab"), "allow_duplicates": False}
        tags = factory.control(ipywidgets.TagsInput, **_label_traits(name), **tag_traits)
        self.box = factory.box(label, tags, is_row=True, css_classes="mimo-tags")
        self._binding = WidgetBinding(tags, lambda value: on_change([*map(self._parse_tag, value)]))

    @property
    def displayed_value(self) -> tuple[str, ...]:
        """The texts that the field displays."""
        return tuple(map(self._parse_tag, self._binding.widget.value))

    def paint(self, state: PanelState) -> None:
        """Show the stored value."""
        self._texts_by_tag = {escape_control_chars(each): each for each in state.value(self._name)}
        self._binding.paint([*self._texts_by_tag])

    def _parse_tag(self, tag: str) -> str:
        return self._texts_by_tag.get(tag, ESCAPE_PATTERN.sub(_unescape, tag))


class SystemPromptControl:
    """The system prompt: one with a name, or a custom text."""

    def __init__(self, name: str, factory: WidgetFactory, on_change: ChangeCallback) -> None:
        self._prompts_by_label = {translate(label): value for label, value in SYSTEM_PROMPTS.items()}
        self._custom_label = translate(CUSTOM_TEXT_LABEL)
        options = [*self._prompts_by_label, self._custom_label]
        choice = factory.control(ipywidgets.Dropdown, options=options, **_label_traits(name))
        custom_text = factory.control(
            ipywidgets.Textarea,
            description=translate("custom text"),
            tooltip=_help_text(name),
            rows=3,
            continuous_update=False,
            placeholder=translate("Leave empty for no system prompt"),
        )
        self._binding = WidgetBinding(choice, lambda label: on_change(self._read_choice(label)))
        self._custom_text = WidgetBinding(custom_text, on_change)
        self._effective_prompt = ""
        self.box = factory.box(choice)

    @property
    def displayed_value(self) -> str | None:
        """The chosen system prompt."""
        return self._read_choice(self._binding.widget.value)

    def paint(self, state: PanelState) -> None:
        """Show the stored value."""
        value = state.settings.system
        self._effective_prompt = build_system_prompt(
            value, state.service.system, datetime.now(UTC).astimezone().date()
        )
        selected_label = next(
            (label for label, each in self._prompts_by_label.items() if each == value), self._custom_label
        )
        self._binding.paint(selected_label)
        if selected_label == self._custom_label:
            self._custom_text.paint(value)
        self.box.children = (
            self._binding.widget,
            *([self._custom_text.widget] if selected_label == self._custom_label else []),
        )

    def _read_choice(self, label: str) -> str | None:
        """Return the value of a choice. A custom text starts as the last custom text, or as the effective prompt."""
        if label == self._custom_label:
            return str(self._custom_text.widget.value or self._effective_prompt)
        return self._prompts_by_label[label]


def create_control(name: str, factory: WidgetFactory, on_change: ChangeCallback) -> Control:
    """Return the control for a setting, by its type."""
    by_name: Mapping[str, Callable[[str, WidgetFactory, ChangeCallback], Control]] = {
        "model": ModelControl,
        "system": SystemPromptControl,
    }
    by_type: Mapping[Any, Callable[[str, WidgetFactory, ChangeCallback], Control]] = {
        float: Slider,
        int: LogSlider,
        bool: ChoiceButtons,
        Literal: ChoiceButtons,
        tuple: TextTags,
    }
    kind = strip_optional(TYPE_HINTS[name])
    control_class = by_name.get(name) or by_type[get_origin(kind) or kind]
    return control_class(name, factory, on_change)


def needs_default_button(name: str) -> bool:
    """Return whether a control needs a separate button for the service's default."""
    return name in DEFAULT_RANGES or name == "model"


def shows_all_choices(name: str) -> bool:
    """Return whether a setting is shown as buttons. Then the pressed button is visible, but not read aloud."""
    return strip_optional(TYPE_HINTS[name]) is bool or get_origin(strip_optional(TYPE_HINTS[name])) is Literal


def _label_traits(name: str) -> dict[str, str]:
    return {"description": name, "tooltip": _help_text(name)}


def _help_text(name: str) -> str:
    return translate(SETTINGS[name].metadata["help"])


def _choices(name: str) -> dict[str, Any]:
    """Return the values of a setting with a few values, by the labels of their buttons."""
    kind = strip_optional(TYPE_HINTS[name])
    choices = {"on": True, "off": False} if kind is bool else {each: each for each in get_args(kind)}
    return choices if kind is TYPE_HINTS[name] else {translate(SERVER_DEFAULT): None, **choices}


def _known_models(state: PanelState) -> tuple[str, ...]:
    try:
        return model_list.get_known_models(state.settings)
    except BadOption:
        return ()


def _unescape(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "\\": "\\"}.get(match[1], match[0])
