"""Cells that compare, in a real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from support.kernel import Kernel, Ran
from support.peer import KEY, Answer, Peer, Seen, error, frames, reply, stream

GRID = "%%mimo_compare --temperature 0 1\nHello"


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def started(server: Peer, folder: Path, **options: Any) -> Kernel:
    return Kernel(folder, MIMO_API_KEY=KEY, MIMO_BASE_URL=f"{server.url}/v1", MIMO_SYSTEM="none", **options)


@pytest.fixture(scope="module")
def running(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with started(server, tmp_path_factory.mktemp("notebook")) as kernel:
        yield kernel


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.script = lambda seen: stream(seen, reply(f"At {seen.body.get('temperature')}."))
    server.requests.clear()
    return server


@pytest.fixture
def kernel(running: Kernel, peer: Peer) -> Kernel:
    """One in which nothing was said."""
    assert running.run("%reload_ext mimo_magics").status == "ok"
    return running


def page(ran: Ran) -> str:
    (output,) = ran.outputs
    return output["data"]["text/html"]


def sent(peer: Peer) -> list[list[str]]:
    return [[message["content"] for message in seen.body["messages"]] for seen in peer.requests]


def test_the_replies_stand_side_by_side_and_are_the_cells_value(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run(GRID)
    assert ran.status == "ok"
    assert "At 0.0." in page(ran)
    assert "At 1.0." in page(ran)
    assert kernel.run("print(len(_), _[2].text)").text == "2 At 1.0.\n"
    assert sorted(seen.body["temperature"] for seen in peer.requests) == [0, 1]


def test_in_a_program_it_waits_as_it_does_in_a_cell(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run(
        "x = get_ipython().run_cell_magic('mimo_compare', '-t 0 1', 'Hello')\nprint([x[1].text, x[2].text])"
    )
    assert ran.text == "['At 0.0.', 'At 1.0.']\n"
    assert "At 1.0." in page(ran)


def test_the_conversation_is_sent_and_stays_as_it_was(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    kernel.run(GRID)
    kernel.run("%%mimo\ntwo")
    assert sent(peer) == [
        ["one"],
        ["one", "At None.", "Hello"],
        ["one", "At None.", "Hello"],
        ["one", "At None.", "two"],
    ]


def test_a_reply_is_adopted_as_the_turn_of_its_cell(kernel: Kernel, peer: Peer) -> None:
    kernel.run(GRID, cell="compare")
    ran = kernel.run("%mimo_compare adopt 2")
    assert "Reply 2 is turn 1 of session main now." in page(ran)
    (output,) = ran.outputs
    told = output["metadata"]["mimo"]
    assert (told["cell"], told["session"], told["params"]["temperature"]) == ("compare", "main", 1.0)
    kernel.run("%%mimo\ntwo")
    assert sent(peer)[-1] == ["Hello", "At 1.0.", "two"]


def test_the_cell_that_is_run_again_follows_what_it_followed(kernel: Kernel, peer: Peer) -> None:
    kernel.run(GRID, cell="compare")
    kernel.run("%mimo_compare adopt 1")
    kernel.run("%%mimo\nthen", cell="then")
    kernel.run(GRID, cell="compare")
    assert sent(peer)[-2:] == [["Hello"], ["Hello"]]
    ran = kernel.run("%mimo_compare adopt 2")
    assert "Reply 2 is turn 1 of session main now. 2 turns that stood there stay as a branch." in page(ran)


def test_a_variant_that_does_not_fit_fails_alone(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run(f"%%mimo_compare -m mimo-local mimo-v2-pro\n{'word ' * 9_000}")
    assert ran.status == "ok"
    assert len(peer.requests) == 1


def test_the_words_of_two_replies_are_told_apart(kernel: Kernel) -> None:
    kernel.run(GRID)
    ran = kernel.run("%mimo_compare diff 1 2")
    assert "-At 0.0." in ran.documents[0]
    assert "+At 1.0." in ran.documents[0]


def test_the_last_comparison_is_shown_again(kernel: Kernel) -> None:
    first = kernel.run(GRID)
    assert page(kernel.run("%mimo_compare show")) == page(kernel.run("_")) == page(first)


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("adopt 3", ["BadOption: There is no reply 3.", "There are 2, from 1."]),
        ("adopt", ["BadOption: %mimo_compare adopt is not complete, or too much.", "See %mimo_compare?."]),
        ("adpt 1", ["BadOption: There is no %mimo_compare adpt.", "Did you mean adopt?"]),
    ],
)
def test_what_cannot_be_done_is_told_in_two_lines(kernel: Kernel, line: str, lines: list[str]) -> None:
    kernel.run(GRID)
    assert kernel.run(f"%mimo_compare {line}").error == lines


def test_before_anything_was_compared_there_is_nothing_to_show(kernel: Kernel) -> None:
    assert kernel.run("%mimo_compare show").error == [
        "BadOption: Nothing was compared yet.",
        "%%mimo_compare --temperature 0 1",
    ]


def test_an_interrupt_keeps_what_came(kernel: Kernel, peer: Peer) -> None:
    """One reply is whole, and the server began it after it had sent the first words of the other one."""
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
        when=lambda: kernel.shows("1 of 2 answered"),
    )
    assert ran.error == ["Interrupted: The comparison was stopped; 2 of the replies came."]
    assert after.status == "aborted"
    assert "All of it." in page_before_error(ran)
    assert "word word" in page_before_error(ran)
    assert kernel.run("print([each.reply.stop for each in found])").text == "['end', 'interrupted']\n"
    assert [seen.body["temperature"] for seen in peer.left()] == [1]


def page_before_error(ran: Ran) -> str:
    return ran.outputs[0]["data"]["text/html"]


def test_one_that_fails_is_told_in_its_column_and_the_cell_goes_on(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: (
        error(400, "Param Incorrect") if seen.body["temperature"] else stream(seen, reply("Fine."))
    )
    ran = kernel.run(GRID)
    assert ran.status == "ok"
    assert "Fine." in page(ran)
    assert "Param Incorrect" in page(ran)


def test_when_all_fail_the_cell_fails_in_two_lines(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda _: error(401, "Invalid API Key")
    ran = kernel.run(GRID)
    assert [line.partition(":")[0] for line in ran.error][:1] == ["InvalidApiKey"]
    assert len(ran.error) == 2


PRICED = """%mimo_config prices='{"mimo-v2-pro": [1000, 1000, 1000]}'"""


def test_a_person_is_asked_before_much_is_spent(kernel: Kernel, peer: Peer) -> None:
    kernel.run(PRICED)
    ran, question = kernel.answer(GRID, "n")
    assert question["prompt"].startswith("2 calls, about 4,0")
    assert question["prompt"].endswith(" USD with 2,000 tokens for each answer. Go on? [y/N] ")
    assert ran.error == [
        "BadOption: Nothing was asked.",
        "--ask-above changes from which amount on you are asked.",
    ]
    assert peer.requests == []
    ran, _ = kernel.answer(GRID, "y")
    assert ran.status == "ok"
    assert len(peer.requests) == 2
    kernel.run("%mimo_config --reset prices")


def test_what_has_no_price_does_not_hide_what_has_one(kernel: Kernel, peer: Peer) -> None:
    kernel.run(PRICED)
    cell = "%%mimo_compare --no-history -m mimo-v2-pro unheard-of\nHello"
    ran, question = kernel.answer(cell, "n")
    assert question["prompt"].startswith("2 calls, about 4,0")
    assert " USD and 1 call of unknown price with 2,000 tokens" in question["prompt"]
    assert (ran.status, peer.requests) == ("error", [])
    kernel.run("%mimo_config --reset prices")


def test_where_nobody_can_be_asked_the_bound_holds(kernel: Kernel, peer: Peer) -> None:
    kernel.run(PRICED)
    ran = kernel.run(GRID, watched=False)
    assert ran.error[1] == "Allow it by a higher bound: --ask-above '5 USD'"
    assert kernel.run(GRID.replace("0 1", "0 1 --ask-above '5 USD'"), watched=False).status == "ok"
    assert kernel.run(GRID.replace("0 1", "0 1 --ask-above '100 tokens'"), watched=False).status == "error"
    kernel.run("%mimo_config --reset prices")


def test_it_runs_where_nobody_watches_and_leaves_one_plain_output(kernel: Kernel) -> None:
    ran = kernel.run(GRID, watched=False)
    assert [kind for kind, _ in ran.messages] == ["display_data"]
    assert ran.comms == []
    assert "At 1.0." in ran.documents[0]


def test_a_session_of_another_name_is_compared_in(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo --session other\none")
    kernel.run("%%mimo_compare --session other -t 0\ntwo")
    assert sent(peer)[-1] == ["one", "At None.", "two"]


def test_the_session_of_the_cells_asks_as_they_do(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config top_p=0.5")
    kernel.run(
        "import mimo_magics\nfound = mimo_magics.sessions().current.compare('Hello', temperature=[0, 1])"
    )
    assert [seen.body["top_p"] for seen in peer.requests] == [0.5, 0.5]
    kernel.run("%mimo_config --reset top_p")


def test_the_help_lists_the_options(kernel: Kernel) -> None:
    text = kernel.help("%%mimo_compare?")
    assert "--repeat" in text
    assert "--temperature" in text
    assert "adopt 2" in kernel.help("%mimo_compare?")
