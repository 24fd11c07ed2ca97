"""The English and the Traditional Chinese texts agree: READMEs, pages of the documentation, lessons and pictures."""

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

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURES = sorted((ROOT / "notebooks" / "img").glob("*.svg"))
PAGES = [
    "README.md",
    *(
        f"docs/{name}.md"
        for name in (
            *("parameters", "results", "rows", "sessions", "tools", "tapes", "prompts"),
            *("speech", "front-ends"),
        )
    ),
]
"""The pages that have a Chinese twin."""
RANDOM = {"id", "after", "cell"}
"""Fields of a turn record that differ between two runs."""
ONLY_CHINESE = {"docs/zh-TW/options.md"}
"""A link that the English page does not need."""
LANGUAGE = {"id": "language", "cell_type": "code", "source": "%mimo_config language=zh-TW"}
"""The one additional cell of a Chinese lesson."""
MAINLAND = "代碼 默認 軟件 硬件 信息 數據 服務器 視頻 網絡 緩存 內存 變量 字符 文檔 登錄 屏幕 支持 調用 運行"

FIGURES = re.compile(r"tokens in$|cached\)$|^(\d+ )?out$|^first token|tokens/s$")
"""Quotations of the line below a reply, which is in the language of the page."""

parse = MarkdownIt("commonmark").enable("table").parse


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of a page that do not depend on its language.

    Args:
        headings: the levels of the headings.
        tables: the number of cells of each row, by table.
        fences: language and text of each code block; the words in a drawing are translated.
        links: the targets of links and pictures.
        code: the code spans of each section.
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
    """Return the path of a file in the other language, or the same path if the file has no twin."""
    if path in {"README.md", "README.zh-TW.md"}:
        return {"README.md": "README.zh-TW.md"}.get(path, "README.md")
    if path in PAGES:
        return path.replace("docs/", "docs/zh-TW/")
    return re.sub(r"^notebooks/((img/)?[^/]+\.(ipynb|svg))$", r"notebooks/zh-TW/\1", path)


def assert_same(english: Page, chinese: Page) -> None:
    assert chinese.headings == english.headings
    assert chinese.tables == english.tables
    assert chinese.fences == english.fences
    assert sorted({*chinese.links} - ONLY_CHINESE) == sorted({*map(twin_of, english.links)})
    for ours, theirs in zip(chinese.code, english.code, strict=True):
        expected = {twin_of(code) for code in theirs if not FIGURES.search(code)}
        assert expected - ours == set(), "missing in Chinese"


def written(path: Path) -> list[dict[str, Any]]:
    """Return the cells of a notebook without their outputs."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [
        {"id": cell["id"], "cell_type": cell["cell_type"], "source": "".join(cell["source"])}
        for cell in notebook["cells"]
    ]


def markdown(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [cell for cell in cells if cell["cell_type"] == "markdown"]


def twin(path: Path) -> Path:
    return ROOT / twin_of(path.relative_to(ROOT).as_posix())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_same_headings_tables_code_and_links_in_both_languages(name: str) -> None:
    english, chinese = (
        page(path.read_text(encoding="utf-8"), path.parent) for path in (ROOT / name, ROOT / twin_of(name))
    )
    assert_same(english, chinese)


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
def test_the_replies_of_a_lesson_are_the_same_in_both_languages(lesson: Path) -> None:
    assert turn_records(twin(lesson)) == turn_records(lesson)


def turn_records(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the turn records of a notebook, each with its cell and without its random values."""
    return [
        (
            cell["id"],
            {name: value for name, value in output["metadata"]["mimo"].items() if name not in RANDOM},
        )
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", ())
        if "mimo" in output.get("metadata", {})
    ]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_chinese_lesson_says_at_its_beginning_which_model_knows_only_english(lesson: Path) -> None:
    beginning = written(twin(lesson))[0]["source"]
    assert "只懂英文" in beginning
    assert "MiMo" in beginning


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_a_picture_has_the_same_elements_in_both_languages(picture: Path) -> None:
    english, chinese = (elements(path) for path in (picture, twin(picture)))
    assert chinese == english


def elements(path: Path) -> list[str]:
    """Return the elements of a picture in order. The pieces of a line of text do not count."""
    tags = [element.tag.rpartition("}")[2] for element in ET.parse(path).iter()]
    return [tag for tag, _ in groupby(tags) if tag != "tspan"]


def chinese_texts() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "README.zh-TW.md", *sorted((ROOT / "docs" / "zh-TW").glob("*.md"))):
        yield path.name, path.read_text(encoding="utf-8")
    yield "core/i18n_zh_tw.py", (ROOT / "mimo_magics" / "core/i18n_zh_tw.py").read_text(encoding="utf-8")
    for lesson in LESSONS:
        yield lesson.stem, "\n".join(cell["source"] for cell in markdown(written(twin(lesson))))
    for picture in PICTURES:
        yield picture.name, twin(picture).read_text(encoding="utf-8")


def test_chinese_uses_the_words_and_characters_of_taiwan() -> None:
    for name, text in chinese_texts():
        found = set(MAINLAND.split()) & {text[at : at + size] for size in (2, 3) for at in range(len(text))}
        assert found == set(), name
        # This encoding has no simplified characters.
        "".join(re.findall(r"[\u4e00-\u9fff]", text)).encode("cp950")


def test_no_asterisks_of_emphasis_remain_in_chinese() -> None:
    for name, text in chinese_texts():
        words = "".join(
            child.content for token in parse(text) for child in token.children or () if child.type == "text"
        )
        assert re.findall(r".{0,20}\*\*.{0,20}", words) == [], name


def test_chinese_has_chinese_punctuation_outside_code() -> None:
    for name, text in chinese_texts():
        prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|<[^>]*>", "", text, flags=re.DOTALL)
        assert re.findall(r"[\u4e00-\u9fff][,;:?!()].{0,20}", prose) == [], name
