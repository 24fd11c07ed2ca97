"""Requests that are shown and not sent, and the tables of settings, profiles and models, in a real kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.kernel import Kernel
from support.peer import KEY, Peer


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def running(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    with Kernel(
        folder,
        MIMO_API_KEY=KEY,
        MIMO_BASE_URL=f"{server.url}/v1",
        MIMO_SYSTEM="none",
        XDG_CONFIG_HOME=str(folder / "config"),
    ) as kernel:
        yield kernel


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.requests.clear()
    server.models = None
    return server


@pytest.fixture
def kernel(running: Kernel, peer: Peer) -> Kernel:
    assert running.run("%reload_ext mimo_magics").status == "ok"
    return running


@pytest.mark.parametrize("cell", ["%%mimo --dry-run -t 0.5\nHello", "%mimo --dry-run -t 0.5 Hello"])
def test_a_dry_run_shows_the_request_and_sends_nothing(kernel: Kernel, peer: Peer, cell: str) -> None:
    ran = kernel.run(cell)
    (output,) = ran.outputs
    assert '"content": "Hello"' in output["data"]["text/plain"]
    assert "<details><summary>Body, as JSON</summary>" in output["data"]["text/html"]
    assert peer.requests == []
    body = {
        "model": "mimo-v2-pro",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
    }
    assert kernel.run("print(_.body)").text == f"{body}\n"


def test_it_shows_the_conversation_as_the_cell_would_find_it(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%%mimo\none", cell="one")
    kernel.run("%%mimo -o draft --dry-run\ntwo", cell="two")
    assert kernel.run("print(len(draft.body['messages']))").text == "3\n"
    kernel.run("%%mimo -o draft --dry-run\nanother", cell="one")
    assert kernel.run("print(len(draft.body['messages']))").text == "1\n"
    assert len(peer.requests) == 1


def test_what_is_asked_anew_is_not_said_to_be_kept(kernel: Kernel) -> None:
    kernel.run("%mimo_config run_all=keep notebook=none.ipynb")
    kernel.run("%%mimo\none", cell="one")
    kernel.run("%%mimo --dry-run -o kept\none", cell="one")
    kernel.run("%%mimo --dry-run --fresh -o anew\none", cell="one")
    assert kernel.run("print(len(kept.warnings), len(anew.warnings))").text == "1 0\n"


def test_code_is_printed_and_not_run(kernel: Kernel, peer: Peer) -> None:
    ran = kernel.run("%%mimo --as curl -o code\nHello")
    (output,) = ran.outputs
    assert output["data"]["text/plain"].startswith(f"curl --request POST {peer.url}/v1/chat/completions")
    assert KEY not in str(output)
    assert kernel.run("print(code[:4])").text == "curl\n"
    assert peer.requests == []


def test_code_for_a_format_that_the_address_has_not_is_an_error(kernel: Kernel) -> None:
    assert kernel.run("%%mimo --as anthropic\nHello").error == [
        "BadOption: The address for the openai format is none for the anthropic format.",
        "Say the address for it: --api anthropic --base-url URL",
    ]


def test_an_answer_that_goes_on_is_not_drafted(kernel: Kernel) -> None:
    assert kernel.run("%mimo --dry-run continue").error[0].startswith("BadOption: An answer that goes on")


def test_profiles_are_kept_over_kernels(kernel: Kernel) -> None:
    saved = kernel.run("%mimo_config --save strict temperature=0.2")
    assert saved.documents[0].splitlines()[1].startswith("strict   base_url=")
    kernel.run("%reload_ext mimo_magics")
    shown = kernel.run("%mimo_config --use strict").documents[0]
    assert ["temperature", "0.2", "profile", "strict"] in [line.split()[:4] for line in shown.splitlines()]
    assert kernel.run("%mimo_config --use strikt").error == [
        "BadOption: There is no profile strikt.",
        "Did you mean strict?",
    ]
    assert kernel.run("%mimo_config --delete strict").documents == ["profile  settings"]


def test_the_models_of_the_server_are_listed(kernel: Kernel, peer: Peer) -> None:
    assert (
        kernel.run("%mimo_models")
        .documents[0]
        .splitlines()[-1]
        .startswith("this address did not list its models")
    )
    peer.models = ["mimo-v2-pro", "house-model"]
    lines = kernel.run("%mimo_models").documents[0].splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["→", "mimo-v2-pro"], ["house-model", "–"]]
    assert lines[-1].startswith("As this address lists them now.")


def test_a_service_that_is_not_there_is_told(kernel: Kernel) -> None:
    assert kernel.run("%mimo_models xiaomy").error == [
        "BadOption: There is no preset 'xiaomy'.",
        "Did you mean xiaomi?",
    ]


def test_everything_lies_in_the_persons_own_folder(kernel: Kernel) -> None:
    kernel.run("%mimo_config --save mine top_p=0.5")
    printed = kernel.run(
        "import os, pathlib\nprint(*(p.name for p in pathlib.Path(os.environ['XDG_CONFIG_HOME']).rglob('*.json')))"
    )
    assert printed.text == "mine.json\n"
