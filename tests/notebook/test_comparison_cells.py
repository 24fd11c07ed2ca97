"""The comparisons of a shell: cells, and commands for the last comparison."""

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


def test_the_replies_are_shown_side_by_side_and_are_the_value_of_the_cell(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run(GRID)
    assert ran.status == "ok"
    assert "At 0.0." in output_html(ran)
    assert "At 1.0." in output_html(ran)
    assert kernel.run("print(len(_), _[2].text)").text == "2 At 1.0.\n"
    assert sorted(seen.body["temperature"] for seen in peer.requests) == [0, 1]


@pytest.mark.parametrize(
    ("option", "commands"),
    [("", "-o NAME, NAME.to_frame()"), (" -o found", "found.to_frame()")],
)
def test_the_document_names_commands_that_later_cells_can_run(
    kernel: Kernel, option: str, commands: str
) -> None:
    ran = kernel.run(GRID.replace("\n", f"{option}\n"))
    assert ran.documents[0].endswith(
        f"%mimo_compare diff 1 2 · %mimo_compare adopt 1 · DataFrame: {commands}"
    )


def test_run_cell_magic_waits_for_the_comparison(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run(
        "x = get_ipython().run_cell_magic('mimo_compare', '-t 0 1', 'Hello')\nprint([x[1].text, x[2].text])"
    )
    assert ran.text == "['At 0.0.', 'At 1.0.']\n"
    assert "At 1.0." in output_html(ran)


def test_the_history_is_sent_and_stays_unchanged(kernel: Kernel, peer: Peer) -> None:
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
    record = output["metadata"]["mimo"]
    assert (record["cell"], record["session"], record["params"]["temperature"]) == ("compare", "main", 1.0)
    assert record["notices"] == ["Saved reply 2 as turn 1 of session main."]
    kernel.run("%%mimo\ntwo")
    assert sent_contents(peer)[-1] == ["Hello", "At 1.0.", "two"]


def test_a_rerun_sends_the_turns_before_the_cell(kernel: Kernel, peer: Peer) -> None:
    kernel.run(GRID, cell="compare")
    kernel.run("%mimo_compare adopt 1")
    kernel.run("%%mimo\nthen", cell="then")
    kernel.run(GRID, cell="compare")
    assert sent_contents(peer)[-2:] == [["Hello"], ["Hello"]]
    ran = kernel.run("%mimo_compare adopt 2")
    html = output_html(ran)
    assert "Saved reply 2 as turn 1 of session main." in html
    assert "2 replaced turns are now a branch." in html


def test_a_variant_that_does_not_fit_fails_alone(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run(f"%%mimo_compare -m mimo-local mimo-v2-pro\n{'word ' * 9_000}")
    assert ran.status == "ok"
    assert len(peer.requests) == 1


def test_diff_shows_the_differences_of_two_replies(kernel: Kernel) -> None:
    kernel.run(GRID)
    ran = kernel.run("%mimo_compare diff 1 2")
    assert "-At 0.0." in ran.documents[0]
    assert "+At 1.0." in ran.documents[0]


def test_the_last_comparison_is_shown_again(kernel: Kernel) -> None:
    first = kernel.run(GRID)
    assert output_html(kernel.run("%mimo_compare show")) == output_html(kernel.run("_")) == output_html(first)


def test_without_a_comparison_there_is_nothing_to_show(kernel: Kernel) -> None:
    assert kernel.run("%mimo_compare show").error == [
        "BadOption: There is no comparison yet.",
        "%%mimo_compare --temperature 0 1",
    ]


def test_a_comparison_can_use_another_session(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo --session other\none")
    kernel.run("%%mimo_compare --session other -t 0\ntwo")
    assert sent_contents(peer)[-1] == ["one", "At None.", "two"]


def test_session_compare_uses_the_settings_of_the_notebook(kernel: Kernel, peer: Peer) -> None:
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


def test_the_first_reply_names_what_was_not_replaced(kernel: Kernel, peer: Peer) -> None:
    html = output_html(kernel.run("%%mimo_compare -t 0 1\nExplain {typo}."))
    assert html.count("Not replaced in the prompt: {typo}.") == 1
