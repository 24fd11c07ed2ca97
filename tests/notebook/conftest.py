"""A kernel with the extension, and the server that it asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.kernel import Kernel
from support.kernel_cells import CALLS, WEATHER
from support.kernel_fixtures import kernel, peer, server, started
from support.peer import Peer, reply, stream

from mimo_magics.core.messages import Message, Reply

__all__ = ["kernel", "peer", "server", "started"]  # fixtures that are found here


@pytest.fixture
def rainy(kernel: Kernel, peer: Peer) -> Iterator[Kernel]:
    """A kernel with a tool, and a model that calls it."""
    calls, answer = Reply(Message("assistant", CALLS), stop="tool_calls"), reply("Take an umbrella.")
    peer.answers(lambda seen: stream(seen, calls), lambda seen: stream(seen, answer))
    assert kernel.run(WEATHER).status == "ok"
    yield kernel
    kernel.run("from mimo_magics.tools.registry import REGISTERED_TOOLS; REGISTERED_TOOLS.clear()")
