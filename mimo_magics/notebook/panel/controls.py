"""The controls: one for each kind of setting. Each shows what the store says, and tells what a person changes."""

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
from mimo_magics.core.settings import strip_optional
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.notebook.config.store import SETTINGS, TYPE_HINTS
from mimo_magics.notebook.panel.state import SERVER_DEFAULT, PanelState, escape_control_chars
from mimo_magics.session.system_prompt import NO_SYSTEM_PROMPT, build_system_prompt

ChangeCallback = Callable[[Any], None]
OWN_TEXT_LABEL = Translatable("own")
SYSTEM_PROMPTS: Mapping[str, str | None] = {
    Translatable("service default"): None,
    NO_SYSTEM_PROMPT: NO_SYSTEM_PROMPT,
    Translatable("MiMo English"): "mimo",
    "MiMo 中文": "mimo-zh",
}
ESCAPE_PATTERN = re.compile(r"\\(.)", re.DOTALL)


class Control(Protocol):
    """What shows one setting."""

    box: Any
    """The widget."""

    @property
    def displayed_value(self) -> Any:
        """The value at which it stands while the service decides."""

    def paint(self, state: PanelState) -> None:
        """Show what is set."""


class WidgetBinding:
    """The value of a widget. What is painted is no move of a person's, also where the widget bends it."""

    def __init__(self, widget: Any, on_change: ChangeCallback) -> None:
        self.widget = widget
        self._on_change = on_change
        self._is_painting = False
        widget.observe(self._handle_change, "value")

    def paint(self, value: Any, **traits: Any) -> None:
        """Show a value, and set other traits with it, in one message."""
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
    """A number in the range that the service documents. What lies outside of it stays as it is set."""

    def __init__(self, name: str, factory: WidgetFactory, on_change: ChangeCallback) -> None:
        self._name = name
        self.box = self._create_widget(factory, {**_label_traits(name), "continuous_update": False})
        self._binding = WidgetBinding(self.box, lambda value: on_change(self._to_setting(value)))

    @property
    def displayed_value(self) -> float:
        """Where it stands."""
        return self._to_setting(self.box.value)

    def paint(self, state: PanelState) -> None:
        """Show what is set; where nothing is, what holds then."""
        low, high = bounds(self._name, state.service, state.model)
        value = state.value(self._name)
        displayed = default_value(self._name, state.service, state.model) if value is None else value
        self._binding.paint(min(max(displayed, low), high), **self._widget_limits(low, high))

    def _create_widget(self, factory: WidgetFactory, traits: Mapping[str, Any]) -> Any:
        return factory.control(ipywidgets.FloatSlider, step=0.01, readout_format="", **traits)

    def _widget_limits(self, low: float, high: float) -> dict[str, float]:
        return {"min": low, "max": high}

    def _to_setting(self, value: float) -> float:
        return float(f"{value:.12g}")  # 0.3, where counting by steps came to 0.30000000000000004


class LogSlider(Slider):
    """A whole number, which doubles every few steps."""

    def _create_widget(self, factory: WidgetFactory, traits: Mapping[str, Any]) -> Any:
        return factory.control(ipywidgets.FloatLogSlider, base=2, step=0.5, readout_format=".0f", **traits)

    def _widget_limits(self, low: float, high: float) -> dict[str, float]:
        return {"min": math.log2(low), "max": math.log2(high)}

    def _to_setting(self, value: float) -> int:
        return round(value)


class ChoiceButtons:
    """One of a few values, all of them in view."""

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
        """What is pressed."""
        return self._values[self.box.value]

    def paint(self, state: PanelState) -> None:
        """Press what is set."""
        value = state.value(self._name)
        self._binding.paint(next(label for label, each in self._values.items() if each == value))


class ModelControl:
    """The name of a model: one of those that are known, or any other."""

    def __init__(self, name: str, factory: WidgetFactory, on_change: ChangeCallback) -> None:
        self.box = factory.control(ipywidgets.Combobox, continuous_update=False, **_label_traits(name))
        self._binding = WidgetBinding(self.box, lambda value: on_change(value.strip() or None))

    @property
    def displayed_value(self) -> str:
        """The model that answers."""
        return str(self.box.value or self.box.placeholder)

    def paint(self, state: PanelState) -> None:
        """Show the name; where none is set, that of the service's own."""
        self._binding.paint(state.settings.model or "", placeholder=state.model, options=_known_models(state))


class TextTags:
    """Some texts, each on one line."""

    def __init__(self, name: str, factory: WidgetFactory, on_change: ChangeCallback) -> None:
        self._name = name
        self._texts_by_tag: dict[str, str] = {}
        """The texts that are set, by their spelling."""
        label = factory.html(f'<span title="{escape_html(_help_text(name))}">{name}</span>')
        # in JupyterLab the field does not hear of Enter: https://github.com/jupyterlab/jupyterlab/issues/6555
        tag_traits = {"placeholder": translate("a text, then Tab"), "allow_duplicates": False}
        tags = factory.control(ipywidgets.TagsInput, **_label_traits(name), **tag_traits)
        self.box = factory.box(label, tags, is_row=True, css_classes="mimo-tags")
        self._binding = WidgetBinding(tags, lambda value: on_change([*map(self._parse_tag, value)]))

    @property
    def displayed_value(self) -> tuple[str, ...]:
        """What is there."""
        return tuple(map(self._parse_tag, self._binding.widget.value))

    def paint(self, state: PanelState) -> None:
        """Show what is set."""
        self._texts_by_tag = {escape_control_chars(each): each for each in state.value(self._name)}
        self._binding.paint([*self._texts_by_tag])

    def _parse_tag(self, tag: str) -> str:
        return self._texts_by_tag.get(tag, ESCAPE_PATTERN.sub(_unescape, tag))


class SystemPromptControl:
    """The system prompt: one that is known by name, or the person's own text."""

    def __init__(self, name: str, factory: WidgetFactory, on_change: ChangeCallback) -> None:
        self._prompts_by_label = {translate(label): value for label, value in SYSTEM_PROMPTS.items()}
        self._own_label = translate(OWN_TEXT_LABEL)
        options = [*self._prompts_by_label, self._own_label]
        choice = factory.control(ipywidgets.Dropdown, options=options, **_label_traits(name))
        own_text = factory.control(
            ipywidgets.Textarea,
            description=translate("own text"),
            tooltip=_help_text(name),
            rows=3,
            continuous_update=False,
            placeholder=translate("Empty: no system prompt"),
        )
        self._binding = WidgetBinding(choice, lambda label: on_change(self._read_choice(label)))
        self._own_text = WidgetBinding(own_text, on_change)
        self._effective_prompt = ""
        self.box = factory.box(choice)

    @property
    def displayed_value(self) -> str | None:
        """What is chosen."""
        return self._read_choice(self._binding.widget.value)

    def paint(self, state: PanelState) -> None:
        """Show what is set."""
        value = state.settings.system
        self._effective_prompt = build_system_prompt(
            value, state.service.system, datetime.now(UTC).astimezone().date()
        )
        selected_label = next(
            (label for label, each in self._prompts_by_label.items() if each == value), self._own_label
        )
        self._binding.paint(selected_label)
        if selected_label == self._own_label:
            self._own_text.paint(value)
        self.box.children = (
            self._binding.widget,
            *([self._own_text.widget] if selected_label == self._own_label else []),
        )

    def _read_choice(self, label: str) -> str | None:
        """Return what a choice stands for. An own text begins as the last one, or as what is in force."""
        if label == self._own_label:
            return str(self._own_text.widget.value or self._effective_prompt)
        return self._prompts_by_label[label]


def create_control(name: str, factory: WidgetFactory, on_change: ChangeCallback) -> Control:
    """Return the control of a setting, by what its values are."""
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
    """Tell whether a control needs a button for what the service decides: others show that themselves."""
    return name in DEFAULT_RANGES or name == "model"


def shows_all_choices(name: str) -> bool:
    """Tell whether all that can be chosen is on buttons, of which one is pressed, as only the eye can see."""
    return strip_optional(TYPE_HINTS[name]) is bool or get_origin(strip_optional(TYPE_HINTS[name])) is Literal


def _label_traits(name: str) -> dict[str, str]:
    return {"description": name, "tooltip": _help_text(name)}


def _help_text(name: str) -> str:
    return translate(SETTINGS[name].metadata["help"])


def _choices(name: str) -> dict[str, Any]:
    """Return the values of a setting that has but a few, by what their buttons say."""
    kind = strip_optional(TYPE_HINTS[name])
    choices = {"on": True, "off": False} if kind is bool else {each: each for each in get_args(kind)}
    return choices if kind is TYPE_HINTS[name] else {translate(SERVER_DEFAULT): None, **choices}


def _known_models(state: PanelState) -> tuple[str, ...]:
    try:
        return model_list.get_known_models(state.settings)
    except BadOption:  # the preset or the address cannot be
        return ()


def _unescape(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "\\": "\\"}.get(match[1], match[0])
