"""Fixtures: a kernel with the extension, one per test file, and its server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.kernel import Kernel
from support.peer import KEY, Peer, obey


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def started(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    with Kernel(
        folder,
        MIMO_API_KEY=KEY,
        MIMO_BASE_URL=f"{server.url}/v1",
        MIMO_SYSTEM="none",
        XDG_CONFIG_HOME=str(folder / "config"),
    ) as kernel:
        yield kernel


@pytest.fixture
def peer(server: Peer, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """The server of the kernel with the default script, and its API key in the environment."""
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    server.script = obey
    server.models = None
    server.requests.clear()
    return server


@pytest.fixture
def kernel(started: Kernel, peer: Peer) -> Kernel:
    """A kernel with the extension newly loaded: an empty session and the default settings."""
    assert started.run("%unload_ext mimo_magics\n%load_ext mimo_magics").status == "ok"
    return started
