"""Helpers for tests of comparison cells."""

from __future__ import annotations

from support.kernel import Ran
from support.peer import Peer

GRID = "%%mimo_compare --temperature 0 1\nHello"


def output_html(ran: Ran) -> str:
    (output,) = ran.outputs
    return output["data"]["text/html"]


def sent_contents(peer: Peer) -> list[list[str]]:
    return [[message["content"] for message in seen.body["messages"]] for seen in peer.requests]
