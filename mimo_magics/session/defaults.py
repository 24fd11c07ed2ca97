"""The default settings of sessions: those of the notebook, or the built-in ones.

The extension sets a provider when it is loaded. So `ask()` and `Session()` in a notebook use the settings of the
notebook.
"""

from __future__ import annotations

from collections.abc import Callable

from mimo_magics.core.settings import Settings

SettingsProvider = Callable[[], Settings]
"""Returns the settings that hold now."""

_provider: SettingsProvider = Settings


def set_provider(provider: SettingsProvider = Settings) -> None:
    """Make a provider the source of the default settings; without an argument, restore the built-in ones."""
    global _provider  # noqa: PLW0603
    _provider = provider


def get_default_settings() -> Settings:
    """Return the settings of the provider, or the built-in ones."""
    return _provider()
