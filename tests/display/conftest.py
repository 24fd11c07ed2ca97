"""Fixtures that record the output of renderers."""

from __future__ import annotations

from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from support.widget_page import PageConnection


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> PageConnection:
    wire = PageConnection()

    class Recorded(BaseComm):
        def publish_msg(self, msg_type: str, data: Any = None, *_: Any, **__: Any) -> None:
            wire.receive(msg_type, self, data)

    monkeypatch.setattr(comm, "create_comm", Recorded)
    return wire


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    publisher = CapturingDisplayPublisher()
    monkeypatch.setattr(InteractiveShell.instance(), "display_pub", publisher)
    return publisher.outputs
