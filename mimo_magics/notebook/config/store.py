"""The store of all settings.

The last of these sources wins: built-in default, `[tool.mimo]` of the project, environment (`MIMO_` and the name of the
setting), `ipython_config.py`, and the last change in this kernel by `%mimo_config`, `%config`, a profile or the panel.
"""

from __future__ import annotations

import os
from argparse import ArgumentTypeError
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from traitlets import Bool, Bunch, Dict, Enum, Float, Integer, List, TraitError, TraitType, Unicode
from traitlets.config import Configurable

from mimo_magics.core import services
from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Translatable, translatables
from mimo_magics.core.services import SERVICES, Service
from mimo_magics.core.setting_values import convert_value, describe_type, from_text, strip_optional
from mimo_magics.core.settings import Api, Settings, Share, invalid_setting
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.working_folder import find_working_folder
from mimo_magics.notebook.config import pyproject
from mimo_magics.notebook.config.allowed_values import (
    TYPE_HINTS,
    describe_allowed_values,
    describe_expected_value,
    resolve_model,
)

SETTINGS = {setting.name: setting for setting in fields(Settings)}
BUILT_IN, CONFIGURATION, THIS_KERNEL = translatables("default", "configuration", "notebook")
PROFILE_PREFIX = "profile "
MAX_QUOTE_CHARS = 200
"""Characters of a name or value that a warning quotes."""
DEFAULT_SETTINGS = Settings()
"""The built-in defaults."""


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """A setting for the user."""

    name: str
    value: Any
    source: str
    allowed_values: str
    help: str

    @property
    def is_default(self) -> bool:
        """Whether the value is the built-in default."""
        return self.source == BUILT_IN


class OnOffBool(Bool[bool | None, bool | int | None]):
    """A Bool that accepts `on` and `off`."""

    def validate(self, obj: Any, value: Any) -> bool | None:
        """Return the value as a bool.

        Raises:
            TraitError: the value is neither a bool nor such a text.
        """
        validated: bool | None = super().validate(obj, convert_value(bool, value))
        return validated

    def from_string(self, s: str) -> bool | None:
        """Return the value of a text."""
        value: bool | None = from_text(bool | None, s)
        return value


def _build_trait(setting: Field[Any]) -> TraitType[Any, Any]:
    kind = strip_optional(TYPE_HINTS[setting.name])
    trait_options = {"allow_none": kind is not TYPE_HINTS[setting.name], "help": setting.metadata["help"]}
    if get_origin(kind) is Literal:
        trait: TraitType[Any, Any] = Enum(get_args(kind), setting.default, **trait_options)
    elif get_origin(kind) is tuple:
        trait = List(Unicode(), [], **trait_options)
    elif get_origin(kind) is Mapping:
        trait = Dict({}, **trait_options)
    else:
        trait_types: dict[Any, Any] = {str: Unicode, float: Float, int: Integer, bool: OnOffBool}
        trait = trait_types[kind](setting.default, **trait_options)
    return trait.tag(config=True)


class MimoConfig(Configurable):
    """Settings of mimo-magics. None leaves the choice to the service."""

    preset: str
    api: Api
    base_url: str | None
    model: str | None
    share: Share
    tape: str | None
    locals().update({name: _build_trait(setting) for name, setting in SETTINGS.items()})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.warnings: list[str] = []
        """Lines about values of the environment or the project that are not valid."""
        self.sources: dict[str, str] = dict.fromkeys(SETTINGS, BUILT_IN)
        """The source of each value."""
        for name in self.config.get("MimoConfig", {}):
            self.sources[name] = CONFIGURATION
        folder = find_working_folder()
        file, table = pyproject.find_project_settings(folder) if folder else (None, {})
        self._read_project(file, table)
        self._read_environment()
        self._lower_share(file, table)
        self._initial_values = {name: (getattr(self, name), self.sources[name]) for name in SETTINGS}
        """Values and sources after a reset."""
        self.observe(self._on_change)
        self._apply_to_process()

    def reload(self) -> None:
        """Read the project and the environment again. Changes in this kernel are kept."""
        written = {name: (getattr(self, name), self.sources[name]) for name in self.written_settings}
        fresh = type(self)(parent=self.parent)
        self.warnings, self._initial_values = fresh.warnings, fresh._initial_values  # noqa: SLF001
        for name, (value, source) in (self._initial_values | written).items():
            self._set(name, value, source)
        self._apply_to_process()

    @property
    def written_settings(self) -> tuple[str, ...]:
        """Names of the settings that were changed in this kernel, one by one or by a profile."""
        return tuple(
            name
            for name, source in self.sources.items()
            if source == THIS_KERNEL or source.startswith(PROFILE_PREFIX)
        )

    def _apply_to_process(self) -> None:
        settings = self.snapshot()
        MimoError.show_traceback, Translatable.language = settings.debug, settings.language

    def write(self, name: str, text: str) -> None:
        """Change a setting to the value of a text.

        Raises:
            BadOption: the setting is unknown, or the value is not valid.
        """
        self._check_name(name)
        if name == "preset":
            services.find_service(text)
        try:
            value = from_text(TYPE_HINTS[name], text)
            # A value that fits the trait may still be out of range.
            replace(self.snapshot(), **{name: value})
            self._set(name, value, THIS_KERNEL)
        except (TraitError, ValueError, ArgumentTypeError, RecursionError):
            expected = describe_expected_value(name, *self.resolve_model())
            raise invalid_setting(name, text, expected) from None

    def reset(self, *names: str) -> None:
        """Undo the changes of this kernel, for these settings or for all.

        Raises:
            BadOption: a setting is unknown.
        """
        for name in names:
            self._check_name(name)
        for name in names or SETTINGS:
            self._set(name, *self._initial_values[name])

    def apply_profile(self, profile: str, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Apply the values of a profile, and return the names whose values are not valid, as of a newer version.

        The values of the previous profile are reset first. Changes by the user are kept.
        """
        for name in [name for name, source in self.sources.items() if source.startswith(PROFILE_PREFIX)]:
            self._set(name, *self._initial_values[name])
        invalid_names = tuple(name for name, value in values.items() if not self._is_valid(name, value))
        for name, value in values.items():
            if name not in invalid_names:
                self._set(name, value, Translatable("profile {name}", name=profile))
        return invalid_names

    @property
    def changed_settings(self) -> dict[str, Any]:
        """The settings that differ from their built-in default or their value at the start, with their values."""
        current = self.snapshot()
        return {name: getattr(current, name) for name in SETTINGS if self.is_changed(name)}

    def is_changed(self, name: str) -> bool:
        """Return whether a setting must be changed in another kernel to have this value."""
        current, initial = (
            tuple(each) if isinstance(each, list) else each
            for each in (getattr(self, name), self._initial_values[name][0])
        )
        return current != initial or current != getattr(DEFAULT_SETTINGS, name)

    def snapshot(self) -> Settings:
        """Return the present settings."""
        values = {name: getattr(self, name) for name in SETTINGS}
        return Settings(**{**values, "stop": tuple(values["stop"])})

    def resolve_model(self) -> tuple[Service, str]:
        """Return the service and the model that replies. Other settings, which `%config` does not check, may be invalid."""
        return resolve_model(
            Settings(preset=self.preset, api=self.api, base_url=self.base_url, model=self.model)
        )

    def describe_settings(self, *names: str) -> Iterator[SettingInfo]:
        """Describe these settings, or all."""
        service, model = self.resolve_model()
        for name in names or SETTINGS:
            help_text = Translatable(SETTINGS[name].metadata["help"])
            yield SettingInfo(
                name,
                getattr(self, name),
                self.sources[name],
                describe_allowed_values(name, service, model),
                help_text,
            )

    def _is_valid(self, name: str, value: Any) -> bool:
        value = tuple(value) if isinstance(value, list) else value
        try:
            replace(self.snapshot(), **{name: value})
        except (TypeError, ValueError, OverflowError, BadOption):
            return False
        return name != "preset" or value in SERVICES

    def _check_name(self, name: str) -> None:
        if name not in SETTINGS:
            advice = did_you_mean(
                name, SETTINGS, Translatable("Available: {names}.", names=", ".join(SETTINGS))
            )
            raise BadOption(Translatable("Unknown setting {name!r}.", name=name), advice)

    def _set(self, name: str, value: Any, source: str) -> None:
        setattr(self, name, list(value) if isinstance(value, tuple) else value)
        self.sources[name] = source

    def _on_change(self, change: Bunch) -> None:
        if change.name in SETTINGS:
            self.sources[change.name] = THIS_KERNEL
        if change.name == "debug":
            MimoError.show_traceback = change.new
        if change.name == "language":
            Translatable.language = change.new

    def _read_project(self, file: Path | None, table: Mapping[str, Any]) -> None:
        for name, value in table.items():
            if name not in pyproject.ALLOWED_SETTINGS:
                self.warnings.append(
                    Translatable(
                        "{file}: [tool.mimo] cannot set {name}.",
                        file=_quote(str(file)),
                        name=_quote(repr(name)),
                    )
                )
            elif self.sources[name] == BUILT_IN and name != "share":
                self._set_or_warn(name, value, str(file))

    def _lower_share(self, file: Path | None, table: Mapping[str, Any]) -> None:
        """Apply `share` of the project if it sends less than the environment and the configuration allow."""
        share = table.get("share")
        if pyproject.is_less_shared(share, self.share):
            self._set("share", share, str(file))
        elif "share" in table and share != self.share:
            self.warnings.append(
                Translatable(
                    "{file}: [tool.mimo] can only lower share, from {current} to less, not to {value}.",
                    file=_quote(str(file)),
                    current=self.share,
                    value=_quote(repr(share)),
                )
            )

    def _read_environment(self) -> None:
        for name, hint in TYPE_HINTS.items():
            variable = f"MIMO_{name.upper()}"
            # Calls read MIMO_TAPE themselves, as it has a lower priority than a tape of the notebook.
            text = os.environ.get(variable) if name != "tape" else None
            if text and self.sources[name] != CONFIGURATION:
                try:
                    self._set_or_warn(name, from_text(hint, text), variable)
                except (ValueError, ArgumentTypeError, RecursionError):
                    self._warn(variable, name, text)

    def _set_or_warn(self, name: str, value: Any, source: str) -> None:
        try:
            if self._is_valid(name, value):
                self._set(name, value, source)
                return
        except (TraitError, RecursionError):
            pass
        self._warn(source, name, value)

    def _warn(self, source: str, name: str, value: Any) -> None:
        """Add a short printable line about a value that is not valid. The value is untrusted."""
        try:
            text = repr(value)
        except (RecursionError, ValueError):
            # The value is nested too deep, or is a number with too many digits.
            text = "…"
        values = {"source": _quote(source), "name": name, "value": _quote(text)}
        expected = describe_type(TYPE_HINTS[name])
        self.warnings.append(
            Translatable("{source}: {name} must be {expected}, not {value}.", expected=expected, **values)
        )


def _quote(text: str) -> str:
    from mimo_magics.core.text import quote

    return quote(text.replace("\n", " "), MAX_QUOTE_CHARS)
