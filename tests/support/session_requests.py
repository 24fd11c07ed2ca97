"""Sent requests and displayed turns, for tests of sessions.

Prompts are single words: `expected_contents("one two")` is the request of the second of two cells.
"""

from __future__ import annotations

import html
import re
from typing import Any

from support.peer import Peer

TITLE = re.compile(r"^(Turn \d+|Stale: branch \d+)\n> (.*)$", re.MULTILINE)


def sent_contents(peer: Peer) -> list[list[str]]:
    """Return the contents of the messages of each request since the last call."""
    requests = [[message["content"] for message in seen.body["messages"]] for seen in peer.requests]
    peer.requests.clear()
    return requests


def expected_contents(prompts: str) -> list[str]:
    """Return the contents of a request: these prompts, each with its reply except the last."""
    *before, last = prompts.split()
    return [*(text for prompt in before for text in (prompt, f"You said: {prompt}")), last]


def expected_requests(prompts: str) -> list[list[str]]:
    """Return the requests of cells that send these prompts in order."""
    words = prompts.split()
    return [expected_contents(" ".join(words[: number + 1])) for number in range(len(words))]


def notice_lines(output: dict[str, Any]) -> list[str]:
    """Return the notices above the footer of a reply's output."""
    shown = "".join(output["data"]["text/html"])
    return list(map(html.unescape, re.findall("<small[^>]*>(.*?)</small>", shown)))[:-1]


def transcript_turns(document: str) -> list[tuple[str, str]]:
    """Return title and prompt of each turn in the output of `%mimo_session show`."""
    return TITLE.findall(document)
