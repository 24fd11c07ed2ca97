"""What is written in English and in Traditional Chinese stays the same thing: the READMEs and the lessons."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from support.paths import ROOT

from mimo_magics.core.i18n_zh_tw import TRANSLATIONS

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURES = sorted((ROOT / "notebooks" / "img").glob("*.svg"))
READMES = ("README.md", "README.zh-TW.md")
RANDOM = {"id", "after", "thread", "cell"}
LANGUAGE = {"id": "language", "cell_type": "code", "source": "%mimo_config language=zh-TW"}
"""The one cell that a twin has more."""
MAINLAND = "代碼 默認 軟件 硬件 信息 數據 服務器 視頻 網絡 緩存 內存 變量 字符 文檔 登錄 屏幕 支持 調用 運行"

FIGURES = re.compile(r"tokens in$|cached\)$|^(\d+ )?out$|^first token|tokens/s$")
"""Quotations of the line below an answer, which is in the language of the page."""

parse = MarkdownIt("commonmark").enable("table").parse


@dataclass(frozen=True, slots=True)
class Page:
    """What two pages in different languages have in common.

    Args:
        headings: their levels.
        tables: how many cells each row has, of each table.
        fences: language and text; those with a drawing have words in it, which are translated.
        links: files that links and pictures show, and addresses.
        code: what stands in backticks, in each section.
    """

    headings: tuple[str, ...]
    tables: tuple[tuple[int, ...], ...]
    fences: tuple[tuple[str, str], ...]
    links: tuple[str, ...]
    code: tuple[frozenset[str], ...]


def page(text: str, folder: Path) -> Page:
    tokens = parse(text)
    return Page(
        headings=tuple(token.tag for token in tokens if token.type == "heading_open"),
        tables=tuple(tables(tokens)),
        fences=tuple((token.info, drawn(token.content)) for token in tokens if token.type == "fence"),
        links=tuple(shown(link, folder) for link in links(tokens)),
        code=tuple(sections(tokens)),
    )


def drawn(content: str) -> str:
    return content if content.isascii() else "a drawing"


def tables(tokens: list[Token]) -> Iterator[tuple[int, ...]]:
    starts = [place for place, token in enumerate(tokens) if token.type == "table_open"]
    ends = [place for place, token in enumerate(tokens) if token.type == "table_close"]
    for start, end in zip(starts, ends, strict=True):
        rows = " ".join(token.type for token in tokens[start:end]).split("tr_open")[1:]
        yield tuple(row.count("td_open") + row.count("th_open") for row in rows)


def links(tokens: list[Token]) -> Iterator[str]:
    for token in chain.from_iterable([token, *(token.children or ())] for token in tokens):
        if token.type in {"html_block", "html_inline"}:
            yield from re.findall(r'(?:href|src|srcset)="([^"]+)"', token.content)
        elif link := token.attrGet("href") or token.attrGet("src"):
            yield str(link)


def sections(tokens: list[Token]) -> Iterator[frozenset[str]]:
    code: set[str] = set()
    for token in tokens:
        if token.type == "heading_open":
            yield frozenset(code)
            code = set()
        code.update(child.content for child in token.children or () if child.type == "code_inline")
    yield frozenset(code)


def shown(link: str, folder: Path) -> str:
    if "://" in link:
        return link
    path = Path(os.path.normpath(folder / link.partition("#")[0]))
    assert path.exists(), f"{link} leads nowhere"
    return path.relative_to(ROOT).as_posix()


def twin_of(path: str) -> str:
    """Return the path of what stands for a file in the other language: itself if it is nobody's twin."""
    if path in {"README.md", "README.zh-TW.md"}:
        return {"README.md": "README.zh-TW.md"}.get(path, "README.md")
    return re.sub(r"^notebooks/((img/)?[^/]+\.(ipynb|svg))$", r"notebooks/zh-TW/\1", path)


def assert_same(english: Page, chinese: Page) -> None:
    assert chinese.headings == english.headings
    assert chinese.tables == english.tables
    assert chinese.fences == english.fences
    assert sorted(chinese.links) == sorted(map(twin_of, english.links))
    for ours, theirs in zip(chinese.code, english.code, strict=True):
        said = {twin_of(code) for code in theirs if not FIGURES.search(code)}
        assert said - ours == set(), "not said in Chinese"


def written(path: Path) -> list[dict[str, Any]]:
    """Return what people wrote into a notebook."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [
        {"id": cell["id"], "cell_type": cell["cell_type"], "source": "".join(cell["source"])}
        for cell in notebook["cells"]
    ]


def markdown(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [cell for cell in cells if cell["cell_type"] == "markdown"]


def twin(path: Path) -> Path:
    return ROOT / twin_of(path.relative_to(ROOT).as_posix())


def test_the_readmes_have_the_same_headings_tables_code_and_links() -> None:
    english, chinese = (page((ROOT / name).read_text(encoding="utf-8"), ROOT) for name in READMES)
    assert_same(english, chinese)


def test_the_options_are_told_in_the_words_of_the_screen() -> None:
    english, chinese = (dict(options(ROOT / name)) for name in READMES)
    assert list(chinese) == list(english)
    screen = {option: TRANSLATIONS[told] for option, told in english.items() if told in TRANSLATIONS}
    assert {option: chinese[option] for option in screen} == screen


def options(path: Path) -> list[tuple[str, str]]:
    """Return the options that a README lists, each with what it means."""
    return re.findall(r"^\| (`-.*?`) \| (.*) \|$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_the_same_cells_and_code_in_both_languages(lesson: Path) -> None:
    english, chinese = written(lesson), written(twin(lesson))
    assert chinese[chinese.index(LANGUAGE) - 1]["source"] == "%load_ext mimo_magics"
    chinese.remove(LANGUAGE)
    kinds = [[(cell["id"], cell["cell_type"]) for cell in cells] for cells in (english, chinese)]
    assert kinds[1] == kinds[0]
    code = [[cell for cell in cells if cell["cell_type"] == "code"] for cells in (english, chinese)]
    assert code[1] == code[0]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_the_same_structure_in_both_languages(lesson: Path) -> None:
    for ours, theirs in zip(markdown(written(lesson)), markdown(written(twin(lesson))), strict=True):
        assert_same(page(ours["source"], lesson.parent), page(theirs["source"], twin(lesson).parent))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_the_answers_of_a_lesson_are_the_same_in_both_languages(lesson: Path) -> None:
    assert answers(twin(lesson)) == answers(lesson)


def answers(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the records in the outputs of a notebook, each with its cell and without what is drawn at random."""
    return [
        (cell["id"], {name: told for name, told in output["metadata"]["mimo"].items() if name not in RANDOM})
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", ())
        if "mimo" in output.get("metadata", {})
    ]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_twin_says_at_its_beginning_which_model_knows_english_only(lesson: Path) -> None:
    beginning = written(twin(lesson))[0]["source"]
    assert "只懂英文" in beginning
    assert "MiMo" in beginning


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_drawn_alike_in_both_languages(picture: Path) -> None:
    english, chinese = (elements(path) for path in (picture, twin(picture)))
    assert chinese == english


def elements(path: Path) -> list[str]:
    """Return the elements of a picture in order, without how lines of words are cut into pieces."""
    tags = [element.tag.rpartition("}")[2] for element in ET.parse(path).iter()]
    return [tag for tag, _ in groupby(tags) if tag != "tspan"]


def chinese_texts() -> Iterator[tuple[str, str]]:
    yield "README.zh-TW.md", (ROOT / "README.zh-TW.md").read_text(encoding="utf-8")
    yield "core/i18n_zh_tw.py", (ROOT / "mimo_magics" / "core/i18n_zh_tw.py").read_text(encoding="utf-8")
    for lesson in LESSONS:
        yield lesson.stem, "\n".join(cell["source"] for cell in markdown(written(twin(lesson))))
    for picture in PICTURES:
        yield picture.name, twin(picture).read_text(encoding="utf-8")


def test_chinese_is_written_as_in_taiwan() -> None:
    for name, text in chinese_texts():
        said = set(MAINLAND.split()) & {text[at : at + size] for size in (2, 3) for at in range(len(text))}
        assert said == set(), name
        "".join(re.findall(r"[\u4e00-\u9fff]", text)).encode("cp950")  # has no simplified characters


def test_no_mark_of_emphasis_is_left_in_chinese() -> None:
    for name, text in chinese_texts():
        words = "".join(
            child.content for token in parse(text) for child in token.children or () if child.type == "text"
        )
        assert re.findall(r".{0,20}\*\*.{0,20}", words) == [], name


def test_chinese_has_the_punctuation_of_chinese_outside_of_code() -> None:
    for name, text in chinese_texts():
        prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|<[^>]*>", "", text, flags=re.DOTALL)
        assert re.findall(r"[\u4e00-\u9fff][,;:?!()].{0,20}", prose) == [], name
