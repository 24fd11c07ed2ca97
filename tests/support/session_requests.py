"""What the tests of conversations share: what a server was told, and what a person reads of a conversation.

Prompts are written as words: `talk("one two")` is what a server that obeys is told by the second of two cells.
"""

from __future__ import annotations

import html
import re
from typing import Any

from support.peer import Peer

TITLE = re.compile(r"^(Turn \d+|Stale: branch \d+)\n> (.*)$", re.MULTILINE)


def sent_contents(peer: Peer) -> list[list[str]]:
    """Return the contents of the messages of each request since this was asked for."""
    requests = [[message["content"] for message in seen.body["messages"]] for seen in peer.requests]
    peer.requests.clear()
    return requests


def expected_contents(prompts: str) -> list[str]:
    """Return the contents of a request: these prompts, each but the last one with its answer."""
    *before, last = prompts.split()
    return [*(said for prompt in before for said in (prompt, f"You said: {prompt}")), last]


def expected_requests(prompts: str) -> list[list[str]]:
    """Return the requests of cells that ask these prompts one after the other."""
    words = prompts.split()
    return [expected_contents(" ".join(words[: number + 1])) for number in range(len(words))]


def notice_lines(output: dict[str, Any]) -> list[str]:
    """Return the quiet lines of an answer's output that stand above the footer."""
    shown = "".join(output["data"]["text/html"])
    return list(map(html.unescape, re.findall("<small>(.*?)</small>", shown)))[:-1]


def transcript_turns(document: str) -> list[tuple[str, str]]:
    """Return title and prompt of each turn that `%mimo_session show` prints."""
    return TITLE.findall(document)
