"""`%mimo_test` in a real kernel: tests are shown, approved and run."""

from __future__ import annotations

from typing import Any

import pytest
from support.kernel import Kernel
from support.peer import Peer, reply, stream
from support.read_html import find_harm

DEFINITION = "FACTOR = 2\ndef double(x):\n    return FACTOR * x"
WRONG = "def test_double():\n    assert double(3) == 7\n\ndef test_zero():\n    assert double(0) == 0"
RIGHT = WRONG.replace("== 7", "== 6")


def propose(peer: Peer, *tests: str) -> None:
    """Let the server reply with these tests in turn."""
    texts = list(tests)
    peer.requests.clear()
    peer.script = lambda seen: stream(seen, reply(f"Here:\n\n```python\n{texts.pop(0)}\n```\n"))


@pytest.fixture(autouse=True)
def defined(kernel: Kernel) -> None:
    assert kernel.run(DEFINITION).status == "ok"


def test_approved_tests_run_and_are_reported(kernel: Kernel, peer: Peer) -> None:
    propose(peer, RIGHT)
    ran, question = kernel.answer("%mimo_test double -o tests", "y")
    assert "run_tests" in question["prompt"]
    assert "double(3) == 6" in question["prompt"]
    assert ran.documents[-1] == "Tests of double: 2 passed, 0 failed.\n✓ test_double\n✓ test_zero"
    assert find_harm(ran.outputs[-1]["data"]["text/html"]) == []
    shown = kernel.run(
        "print(len(tests.passed), tests.failed, tests.function)\nprint(tests.file)\ntests is _"
    )
    assert shown.text == f"2 () double\nFACTOR = 2\n\n\n{DEFINITION.partition(chr(10))[2]}\n\n\n{RIGHT}\n\n"


def test_the_prompt_has_the_function_and_what_it_needs(kernel: Kernel, peer: Peer) -> None:
    propose(peer, RIGHT, RIGHT)
    kernel.answer("%%mimo_test double\nTest large numbers.", "y")
    prompt = peer.requests[0].prompt
    assert prompt.startswith(
        "Write pytest tests for the Python function `double` of a Jupyter notebook.\n\n```python\nFACTOR = 2\n\n\n"
        "def double(x):\n    return FACTOR * x\n```\n\n"
    )
    assert "The user wants: Test large numbers.\n\n" in prompt
    kernel.answer("%mimo_test double --share schema", "y")
    assert "FACTOR = 2" not in peer.requests[1].prompt


def test_what_fails_goes_back_to_the_model_once(kernel: Kernel, peer: Peer) -> None:
    propose(peer, WRONG, RIGHT)
    ran, _ = kernel.answer("%mimo_test double", "y")
    assert ran.documents[-1].startswith("Tests of double: 2 passed, 0 failed.")
    assert len(peer.requests) == 2
    assert "assert 6 == 7" in peer.requests[1].prompt
    assert WRONG in peer.requests[1].prompt


def test_tests_that_fail_twice_are_reported_with_the_reason(kernel: Kernel, peer: Peer) -> None:
    propose(peer, WRONG, WRONG)
    ran, _ = kernel.answer("%mimo_test double", "y")
    assert ran.documents[-1] == (
        "Tests of double: 1 passed, 1 failed.\n"
        "✗ test_double: assert 6 == 7 + where 6 = double(3)\n✓ test_zero"
    )
    assert len(peer.requests) == 2


def test_refused_tests_do_not_run(kernel: Kernel, peer: Peer) -> None:
    propose(peer, f"from pathlib import Path\nPath('ran').touch()\n{RIGHT}")
    ran, _ = kernel.answer("%mimo_test double", "no")
    assert ran.documents[-1] == ("No test of double ran.\nThe tests were not approved, so they did not run.")
    assert len(peer.requests) == 1


def test_code_that_is_not_valid_is_requested_once_more_and_never_runs(kernel: Kernel, peer: Peer) -> None:
    propose(peer, "def test_a(:\n    pass", RIGHT)
    ran, _ = kernel.answer("%mimo_test double", "y")
    assert ran.documents[-1].startswith("Tests of double: 2 passed")
    assert "SyntaxError: " in peer.requests[1].prompt


def test_the_tests_go_into_a_cell_below(kernel: Kernel, peer: Peer) -> None:
    propose(peer, RIGHT)
    kernel.answer("%mimo_test double --into-cell -o tests", "y")
    assert kernel.run("print(tests.code)").text == f"{RIGHT}\n"


def test_a_reply_without_tests_says_so(kernel: Kernel, peer: Peer) -> None:
    propose(peer, "x = 1")
    ran = kernel.run("%mimo_test double")
    assert ran.documents[-1] == "No test of double ran.\nThe reply contains no test."


def test_a_dry_run_sends_nothing(kernel: Kernel, peer: Peer) -> None:
    peer.requests.clear()
    assert "def double" in kernel.run("%mimo_test double --dry-run").documents[-1]
    assert peer.requests == []


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("%mimo_test nothing", "BadOption: There is no function nothing in the notebook."),
        ("%mimo_test", "BadOption: There is no function to test."),
        ("%mimo_test FACTOR", "BadOption: There is no function FACTOR in the notebook."),
    ],
)
def test_what_cannot_be_tested_is_an_error_before_anything_is_sent(
    kernel: Kernel, peer: Peer, line: str, error: str
) -> None:
    peer.requests.clear()
    assert kernel.run(line).error[0] == error
    assert peer.requests == []


def test_an_unattended_run_is_refused_before_anything_is_sent(kernel: Kernel, peer: Peer) -> None:
    peer.requests.clear()
    ran: Any = kernel.run("%mimo_test double", watched=False)
    assert ran.error == [
        "BadOption: %mimo_test runs code of a model, so an unattended run refuses it.",
        "Run the cell yourself, and approve the tests.",
    ]
    assert peer.requests == []
