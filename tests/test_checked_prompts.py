"""Regression tests of prompts: checks that pytest runs from a tape, without an API key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.checks import CASES, classifier
from support.peer import KEY, Peer

pytest_plugins = ["pytester"]
FILE = """\
+++
system = "none"
+++

{prompt}
"""
PROGRAM = """
import mimo_magics
from mimo_magics.testing import check_prompt

CASES = {cases!r}

def test_classify(mimo_tape):
    check_prompt(
        "classify.md",
        CASES,
        '''
        assert value == case["label"]
        assert judge("Is it one word?", reply, label=True)
        ''',
        session=mimo_magics.Session(base_url="{url}/v1", system="none"),
    )
"""
GOOD = "Is this praise or a complaint? {text}"
WORSE = "Praise, or what? {text}"
RIGHT = {case["text"]: case["label"] for case in CASES}


@pytest.fixture
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def project(pytester: pytest.Pytester, server: Peer, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return the folder of a project with a prompt file and its test."""
    pytester.makeconftest('pytest_plugins = ["mimo_magics.testing"]')
    pytester.makepyfile(PROGRAM.format(cases=CASES, url=server.url))
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\n")
    write(pytester, GOOD)
    server.script = lambda seen: classifier(
        {**RIGHT, **({"Never again.": "praise"} if WORSE[:6] in seen.prompt else {})}
    )(seen)
    return pytester


def write(project: pytest.Pytester, prompt: str) -> None:
    (project.path / "classify.md").write_text(FILE.format(prompt=prompt), encoding="utf-8")


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    return project.runpytest_inprocess("-p", "no:cacheprovider", *options)


def record(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.RunResult:
    """Record the calls with a key, and remove the key."""
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    result = run(project, "--mimo-tape", "record")
    monkeypatch.delenv("MIMO_API_KEY")
    return result


def test_a_prompt_is_checked_from_a_tape_without_a_key(
    project: pytest.Pytester, server: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(project, monkeypatch).assert_outcomes(passed=1)
    sent = len(server.requests)
    run(project).assert_outcomes(passed=1)
    assert len(server.requests) == sent == 5


MESSAGE = """\
E   AssertionError: classify: 2 of 3 cases passed (67 %, 95 % interval 21–94 %). Required: 100 %.
E   
E   Case 3: Never again.
E       assert value == case["label"]
E       value = 'praise'
E       case["label"] = 'complaint'"""  # noqa: W291


def test_a_worse_prompt_fails_its_check_with_the_values(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, WORSE)
    record(project, monkeypatch).assert_outcomes(failed=1)
    result = run(project)
    result.assert_outcomes(failed=1)
    lines = [line for line in result.outlines if line.startswith("E ")]
    assert [line.removeprefix("E ").strip() for line in lines] == [
        line.removeprefix("E ").strip() for line in MESSAGE.splitlines()
    ]
    # The traceback ends in the test.
    assert not any("mimo_magics/testing.py" in line for line in result.outlines)


def test_a_changed_prompt_is_not_on_the_tape(
    project: pytest.Pytester, server: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(project, monkeypatch).assert_outcomes(passed=1)
    sent = len(server.requests)
    write(project, WORSE)
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *TapeMismatch: *"])
    assert len(server.requests) == sent
