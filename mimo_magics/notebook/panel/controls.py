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
from mimo_magics.core.i18n import Words, say
from mimo_magics.core.parameter_ranges import DEFAULT_RANGES, bounds, default_value
from mimo_magics.core.settings import strip_optional
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.widgets import Parts
from mimo_magics.notebook.config.store import HINTS, SETTINGS
from mimo_magics.notebook.panel.state import DEFAULT, Situation, spelled
from mimo_magics.session.system_prompt import NONE, text

Moved = Callable[[Any], None]
OWN = Words("own")
SYSTEMS: Mapping[str, str | None] = {
    Words("service default"): None,
    NONE: NONE,
    Words("MiMo English"): "mimo",
    "MiMo 中文": "mimo-zh",
}
ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Control(Protocol):
    """What shows one setting."""

    box: Any
    """The widget."""

    @property
    def standing(self) -> Any:
        """The value at which it stands while the service decides."""

    def paint(self, now: Situation) -> None:
        """Show what is set."""


class Field:
    """The value of a widget. What is painted is no move of a person's, also where the widget bends it."""

    def __init__(self, widget: Any, moved: Moved) -> None:
        self.widget = widget
        self._moved = moved
        self._painting = False
        widget.observe(self._changed, "value")

    def paint(self, value: Any, **traits: Any) -> None:
        """Show a value, and set other traits with it, in one message."""
        self._painting = True
        try:
            with self.widget.hold_sync(), self.widget.hold_trait_notifications():
                for name, it in traits.items():
                    setattr(self.widget, name, it)
                self.widget.value = value
        finally:
            self._painting = False

    def _changed(self, change: Mapping[str, Any]) -> None:
        if not self._painting:
            self._moved(change["new"])


class Slider:
    """A number in the range that the service documents. What lies outside of it stays as it is set."""

    def __init__(self, name: str, parts: Parts, moved: Moved) -> None:
        self._name = name
        self.box = self._made(parts, {**_labels(name), "continuous_update": False})
        self._field = Field(self.box, lambda value: moved(self._read(value)))

    @property
    def standing(self) -> float:
        """Where it stands."""
        return self._read(self.box.value)

    def paint(self, now: Situation) -> None:
        """Show what is set; where nothing is, what holds then."""
        low, high = bounds(self._name, now.service, now.model)
        value = now.value(self._name)
        shown = default_value(self._name, now.service, now.model) if value is None else value
        self._field.paint(min(max(shown, low), high), **self._ends(low, high))

    def _made(self, parts: Parts, traits: Mapping[str, Any]) -> Any:
        return parts.control(ipywidgets.FloatSlider, step=0.01, readout_format="", **traits)

    def _ends(self, low: float, high: float) -> dict[str, float]:
        return {"min": low, "max": high}

    def _read(self, value: float) -> float:
        return float(f"{value:.12g}")  # 0.3, where counting by steps came to 0.30000000000000004


class Doubling(Slider):
    """A whole number, which doubles every few steps."""

    def _made(self, parts: Parts, traits: Mapping[str, Any]) -> Any:
        return parts.control(ipywidgets.FloatLogSlider, base=2, step=0.5, readout_format=".0f", **traits)

    def _ends(self, low: float, high: float) -> dict[str, float]:
        return {"min": math.log2(low), "max": math.log2(high)}

    def _read(self, value: float) -> int:
        return round(value)


class Buttons:
    """One of a few values, all of them in view."""

    def __init__(self, name: str, parts: Parts, moved: Moved) -> None:
        self._name = name
        self._values = _choices(name)
        labels = [*self._values]
        tips = [f"{name}: {label}" for label in labels]
        self.box = parts.control(ipywidgets.ToggleButtons, options=labels, tooltips=tips, **_labels(name))
        self._field = Field(self.box, lambda label: moved(self._values[label]))

    @property
    def standing(self) -> Any:
        """What is pressed."""
        return self._values[self.box.value]

    def paint(self, now: Situation) -> None:
        """Press what is set."""
        value = now.value(self._name)
        self._field.paint(next(label for label, each in self._values.items() if each == value))


class Model:
    """The name of a model: one of those that are known, or any other."""

    def __init__(self, name: str, parts: Parts, moved: Moved) -> None:
        self.box = parts.control(ipywidgets.Combobox, continuous_update=False, **_labels(name))
        self._field = Field(self.box, lambda value: moved(value.strip() or None))

    @property
    def standing(self) -> str:
        """The model that answers."""
        return str(self.box.value or self.box.placeholder)

    def paint(self, now: Situation) -> None:
        """Show the name; where none is set, that of the service's own."""
        self._field.paint(now.settings.model or "", placeholder=now.model, options=_known(now))


class Texts:
    """Some texts, each on one line."""

    def __init__(self, name: str, parts: Parts, moved: Moved) -> None:
        self._name = name
        self._shown: dict[str, str] = {}
        """The texts that are set, by their spelling."""
        label = parts.html(f'<span title="{escape_html(_help(name))}">{name}</span>')
        # in JupyterLab the field does not hear of Enter: https://github.com/jupyterlab/jupyterlab/issues/6555
        words = {"placeholder": say("a text, then Tab"), "allow_duplicates": False}
        tags = parts.control(ipywidgets.TagsInput, **_labels(name), **words)
        self.box = parts.box(label, tags, row=True, names="mimo-tags")
        self._field = Field(tags, lambda value: moved([*map(self._read, value)]))

    @property
    def standing(self) -> tuple[str, ...]:
        """What is there."""
        return tuple(map(self._read, self._field.widget.value))

    def paint(self, now: Situation) -> None:
        """Show what is set."""
        self._shown = {spelled(each): each for each in now.value(self._name)}
        self._field.paint([*self._shown])

    def _read(self, tag: str) -> str:
        return self._shown.get(tag, ESCAPE.sub(_unescaped, tag))


class System:
    """The system prompt: one that is known by name, or the person's own text."""

    def __init__(self, name: str, parts: Parts, moved: Moved) -> None:
        self._named = {say(label): value for label, value in SYSTEMS.items()}
        self._own_label = say(OWN)
        options = [*self._named, self._own_label]
        choice = parts.control(ipywidgets.Dropdown, options=options, **_labels(name))
        own = parts.control(
            ipywidgets.Textarea,
            description=say("own text"),
            tooltip=_help(name),
            rows=3,
            continuous_update=False,
            placeholder=say("Empty: no system prompt"),
        )
        self._field = Field(choice, lambda label: moved(self._chosen(label)))
        self._own = Field(own, moved)
        self._in_force = ""
        self.box = parts.box(choice)

    @property
    def standing(self) -> str | None:
        """What is chosen."""
        return self._chosen(self._field.widget.value)

    def paint(self, now: Situation) -> None:
        """Show what is set."""
        value = now.settings.system
        self._in_force = text(value, now.service.system, datetime.now(UTC).astimezone().date())
        known = next((label for label, each in self._named.items() if each == value), self._own_label)
        self._field.paint(known)
        if known == self._own_label:
            self._own.paint(value)
        self.box.children = (self._field.widget, *([self._own.widget] if known == self._own_label else []))

    def _chosen(self, label: str) -> str | None:
        """Return what a choice stands for. An own text begins as the last one, or as what is in force."""
        if label == self._own_label:
            return str(self._own.widget.value or self._in_force)
        return self._named[label]


def control(name: str, parts: Parts, moved: Moved) -> Control:
    """Return the control of a setting, by what its values are."""
    by_name: Mapping[str, Callable[[str, Parts, Moved], Control]] = {"model": Model, "system": System}
    by_type: Mapping[Any, Callable[[str, Parts, Moved], Control]] = {
        float: Slider,
        int: Doubling,
        bool: Buttons,
        Literal: Buttons,
        tuple: Texts,
    }
    kind = strip_optional(HINTS[name])
    made = by_name.get(name) or by_type[get_origin(kind) or kind]
    return made(name, parts, moved)


def has_default(name: str) -> bool:
    """Tell whether a control needs a button for what the service decides: others show that themselves."""
    return name in DEFAULT_RANGES or name == "model"


def is_in_view(name: str) -> bool:
    """Tell whether all that can be chosen is on buttons, of which one is pressed, as only the eye can see."""
    return strip_optional(HINTS[name]) is bool or get_origin(strip_optional(HINTS[name])) is Literal


def _labels(name: str) -> dict[str, str]:
    return {"description": name, "tooltip": _help(name)}


def _help(name: str) -> str:
    return say(SETTINGS[name].metadata["help"])


def _choices(name: str) -> dict[str, Any]:
    """Return the values of a setting that has but a few, by what their buttons say."""
    kind = strip_optional(HINTS[name])
    few = {"on": True, "off": False} if kind is bool else {each: each for each in get_args(kind)}
    return few if kind is HINTS[name] else {say(DEFAULT): None, **few}


def _known(now: Situation) -> tuple[str, ...]:
    try:
        return model_list.get_known_models(now.settings)
    except BadOption:  # the preset or the address cannot be
        return ()


def _unescaped(found: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "\\": "\\"}.get(found[1], found[0])
