"""The workflows of the forge: they can be read, ask for little, call what there is, and try the Pythons that are promised."""

import re
from typing import Any

import pytest
import yaml
from support import pythons
from support.paths import ROOT

WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}
NAMES = sorted(WORKFLOWS)
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
ASKED = {
    "ci": [{"contents": "read"}],
    "docs": [{}, {"contents": "read"}, {"contents": "read"}, {"id-token": "write", "pages": "write"}],
    "release": [{}, {"contents": "read"}, {"id-token": "write"}],
}
"""All permissions of a workflow and of its jobs: none may become more unseen."""


def read(name: str) -> dict[str, Any]:
    return yaml.load(WORKFLOWS[name].read_text(encoding="utf-8"), yaml.BaseLoader)


def jobs(name: str) -> list[dict[str, Any]]:
    return list(read(name)["jobs"].values())


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in jobs(name) for step in job["steps"]]


def wanted(commands: str) -> set[str]:
    """Targets of make in a shell's lines."""
    lines = re.findall(r"^\s*make (.+)$", commands, re.MULTILINE)
    return {word for line in lines for word in line.split() if "=" not in word}


def targets() -> set[str]:
    names = re.findall(
        r"^([\w ./$()-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name for line in names for name in line.split()}


def test_there_are_three() -> None:
    assert NAMES == ["ci", "docs", "release"]


@pytest.mark.parametrize("name", NAMES)
def test_permissions_are_declared_and_these(name: str) -> None:
    workflow = read(name)
    of_jobs = [job["permissions"] for job in jobs(name) if "permissions" in job]
    assert [workflow["permissions"], *of_jobs] == ASKED[name]


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_to_commits(name: str) -> None:
    assert [
        step["uses"] for step in steps(name) if not PINNED.fullmatch(step.get("uses", "a/b@" + "0" * 40))
    ] == []


def test_an_action_has_one_commit_and_one_version_in_all_of_them() -> None:
    lines = [line for path in WORKFLOWS.values() for line in path.read_text(encoding="utf-8").splitlines()]
    uses = {line.partition("uses: ")[2] for line in lines if "uses: " in line}
    assert len({use.partition("@")[0] for use in uses}) == len(uses)
    assert [use for use in uses if not re.search(r" # v\d+\.\d+\.\d+$", use)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_target_of_make_is_there(name: str) -> None:
    assert {target for step in steps(name) for target in wanted(step.get("run", ""))} - targets() == set()


def test_the_script_of_a_change_calls_targets_that_are_there() -> None:
    assert wanted((ROOT / ".ci" / "run").read_text(encoding="utf-8")) - targets() == set()


def test_the_pythons_tried_are_those_of_the_classifiers_and_the_next() -> None:
    test = read("ci")["jobs"]["test"]
    assert test["strategy"]["matrix"]["python"] == [*pythons.promised(), *pythons.NEXT]
    assert re.findall(r"'([\d.]+)'", test["continue-on-error"]) == list(pythons.NEXT)


@pytest.mark.parametrize("name", ["ci", "release"])
def test_a_release_is_checked_with_all_of_them(name: str) -> None:
    [job] = [
        job for job in jobs(name) if any("release-check" in step.get("run", "") for step in job["steps"])
    ]
    [installed] = [
        step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", "")
    ]
    assert sorted(installed.split()) == sorted([*pythons.promised(), *pythons.NEXT])
    [check] = [step["run"] for step in job["steps"] if "release-check" in step.get("run", "")]
    assert "--strict" in check


def test_what_is_published_is_what_was_checked() -> None:
    build, publish = jobs("release")
    [kept] = [step["with"] for step in build["steps"] if "upload-artifact" in step.get("uses", "")]
    [taken] = [step["with"] for step in publish["steps"] if "download-artifact" in step["uses"]]
    assert publish["needs"] == "build"
    assert {name: kept[name] for name in ("name", "path")} == taken == {"name": "dist", "path": "dist/"}
    assert [step for step in publish["steps"] if "run" in step] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_command_holds_words_of_others(name: str) -> None:
    assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_checkout_keeps_its_credentials_and_every_job_ends(name: str) -> None:
    checkouts = [step for step in steps(name) if "actions/checkout" in step.get("uses", "")]
    assert {step["with"]["persist-credentials"] for step in checkouts} <= {"false"}
    assert [job for job in jobs(name) if "timeout-minutes" not in job] == []
