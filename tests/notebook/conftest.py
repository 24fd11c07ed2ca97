"""A kernel with the extension, and the server that it asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.kernel import Kernel
from support.kernel_cells import CALLS, WEATHER
from support.peer import KEY, Peer, obey, reply, stream

from mimo_magics.core.messages import Message, Reply


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
    """The server of the kernel, which obeys, with the key for it in the environment."""
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    server.script = obey
    server.models = None
    server.requests.clear()
    return server


@pytest.fixture
def kernel(started: Kernel, peer: Peer) -> Kernel:
    """A kernel with the extension just loaded: a new conversation and the default settings."""
    assert started.run("%unload_ext mimo_magics\n%load_ext mimo_magics").status == "ok"
    return started


@pytest.fixture
def rainy(kernel: Kernel, peer: Peer) -> Iterator[Kernel]:
    """A kernel with a tool, and a model that calls it."""
    calls, answer = Reply(Message("assistant", CALLS), stop="tool_calls"), reply("Take an umbrella.")
    peer.answers(lambda seen: stream(seen, calls), lambda seen: stream(seen, answer))
    assert kernel.run(WEATHER).status == "ok"
    yield kernel
    kernel.run("from mimo_magics.tools.registry import REGISTERED_TOOLS; REGISTERED_TOOLS.clear()")
