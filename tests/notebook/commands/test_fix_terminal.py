"""`%mimo_fix` in IPython in a terminal: the cause and the change as text, and the corrected line in the next prompt."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from support.peer import KEY, Peer, reply, stream

CAUSE = "The name `totl` is misspelled."
CORRECTED = "print(total + 1)"


@pytest.fixture
def terminal(peer: Peer, tmp_path: Path) -> Iterator[pexpect.spawn]:
    """Start IPython in a pseudo-terminal with its line editor."""
    peer.script = lambda seen: stream(seen, reply(f"{CAUSE}\n\n```python\n{CORRECTED}\n```\n", ""))
    where = {"IPYTHONDIR": str(tmp_path), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    settings = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{peer.url}/v1", "MIMO_SYSTEM": "none"}
    command = ["-m", "IPython", "--no-banner", "--no-confirm-exit", "--colors=NoColor"]
    with pexpect.spawn(
        sys.executable,
        command,
        env={**os.environ, **where, **settings},
        encoding="utf-8",
        timeout=60,
        dimensions=(60, 160),
    ) as started:
        started.expect_exact("In [")
        started.send("%load_ext mimo_magics\r")
        started.expect(r"In .{0,20}2")
        yield started
        # A busy machine needs longer to end it than `close` waits.
        started.kill(signal.SIGKILL)
        started.wait()


def test_the_corrected_line_is_in_the_next_prompt_and_runs_only_after_enter(
    terminal: pexpect.spawn, peer: Peer
) -> None:
    terminal.send("total = 41\r")
    terminal.expect(r"In .{0,20}3")
    terminal.send("print(totl + 1)\r")
    terminal.expect_exact("NameError")
    terminal.expect(r"In .{0,20}4")
    terminal.send("%mimo_fix\r")
    terminal.expect_exact("misspelled")
    terminal.expect_exact("-print(totl + 1)")
    terminal.expect_exact("+print(total + 1)")
    terminal.expect_exact("Nothing was run")
    # The line editor colors the words of the next prompt one by one.
    terminal.expect_exact("total + 1")
    assert len(peer.requests) == 1
    terminal.send("\r")
    terminal.expect_exact("42\r\n")
