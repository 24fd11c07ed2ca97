"""The one store of settings, which all writers share: `%mimo_config`, `%config`, `ipython_config.py`, environment.

What was written last holds. A variable of the environment, `MIMO_` and the setting's name, is the weakest.
"""

from __future__ import annotations

import os
from argparse import ArgumentTypeError
from dataclasses import fields
from typing import Any

from traitlets import Bool, Enum, Float, Integer, TraitError, Unicode
from traitlets.config import Configurable

from mimo_magics.cell import on_off
from mimo_magics.errors import BadOption
from mimo_magics.settings import Settings
from mimo_magics.suggest import did_you_mean


class OnOff(Bool[bool | None, bool | int | None]):
    """A Bool that is written `on` or `off` too."""

    def from_string(self, s: str) -> bool | None:
        return None if s.lower() == "none" else on_off(s)


class MimoConfig(Configurable):
    """Settings of mimo-magics. None leaves the choice to the preset or to the server."""

    preset = Unicode("mimo-v2", help="The service: mimo-v2, or local for the embedded model.").tag(
        config=True
    )
    api = Enum(("openai", "anthropic"), "openai", help="The format of the API.").tag(config=True)
    base_url = Unicode(None, allow_none=True, help="Another address of the API in this format.").tag(
        config=True
    )
    auth = Enum(
        ("bearer", "api-key", "both", "x-api-key"),
        None,
        allow_none=True,
        help="Form of the header that carries the key.",
    ).tag(config=True)
    model = Unicode(None, allow_none=True, help="The model that answers.").tag(config=True)
    temperature = Float(None, allow_none=True, help="How freely words are chosen, 0 to 1.5.").tag(config=True)
    top_p = Float(None, allow_none=True, help="Choose among the likeliest words, 0.01 to 1.").tag(config=True)
    max_tokens = Integer(None, allow_none=True, help="Upper bound of the output in tokens.").tag(config=True)
    thinking = OnOff(None, allow_none=True, help="Reason before answering: on or off.").tag(config=True)
    system = Unicode(None, allow_none=True, help="The system prompt.").tag(config=True)
    stream = OnOff(True, help="Show the answer while it comes.").tag(config=True)
    local_model = Unicode("smollm2-135m", help="The embedded model: a name, or a GGUF file.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        written = self.config.get(type(self).__name__, {})
        for name in self.class_own_traits(config=True):
            text = os.environ.get(f"MIMO_{name.upper()}")
            if text and name not in written:
                self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Set a setting from text.

        Raises:
            BadOption: there is no such setting, or it cannot have this value.
        """
        traits = self.class_own_traits(config=True)
        if name not in traits:
            advice = did_you_mean(name, traits, f"There are: {', '.join(traits)}.")
            raise BadOption(f"There is no setting {name!r}.", advice)
        value = "None" if text.lower() == "none" else text
        try:
            setattr(self, name, traits[name].from_string(value))
        except (TraitError, ValueError, ArgumentTypeError):
            raise BadOption(f"{name} cannot be {text!r}.", f"{traits[name].help}") from None

    def snapshot(self) -> Settings:
        """Return the present settings as a value."""
        return Settings(**{field.name: getattr(self, field.name) for field in fields(Settings)})
