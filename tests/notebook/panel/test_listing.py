"""The model list of the panel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from support.panel_board import control_widget
from support.peer import Peer

from mimo_magics.core.services import SERVICES
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.panel.panel import Panel


@pytest.mark.anyio
async def test_the_model_list_is_shown_when_it_arrives(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, config: MimoConfig, panel: Panel
) -> None:
    peer.models = ["new-tts", "new"]
    listing = replace(SERVICES["xiaomi"], base_urls={"openai": f"{peer.url}/v1"})
    monkeypatch.setitem(SERVICES, "xiaomi", listing)
    config.preset = "local"
    board = panel.open()
    assert control_widget(board, "model").options == ("mimo-local",)
    config.preset = "xiaomi"
    assert control_widget(board, "model").placeholder == "mimo-v2.6-pro"
    await until(lambda: control_widget(board, "model").options == ("new-tts", "new"))
    assert control_widget(board, "model").placeholder == "new"


@pytest.mark.anyio
async def test_a_server_without_a_model_list_is_not_an_error(
    peer: Peer, config: MimoConfig, panel: Panel
) -> None:
    config.base_url = f"{peer.url}/v1"
    board = panel.open()
    config.preset = "local"
    config.base_url = None
    await until(lambda: control_widget(board, "model").options == ("mimo-local",))
    panel.close()
    await asyncio.sleep(0)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if true():
            return
        await asyncio.sleep(0.01)
    assert true()
