"""The models of the service for the panel: its server is asked in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from mimo_magics.client import model_list
from mimo_magics.core.errors import MimoError
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.config.store import MimoConfig


class ModelListLoader:
    """Asks once for each address that is set. `catalogue` keeps what the servers say.

    Args:
        config: says which server.
        on_loaded: called when it has answered.
    """

    def __init__(self, config: MimoConfig, on_loaded: Callable[[], None]) -> None:
        self._config = config
        self._on_loaded = on_loaded
        self._requested_address: tuple[str, str | None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def load(self, settings: Settings) -> None:
        """Ask, unless that was done; the first time on the loop of the kernel, then from any thread."""
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
        with suppress(MimoError):  # nothing can be asked there, which the panel tells
            if await model_list.list_models(self._config.snapshot()):
                self._on_loaded()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:  # nothing can be done in the background
        return None
