"""The documentation site builds without a warning, and its reference is complete."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from support.paths import ROOT

from mimo_magics.core import errors, models, services
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.extension import MAGICS
from mimo_magics.notebook.options import OPTIONS

LESSONS = [
    path.relative_to(ROOT)
    for folder in ("notebooks", "notebooks/zh-TW")
    for path in sorted((ROOT / folder).glob("*.ipynb"))
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does, in a temporary folder."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-c", "docs"]
    result = subprocess.run(
        [*command, "-d", str(folder / "doctrees"), ".", str(folder / "html")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    return folder / "html"


def text(site: Path, page: str) -> str:
    """Return the text of a page."""
    article = (site / f"{page}.html").read_text(encoding="utf-8").partition("<article")[2]
    return unescape(re.sub(r"<[^>]*>", "", article))


def code(site: Path, page: str) -> set[str]:
    """Return the code spans of a page."""
    html = (site / f"{page}.html").read_text(encoding="utf-8")
    return {unescape(re.sub(r"<[^>]*>", "", each)) for each in re.findall(r"<code[^>]*>(.*?)</code>", html)}


def test_the_root_of_the_site_redirects_to_its_first_page(site: Path) -> None:
    assert 'url=docs/index.html"' in (site / "index.html").read_text(encoding="utf-8")
    assert "Jupyter magics for Xiaomi" in text(site, "docs/index")


def test_every_option_and_setting_is_in_the_reference_with_its_help(site: Path) -> None:
    names, page = code(site, "docs/reference/options"), text(site, "docs/reference/options")
    assert {option.signature for option in OPTIONS} - names == set()
    assert {setting.name for setting in fields(Settings)} - names == set()
    helps = [
        *(option.help for option in OPTIONS),
        *(setting.metadata["help"] for setting in fields(Settings)),
    ]
    assert [help_ for help_ in helps if _words(help_) not in _words(page)] == []


def _words(text: str) -> str:
    """Return a text without the characters that typography changes."""
    return re.sub(r"\W+", " ", text)


def test_every_magic_is_in_the_reference(site: Path) -> None:
    listed = code(site, "docs/reference/magics")
    names = {f"{'%%' if kind == 'cell' else '%'}{name}" for kind, name in MAGICS if not name.startswith("_")}
    assert names - listed == set()


def test_every_error_service_and_model_is_in_the_reference(site: Path) -> None:
    tree = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.MimoError)
    }
    assert tree - code(site, "docs/reference/errors") == set()
    assert {*services.SERVICES, *models.MODELS} - code(site, "docs/reference/services") == set()


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    import mimo_magics

    html = (site / "docs" / "reference" / "python.html").read_text(encoding="utf-8")
    named = set(re.findall(r'id="mimo_magics\.(?:\w+\.)*(\w+)"', html))
    # `MimoError` is on the page of the errors.
    assert set(mimo_magics.__all__) - {"MimoError"} - named == set()


@pytest.mark.parametrize("lesson", LESSONS, ids=str)
def test_every_lesson_is_a_page_with_its_outputs(site: Path, lesson: Path) -> None:
    html = (site / lesson.with_suffix(".html")).read_text(encoding="utf-8")
    assert html.count('class="output') > 3
    assert 'class="mimo-reply' in html


def test_links_within_the_site_have_a_target(site: Path) -> None:
    pages = {
        path: path.read_text(encoding="utf-8") for path in site.rglob("*.html") if "_static" not in path.parts
    }
    anchors = {path: set(re.findall(r'id="([^"]+)"', html)) for path, html in pages.items()}
    broken = [
        (path.relative_to(site), link)
        for path, html in pages.items()
        for link in map(unescape, re.findall(r'(?:href|src)="([^"]+)"', html))
        if not _has_target(path, urlsplit(link), anchors)
    ]
    assert len(pages) > 30
    assert broken == []


def _has_target(page: Path, link: Any, anchors: dict[Path, set[str]]) -> bool:
    if link.scheme or link.netloc:
        return True
    target = (page.parent / unquote(link.path)).resolve() if link.path else page
    if not target.exists():
        return False
    return not link.fragment or target not in anchors or unquote(link.fragment) in anchors[target]


def test_no_page_loads_a_script_or_a_picture_from_another_host(site: Path) -> None:
    loaded = {
        address
        for path in site.rglob("*.html")
        for address in re.findall(
            r'<(?:script|img|link|iframe)[^>]*?(?:src|href)="(https?:[^"]+)"',
            path.read_text(encoding="utf-8"),
        )
    }
    assert loaded == set()
