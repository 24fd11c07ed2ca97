"""The run of a comparison cell: its cost and its document."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from threading import Event
from typing import Any

import pytest
from support.compared_cells import GRID, output_html
from support.kernel import Kernel, Ran
from support.peer import Answer, Peer, Seen, error, frames, reply, stream


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.script = lambda seen: stream(seen, reply(f"At {seen.body.get('temperature')}."))
    server.requests.clear()
    return server


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("adopt 3", ["BadOption: There is no reply 3.", "The comparison has the replies 1 to 2."]),
        ("adopt", ["BadOption: An argument is missing.", "Usage: %mimo_compare adopt NUMBER"]),
        ("adpt 1", ["BadOption: Unknown subcommand 'adpt'.", "Did you mean adopt?"]),
    ],
)
def test_an_invalid_command_is_an_error_of_two_lines(kernel: Kernel, line: str, lines: list[str]) -> None:
    kernel.run(GRID)
    assert kernel.run(f"%mimo_compare {line}").error == lines


def test_an_interrupt_keeps_the_partial_replies(kernel: Kernel, peer: Peer) -> None:
    """One reply is complete. The other one has only its first words."""
    sent = Event()

    def script(seen: Seen) -> Answer:
        if seen.body["temperature"] == 0:
            return Answer([sent.is_set, *stream(seen, reply("All of it.")).pieces])
        return Answer(words(seen))

    def words(seen: Seen) -> Iterator[Any]:
        yield from frames(seen, ["word word "], 0.01, end=False)
        sent.set()
        yield from frames(seen, repeat("word "), 0.02)

    peer.script = script
    ran, after = kernel.run_all(
        ["%%mimo_compare -o found -t 0 1\nHello", "print('ran')"],
        when=lambda: kernel.shows("1 of 2 complete"),
    )
    assert ran.error == ["Interrupted: Replies received, whole or partial: 2."]
    assert after.status == "aborted"
    assert "All of it." in page_before_error(ran)
    assert "word word" in page_before_error(ran)
    assert kernel.run("print([each.reply.stop for each in found])").text == "['end', 'interrupted']\n"
    assert [seen.body["temperature"] for seen in peer.left()] == [1]


def page_before_error(ran: Ran) -> str:
    return ran.outputs[0]["data"]["text/html"]


def test_the_error_of_a_variant_is_in_its_column_and_the_cell_succeeds(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: (
        error(400, "Param Incorrect") if seen.body["temperature"] else stream(seen, reply("Fine."))
    )
    ran = kernel.run(GRID)
    assert ran.status == "ok"
    assert "Fine." in output_html(ran)
    assert "Param Incorrect" in output_html(ran)


def test_when_all_fail_the_cell_fails_in_two_lines(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda _: error(401, "Invalid API Key")
    ran = kernel.run(GRID)
    assert [line.partition(":")[0] for line in ran.error][:1] == ["InvalidApiKey"]
    assert len(ran.error) == 2


PRICED = """%mimo_config prices='{"mimo-v2-pro": [1000, 1000, 1000]}'"""


def test_the_user_confirms_a_high_cost(kernel: Kernel, peer: Peer) -> None:
    kernel.run(PRICED)
    ran, question = kernel.answer(GRID, "n")
    assert question["prompt"].startswith("2 calls, about 4,0")
    assert question["prompt"].endswith(" USD with 2,000 tokens per reply. Continue? [y/N] ")
    assert ran.error == [
        "BadOption: Cancelled. Nothing was sent.",
        "--ask-above sets the cost above which you are asked.",
    ]
    assert peer.requests == []
    ran, _ = kernel.answer(GRID, "y")
    assert ran.status == "ok"
    assert len(peer.requests) == 2
    kernel.run("%mimo_config --reset prices")


def test_calls_of_unknown_price_do_not_hide_the_known_cost(kernel: Kernel, peer: Peer) -> None:
    kernel.run(PRICED)
    cell = "%%mimo_compare --no-history -m mimo-v2-pro unheard-of\nHello"
    ran, question = kernel.answer(cell, "n")
    assert question["prompt"].startswith("2 calls, about 4,0")
    assert " USD and 1 call of unknown price with 2,000 tokens" in question["prompt"]
    assert (ran.status, peer.requests) == ("error", [])
    kernel.run("%mimo_config --reset prices")


def test_an_unattended_run_fails_above_the_cost_limit(kernel: Kernel, peer: Peer) -> None:
    kernel.run(PRICED)
    ran = kernel.run(GRID, watched=False)
    assert ran.error[1] == "To allow it, raise the limit: --ask-above '5 USD'"
    assert kernel.run(GRID.replace("0 1", "0 1 --ask-above '5 USD'"), watched=False).status == "ok"
    assert kernel.run(GRID.replace("0 1", "0 1 --ask-above '100 tokens'"), watched=False).status == "error"
    kernel.run("%mimo_config --reset prices")


def test_an_unattended_comparison_leaves_one_plain_output(kernel: Kernel) -> None:
    ran = kernel.run(GRID, watched=False)
    assert [kind for kind, _ in ran.messages] == ["display_data"]
    assert ran.comms == []
    assert "At 1.0." in ran.documents[0]
