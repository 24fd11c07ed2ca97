"""Replies as values of cells, and replies that are shown, copied or inserted again."""

import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from contextlib import suppress

import pytest
from support.kernel import Kernel, Ran
from support.peer import KEY, Peer, reply, stream


def test_the_reply_is_the_value_of_the_cell_and_is_not_shown_twice(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%mimo\nhello")
    assert len(ran.outputs) == 1
    assert kernel.run("print(_.text)").text == "You said: hello\n"
    assert kernel.run("reply = _; print(type(Out[max(Out)]).__name__)").text == "Reply\n"
    assert kernel.run("reply").documents == ["You said: hello"]
    assert kernel.run("reply\nreply").documents == ["You said: hello"]
    assert kernel.run("print(reply)").text == "You said: hello\n"


def test_display_always_shows_a_reply(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("x = %mimo hi\ndisplay(x)\nx").documents == ["You said: hi"] * 2
    assert kernel.run("x").documents == ["You said: hi"]


def shown(ran: Ran) -> str:
    return json.dumps(ran.messages)


CODE = "One:\n\n```python\na = 1\nb = 2\n```\n\n- two:\n\n  ```\n  c\n  ```\n\nThat is all."


def test_a_turn_is_shown_again(kernel: Kernel, peer: Peer) -> None:
    for prompt in ("one", "two"):
        kernel.run(f"%mimo {prompt}")
    assert kernel.run("%mimo show").documents == ["You said: two"]
    shown = kernel.run("%mimo show 1")
    assert shown.documents == ["You said: one"]
    assert shown.outputs[0]["metadata"] == {}
    assert kernel.run("%mimo show 3").error == ["BadOption: There is no turn 3.", "Number of turns: 2."]
    assert len(peer.requests) == 2


def test_the_code_block_replaces_the_cell_that_inserts_it(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply(CODE)))
    kernel.run("%%mimo --no-history\nhello")
    for number, code in (("1", "a = 1\nb = 2"), ("2", "c")):
        (payload,) = kernel.run(f"%mimo insert {number}").payload
        assert payload == {"source": "set_next_input", "text": code, "replace": True}
    assert kernel.run("%mimo insert").error == [
        "BadOption: The last reply has 2 code blocks.",
        "Choose one: %mimo insert 1",
    ]
    assert kernel.run("%mimo insert 3").error[0] == "BadOption: There is no code block 3."


@pytest.mark.parametrize(
    "cell", ["x = 1\n%mimo insert 1", "%mimo insert 1\nx = 1", "# Mine:\n%mimo insert 1"]
)
def test_a_cell_with_other_lines_is_not_replaced(kernel: Kernel, peer: Peer, cell: str) -> None:
    peer.answers(lambda seen: stream(seen, reply(CODE)))
    kernel.run("%mimo hello")
    (payload,) = kernel.run(cell).payload
    assert payload == {"source": "set_next_input", "text": "a = 1\nb = 2", "replace": False}


def test_the_blocks_are_numbered_as_in_the_document(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply(CODE)))
    (shown,) = kernel.run("%mimo hello").outputs
    assert re.findall(r"85%\">([^<]*)<", shown["data"]["text/html"]) == ["1 · python", "2"]


AT_A_TERMINAL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in ("%load_ext mimo_magics", "_ = get_ipython().run_line_magic('mimo', 'hello')", "%mimo copy 1"):
    shell.run_cell(cell).raise_error()
"""
OSC_52 = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "pipe"])
def test_only_a_terminal_copies(peer: Peer, is_terminal: bool) -> None:
    import pty

    peer.answers(lambda seen: stream(seen, reply(CODE)))
    read_end, write_end = pty.openpty() if is_terminal else os.pipe()
    settings = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{peer.url}/v1", "TERM": "xterm", "PYTHONUTF8": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", AT_A_TERMINAL], stdout=write_end, stderr=write_end, env=os.environ | settings
    )
    os.close(write_end)
    printed = read_all(read_end)
    assert process.wait() == 0, printed
    assert "a = 1" in printed
    copied = [b64decode(found).decode() for found in OSC_52.findall(printed)]
    assert copied == (["a = 1\nb = 2"] if is_terminal else [])
    assert ("Copied to the clipboard" in printed) == is_terminal


def read_all(read_end: int) -> str:
    """Return everything that a process prints."""
    pieces = []
    # A pseudo-terminal reports its end as an error.
    with suppress(OSError):
        while piece := os.read(read_end, 65_536):
            pieces.append(piece)
    os.close(read_end)
    return b"".join(pieces).decode()


def test_a_reply_and_its_code_can_be_copied_with_one_click(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply(CODE)))
    kernel.run("%mimo hello")
    source, code = kernel.run("%mimo copy"), kernel.run("%mimo copy 1")
    assert (source.documents, code.documents) == ([CODE], ["a = 1\nb = 2"])
    assert "user-select: all" in code.outputs[0]["data"]["text/html"]


@pytest.mark.parametrize("hook", ["", "msg", "is_active"])
def test_the_hook_of_any_kernel_shows_a_reply_once(kernel: Kernel, peer: Peer, hook: str) -> None:
    """The hook of another kernel may return nothing, or always the same."""
    kernel.run(
        "import sys\n"
        "class Hook:\n"
        "    def __call__(self, value):\n"
        "        data, metadata = get_ipython().display_formatter.format(value)\n"
        "        if data: print('shown')\n"
        f"Hook.{hook or 'other'} = False\n"
        "theirs = get_ipython().display_trap.hook"
    )
    kernel.run("get_ipython().display_trap.hook = Hook()")
    assert kernel.run("x = %mimo hi\nx").documents == ["You said: hi"]
    assert kernel.run("x = %mimo hi\ndisplay(x)").documents == ["You said: hi"] * 2
    assert kernel.run("7").text == "shown\n"
    kernel.run("get_ipython().display_trap.hook = theirs")


def test_a_message_of_a_widget_does_not_show_a_reply_twice(kernel: Kernel, peer: Peer) -> None:
    """ipykernel 7.4 also triggers `post_run_cell` for such messages."""
    code = "get_ipython().events.trigger('post_execute')"
    assert kernel.run(f"x = %mimo hi\n{code}\nx").documents == ["You said: hi"]
    assert kernel.run("x").documents == ["You said: hi"]


def test_a_turn_that_is_shown_again_has_its_context_and_a_comparison_its_pictures(
    kernel: Kernel, peer: Peer
) -> None:
    peer.script = lambda seen: stream(seen, reply("Two columns."))
    kernel.run(
        "import base64, io\nfrom PIL import Image as Pixels\npixels = Pixels.new('RGB', (30, 20), 'red')"
    )
    kernel.run("numbers = list(range(5))")
    kernel.run("%%mimo --model mimo-v2-omni\nDescribe {numbers} and {pixels}")
    shown = kernel.run("%mimo show").outputs[-1]["data"]["text/html"]
    assert "Context: numbers list" in shown
    assert '<img src="data:image/' in shown
    compared = kernel.run("%%mimo_compare --model mimo-v2-omni -t 0 1\nDescribe {pixels}")
    assert compared.outputs[-1]["data"]["text/html"].count('<img src="data:image/') == 1
