"""Async cells on three kinds of kernels, with and without a page that handles widgets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.kernel import Kernel, Ran
from support.kernels import INSTALLED, NAMES, need, version
from support.peer import KEY, SILENCE, Answer, Peer, Seen, frames, obey

from mimo_magics.notebook.kernel.comm_pump import pump_comm_messages

WIDGETS = "application/vnd.jupyter.widget-view+json"
WORKING = [INSTALLED, "6.31.0"]
"""Kernels that receive messages of widgets during a cell without subshells."""

SAVED = "The partial reply was saved to the session; %mimo continue resumes it."


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.script = obey
    server.requests.clear()
    return server


@pytest.fixture(scope="module")
def kernels(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Kernel]]:
    """Return a function that starts a kernel, or returns the running one."""
    running: dict[tuple[str, bool], Kernel] = {}
    environment = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{server.url}/v1", "MIMO_SYSTEM": "none"}

    def started(name: str, *, widgets: bool = True) -> Kernel:
        need(name)
        if (name, widgets) not in running:
            folder = tmp_path_factory.mktemp("notebook")
            kernel = Kernel(folder, name=name, widgets=widgets, **environment)
            running[name, widgets] = kernel.__enter__()
        assert running[name, widgets].run("%unload_ext mimo_magics\n%load_ext mimo_magics").status == "ok"
        return running[name, widgets]

    yield started
    for kernel in running.values():
        kernel.__exit__()


def kinds(ran: Ran) -> list[str]:
    """Return the kinds of output in their order."""
    return [next(iter(content["data"])) for _, content in ran.messages if "data" in content]


def slowly(count: int = 10, pause: float = 0.1) -> Callable[[Any], Answer]:
    return lambda seen: Answer(frames(seen, ["word "] * count, pause))


def step_by_step(kernel: Kernel, words: list[str]) -> Callable[[Seen], Answer]:
    """Send each word when the cell shows the one before it."""

    def pieces(seen: Seen) -> Iterator[Any]:
        for word in words:
            yield from frames(seen, [word], partial(kernel.shows, word.strip()), end=False)
        yield from frames(seen, [])

    return lambda seen: Answer(pieces(seen))


@pytest.mark.parametrize("name", WORKING)
def test_a_reply_is_a_live_view_and_then_a_document_where_widgets_work(
    kernels: Any, peer: Peer, name: str
) -> None:
    peer.script = slowly()
    ran = kernels(name).run("%%mimo\nhello")
    assert kinds(ran)[-2:] == [WIDGETS, "text/html"]
    assert kinds(ran).count(WIDGETS) == 1
    assert len(ran.outputs) == 1
    assert ran.documents == ["word " * 10]


@pytest.mark.parametrize("name", NAMES)
def test_a_reply_is_shown_without_widgets_where_no_page_responds(kernels: Any, peer: Peer, name: str) -> None:
    kernel = kernels(name, widgets=False)
    peer.script = step_by_step(kernel, [f"word{number} " for number in range(5)])
    ran = kernel.run("%%mimo\nhello")
    assert set(kinds(ran)) == {"text/html"}
    assert len(kinds(ran)) >= 5
    assert len(ran.outputs) == 1


def test_a_kernel_without_widget_messages_during_a_cell_shows_no_widgets(kernels: Any, peer: Peer) -> None:
    """ipykernel 7.3 needs subshells. Without them a button would not respond."""
    peer.script = slowly()
    ran = kernels("7.3.0").run("%%mimo\nhello")
    assert set(kinds(ran)) == {"text/html"}
    assert not [state for state in opened(ran) if state["_model_name"] == "ButtonModel"]


def opened(ran: Ran) -> list[dict[str, Any]]:
    return [content["data"]["state"] for kind, content in ran.comms if kind == "comm_open"]


@pytest.mark.parametrize("name", WORKING)
def test_queued_cells_run_afterwards_in_order(kernels: Any, peer: Peer, name: str) -> None:
    peer.script = slowly()
    first, *queued = kernels(name).run_all(
        ["%%mimo\nhello", "print(1, _.text[:4])", "%%mimo\nagain", "print(2)"]
    )
    assert first.documents == ["word " * 10]
    assert [ran.text for ran in queued] == ["1 word\n", "", "2\n"]
    assert [ran.status for ran in queued] == ["ok"] * 3
    assert [seen.prompt for seen in peer.requests] == ["hello", "again"]


ENDLESS = {
    "in the stream": lambda seen: Answer(frames(seen, repeat("word "), 0.02)),
    "in silence": lambda seen: Answer([*frames(seen, ["half ", "an answer"], end=False), SILENCE]),
    "before the first byte": lambda seen: Answer([SILENCE]),
}
"""Replies that do not end by themselves."""
SHOWN = {"in the stream": "word", "in silence": "an answer", "before the first byte": ""}


@pytest.mark.parametrize("state", ENDLESS)
@pytest.mark.parametrize("press", ["Stop", ""], ids=["button", "interrupt"])
@pytest.mark.parametrize("name", WORKING)
def test_stop_and_interrupt_take_effect_at_once(
    kernels: Any, peer: Peer, name: str, press: str, state: str
) -> None:
    kernel = kernels(name)
    peer.script = ENDLESS[state]

    def has_started() -> bool:
        return bool(peer.requests) and kernel.shows("Stop") and kernel.shows(SHOWN[state])

    stopped, *queued = kernel.run_all(
        ["%%mimo\nhello", "print(1)", "print(2)"], when=has_started, press=press
    )
    has_text = state != "before the first byte"
    outcome = SAVED if has_text else "No reply was received."
    assert stopped.error == [f"Interrupted: {outcome}"]
    assert peer.settled()[-1].disconnected
    assert [ran.status for ran in queued] == ["aborted"] * 2
    peer.script = obey
    assert kernel.run("%%mimo\nagain").documents == ["You said: again"]
    roles = [message["role"] for message in peer.requests[-1].body["messages"]]
    assert roles == (["user", "assistant", "user"] if has_text else ["user"])


@pytest.mark.parametrize("name", WORKING)
def test_an_error_aborts_the_cells_that_were_queued_during_the_cell(
    kernels: Any, peer: Peer, name: str
) -> None:
    peer.script = lambda seen: Answer([0.5], 401)
    failed, *queued = kernels(name).run_all(["%%mimo\nhello", "print(1)"])
    assert failed.error[0].startswith("InvalidApiKey: ")
    assert [ran.status for ran in queued] == ["aborted"]


@pytest.mark.parametrize("name", WORKING)
def test_an_interrupt_works_in_the_cell_after_an_async_cell(kernels: Any, peer: Peer, name: str) -> None:
    kernel = kernels(name)
    kernel.run("%%mimo\nhello")
    waits = "import time\nprint('waits')\nwhile True:\n    time.sleep(0.1)"
    ran = kernel.run(waits, when=lambda: kernel.shows("waits"))
    assert ran.outputs == [{"error": "KeyboardInterrupt"}]


@pytest.mark.parametrize("setting", ["live=off", "quiet=on"])
def test_a_setting_switches_widgets_off(kernels: Any, peer: Peer, setting: str) -> None:
    kernel = kernels(INSTALLED)
    kernel.run(f"%mimo_config {setting}")
    assert WIDGETS not in kinds(kernel.run("%%mimo\nhello"))


def test_a_console_prints_the_reply(kernels: Any, server: Peer, peer: Peer, tmp_path: Path) -> None:
    environment = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{server.url}/v1"}
    with Kernel(tmp_path, console=True, **environment) as console:
        console.run("%load_ext mimo_magics")
        ran = console.run("%%mimo\nhello")
    assert "You said: hello\n" in ran.text
    assert kinds(ran) == []
    assert ran.comms == []


TWO_AT_ONCE = """import asyncio
def ask(words):
    return get_ipython().run_cell_magic('_mimo', f'--session {words}', words)
replies = await asyncio.gather(ask('one'), ask('two'))
print(*replies, sep=' | ')
"""


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")], ids=" ends before ".join)
@pytest.mark.parametrize("name", WORKING)
def test_two_replies_may_arrive_at_the_same_time(
    kernels: Any, peer: Peer, name: str, order: tuple[str, str]
) -> None:
    ended: list[str] = []

    def answer(seen: Seen) -> Answer:
        if seen.prompt not in order:
            return obey(seen)

        def end() -> bool:
            is_next = len(peer.requests) == 2 and len(ended) == order.index(seen.prompt)
            ended.extend([seen.prompt] * is_next)
            return is_next

        return Answer(frames(seen, [f"{seen.prompt}!"], end))

    peer.script = answer
    kernel = kernels(name)
    dispatch = "'dispatch_shell' in vars(get_ipython().kernel)"
    ran, *queued = kernel.run_all([TWO_AT_ONCE, f"print({dispatch})", "%%mimo\nthree"])
    assert (ran.status, ran.text, ended) == ("ok", "one! | two!\n", list(order))
    assert [each.status for each in queued] == ["ok", "ok"]
    assert queued[0].text == "False\n"


@pytest.mark.parametrize("name", [name for name in NAMES if version(name) >= (7,)])
def test_two_async_cells_may_run_at_the_same_time_in_subshells(kernels: Any, peer: Peer, name: str) -> None:
    def is_other_there() -> bool:
        return len(peer.requests) == 2

    peer.script = lambda seen: Answer(frames(seen, [f"{seen.prompt}!"], is_other_there))
    kernel = kernels(name)
    both = kernel.run_beside("%%mimo --session x\none", "%%mimo --session y\ntwo")
    assert [(ran.status, ran.documents) for ran in both] == [("ok", ["one!"]), ("ok", ["two!"])]
    peer.script = obey
    assert kernel.run("%%mimo --session x\nthree").documents == ["You said: three"]
    assert [message["content"] for message in peer.requests[-1].body["messages"]] == ["one", "one!", "three"]


class Queueless:
    """A kernel of the newest kind, which marks the messages that arrive during a cell."""

    def __init__(self) -> None:
        self.statuses: list[tuple[str, object]] = []
        self.parent: object = {}

    def get_parent(self, channel: str = "shell") -> object:
        return self.parent

    async def dispatch_shell(self, message: object, *, concurrent: bool = False) -> None: ...

    def _publish_status(self, status: str, channel: str, parent: object = None) -> None:
        self.statuses.append((status, parent))


async def pumping(kernel: Queueless, cell: str, until: asyncio.Event) -> None:
    kernel.parent = {"cell": cell}
    async with pump_comm_messages(kernel):
        await until.wait()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_running_cell_is_reported_busy_and_the_last_one_restores_the_kernel(count: int) -> None:
    async def run() -> None:
        kernel = Queueless()
        ends = [asyncio.Event() for _ in range(count)]
        tasks = [asyncio.create_task(pumping(kernel, str(n), end)) for n, end in enumerate(ends)]
        await asyncio.sleep(0)
        for number, (end, task) in enumerate(zip(ends, tasks, strict=True)):
            kernel.statuses.clear()
            await kernel.dispatch_shell("slider", concurrent=True)
            running = [("busy", {"cell": str(each)}) for each in range(number, count)]
            assert kernel.statuses == [("idle", None), *running]
            end.set()
            await task
        assert "dispatch_shell" not in vars(kernel)

    asyncio.run(run())


def test_a_patch_of_another_program_is_restored() -> None:
    async def run() -> None:
        kernel = Queueless()
        theirs = kernel.dispatch_shell = partial(kernel.dispatch_shell)  # type: ignore[method-assign]
        async with pump_comm_messages(kernel), pump_comm_messages(kernel):
            pass
        assert kernel.dispatch_shell is theirs

    asyncio.run(run())


@pytest.mark.parametrize("part", ["dispatch_shell", "get_parent", "_publish_status"])
def test_a_kernel_that_lacks_a_part_is_not_changed(part: str) -> None:
    async def run() -> None:
        parts = {
            name: getattr(Queueless(), name) for name in ("dispatch_shell", "get_parent", "_publish_status")
        }
        del parts[part]
        kernel = SimpleNamespace(**parts)
        async with pump_comm_messages(kernel):
            assert vars(kernel) == parts

    asyncio.run(run())
