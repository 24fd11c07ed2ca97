"""What the check of a release tells; `make release-check` itself builds and installs."""

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


def test_the_table_has_each_python_with_both_ends_of_what_is_allowed_and_the_sdist() -> None:
    assert release.cells(["3.11", "3.12"]) == [
        Cell("3.11", "lowest"),
        Cell("3.11", "newest"),
        Cell("3.12", "lowest"),
        Cell("3.12", "newest"),
        Cell("3.11", "sdist"),
    ]


def test_a_row_says_what_it_took_or_the_last_line_of_why_not() -> None:
    assert str(OK) == "3.11    lowest  ok          1.0 s"
    assert str(FAILS) == "3.11    lowest  fails       1.0 s  ModuleNotFoundError: nh3"
    assert str(MISSING) == "3.12    newest  not run            There is no Python 3.12 here."


def test_a_failure_is_a_failure() -> None:
    assert release.failed([OK, FAILS], strict=False)


def test_what_did_not_run_is_a_failure_only_when_asked() -> None:
    assert not release.failed([OK, MISSING], strict=False)
    assert release.failed([OK, MISSING], strict=True)


def test_nothing_that_ran_is_a_failure() -> None:
    assert release.failed([MISSING], strict=False)


def test_a_python_that_is_not_promised_decides_nothing() -> None:
    assert not release.failed([OK, NEXT], strict=True)


def test_files_too_many_and_too_few_are_told() -> None:
    assert list(release.differences("the wheel", ["a.py", "tests/b.py"], {"a.py", "py.typed"})) == [
        "tests/b.py is in the wheel and should not be.",
        "py.typed is not in the wheel.",
    ]


def test_without_a_tag_nothing_is_asked_of_the_changelog() -> None:
    assert list(release.missing_for("", "0.1.0.dev0", "")) == []


def test_a_tag_wants_its_version_and_its_day_in_the_changelog() -> None:
    dated = "# Changelog\n\n## 1.2.3 - 2026-12-01\n"
    assert list(release.missing_for("v1.2.3", "1.2.3", dated)) == []
    assert list(release.missing_for("v1.2.4", "1.2.3", "## Unreleased\n")) == [
        "The tag is v1.2.4, and the version is 1.2.3: they should be v1.2.3 and 1.2.3.",
        "CHANGELOG.md has no heading «## 1.2.3 - YYYY-MM-DD».",
    ]


def test_a_bound_is_reached_by_its_own_version_and_its_patches() -> None:
    assert release.at(Requirement("httpx>=0.28"), Version("0.28.1"))
    assert not release.at(Requirement("httpx>=0.28"), Version("0.29.0"))


def test_promised_are_the_versions_of_the_classifiers_from_the_oldest_that_is_required() -> None:
    assert pythons.PROJECT["requires-python"] == f">={pythons.promised()[0]}"
    assert all(re.fullmatch(r"3\.\d+", version) for version in pythons.promised())
    assert set(pythons.promised()) & set(pythons.NEXT) == set()


def test_a_wheel_with_a_test_in_it_is_seen(tmp_path: Path) -> None:
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
