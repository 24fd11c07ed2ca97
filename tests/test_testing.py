"""The pytest plugin for tests of notebooks and programs."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from support.peer import KEY, Peer

pytest_plugins = ["pytester"]
PROGRAM = """
import mimo_magics

def test_greeting(mimo_tape):
    assert mimo_tape.name == "test_greeting.jsonl"
    reply = mimo_magics.ask("hello", base_url="{url}", model="mimo-test")
    assert reply.text == "You said: hello"
"""


@pytest.fixture
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def own(pytester: pytest.Pytester, server: Peer, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return the folder of a project that uses the plugin."""
    pytester.makeconftest('pytest_plugins = ["mimo_magics.testing"]')
    pytester.makepyfile(PROGRAM.format(url=f"{server.url}/v1"))
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    return pytester


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)


def test_a_test_is_recorded_and_then_replayed(own: pytest.Pytester, server: Peer) -> None:
    run(own, "--mimo-tape", "record").assert_outcomes(passed=1)
    assert (own.path / "tapes" / "test_greeting.jsonl").is_file()
    assert len(server.requests) == 1
    run(own).assert_outcomes(passed=1)
    run(own, "--mimo-tape", "auto").assert_outcomes(passed=1)
    assert len(server.requests) == 1


def test_a_missing_tape_fails_with_the_command_that_records_it(own: pytest.Pytester, server: Peer) -> None:
    result = run(own)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*The tape *test_greeting.jsonl does not exist.", "*pytest --mimo-tape record '*::test_greeting'"]
    )
    assert server.requests == []


def test_all_tapes_can_be_in_one_folder(own: pytest.Pytester) -> None:
    own.makeini("[pytest]\nmimo_tapes = all/of/them")
    run(own, "--mimo-tape", "record").assert_outcomes(passed=1)
    assert (own.path / "all/of/them/test_greeting.jsonl").is_file()


def notebook(folder: Path, url: str, prompt: str) -> Path:
    cells = ["%load_ext mimo_magics", f"%%mimo -m mimo-test --base-url {url}\n{prompt}"]
    path = folder / "lesson.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)
    return path


def test_a_notebook_is_recorded_and_then_replayed_by_nbval(own: pytest.Pytester, server: Peer) -> None:
    path = notebook(own.path, f"{server.url}/v1", "hello")
    run(own, "--nbval-lax", "--mimo-tape", "record", str(path)).assert_outcomes(passed=2)
    assert len(server.requests) == 1
    run(own, "--nbval-lax", "--mimo-tape", "replay", str(path)).assert_outcomes(passed=2)
    notebook(own.path, f"{server.url}/v1", "hullo")
    result = run(own, "--nbval-lax", "--mimo-tape", "replay", str(path))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*messages[[]0[]].content is «hullo» (recorded: «hello»).*"])
    assert len(server.requests) == 1
