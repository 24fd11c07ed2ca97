"""`%mimo_tape` in a real kernel."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernel import Kernel
from support.peer import KEY, Answer, Peer, frames, obey


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def started(server: Peer, folder: Path) -> Iterator[Kernel]:
    with Kernel(folder, MIMO_API_KEY=KEY, MIMO_BASE_URL=f"{server.url}/v1", MIMO_MODEL="mimo-test") as kernel:
        yield kernel


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.script = obey
    server.requests.clear()
    return server


@pytest.fixture
def kernel(started: Kernel, folder: Path) -> Kernel:
    for tape in folder.glob("*.jsonl"):
        tape.unlink()
    assert started.run("%unload_ext mimo_magics\n%load_ext mimo_magics").status == "ok"
    return started


def run_line(kernel: Kernel, line: str) -> str:
    (document,) = kernel.run(line).documents
    return document


def test_a_tape_is_recorded_and_replayed(kernel: Kernel, peer: Peer, folder: Path) -> None:
    assert run_line(kernel, "%mimo_tape") == "No tape in use."
    assert run_line(kernel, "%mimo_tape record lesson.jsonl") == (
        "Recording to lesson.jsonl; the first call overwrites it. It contains 0 calls."
    )
    recorded = [kernel.run("%%mimo --id one\nhello"), kernel.run("%%mimo --id two\nhow are you?")]
    assert run_line(kernel, "%mimo_tape").endswith("It contains 2 calls.")
    assert run_line(kernel, "%mimo_tape replay lesson.jsonl") == (
        "Replaying lesson.jsonl without pauses: 2 calls. Nothing is sent."
    )
    replayed = [kernel.run("%%mimo --new --id one\nhello"), kernel.run("%%mimo --id two\nhow are you?")]
    assert [ran.documents for ran in replayed] == [ran.documents for ran in recorded]
    assert len(peer.requests) == 2
    assert run_line(kernel, "%mimo_tape off") == "Tape switched off."
    assert run_line(kernel, "%mimo_tape") == "No tape in use."
    kernel.run("%%mimo\nhello")
    assert len(peer.requests) == 3


def test_two_replays_have_the_same_outputs_except_for_the_records(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: Answer([0.1, *frames(seen, ["slow "] * 5, 0.01)])
    kernel.run("%mimo_tape record lesson.jsonl")
    kernel.run("%%mimo --no-history\nhello")
    kernel.run("%mimo_tape replay lesson.jsonl")
    shown = []
    for _ in range(2):
        ran = kernel.run("%%mimo --no-history\nhello")
        shown.append([output["data"] for output in ran.outputs])
    assert shown[0] == shown[1]
    assert re.search(r"\d+\.\d s", json.dumps(shown[0]))


def test_a_request_that_is_not_on_the_tape_is_an_error_of_two_lines(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_tape record lesson.jsonl")
    kernel.run("%%mimo -t 0\nhello")
    kernel.run("%mimo_tape replay lesson.jsonl")
    ran = kernel.run("%%mimo --new -t 0\nhullo")
    assert ran.error == [
        "TapeMismatch: No call on the tape lesson.jsonl matches this request: "
        "messages[0].content is «hullo» (recorded: «hello»).",
        "Record it with %mimo_tape record lesson.jsonl (in a shell: MIMO_TAPE=record:PATH), then run the cell again.",
    ]
    assert (ran.status, len(peer.requests)) == ("error", 1)


def test_the_notice_names_mode_and_pace(kernel: Kernel, peer: Peer) -> None:
    assert run_line(kernel, "%mimo_tape auto lesson.jsonl --pace real") == (
        "Replaying lesson.jsonl in real time: 0 calls. Other calls are made and recorded."
    )
    kernel.run("%%mimo\nhello")
    assert run_line(kernel, "%mimo_tape replay lesson.jsonl --pace fast") == (
        "Replaying lesson.jsonl at ten times the recorded speed: 1 call. Nothing is sent."
    )


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (
            "replay nothing.jsonl",
            [
                "TapeMismatch: The tape nothing.jsonl does not exist.",
                "Record it with %mimo_tape record nothing.jsonl (in a shell: MIMO_TAPE=record:PATH), then run the cell again.",
            ],
        ),
        ("replya x.jsonl", ["BadOption: Unknown subcommand 'replya'.", "Did you mean replay?"]),
        ("replay", ["BadOption: An argument is missing.", "Usage: %mimo_tape replay PATH [--pace real|fast|once]"]),
        ("replay x.jsonl at once", ["BadOption: Unexpected argument 'at'.", "Usage: %mimo_tape replay PATH [--pace real|fast|once]"]),
    ],
)  # fmt: skip
def test_an_invalid_line_is_an_error_of_two_lines(kernel: Kernel, line: str, error: list[str]) -> None:
    assert kernel.run(f"%mimo_tape {line}").error == error


def test_a_profile_leaves_out_the_tape(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_tape record lesson.jsonl")
    assert "tape" not in run_line(kernel, "%mimo_config --save mine temperature=0.5")
    kernel.run("%mimo_config --delete mine")


def offered(kernel: Kernel, line: str) -> list[str]:
    matches: list[str] = kernel.complete(line, len(line))["matches"]
    return matches


def test_tab_completes_modes_paths_and_pace(kernel: Kernel, folder: Path) -> None:
    (folder / "lesson.jsonl").write_text("", encoding="utf-8")
    assert offered(kernel, "%mimo_tape re") == ["record", "replay"]
    assert offered(kernel, "%mimo_tape replay les") == ["lesson.jsonl"]
    assert offered(kernel, "%mimo_tape replay lesson.jsonl ") == ["--pace"]
    assert offered(kernel, "%mimo_tape replay lesson.jsonl --pace ") == ["real", "fast", "once"]
