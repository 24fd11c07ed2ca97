"""Loads the model list of the service for the panel, in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from mimo_magics.client import model_list
from mimo_magics.core.errors import MimoError
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.config.store import MimoConfig


class ModelListLoader:
    """Requests the model list once for each base URL. `client/model_list` caches it.

    Args:
        config: the settings of the service.
        on_loaded: is called when the list has arrived.
    """

    def __init__(self, config: MimoConfig, on_loaded: Callable[[], None]) -> None:
        self._config = config
        self._on_loaded = on_loaded
        self._requested_address: tuple[str, str | None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def load(self, settings: Settings) -> None:
        """Request the list, unless it was requested. The first call must come from the kernel's loop, later ones from any thread."""
        self._loop = self._loop or _running_loop()
        address = settings.preset, settings.base_url
        if self._loop and address != self._requested_address:
            self._requested_address = address
            self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        if self._task:
            self._task.cancel()
        self._task = asyncio.create_task(self._load())

    async def _load(self) -> None:
        # The panel shows an invalid base URL itself.
        with suppress(MimoError):
            if await model_list.list_models(self._config.snapshot()):
                self._on_loaded()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
