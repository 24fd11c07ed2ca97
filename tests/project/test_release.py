"""The report of the release check. `make release-check` itself builds and installs."""

import re
import zipfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version
from support import pythons, release
from support.release import Cell, Outcome

WHEEL = Cell("3.11", "lowest")
OK = Outcome(WHEEL, "ok", 1.0)
FAILS = Outcome(WHEEL, "fails", 1.0, "first line\nModuleNotFoundError: nh3\n")
MISSING = Outcome(Cell("3.12", "newest"), "not run", why="There is no Python 3.12 here.")
NEXT = Outcome(Cell(pythons.NEXT[0], "newest"), "fails", 1.0, "SyntaxError")


def test_the_table_has_each_python_with_the_oldest_and_newest_dependencies_and_the_sdist() -> None:
    assert release.cells(["3.11", "3.12"]) == [
        Cell("3.11", "lowest"),
        Cell("3.11", "newest"),
        Cell("3.12", "lowest"),
        Cell("3.12", "newest"),
        Cell("3.11", "sdist"),
    ]


def test_a_row_has_the_time_or_the_last_line_of_the_error() -> None:
    assert str(OK) == "3.11    lowest  ok          1.0 s"
    assert str(FAILS) == "3.11    lowest  fails       1.0 s  ModuleNotFoundError: nh3"
    assert str(MISSING) == "3.12    newest  not run            There is no Python 3.12 here."


def test_a_failure_is_a_failure() -> None:
    assert release.failed([OK, FAILS], strict=False)


def test_a_missing_python_is_a_failure_only_with_strict() -> None:
    assert not release.failed([OK, MISSING], strict=False)
    assert release.failed([OK, MISSING], strict=True)


def test_a_check_without_any_run_is_a_failure() -> None:
    assert release.failed([MISSING], strict=False)


def test_a_python_without_a_classifier_does_not_affect_the_result() -> None:
    assert not release.failed([OK, NEXT], strict=True)


def test_unexpected_and_missing_files_are_reported() -> None:
    assert list(release.differences("the wheel", ["a.py", "tests/b.py"], {"a.py", "py.typed"})) == [
        "tests/b.py is in the wheel and should not be.",
        "py.typed is not in the wheel.",
    ]


def test_without_a_tag_the_changelog_is_not_checked() -> None:
    assert list(release.missing_for("", "0.1.0.dev0", "")) == []


def test_a_tag_requires_its_version_and_date_in_the_changelog() -> None:
    dated = "# Changelog\n\n## 1.2.3 - 2026-12-01\n"
    assert list(release.missing_for("v1.2.3", "1.2.3", dated)) == []
    assert list(release.missing_for("v1.2.4", "1.2.3", "## Unreleased\n")) == [
        "The tag is v1.2.4, and the version is 1.2.3: they should be v1.2.3 and 1.2.3.",
        "CHANGELOG.md has no heading «## 1.2.3 - YYYY-MM-DD».",
    ]


def test_a_lower_bound_is_met_by_its_version_and_its_patch_releases() -> None:
    assert release.at(Requirement("httpx>=0.28"), Version("0.28.1"))
    assert not release.at(Requirement("httpx>=0.28"), Version("0.29.0"))


def test_the_supported_pythons_are_those_of_the_classifiers_from_requires_python_on() -> None:
    assert pythons.PROJECT["requires-python"] == f">={pythons.promised()[0]}"
    assert all(re.fullmatch(r"3\.\d+", version) for version in pythons.promised())
    assert set(pythons.promised()) & set(pythons.NEXT) == set()


def test_a_wheel_with_a_test_file_is_reported(tmp_path: Path) -> None:
    wheel = tmp_path / "mimo_magics-1.whl"
    info = "mimo_magics-1.dist-info/"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("mimo_magics/a.py", "")
        archive.writestr("tests/test_a.py", "")
        archive.writestr(f"{info}METADATA", "Metadata-Version: 2.4\nVersion: 1\n\nWords")
    source = tmp_path / "source"
    source.mkdir()
    (source / "PKG-INFO").write_text("")
    assert list(release.faults(wheel, source, ["mimo_magics/a.py"])) == [
        "tests/test_a.py is in the wheel and should not be.",
        f"{info}RECORD is not in the wheel.",
        f"{info}WHEEL is not in the wheel.",
        "mimo_magics/a.py is not in the sdist.",
    ]
