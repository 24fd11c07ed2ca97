"""Sessions that follow the notebook, in a real kernel: re-runs, two kernels, limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from support.kernel import Kernel, Ran
from support.peer import KEY, Answer, Peer, Seen, frames, obey, reply, stream
from support.session_cells import (
    WORDS,
    cell_notices,
    enable_autosave,
    reload_extension,
    run_prompts,
    saved_prompts,
    shown_turns,
)
from support.session_requests import expected_contents, expected_requests, notice_lines, sent_contents

from mimo_magics import Session
from mimo_magics.core.messages import Usage
from mimo_magics.session.continuation import CONTINUE_PROMPT
from mimo_magics.session.limits.context_window import SUMMARY_ACKNOWLEDGMENT, SUMMARY_PREFIX, SUMMARY_PROMPT


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def started(server: Peer, folder: Path, **options: Any) -> Kernel:
    return Kernel(folder, MIMO_API_KEY=KEY, MIMO_BASE_URL=f"{server.url}/v1", MIMO_SYSTEM="none", **options)


@pytest.fixture(scope="module")
def kernels(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Kernel]]:
    """Start two kernels for one notebook."""
    folder = tmp_path_factory.mktemp("notebook")
    with started(server, folder) as one, started(server, folder) as other:
        yield [one, other]


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.script = obey
    server.requests.clear()
    return server


@pytest.fixture
def kernel(kernels: list[Kernel]) -> Kernel:
    return reload_extension(kernels[0])


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """Return the path of the notebook."""
    return tmp_path / "talk.ipynb"


# Re-runs


@pytest.mark.parametrize(
    ("rerun", "follows", "lines", "turns"),
    [
        (
            "one!",
            "",
            [
                "Replaced turn 1. The previous version, with 3 later turns, is branch 4.",
                "To update the later replies, run their cells again: 2 «two», 3 «three», 4 «four».",
            ],
            ["Turn 1 one!", "Stale: branch 2 two", "Stale: branch 3 three", "Stale: branch 4 four"],
        ),
        (
            "three!",
            "one two",
            [
                "Replaced turn 3. The previous version, with 1 later turn, is branch 4.",
                "To update the later replies, run their cells again: 4 «four».",
            ],
            ["Turn 1 one", "Turn 2 two", "Turn 3 three!", "Stale: branch 4 four"],
        ),
        (
            "four!",
            "one two three",
            ["Replaced turn 4. The previous version is branch 4."],
            ["Turn 1 one", "Turn 2 two", "Turn 3 three", "Turn 4 four!"],
        ),
    ],
)
def test_a_re_run_replaces_its_turn_and_reports_the_later_turns(
    kernel: Kernel, peer: Peer, rerun: str, follows: str, lines: list[str], turns: list[str]
) -> None:
    run_prompts(kernel, "one two three four")
    sent_contents(peer)
    (ran,) = run_prompts(kernel, rerun)
    assert sent_contents(peer) == [expected_contents(f"{follows} {rerun}")]
    assert cell_notices(ran) == lines
    assert list(map(" ".join, shown_turns(kernel))) == turns


def test_re_running_all_cells_in_order_sends_the_same_requests(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, WORDS)
    assert sent_contents(peer) == expected_requests(WORDS)
    rerun = run_prompts(kernel, WORDS)
    assert sent_contents(peer) == expected_requests(WORDS)
    line = "Replaced turn 1. The previous version, with 4 later turns, is branch 5."
    assert list(map(cell_notices, rerun)) == [[line], [], [], [], []]


def test_the_turns_of_a_loop_replace_those_of_its_last_run(kernel: Kernel, peer: Peer) -> None:
    loop = "for word in {}:\n    %mimo {{word}}"
    run_prompts(kernel, "one")
    kernel.run(loop.format(["two", "three"]), cell="loop")
    run_prompts(kernel, "four")
    assert sent_contents(peer) == expected_requests("one two three four")
    ran = kernel.run(loop.format(["two!", "three!", "more"]), cell="loop")
    assert sent_contents(peer) == expected_requests("one two! three! more")[1:]
    lines = [
        "Replaced turn 2. The previous version, with 2 later turns, is branch 4.",
        "To update the later replies, run their cells again: 3 «three», 4 «four».",
    ]
    assert list(map(notice_lines, ran.outputs)) == [lines, [], []]


def test_nested_run_cell_calls_count_as_a_loop(kernel: Kernel, peer: Peer) -> None:
    program = "for word in ('one', 'two'):\n    get_ipython().run_cell(f'%%mimo\\n{word}')"
    for _ in range(2):
        kernel.run(program, cell="program")
    assert sent_contents(peer) == expected_requests("one two") * 2


def test_re_runs_of_cells_with_new_do_not_change_the_older_branch(kernel: Kernel, peer: Peer) -> None:
    for _ in range(2):
        run_prompts(kernel, "one two")
        run_prompts(kernel, "three", "--new")
        run_prompts(kernel, "four")
    assert sent_contents(peer) == [*expected_requests("one two"), *expected_requests("three four")] * 2
    run_prompts(kernel, "two! four!")
    assert sent_contents(peer) == [expected_contents("one two!"), expected_contents("three four!")]


@pytest.mark.parametrize("options", ["", "--new"], ids=["without --new", "with --new"])
def test_later_cells_follow_a_cell_that_loses_or_gets_the_option_new(
    kernel: Kernel, peer: Peer, options: str
) -> None:
    def run_all(options: str) -> list[list[str]]:
        run_prompts(kernel, "one two")
        run_prompts(kernel, "three", options)
        run_prompts(kernel, "four")
        return sent_contents(peer)

    separate, joined = (
        [*expected_requests("one two"), *expected_requests("three four")],
        expected_requests("one two three four"),
    )
    other = "" if options else "--new"
    assert run_all(other) == (separate if other else joined)
    assert run_all(options) == (separate if options else joined)


def test_a_one_off_prompt_and_a_failed_call_do_not_change_the_session(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two")
    run_prompts(kernel, "one", "--no-history")
    (failed,) = run_prompts(kernel, "one", "--temprature 1")
    assert len(failed.error) == 2
    assert sent_contents(peer) == [*expected_requests("one two"), expected_contents("one")]
    assert list(map(" ".join, shown_turns(kernel))) == ["Turn 1 one", "Turn 2 two"]


# Files


def test_a_notebook_in_two_kernels_loses_no_turns(
    kernels: list[Kernel], peer: Peer, notebook: Path, tmp_path: Path
) -> None:
    one, other = (enable_autosave(reload_extension(kernel), notebook) for kernel in kernels)
    run_prompts(one, "one")
    run_prompts(other, "two")
    (ran,) = run_prompts(one, "three")
    path, mine = notebook.with_name("talk.mimo.json"), tmp_path / "mine.json"
    assert ran.documents == ["You said: three"]
    assert ran.error == [
        f"SessionNotSaved: {path} was changed by another program since it was read.",
        "Nothing is lost: save the session under another name, or load the file to continue it.",
    ]
    one.run(f"%mimo_session save '{mine}'")
    assert saved_prompts(mine) == ["one", "three"]
    assert saved_prompts(path) == ["two"]
    assert [[turn.prompt.text for turn in branch.turns] for branch in Session.load(path).branches()] == [
        ["one"],
        ["two"],
    ]
    run_prompts(other, "four")
    assert sent_contents(peer) == [
        expected_contents("one"),
        expected_contents("two"),
        expected_contents("one three"),
        expected_contents("two four"),
    ]
    assert saved_prompts(path) == ["two", "four"]


# Budgets


def test_a_prompt_above_the_rest_of_the_budget_is_not_sent(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config budget='70 tokens'")
    run_prompts(kernel, "one two")
    third, fourth = kernel.run_all(["%%mimo\nthree", "print('ran')"], cells=["three", "four"])
    assert (third.error, third.documents) == (
        [
            "BudgetExceeded: This prompt of about 31 tokens exceeds the rest of the budget. "
            "Used 60 of the budget of 70 tokens.",
            "Raise the budget with --budget or %mimo_config budget=…; %mimo_usage shows token usage and cost.",
        ],
        [],
    )
    assert fourth.status == "aborted"
    assert sent_contents(peer) == expected_requests("one two")
    kernel.run("%mimo_config budget='200 tokens'")
    run_prompts(kernel, "three")
    assert sent_contents(peer) == [expected_contents("one two three")]


def test_re_runs_branches_and_one_off_prompts_count_for_the_budget(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config budget='90 tokens'")
    run_prompts(kernel, "one one!")
    run_prompts(kernel, "aside", "--no-history")
    (ran,) = run_prompts(kernel, "one")
    assert ran.error == [
        "BudgetExceeded: Used 90 of the budget of 90 tokens.",
        "Raise the budget with --budget or %mimo_config budget=…; %mimo_usage shows token usage and cost.",
    ]
    assert sent_contents(peer) == [
        expected_contents("one"),
        expected_contents("one!"),
        expected_contents("aside"),
    ]
    assert shown_turns(kernel) == [("Turn 1", "one!")]


def test_a_reply_that_exceeds_the_budget_of_its_turn_is_stopped_and_saved(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: Answer(frames(seen, repeat("word "), 0.01)))
    ran = kernel.run("%%mimo --budget '40 tokens'\nhello", cell="hello")
    answer = ran.documents[0]
    assert re.fullmatch("(word ){10,100}", answer)
    assert "truncated: budget exceeded" in ran.outputs[0]["data"]["text/html"]
    assert peer.settled()[-1].disconnected
    peer.script = obey
    run_prompts(kernel, "on")
    assert sent_contents(peer) == [["hello"], ["hello", answer, "on"]]


def test_a_budget_in_dollars_requires_prices(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config budget='0.0004 USD'")
    assert run_prompts(kernel, "one")[0].error == [
        "BadOption: No price is known for mimo-v2-pro, so a budget in USD cannot be checked.",
        "Set its price with %mimo_config prices='{\"mimo-v2-pro\": [1, 0.1, 3]}', or set a budget in tokens.",
    ]
    kernel.run("""%mimo_config prices='{"mimo-v2-pro": [10, 10, 10]}'""")
    run_prompts(kernel, "one")
    assert run_prompts(kernel, "two")[0].error == [
        "BudgetExceeded: This prompt of about 31 tokens exceeds the rest of the budget. "
        "Used 0.0003 of the budget of 0.0004 USD.",
        "Raise the budget with --budget or %mimo_config budget=…; %mimo_usage shows token usage and cost.",
    ]
    assert sent_contents(peer) == [expected_contents("one")]


# Context window

FULL = "The session fills {} of the context window of mimo-v2-pro: {} of 1,000 tokens."


def counted(seen: Seen) -> Answer:
    """Reply with 280 tokens for each turn, and with a fixed summary."""
    text = "They counted." if seen.prompt == SUMMARY_PROMPT else f"You said: {seen.prompt}"
    return stream(seen, replace(reply(text), usage=Usage(140 * len(seen.body["messages"]), 140)))


def fill(kernel: Kernel, peer: Peer, overflow: str) -> Ran:
    """Fill a context window of 1,000 tokens, and return the cell that exceeds it."""
    peer.script = counted
    kernel.run(f"%mimo_config window=1000 overflow={overflow}")
    *_, warned, last = run_prompts(kernel, WORDS)
    assert notes(warned) == [FULL.format("112 %", "1,120")]
    return last


def notes(ran: Ran) -> list[str]:
    return re.findall("⚠ ([^<]*)", ran.outputs[0]["data"]["text/html"])


def test_a_full_context_window_is_an_error_by_default(kernel: Kernel, peer: Peer) -> None:
    assert fill(kernel, peer, "error").error == [
        "ContextWindowExceeded: The request has about 1,121 tokens; the context window has 1,000, reply included.",
        "Leave out the oldest turns with %mimo_config overflow=drop-oldest, or start over with --new.",
    ]
    assert sent_contents(peer) == expected_requests("one two three four")
    assert list(map(" ".join, shown_turns(kernel))) == [
        "Turn 1 one",
        "Turn 2 two",
        "Turn 3 three",
        "Turn 4 four",
    ]


def test_the_oldest_turns_are_omitted_with_a_notice(kernel: Kernel, peer: Peer) -> None:
    last = fill(kernel, peer, "drop-oldest")
    assert notes(last) == [
        "The 2 oldest turns are not sent: the context window of mimo-v2-pro is full.",
        FULL.format("84 %", "840"),
    ]
    assert sent_contents(peer) == [
        *expected_requests("one two three four"),
        expected_contents("three four five"),
    ]
    assert "the 2 oldest turns were not sent" in kernel.run("%mimo_session show").documents[0]


def test_the_oldest_turns_are_summarized_with_a_notice(kernel: Kernel, peer: Peer) -> None:
    last = fill(kernel, peer, "summarize")
    assert cell_notices(last) == ["The context window is full: the model summarizes the oldest turns first."]
    assert notes(last) == [
        "The 2 oldest turns are sent as a summary: the context window of mimo-v2-pro is full.",
        FULL.format("112 %", "1,120"),
    ]
    opening = [f"{SUMMARY_PREFIX}They counted.", SUMMARY_ACKNOWLEDGMENT]
    assert sent_contents(peer) == [
        *expected_requests("one two three four"),
        [*expected_contents("one two"), "You said: two", SUMMARY_PROMPT],
        [*opening, *expected_contents("three four five")],
    ]
    shown = kernel.run("%mimo_session show").outputs[0]["data"]["text/html"]
    assert "Sent in place of older turns" in shown


# Incomplete replies


def test_a_truncated_reply_is_continued_in_the_same_turn(kernel: Kernel, peer: Peer) -> None:
    peer.answers(
        lambda seen: stream(seen, reply("The first half", stop="length")),
        lambda seen: stream(seen, reply(" and the second.")),
        obey,
    )
    run_prompts(kernel, "one")
    ran = kernel.run("%mimo -t 0.5 continue", cell="on")
    run_prompts(kernel, "two")
    assert ran.documents == ["The first half and the second."]
    both = "The first half and the second."
    assert sent_contents(peer) == [["one"], ["one", "The first half", CONTINUE_PROMPT], ["one", both, "two"]]
    assert list(map(" ".join, shown_turns(kernel))) == ["Turn 1 one", "Turn 2 two"]


def test_an_interrupted_reply_is_continued(kernel: Kernel, peer: Peer) -> None:
    half_sent = Event()

    def half(seen: Seen) -> Iterator[Any]:
        yield from frames(seen, ["half ", "an answer"], end=False)
        yield 0.3
        half_sent.set()
        yield 60.0

    peer.answers(lambda seen: Answer(half(seen)))
    ran = kernel.run("%%mimo\none", cell="one", when=half_sent.is_set)
    assert ran.documents == ["half an answer"]
    peer.answers(lambda seen: stream(seen, reply(" is whole now.")))
    assert kernel.run("%mimo continue", cell="on").documents == ["half an answer is whole now."]
    assert sent_contents(peer) == [["one"], ["one", "half an answer", CONTINUE_PROMPT]]
    assert list(map(" ".join, shown_turns(kernel))) == ["Turn 1 one"]


def test_a_complete_reply_is_not_continued(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("%mimo continue").error == [
        "BadOption: The last reply is complete; there is nothing to continue.",
        "Send a prompt instead.",
    ]
    run_prompts(kernel, "one")
    ran = kernel.run("%mimo continue")
    assert (ran.status, ran.documents) == (
        "ok",
        ["The last reply is complete; there is nothing to continue."],
    )
    assert sent_contents(peer) == [expected_contents("one")]
    kernel.run("%mimo -- continue")
    kernel.run("%mimo continue like this")
    assert sent_contents(peer) == [
        expected_contents("one continue"),
        [*expected_contents("one continue"), "You said: continue", "continue like this"],
    ]


def test_a_reply_of_another_session_is_continued_there(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one")
    peer.answers(lambda seen: stream(seen, reply("half", stop="length")), obey)
    run_prompts(kernel, "two", "--session other")
    sent_contents(peer)
    kernel.run("%mimo --session other continue")
    assert sent_contents(peer) == [["two", "half", CONTINUE_PROMPT]]


def test_a_re_run_of_a_truncated_reply_and_its_continuation_replaces_both(kernel: Kernel, peer: Peer) -> None:
    halves = [
        lambda seen: stream(seen, reply("half", stop="length")),
        lambda seen: stream(seen, reply(" whole")),
    ]
    peer.answers(*halves, *halves, obey)
    for _ in range(2):
        run_prompts(kernel, "one")
        kernel.run("%mimo continue", cell="on")
    run_prompts(kernel, "two")
    assert sent_contents(peer) == [
        *[["one"], ["one", "half", CONTINUE_PROMPT]] * 2,
        ["one", "half whole", "two"],
    ]
