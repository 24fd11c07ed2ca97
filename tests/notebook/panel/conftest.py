"""Fixtures that record the panel's output and its messages to the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.panel.layout import PanelLayout
from mimo_magics.notebook.panel.panel import Panel, close_all


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(InteractiveShell.instance(), "display_pub", publisher)
    return publisher.outputs


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Type and data of each message to a widget."""
    messages: list[tuple[str, Any]] = []

    class Recorded(BaseComm):
        def publish_msg(self, msg_type: str, data: Any = None, *_: Any, **__: Any) -> None:
            messages.append((msg_type, data))

    monkeypatch.setattr(comm, "create_comm", Recorded)
    return messages


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MimoConfig:
    monkeypatch.chdir(tmp_path)
    return MimoConfig()


@pytest.fixture
def panel(config: MimoConfig, published: list[dict[str, Any]]) -> Iterator[Panel]:
    yield Panel(config, InteractiveShell.instance())
    close_all()


@pytest.fixture
def board(panel: Panel) -> PanelLayout:
    return panel.open()
