"""The prompt box below the sliders, in a real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest
from support.kernel import Kernel, Ran
from support.peer import KEY, Answer, Peer, error, frames, obey, reply, stream

OPEN = """
from mimo_magics.notebook.extension import _loaded
from mimo_magics.notebook.panel.prompt_box import PromptBox
magics = _loaded[get_ipython()].magics
again = PromptBox(get_ipython(), magics.config, magics.session_selection)
async def over():
    import asyncio
    for _ in range(3_000):
        if not again._task:
            return
        await asyncio.sleep(0.02)
def shown():
    return [child.value for child in again._reply_area.children]
"""
PRESS = "again._run_button.click()"
STATE = "print(again._status.value, again._run_button.disabled, again._keep_button.disabled)"


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def running(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    with Kernel(folder, MIMO_API_KEY=KEY, MIMO_BASE_URL=f"{server.url}/v1", MIMO_SYSTEM="none") as kernel:
        yield kernel


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.script = obey
    server.requests.clear()
    return server


@pytest.fixture
def kernel(running: Kernel, peer: Peer) -> Iterator[Kernel]:
    assert running.run("%unload_ext mimo_magics\n%load_ext mimo_magics").status == "ok"
    assert running.run(OPEN).status == "ok"
    yield running
    assert running.run("again.close()").status == "ok"


def press(kernel: Kernel, prompt: str = "") -> Ran:
    """Click Run, and wait for the reply."""
    kernel.run(f"again._prompt.value = {prompt!r}")
    kernel.run(PRESS)
    return kernel.run("await over()")


def sent(peer: Peer) -> list[list[Any]]:
    return [[message["content"] for message in seen.body["messages"]] for seen in peer.requests]


def test_a_prompt_is_sent_with_the_current_settings_outside_the_session(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    kernel.run("%mimo_config temperature=0.3")
    press(kernel, "two")
    kernel.run("%mimo_config --reset")
    kernel.run("%%mimo\nthree")
    assert sent(peer) == [
        ["one"],
        ["one", "You said: one", "two"],
        ["one", "You said: one", "three"],
    ]
    assert [seen.body.get("temperature") for seen in peer.requests] == [None, 0.3, None]


def test_the_reply_remains_as_a_document(kernel: Kernel) -> None:
    press(kernel, "two <script>")
    printed = kernel.run("print(*shown())").text
    assert "You said: two &lt;script&gt;" in printed
    assert "<script" not in printed


def test_an_empty_box_repeats_the_last_prompt(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    kernel.run("%%mimo\ntwo")
    assert kernel.run("print(again._prompt.placeholder)").text == "Leave empty to repeat «two»\n"
    press(kernel)
    assert sent(peer)[-1] == ["one", "You said: one", "two"]


def test_a_kept_reply_becomes_the_next_turn(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    press(kernel, "two")
    assert kernel.run(STATE).text == " False False\n"
    kernel.run("again._keep_button.click()")
    assert "Saved as turn 2 of session main." in kernel.run(STATE).text
    kernel.run("%%mimo\nthree")
    assert sent(peer)[-1] == ["one", "You said: one", "two", "You said: two", "three"]


def test_a_kept_reply_to_a_repeated_prompt_replaces_the_last_turn(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none", cell="one")
    peer.script = lambda seen: stream(seen, reply("Another answer."))
    press(kernel)
    kernel.run("again._keep_button.click()")
    kernel.run("%%mimo\ntwo")
    assert sent(peer)[-1] == ["one", "Another answer.", "two"]
    kernel.run("%%mimo\nuno", cell="one")
    assert sent(peer)[-1] == ["uno"]


def test_a_reply_is_kept_in_its_session(kernel: Kernel, peer: Peer) -> None:
    press(kernel, "one")
    kernel.run("%mimo_session new other")
    kernel.run("again._keep_button.click()")
    assert "Saved as turn 1 of session main." in kernel.run(STATE).text
    kernel.run("%%mimo\ntwo")
    assert sent(peer)[-1] == ["two"]
    kernel.run("%mimo_session switch main")
    kernel.run("%%mimo\nthree")
    assert sent(peer)[-1] == ["one", "You said: one", "three"]


def test_a_double_click_sends_one_prompt_and_keeps_the_stop_button(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: Answer(frames(seen, repeat("word "), 0.02))
    kernel.run("again._prompt.value = 'one'")
    kernel.run(f"{PRESS}; {PRESS}")
    assert kernel.run("print(again._task is not None, len(again._reply_area.children))").text == "True 1\n"
    kernel.run("again.stop()")
    kernel.run("await over()")
    assert (len(peer.settled()), "False" in kernel.run(STATE).text) == (1, True)


def test_variables_in_the_box_are_replaced(kernel: Kernel, peer: Peer) -> None:
    kernel.run("city = 'Tokyo'")
    press(kernel, "In {city}, {nowhere} and {'json': 1}?")
    assert sent(peer) == [["In Tokyo, {nowhere} and {'json': 1}?"]]


def test_a_reply_is_kept_once(kernel: Kernel) -> None:
    press(kernel, "one")
    kernel.run("again._keep_button.click()")
    assert kernel.run("print(again._keep_button.disabled)").text == "True\n"


def test_a_reply_is_not_kept_after_newer_turns(kernel: Kernel) -> None:
    press(kernel, "one")
    kernel.run("%%mimo\ntwo")
    kernel.run("again._keep_button.click()")
    assert "The session has changed since this reply." in kernel.run(STATE).text


def test_stop_ends_the_turn_and_the_partial_reply_can_be_kept(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: Answer(frames(seen, repeat("word "), 0.02))
    kernel.run("again._prompt.value = 'Tell me'")
    kernel.run(PRESS)
    assert kernel.run("print(again._run_button.disabled)").text == "True\n"
    kernel.run("import asyncio\nwhile 'word word' not in ' '.join(shown()):\n    await asyncio.sleep(0.02)")
    kernel.run("again.stop()")
    kernel.run("await over()")
    assert peer.settled()[-1].disconnected
    assert "word word" in kernel.run("print(*shown())").text
    assert kernel.run(STATE).text == " False False\n"


def test_the_buttons_are_disabled_while_a_cell_runs(kernel: Kernel, peer: Peer) -> None:
    kernel.run("seen = []\nagain._run_button.observe(lambda change: seen.append(change.new), 'disabled')")
    kernel.run("%%mimo\none")
    assert kernel.run("print(seen)").text == "[True, False]\n"


def test_an_error_is_the_status_and_no_cell_fails(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda _: error(400, "Param <b>Incorrect</b>")
    assert press(kernel, "one").status == "ok"
    state = kernel.run(STATE).text
    assert "Param &lt;b&gt;Incorrect" in state
    assert state.endswith(" False True\n")
    assert kernel.run("print(again._reply_area.children)").text == "()\n"


def test_an_empty_box_without_a_last_prompt_is_an_error(kernel: Kernel, peer: Peer) -> None:
    press(kernel)
    assert "There is no prompt." in kernel.run(STATE).text
    assert peer.requests == []


def test_the_box_follows_the_current_session(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    kernel.run("%mimo_session new other")
    press(kernel, "two")
    assert sent(peer)[-1] == ["two"]


def test_the_box_shows_the_approval_buttons_of_tools(kernel: Kernel, peer: Peer) -> None:
    from mimo_magics.core.messages import Message, ReasoningPart, Reply, ToolCall

    called = Reply(
        Message("assistant", (ReasoningPart("Hm."), ToolCall("c1", "clock", "{}"))), None, "tool_calls"
    )
    answers = iter((called, reply("Noon.")))
    peer.script = lambda seen: stream(seen, next(answers))
    kernel.run(
        "import mimo_magics\n@mimo_magics.tool\ndef clock() -> str:\n    'Tell the time.'\n    return 'noon'"
    )
    kernel.run("again._prompt.value = 'What time is it?'")
    kernel.run(PRESS)
    waits = "import asyncio\nwhile not again._running or 0 not in again._running.running_turns:\n    await asyncio.sleep(0.02)"
    kernel.run(waits)
    kernel.run(
        "def buttons(widget):\n"
        "    for child in getattr(widget, 'children', ()):\n"
        "        yield from [child] if getattr(child, 'description', '') == 'Approve' else buttons(child)\n"
        "while not (found := list(buttons(again.root))):\n    await asyncio.sleep(0.02)\nfound[0].click()"
    )
    kernel.run("await over()")
    assert sent(peer)[-1][-1] == "noon"
    assert "Noon." in kernel.run("print(*shown())").text
    kernel.run("%mimo_tools remove clock")


def test_the_reply_names_what_was_not_replaced(kernel: Kernel, peer: Peer) -> None:
    press(kernel, "Explain {typo}.")
    assert "Not replaced in the prompt: {typo}." in kernel.run("print(*shown())").text
    kernel.run("%mimo_config unresolved=error")
    press(kernel, "Explain {typo}.")
    assert "Not replaced in the prompt: {typo}." in kernel.run(STATE).text
    kernel.run("%mimo_config --reset")
    assert len(peer.requests) == 1
