"""The comparisons of a shell: the cells that ask for one, and what can be done with the last."""

from __future__ import annotations

import pytest
from support.compared_cells import GRID, output_html, sent_contents
from support.kernel import Kernel
from support.peer import Peer, reply, stream


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.script = lambda seen: stream(seen, reply(f"At {seen.body.get('temperature')}."))
    server.requests.clear()
    return server


def test_the_replies_stand_side_by_side_and_are_the_cells_value(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run(GRID)
    assert ran.status == "ok"
    assert "At 0.0." in output_html(ran)
    assert "At 1.0." in output_html(ran)
    assert kernel.run("print(len(_), _[2].text)").text == "2 At 1.0.\n"
    assert sorted(seen.body["temperature"] for seen in peer.requests) == [0, 1]


def test_in_a_program_it_waits_as_it_does_in_a_cell(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run(
        "x = get_ipython().run_cell_magic('mimo_compare', '-t 0 1', 'Hello')\nprint([x[1].text, x[2].text])"
    )
    assert ran.text == "['At 0.0.', 'At 1.0.']\n"
    assert "At 1.0." in output_html(ran)


def test_the_conversation_is_sent_and_stays_as_it_was(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none")
    kernel.run(GRID)
    kernel.run("%%mimo\ntwo")
    assert sent_contents(peer) == [
        ["one"],
        ["one", "At None.", "Hello"],
        ["one", "At None.", "Hello"],
        ["one", "At None.", "two"],
    ]


def test_a_reply_is_adopted_as_the_turn_of_its_cell(kernel: Kernel, peer: Peer) -> None:
    kernel.run(GRID, cell="compare")
    ran = kernel.run("%mimo_compare adopt 2")
    assert "Saved reply 2 as turn 1 of session main." in output_html(ran)
    (output,) = ran.outputs
    told = output["metadata"]["mimo"]
    assert (told["cell"], told["session"], told["params"]["temperature"]) == ("compare", "main", 1.0)
    assert told["notices"] == ["Reply 2 is turn 1 of session main now."]
    kernel.run("%%mimo\ntwo")
    assert sent_contents(peer)[-1] == ["Hello", "At 1.0.", "two"]


def test_the_cell_that_is_run_again_follows_what_it_followed(kernel: Kernel, peer: Peer) -> None:
    kernel.run(GRID, cell="compare")
    kernel.run("%mimo_compare adopt 1")
    kernel.run("%%mimo\nthen", cell="then")
    kernel.run(GRID, cell="compare")
    assert sent_contents(peer)[-2:] == [["Hello"], ["Hello"]]
    ran = kernel.run("%mimo_compare adopt 2")
    assert "Saved reply 2 as turn 1 of session main. The 2 replaced turns are now a branch." in output_html(
        ran
    )


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
    assert output_html(kernel.run("%mimo_compare show")) == output_html(kernel.run("_")) == output_html(first)


def test_before_anything_was_compared_there_is_nothing_to_show(kernel: Kernel) -> None:
    assert kernel.run("%mimo_compare show").error == [
        "BadOption: There is no comparison yet.",
        "%%mimo_compare --temperature 0 1",
    ]


def test_a_session_of_another_name_is_compared_in(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo --session other\none")
    kernel.run("%%mimo_compare --session other -t 0\ntwo")
    assert sent_contents(peer)[-1] == ["one", "At None.", "two"]


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
    assert "%mimo_compare adopt NUMBER" in kernel.help("%mimo_compare?")
