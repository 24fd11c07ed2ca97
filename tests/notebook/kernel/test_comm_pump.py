"""A cell that awaits, on kernels of three kinds, in front of a front end with widgets and of one without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from support.kernel import Kernel, Ran
from support.kernels import INSTALLED, NAMES, need
from support.peer import KEY, SILENCE, Answer, Peer, Seen, frames, obey

WIDGETS = "application/vnd.jupyter.widget-view+json"
WORKING = [INSTALLED, "6.31.0"]
"""Kernels that hear widgets in the middle of a cell without the front end's help."""


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
    """Start kernels when they are asked for."""
    running: dict[tuple[str, bool], Kernel] = {}
    environment = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{server.url}/v1", "MIMO_SYSTEM": "none"}

    def started(name: str, *, widgets: bool = True) -> Kernel:
        need(name)
        if (name, widgets) not in running:
            folder = tmp_path_factory.mktemp("notebook")
            kernel = Kernel(folder, name=name, widgets=widgets, **environment)
            running[name, widgets] = kernel.__enter__()
        assert running[name, widgets].run("%reload_ext mimo_magics").status == "ok"
        return running[name, widgets]

    yield started
    for kernel in running.values():
        kernel.__exit__()


def kinds(ran: Ran) -> list[str]:
    """What the output was, one after the other."""
    return [next(iter(content["data"])) for _, content in ran.messages if "data" in content]


def slowly(count: int = 10, pause: float = 0.1) -> Callable[[Any], Answer]:
    return lambda seen: Answer(frames(seen, ["word "] * count, pause))


def step_by_step(kernel: Kernel, words: list[str]) -> Callable[[Seen], Answer]:
    """Send the next word when the cell shows the one before."""

    def pieces(seen: Seen) -> Iterator[Any]:
        for word in words:
            yield from frames(seen, [word], partial(kernel.shows, word.strip()), end=False)
        yield from frames(seen, [])

    return lambda seen: Answer(pieces(seen))


@pytest.mark.parametrize("name", WORKING)
def test_where_widgets_work_a_reply_is_live_and_then_a_document(kernels: Any, peer: Peer, name: str) -> None:
    peer.script = slowly()
    ran = kernels(name).run("%%mimo\nhello")
    assert kinds(ran)[-2:] == [WIDGETS, "text/html"]
    assert kinds(ran).count(WIDGETS) == 1
    assert len(ran.outputs) == 1
    assert ran.documents == ["word " * 10]


@pytest.mark.parametrize("name", NAMES)
def test_where_nobody_answers_for_widgets_a_reply_grows_without_them(
    kernels: Any, peer: Peer, name: str
) -> None:
    kernel = kernels(name, widgets=False)
    peer.script = step_by_step(kernel, [f"word{number} " for number in range(5)])
    ran = kernel.run("%%mimo\nhello")
    assert set(kinds(ran)) == {"text/html"}
    assert len(kinds(ran)) >= 5
    assert len(ran.outputs) == 1


def test_a_kernel_that_hears_no_widgets_while_a_cell_runs_shows_none(kernels: Any, peer: Peer) -> None:
    """ipykernel 7.3 in front of a front end that has widgets but opens no subshell: no dead button."""
    peer.script = slowly()
    ran = kernels("7.3.0").run("%%mimo\nhello")
    assert set(kinds(ran)) == {"text/html"}
    assert not [state for state in opened(ran) if state["_model_name"] == "ButtonModel"]


def opened(ran: Ran) -> list[dict[str, Any]]:
    return [content["data"]["state"] for kind, content in ran.comms if kind == "comm_open"]


@pytest.mark.parametrize("name", WORKING)
def test_cells_behind_run_afterwards_and_in_order(kernels: Any, peer: Peer, name: str) -> None:
    peer.script = slowly()
    first, *behind = kernels(name).run_all(
        ["%%mimo\nhello", "print(1, _.text[:4])", "%%mimo\nagain", "print(2)"]
    )
    assert first.documents == ["word " * 10]
    assert [ran.text for ran in behind] == ["1 word\n", "", "2\n"]
    assert [ran.status for ran in behind] == ["ok"] * 3
    assert [seen.prompt for seen in peer.requests] == ["hello", "again"]


ENDLESS = {
    "in the stream": lambda seen: Answer(frames(seen, repeat("word "), 0.02)),
    "in silence": lambda seen: Answer([*frames(seen, ["half ", "an answer"], end=False), SILENCE]),
    "before the first byte": lambda seen: Answer([SILENCE]),
}
"""Answers that do not end by themselves."""
SHOWN = {"in the stream": "word", "in silence": "an answer", "before the first byte": ""}


@pytest.mark.parametrize("state", ENDLESS)
@pytest.mark.parametrize("press", ["Stop", ""], ids=["button", "interrupt"])
@pytest.mark.parametrize("name", WORKING)
def test_a_reply_is_stopped_at_once(kernels: Any, peer: Peer, name: str, press: str, state: str) -> None:
    kernel = kernels(name)
    peer.script = ENDLESS[state]

    def begun() -> bool:
        return bool(peer.requests) and kernel.shows("Stop") and kernel.shows(SHOWN[state])

    stopped, *behind = kernel.run_all(["%%mimo\nhello", "print(1)", "print(2)"], when=begun, press=press)
    came = state != "before the first byte"
    told = "what had come is kept" if came else "nothing had come"
    assert stopped.error == [f"Interrupted: The answer was stopped; {told}."]
    assert peer.settled()[-1].disconnected
    assert [ran.status for ran in behind] == ["aborted"] * 2
    peer.script = obey
    assert kernel.run("%%mimo\nagain").documents == ["You said: again"]
    roles = [message["role"] for message in peer.requests[-1].body["messages"]]
    assert roles == (["user", "assistant", "user"] if came else ["user"])


@pytest.mark.parametrize("name", WORKING)
def test_an_error_aborts_the_cells_that_came_while_the_cell_awaited(
    kernels: Any, peer: Peer, name: str
) -> None:
    peer.script = lambda seen: Answer([0.5], 401)
    failed, *behind = kernels(name).run_all(["%%mimo\nhello", "print(1)"])
    assert failed.error[0].startswith("InvalidApiKey: ")
    assert [ran.status for ran in behind] == ["aborted"]


@pytest.mark.parametrize("name", WORKING)
def test_an_interrupt_works_in_the_cell_after_one_that_awaited(kernels: Any, peer: Peer, name: str) -> None:
    kernel = kernels(name)
    kernel.run("%%mimo\nhello")
    waits = "import time\nprint('waits')\nwhile True:\n    time.sleep(0.1)"
    ran = kernel.run(waits, when=lambda: kernel.shows("waits"))
    assert ran.outputs == [{"error": "KeyboardInterrupt"}]


@pytest.mark.parametrize("setting", ["live=off", "quiet=on"])
def test_a_person_may_do_without_widgets(kernels: Any, peer: Peer, setting: str) -> None:
    kernel = kernels(INSTALLED)
    kernel.run(f"%mimo_config {setting}")
    assert WIDGETS not in kinds(kernel.run("%%mimo\nhello"))


def test_a_console_prints_the_words(kernels: Any, server: Peer, peer: Peer, tmp_path: Path) -> None:
    environment = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{server.url}/v1"}
    with Kernel(tmp_path, console=True, **environment) as console:
        console.run("%load_ext mimo_magics")
        ran = console.run("%%mimo\nhello")
    assert "You said: hello\n" in ran.text
    assert kinds(ran) == []
    assert ran.comms == []
