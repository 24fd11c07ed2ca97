"""Servers that tests of sessions share."""

from dataclasses import replace

import pytest
from support.peer import Peer

from mimo_magics.core.services import SERVICES


@pytest.fixture
def mimo(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """The peer as the service of the default preset."""
    base_urls = {"openai": f"{peer.url}/v1", "anthropic": f"{peer.url}/anthropic"}
    monkeypatch.setitem(SERVICES, "mimo-v2", replace(SERVICES["mimo-v2"], base_urls=base_urls))
    return peer
