"""The GitHub workflows: permissions, pinned actions, make targets, and the tested Pythons."""

import re
from typing import Any

import pytest
import yaml
from support import pythons
from support.paths import ROOT

WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}
NAMES = sorted(WORKFLOWS)
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
PERMISSIONS = {
    "ci": [{"contents": "read"}],
    "docs": [{}, {"contents": "read"}, {"contents": "read"}, {"id-token": "write", "pages": "write"}],
    "release": [{}, {"contents": "read"}, {"id-token": "write"}],
}
"""All permissions of a workflow and its jobs. A new permission must be added here."""


def read(name: str) -> dict[str, Any]:
    return yaml.load(WORKFLOWS[name].read_text(encoding="utf-8"), yaml.BaseLoader)


def jobs(name: str) -> list[dict[str, Any]]:
    return list(read(name)["jobs"].values())


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in jobs(name) for step in job["steps"]]


def make_targets_in(commands: str) -> set[str]:
    """Return the make targets in shell commands."""
    lines = re.findall(r"^\s*make (.+)$", commands, re.MULTILINE)
    return {word for line in lines for word in line.split() if "=" not in word}


def targets() -> set[str]:
    names = re.findall(
        r"^([\w ./$()-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name for line in names for name in line.split()}


def test_the_workflows_are_these_three() -> None:
    assert NAMES == ["ci", "docs", "release"]


@pytest.mark.parametrize("name", NAMES)
def test_every_workflow_declares_its_permissions(name: str) -> None:
    workflow = read(name)
    of_jobs = [job["permissions"] for job in jobs(name) if "permissions" in job]
    assert [workflow["permissions"], *of_jobs] == PERMISSIONS[name]


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_to_commits(name: str) -> None:
    assert [
        step["uses"] for step in steps(name) if not PINNED.fullmatch(step.get("uses", "a/b@" + "0" * 40))
    ] == []


def test_an_action_has_the_same_commit_and_version_in_all_workflows() -> None:
    lines = [line for path in WORKFLOWS.values() for line in path.read_text(encoding="utf-8").splitlines()]
    uses = {line.partition("uses: ")[2] for line in lines if "uses: " in line}
    assert len({use.partition("@")[0] for use in uses}) == len(uses)
    assert [use for use in uses if not re.search(r" # v\d+\.\d+\.\d+$", use)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_used_make_target_exists(name: str) -> None:
    assert {
        target for step in steps(name) for target in make_targets_in(step.get("run", ""))
    } - targets() == set()


def test_the_ci_script_calls_existing_make_targets() -> None:
    assert make_targets_in((ROOT / ".ci" / "run").read_text(encoding="utf-8")) - targets() == set()


def test_the_tested_pythons_are_those_of_the_classifiers_and_the_next() -> None:
    test = read("ci")["jobs"]["test"]
    assert test["strategy"]["matrix"]["python"] == [*pythons.promised(), *pythons.NEXT]
    assert re.findall(r"'([\d.]+)'", test["continue-on-error"]) == list(pythons.NEXT)


@pytest.mark.parametrize("name", ["ci", "release"])
def test_a_release_is_checked_with_all_pythons(name: str) -> None:
    [job] = [
        job for job in jobs(name) if any("release-check" in step.get("run", "") for step in job["steps"])
    ]
    [installed] = [
        step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", "")
    ]
    assert sorted(installed.split()) == sorted([*pythons.promised(), *pythons.NEXT])
    [check] = [step["run"] for step in job["steps"] if "release-check" in step.get("run", "")]
    assert "--strict" in check


def test_the_checked_files_are_published() -> None:
    build, publish = jobs("release")
    [uploaded] = [step["with"] for step in build["steps"] if "upload-artifact" in step.get("uses", "")]
    [downloaded] = [step["with"] for step in publish["steps"] if "download-artifact" in step["uses"]]
    assert publish["needs"] == "build"
    assert (
        {name: uploaded[name] for name in ("name", "path")} == downloaded == {"name": "dist", "path": "dist/"}
    )
    assert [step for step in publish["steps"] if "run" in step] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_command_contains_untrusted_input(name: str) -> None:
    assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_checkout_persists_credentials_and_every_job_has_a_timeout(name: str) -> None:
    checkouts = [step for step in steps(name) if "actions/checkout" in step.get("uses", "")]
    assert {step["with"]["persist-credentials"] for step in checkouts} <= {"false"}
    assert [job for job in jobs(name) if "timeout-minutes" not in job] == []
