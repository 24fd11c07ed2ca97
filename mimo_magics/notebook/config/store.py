"""The one store of settings, which all writers share.

A later one of these holds: what is built in, `[tool.mimo]` of the project, the environment (`MIMO_` and the
setting's name), `ipython_config.py`, and what was written last in this kernel by `%mimo_config`, `%config`, a profile
or the panel.
"""

from __future__ import annotations

import os
from argparse import ArgumentTypeError
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from traitlets import Bool, Bunch, Dict, Enum, Float, Integer, List, TraitError, TraitType, Unicode
from traitlets.config import Configurable

from mimo_magics.core import services
from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Words, words
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import Settings, from_text, strip_optional
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.notebook.config import pyproject

SETTINGS = {setting.name: setting for setting in fields(Settings)}
HINTS = get_type_hints(Settings)
BUILT_IN, CONFIGURATION, HERE = words("built in", "configuration", "here")
PROFILE = "profile "
UNSET = Settings()
"""As it is when nobody says anything."""


@dataclass(frozen=True, slots=True)
class Row:
    """A setting as a person is shown it."""

    name: str
    value: Any
    source: str
    allowed: str
    help: str


class Store(Configurable):
    """What the store does; `MimoConfig` adds a trait for each setting."""

    preset: str
    tape: str | None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.complaints: list[str] = []
        """What was found in the environment or the project and cannot be used."""
        self.sources: dict[str, str] = dict.fromkeys(SETTINGS, BUILT_IN)
        """Where each value came from."""
        for name in self.config.get("MimoConfig", {}):
            self.sources[name] = CONFIGURATION
        self._read_project(*pyproject.find(Path.cwd()))
        self._read_environment()
        self._start = {name: (getattr(self, name), self.sources[name]) for name in SETTINGS}
        """What holds when what was written here is taken back."""
        self.observe(self._written)
        settings = self.snapshot()
        MimoError.traced, Words.language = settings.debug, settings.language

    def write(self, name: str, text: str) -> None:
        """Set a setting from text.

        Raises:
            BadOption: there is no such setting, or it cannot have this value.
        """
        self._check(name)
        if name == "preset":
            services.find_service(text)
        try:
            value = from_text(HINTS[name], text)
            replace(self.snapshot(), **{name: value})  # it may fit the trait and make no sense all the same
            self._set(name, value, HERE)
        except (TraitError, ValueError, ArgumentTypeError, BadOption):
            advice = Words(SETTINGS[name].metadata["help"])
            if limits := allowed(name, self.preset):
                advice = Words("{help} {allowed}", help=advice, allowed=limits)
            raise BadOption(Words("{name} cannot be {text!r}.", name=name, text=text), advice) from None

    def reset(self, *names: str) -> None:
        """Take back what was written in this kernel: of these settings, or of all.

        Raises:
            BadOption: there is no such setting.
        """
        for name in names:
            self._check(name)
        for name in names or SETTINGS:
            self._set(name, *self._start[name])

    def use(self, profile: str, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Take the values of a profile over, and return the names of those that cannot be, as a newer version's.

        What an earlier profile wrote is taken back first; what a person wrote stays.
        """
        for name in [name for name, source in self.sources.items() if source.startswith(PROFILE)]:
            self._set(name, *self._start[name])
        wrong = tuple(name for name, value in values.items() if not self._fits(name, value))
        for name, value in values.items():
            if name not in wrong:
                self._set(name, value, Words("profile {name}", name=profile))
        return wrong

    @property
    def changed(self) -> dict[str, Any]:
        """The settings that are not as they are built in, or as this kernel began, with their values."""
        here = self.snapshot()
        return {name: getattr(here, name) for name in SETTINGS if self.differs(name)}

    def differs(self, name: str) -> bool:
        """Tell whether another kernel would have to be told of a setting to have this value."""
        here, before = (
            tuple(each) if isinstance(each, list) else each
            for each in (getattr(self, name), self._start[name][0])
        )
        return here != before or here != getattr(UNSET, name)

    def snapshot(self) -> Settings:
        """Return the present settings as a value."""
        values = {name: getattr(self, name) for name in SETTINGS}
        return Settings(**{**values, "stop": tuple(values["stop"])})

    def rows(self, *names: str) -> Iterator[Row]:
        """Describe these settings, or all."""
        for name in names or SETTINGS:
            text = Words(SETTINGS[name].metadata["help"])
            yield Row(name, getattr(self, name), self.sources[name], allowed(name, self.preset), text)

    def _fits(self, name: str, value: Any) -> bool:
        value = tuple(value) if isinstance(value, list) else value
        try:
            replace(self.snapshot(), **{name: value})
        except (TypeError, OverflowError, BadOption):
            return False  # there is no such setting, or it cannot have this value
        return name != "preset" or value in SERVICES

    def _check(self, name: str) -> None:
        if name not in SETTINGS:
            advice = did_you_mean(name, SETTINGS, Words("There are: {names}.", names=", ".join(SETTINGS)))
            raise BadOption(Words("There is no setting {name!r}.", name=name), advice)

    def _set(self, name: str, value: Any, source: str) -> None:
        setattr(self, name, list(value) if isinstance(value, tuple) else value)
        self.sources[name] = source

    def _written(self, change: Bunch) -> None:
        if change.name in SETTINGS:
            self.sources[change.name] = HERE
        if change.name == "debug":
            MimoError.traced = change.new
        if change.name == "language":
            Words.language = change.new

    def _read_project(self, file: Path | None, table: Mapping[str, Any]) -> None:
        for name, value in table.items():
            if name not in pyproject.ALLOWED:
                self.complaints.append(
                    Words("{file}: [tool.mimo] may not set {name!r}.", file=file, name=name)
                )
            elif self.sources[name] == BUILT_IN:
                self._take(name, value, str(file))

    def _read_environment(self) -> None:
        for name, hint in HINTS.items():
            variable = f"MIMO_{name.upper()}"
            text = os.environ.get(variable) if name != "tape" else None  # it stands behind this one
            if text and self.sources[name] != CONFIGURATION:
                try:
                    self._take(name, from_text(hint, text), variable)
                except (ValueError, ArgumentTypeError):
                    self.complaints.append(
                        Words(
                            "{variable}: {name} cannot be {text!r}.", variable=variable, name=name, text=text
                        )
                    )

    def _take(self, name: str, value: Any, source: str) -> None:
        try:
            self._set(name, value, source)
        except TraitError:
            self.complaints.append(
                Words("{source}: {name} cannot be {value!r}.", source=source, name=name, value=value)
            )


def allowed(name: str, preset: str) -> str:
    """Say what a setting's values are: choices, or the range that the service documents."""
    kind = strip_optional(HINTS[name])
    if get_origin(kind) is Literal:
        return " | ".join(get_args(kind))
    if kind is bool:
        return "on | off"
    low, high = SERVICES[preset].ranges.get(name, (None, None)) if preset in SERVICES else (None, None)
    return "" if low is None else Words("{low:g} to {high:,}", low=low, high=high)


class OnOff(Bool[bool | None, bool | int | None]):
    """A Bool that is written `on` or `off` on a command line too."""

    def from_string(self, s: str) -> bool | None:
        """Read it."""
        value: bool | None = from_text(bool | None, s)
        return value


def _trait(setting: Field[Any]) -> TraitType[Any, Any]:
    kind = strip_optional(HINTS[setting.name])
    words = {"allow_none": kind is not HINTS[setting.name], "help": setting.metadata["help"]}
    if get_origin(kind) is Literal:
        trait: TraitType[Any, Any] = Enum(get_args(kind), setting.default, **words)
    elif get_origin(kind) is tuple:
        trait = List(Unicode(), [], **words)
    elif get_origin(kind) is Mapping:
        trait = Dict({}, **words)
    else:
        simple: dict[Any, Any] = {str: Unicode, float: Float, int: Integer, bool: OnOff}
        trait = simple[kind](setting.default, **words)
    return trait.tag(config=True)


class MimoConfig(Store):
    """Settings of mimo-magics. None leaves the choice to the service."""

    locals().update({name: _trait(setting) for name, setting in SETTINGS.items()})
