"""The portal: coroutines for callers that cannot await, on one event loop in a background thread."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import pytest
from support.peer import SILENCE, Answer, Peer, error, frames, wait_until

from mimo_magics.client import portal
from mimo_magics.core.errors import InvalidApiKey
from mimo_magics.session.session import Session
from mimo_magics.session.turn_runner import RunningTurn


class Watched(Session):
    """A session whose running turn is visible to other threads."""

    running: RunningTurn | None = None

    @asynccontextmanager
    async def stream(self, *arguments: Any, **options: Any) -> AsyncIterator[RunningTurn]:
        async with super().stream(*arguments, **options) as self.running:
            yield self.running

    def has(self, text: str) -> bool:
        return self.running is not None and self.running.reply.text == text


def session(peer: Peer) -> Watched:
    return Watched(base_url=f"{peer.url}/v1")


def interrupt_once(true: Callable[[], bool]) -> None:
    """Send SIGINT to this process when a condition is true."""

    def wait_and_send() -> None:
        wait_until(true)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=wait_and_send).start()


def test_a_coroutine_that_suspends_cannot_run_inline() -> None:
    async def suspends() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="no event loop"):
        portal.run_inline(suspends())


def test_a_synchronous_call_works_while_a_loop_is_running(peer: Peer) -> None:
    async def cell() -> str:
        return str(session(peer).ask("hello"))

    assert asyncio.run(cell()) == "You said: hello"


def test_calls_from_any_thread_share_a_connection(peer: Peer) -> None:
    session(peer).ask("one")
    thread = threading.Thread(target=session(peer).ask, args=("two",))
    thread.start()
    thread.join()
    assert [seen.connection for seen in peer.requests] == [1, 1]


@pytest.mark.parametrize(
    "words", [[], ["half ", "an answer"]], ids=["before the first byte", "in the stream"]
)
def test_ctrl_c_while_the_server_is_silent_stops_at_once_with_the_partial_reply(
    peer: Peer, words: list[str]
) -> None:
    peer.answers(lambda seen: Answer([*(frames(seen, words, end=False) if words else ()), SILENCE]))
    own_session = session(peer)
    interrupt_once(lambda: bool(peer.requests) and own_session.has("".join(words)))
    with pytest.raises(KeyboardInterrupt):  # which no `except MimoError` swallows
        own_session.ask("hello")
    assert [(turn.reply.text, turn.reply.stop) for turn in own_session.turns] == (
        [("half an answer", "interrupted")] if words else []
    )
    assert peer.settled()[0].disconnected


@asynccontextmanager
async def closes_slowly(seconds: float, steps: list[str]) -> AsyncIterator[AsyncIterator[str]]:
    """Give one item and then silence; closing takes some time."""

    async def items() -> AsyncIterator[str]:
        yield "item"
        await asyncio.sleep(3600)

    try:
        yield items()
    finally:
        steps.append("closing")
        with anyio.CancelScope(shield=True):
            await anyio.sleep(seconds)
        steps.append("closed")


def test_a_second_ctrl_c_waits_until_the_block_is_closed() -> None:
    steps: list[str] = []
    interrupt_once(lambda: "closing" in steps)
    with (
        pytest.raises(KeyboardInterrupt, match="first"),
        portal.PortalStream(closes_slowly(0.5, steps)) as items,
    ):
        for _ in items:
            raise KeyboardInterrupt("first")
    assert steps == ["closing", "closed"]


def test_ctrl_c_while_the_block_closes_is_raised_after_it_with_the_error_of_the_block_as_cause() -> None:
    steps: list[str] = []
    interrupt_once(lambda: "closing" in steps)
    with pytest.raises(KeyboardInterrupt) as raised, portal.PortalStream(closes_slowly(0.5, steps)) as items:
        for _ in items:
            raise ZeroDivisionError
    assert steps == ["closing", "closed"]
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_a_block_that_hangs_ends_some_time_after_a_second_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal, "EXIT_SECONDS", 0.2)
    steps: list[str] = []
    interrupt_once(lambda: "closing" in steps)
    with pytest.raises(KeyboardInterrupt), portal.PortalStream(closes_slowly(3, steps)) as items:
        next(iter(items))
    assert steps == ["closing"]


def test_an_interrupt_before_the_first_item_is_requested_starts_nothing() -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), portal.PortalStream(closes_slowly(0, steps)) as items:
        raise KeyboardInterrupt
    assert (steps, items.source) == ([], None)


def test_a_stopped_loop_is_replaced(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    ended = []

    async def end() -> None:
        ended.append(threading.current_thread())
        asyncio.get_running_loop().call_soon(asyncio.get_running_loop().stop)

    portal.run_async(end)
    ended[0].join()
    assert session(peer).ask("hello").text == "You said: hello"


def test_an_error_of_a_call_is_raised(peer: Peer) -> None:
    peer.answers(error(401))
    with pytest.raises(InvalidApiKey):
        session(peer).ask("hello")


def test_a_session_accepts_a_prompt_after_any_failure(peer: Peer) -> None:
    own_session = session(peer)
    obeying = peer.script
    peer.answers(error(401))
    with suppress(InvalidApiKey):
        own_session.ask("fails")
    peer.answers(Answer([SILENCE]))
    interrupt_once(lambda: len(peer.requests) == 2)
    with suppress(KeyboardInterrupt):
        own_session.ask("is interrupted")
    peer.script = obeying
    assert str(own_session.ask("hello")) == "You said: hello"


PROGRAM = """
import asyncio, gc, logging, os, sys
from mimo_magics import Session, ask
# asyncio's debug mode also logs callbacks that take longer than 0.1 s, as they do on a loaded machine
logging.getLogger("asyncio").addFilter(lambda record: not record.getMessage().startswith("Executing <"))
options = {"base_url": sys.argv[1], "system": "none"}

async def talk():
    async with Session(**options).stream("hello") as running:
        async for event in running:
            pass
    return str(running.reply)

for _ in range(5):
    print(asyncio.run(talk()))
print(ask("hello", **options), flush=True)  # before the fork: a child inherits what is buffered
gc.collect()
if hasattr(os, "fork"):
    if child := os.fork():
        os.waitpid(child, 0)
    else:
        print(ask("from a child", **options), flush=True)
        os._exit(0)
"""


def test_a_program_with_many_loops_and_processes_exits_cleanly(peer: Peer) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-W", "ignore::DeprecationWarning", "-c", PROGRAM]
    run = subprocess.run(
        [*command, f"{peer.url}/v1"], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stderr == ""
    assert run.stdout.split("\n") == [*["You said: hello"] * 6, "You said: from a child", ""]


FORKED = """
import os, signal, sys
from mimo_magics.client import portal

async def answer():
    return 42

assert portal.run_async(answer) == 42
process = os.fork()
if not process:
    signal.alarm(60)  # kills a child that hangs
    if "again" in sys.argv:
        assert portal.run_async(answer) == 42
    sys.exit(7)
_, status = os.waitpid(process, 0)
print(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize("argument", ["idle", "again"])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_exits(argument: str) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED, argument], capture_output=True, text=True, check=True
    )
    assert run.stdout == "7\n"


ENDING = """
import sys, threading, time
import anyio
from mimo_magics import Session, ask
from mimo_magics.client import portal

started = threading.Event()

async def busy():
    started.set()
    time.sleep(3600)

async def shielded():
    started.set()
    with anyio.CancelScope(shield=True):
        await anyio.sleep(3600)

def call():
    kind, base_url = sys.argv[1:]
    if kind == "silence":
        ask("hello", base_url=base_url, timeout=3600)
    elif kind == "whole":
        Session(base_url=base_url, timeout=3600).ask("hello", stream=False)
    else:
        portal.run_async({"busy": busy, "shielded": shielded}[kind])

threading.Thread(target=call, daemon=True).start()
if sys.argv[1] in ("busy", "shielded"):
    started.wait()
else:
    sys.stdin.readline()
print("the end")
"""


@pytest.mark.parametrize("kind", ["silence", "whole", "busy", "shielded"])
def test_a_process_exits_while_a_daemon_thread_waits_for_a_reply(peer: Peer, kind: str) -> None:
    peer.script = lambda seen: Answer([*frames(seen, ["half"], end=False), SILENCE])
    command = [sys.executable, "-c", ENDING, kind, f"{peer.url}/v1"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        if kind in ("silence", "whole"):
            wait_until(lambda: bool(peer.requests))
        assert process.communicate("go on\n", timeout=60) == ("the end\n", "")
    assert process.returncode == 0
