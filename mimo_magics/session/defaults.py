"""The default settings of sessions: those of the notebook, or the built-in ones.

The extension registers a provider when it is loaded and removes it when it is unloaded. So `ask()` and `Session()`
in a notebook use the settings of the notebook.
"""

from __future__ import annotations

from collections.abc import Callable

from mimo_magics.core.settings import Settings

SettingsProvider = Callable[[], Settings]
"""Returns the settings that hold now."""

_providers: list[SettingsProvider] = []


def register_provider(provider: SettingsProvider) -> None:
    """Make a provider the source of the default settings, before the ones that are registered already."""
    _providers.append(provider)


def unregister_provider(provider: SettingsProvider) -> None:
    """Remove a provider; the one that was registered before it holds again."""
    _providers.remove(provider)


def get_default_settings() -> Settings:
    """Return the settings of the provider that was registered last, or the built-in ones."""
    return _providers[-1]() if _providers else Settings()
