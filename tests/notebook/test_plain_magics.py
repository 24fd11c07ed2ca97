"""The magics that send no prompt: models and usage."""

from __future__ import annotations

from support.kernel import Kernel
from support.peer import Peer
from support.session_cells import run_prompts


def test_the_models_of_the_server_are_listed(kernel: Kernel, peer: Peer) -> None:
    assert (
        kernel.run("%mimo_models")
        .documents[0]
        .splitlines()[-1]
        .startswith("this base URL returned no list of models")
    )
    peer.models = ["mimo-v2-pro", "house-model"]
    lines = kernel.run("%mimo_models").documents[0].splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["→", "mimo-v2-pro"], ["house-model", "–"]]
    assert lines[-1].startswith("Listed by this base URL.")


def test_an_unknown_service_is_an_error(kernel: Kernel) -> None:
    assert kernel.run("%mimo_models xiaomy").error == [
        "BadOption: Unknown preset 'xiaomy'.",
        "Did you mean xiaomi?",
    ]


def test_the_cost_of_a_cached_reply_is_counted_once(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two")
    kernel.run("%mimo_config run_all=keep")
    run_prompts(kernel, "one two")
    assert kernel.run("%mimo_usage").documents[0].splitlines()[-1].split() == [
        "total",
        "40",
        "25",
        "%",
        "20",
        "–",
    ]


def test_the_usage_of_each_session_is_shown(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two one!")
    run_prompts(kernel, "aside", "--no-history")
    run_prompts(kernel, "three", "--session other -m mimo-v2-flash")
    (table,) = kernel.run("%mimo_usage").documents
    assert [line.split()[:6] for line in table.splitlines()] == [
        ["turn", "model", "input", "cached", "output", "USD"],
        ["1", "mimo-v2-pro", "20", "25", "%", "10"],
        ["2", "mimo-v2-pro", "20", "25", "%", "10"],
        ["3", "mimo-v2-pro", "20", "25", "%", "10"],
        ["other", "calls", "20", "25", "%", "10", "0.0000"],
        ["total", "80", "25", "%", "40", "–"],
    ]
    (table,) = kernel.run("%mimo_usage other").documents
    assert [line.split()[:2] for line in table.splitlines()[1:]] == [["1", "mimo-v2-flash"], ["total", "20"]]
    assert kernel.run("%mimo_usage othr").error == [
        "BadOption: Session 'othr' does not exist.",
        "Did you mean other?",
    ]
