"""What holds just now, in the words that the panel and the table below it say of each setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mimo_magics.client import endpoint, model_list
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words, say
from mimo_magics.core.parameter_ranges import DEFAULT_RANGES, PANEL_SETTINGS, bounds, ineffective_parameters
from mimo_magics.core.services import CUSTOM_SERVICE, SERVICES, Preset
from mimo_magics.core.settings import Settings
from mimo_magics.core.text import escape_invisible_characters
from mimo_magics.notebook.config.store import MimoConfig, allowed
from mimo_magics.session.request import output_bound

FOLLOWED = (*PANEL_SETTINGS, "preset", "base_url")
"""The settings that it is made of."""
DEFAULT = Words("server default")
LONGEST = 80
"""Characters of a text in the table."""
UNKNOWN = Preset(CUSTOM_SERVICE, "", {}, {})


@dataclass(frozen=True, slots=True)
class Situation:
    """The settings, and what they mean for the service."""

    settings: Settings
    service: Preset
    model: str
    """The one that answers."""
    where: str
    """Name of the service's host."""
    idle: Mapping[str, str]
    """The settings that do nothing just now, each with the reason."""
    changed: frozenset[str] = frozenset()
    """The settings that another kernel would have to be told to have the same values."""
    wrong: str = ""
    """Why nothing can be asked like this."""

    def value(self, name: str) -> Any:
        """Return what is set; `None` leaves it to the service."""
        return getattr(self.settings, name)

    def said(self, name: str) -> str:
        """Say what is set."""
        match self.value(name):
            case None:
                return self._default(name)
            case bool() as on:
                return "on" if on else "off"
            case tuple() as texts:
                return _short(", ".join(map(spelled, texts)) or say("none"))
            case str() as text:
                return _short(spelled(text))
            case number:
                return str(number)

    def range(self, name: str) -> str:
        """Say between which values the service lets it be."""
        if name not in DEFAULT_RANGES:
            return say("up to 4 texts") if name == "stop" else allowed(name, self.service.name)
        low, high = bounds(name, self.service, self.model)
        return say("{low:g} to {high:,}", low=low, high=high)

    def is_outside(self, name: str) -> bool:
        """Tell whether a number is set that the service's documentation does not allow."""
        value = self.value(name)
        if name not in DEFAULT_RANGES or value is None:
            return False
        low, high = bounds(name, self.service, self.model)
        return not low <= value <= high

    def _default(self, name: str) -> str:
        """Say what holds when nothing is set: some of it the server decides, some is known of the service."""
        known = {"model": self.model, "system": self.service.system or say("none")}
        if name in known:
            return say("service default: {value}", value=known[name])
        if name == "max_tokens" and (bound := output_bound(self.settings, self.service, self.model)):
            return say("default: {bound:,} is sent", bound=bound)
        return say(DEFAULT)


def situation(config: MimoConfig) -> Situation:
    """Find out what holds. Also settings that nothing can be asked with mean something.

    Raises:
        BadOption: a value makes no sense, which %config does not mind.
    """
    values = {name: getattr(config, name) for name in FOLLOWED}
    settings = Settings(**{**values, "stop": tuple(values["stop"])})
    service, where, wrong = SERVICES.get(settings.preset, UNKNOWN), "", ""
    try:
        service = endpoint.resolve_service(settings)
        where = endpoint.parse_host(endpoint.resolve_base_url(settings))
    except BadOption as error:
        wrong = " ".join(filter(None, error.said))
    model = settings.model or model_list.choose_model(service, model_list.get_cached_models(service))
    does_nothing, changed = (
        ineffective_parameters(settings, service, model),
        frozenset(filter(config.differs, PANEL_SETTINGS)),
    )
    return Situation(settings, service, model, where or service.name, does_nothing, changed, wrong)


def spelled(text: str) -> str:
    r"""Return a text on one line, with `\n` for a line's end, and `""` for none at all."""
    shown = escape_invisible_characters(text).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    return shown or '""'


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
