"""The document of a reply: in the session that ran it, in the saved notebook, and in an untrusted copy without a kernel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt
from support.peer import Peer, reply, stream

from browser.lab import Page, Server, Theme, copy, write
from mimo_magics.core.messages import Usage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

ANSWER = r"""
# The square

## How it *grows*

A **bold** word, an *italic* one, a ~~struck~~ one and `a < b`.

- one
- two
    - two and a half

3. three
4. four

> A quotation.

| name | 数 | value |
|:-----|:-:|------:|
| one  | 一 |     1 |
| two  | 二 |    22 |

```python
def square(x):
    "The square."  # of x

    return x ** 2
```

So $x^2$ grows, and

$$\int_0^1 x^2\,dx = \frac13$$

It costs $5 and $6, not \$7.

你好，世界。日本語も한국어도. 🙂👩‍👩‍👧‍👦🇹🇼

See [the page](https://example.org/page "A title"), <https://example.org/> and ![a cat](https://example.org/cat.png).

<script>alert(1)</script> and <b>markup</b> and <img src="https://example.org/dog.png">
""".strip()
REASONING = "First I *think*: $y^2$.\n\n```python\nimport math\n```"


@pytest.fixture(scope="module")
def live(server: Server, browser: Browser, model: Peer) -> Iterator[Page]:
    """Yield the window that ran the notebook. It is saved, and its kernel is shut down."""
    usage = Usage(1_200, 345, reasoning=120)
    answer = replace(reply(ANSWER, REASONING), model="mimo-v2-pro", usage=usage)
    model.script = lambda seen: stream(seen, answer)
    cells = "%load_ext mimo_magics", "%%mimo\nWhat is a square?", "1 + 1", "%mimo_usage", "%mimo_config"
    write(server.folder / "live.ipynb", *cells)
    others = server.kernels()  # of pages that other modules keep open
    with Page(server, browser) as page:
        page.open("live.ipynb")
        page.run_all()
        page.wait_idle()
        page.save()
        page.shut_down()
        assert set(server.kernels()) <= set(others)
        yield page


@pytest.fixture(scope="module", params=["live", "reopened", "untrusted"])
def page(request: pytest.FixtureRequest, live: Page, server: Server, browser: Browser) -> Iterator[Page]:
    """Yield the document in the window that ran it, and in new windows."""
    if request.param == "live":
        yield live
        return
    notebook = copy(server.folder / "live.ipynb", f"{request.param}.ipynb")
    if request.param == "reopened":
        server.trust(notebook)
    others = server.kernels()
    with Page(server, browser) as page:
        page.open(notebook.name, kernel=False)
        assert page.is_trusted() is (request.param == "reopened")
        yield page
        assert set(server.kernels()) <= set(others)


@pytest.fixture
def answer(page: Page) -> Locator:
    return page.output(1).locator(".mimo-reply")


def texts(found: Locator) -> list[str]:
    return [text.strip() for text in found.all_inner_texts()]


def test_a_cell_has_one_output(page: Page, answer: Locator) -> None:
    assert [list(output["data"]) for output in page.outputs(1)] == [["text/html", "text/plain"]]
    assert page.outputs(1)[0]["data"]["text/plain"] == ANSWER
    assert answer.count() == 1


def test_headings_lists_and_quotations_are_rendered(answer: Locator) -> None:
    assert texts(answer.locator("h1, h2")) == ["The square", "How it grows"]
    assert texts(answer.locator("li")) == ["one", "two\ntwo and a half", "two and a half", "three", "four"]
    assert answer.locator("ol").evaluate("list => list.start") == 3
    assert texts(answer.locator("> blockquote")) == ["A quotation."]
    marked = answer.locator("> h2 em, > p > strong, > p > em, > p > s, > p > code")
    assert texts(marked) == ["grows", "bold", "italic", "struck", "a < b"]


def test_a_table_keeps_its_cells(answer: Locator) -> None:
    rows = [texts(row.locator("th, td")) for row in answer.locator("tr").all()]
    assert rows == [["name", "数", "value"], ["one", "一", "1"], ["two", "二", "22"]]


def test_columns_keep_their_alignment(answer: Locator) -> None:
    side = "getComputedStyle(cell.querySelector('div') ?? cell).textAlign.replace('-webkit-', '')"
    sides = f"cells => cells.map(cell => {side})"
    assert answer.locator("th, td").evaluate_all(sides) == ["left", "center", "right"] * 3


def test_the_bars_of_the_usage_are_beside_their_numbers(page: Page) -> None:
    cell = page.output(3).locator("tr", has_text="What is a square?").locator("td").nth(5)
    bar = cell.locator("div[style*='height']")
    assert bar.evaluate("bar => getComputedStyle(bar).backgroundColor") == "rgb(74, 144, 217)"
    box, track = bar.bounding_box(), bar.locator("..").bounding_box()
    assert box
    assert track
    assert (box["width"], box["height"] > 5) == (pytest.approx(track["width"], abs=1), True)
    assert texts(cell) == ["1,545"]


def test_each_setting_has_one_line_and_the_groups_are_folded(page: Page) -> None:
    folds = page.output(4).locator("details")
    assert folds.evaluate_all("folds => folds.map(fold => fold.open)") == [False] * 5
    folds.evaluate_all("folds => folds.forEach(fold => fold.open = true)")
    heights = page.output(4).locator("tr").evaluate_all("rows => rows.map(row => row.clientHeight)")
    assert len(heights) > 40
    assert max(heights) < 1.5 * min(heights)


def test_code_is_highlighted_and_keeps_its_lines(answer: Locator) -> None:
    code = answer.locator("pre code").last
    assert code.inner_text().splitlines() == [
        "def square(x):",
        '    "The square."  # of x',
        "",
        "    return x ** 2",
    ]
    color = "part => getComputedStyle(part).color"
    plain = code.evaluate(color)
    word, comment, string = (code.locator(part).first.evaluate(color) for part in (".k", ".c1", ".s2, .sd"))
    assert len({plain, word, comment, string}) == 4


def test_math_is_typeset_and_dollar_amounts_are_not(answer: Locator) -> None:
    shown = answer.locator("> p mjx-container, > div mjx-container")
    shown.nth(1).wait_for()
    assert shown.count() == 2
    assert shown.evaluate_all("all => all.map(it => it.getAttribute('display'))") == [None, "true"]
    assert shown.locator("math").evaluate_all("all => all.map(it => it.textContent)") == ["x2", "∫01x2dx=13"]
    assert "It costs $5 and $6, not $7." in texts(answer.locator("> p"))


def test_text_in_all_scripts_is_unchanged(answer: Locator) -> None:
    assert "你好，世界。日本語も한국어도. 🙂👩‍👩‍👧‍👦🇹🇼" in texts(answer.locator("> p"))


def test_html_of_the_model_is_escaped(answer: Locator) -> None:
    source = '<script>alert(1)</script> and <b>markup</b> and <img src="https://example.org/dog.png">'
    assert source in texts(answer.locator("> p"))
    assert answer.locator("script, img, b").count() == 0


def test_links_open_in_a_new_tab_and_images_are_links(answer: Locator) -> None:
    described = """all => all.map(it =>
        [it.textContent, it.getAttribute('href'), it.target, it.relList.contains('noopener')])"""
    assert answer.locator("a").evaluate_all(described) == [
        ["the page", "https://example.org/page", "_blank", True],
        ["https://example.org/", "https://example.org/", "_blank", True],
        ["a cat", "https://example.org/cat.png", "_blank", True],
        # The URL in the HTML, which is shown as text.
        ["https://example.org/dog.png", "https://example.org/dog.png", "_blank", True],
    ]


def test_reasoning_is_folded_and_unfolds_by_mouse_and_keyboard(page: Page, answer: Locator) -> None:
    details, summary = answer.locator("details"), answer.locator("summary")
    thought = details.get_by_text("First I think")
    assert re.fullmatch(r"Reasoning · \d\.\d s · 120 tokens", summary.inner_text())
    assert not thought.is_visible()
    summary.click()
    thought.wait_for(state="visible")
    details.locator("mjx-container").wait_for(state="visible")
    summary.focus()
    page.window.keyboard.press("Enter")
    thought.wait_for(state="hidden")
    page.window.keyboard.press("Enter")
    thought.wait_for(state="visible")
    page.window.keyboard.press("Space")
    thought.wait_for(state="hidden")


def test_the_footer_has_the_model_and_the_token_usage(answer: Locator) -> None:
    (last,) = texts(answer.locator("> p > small"))
    assert last.startswith("mimo-v2-pro · 1,200 tokens in, 345 out · ")


CONTRAST = """answer => {
    const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const read = color => {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = color;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const over = ([r, g, b, a], ground, opacity = 1) =>
        [r, g, b].map((value, i) => ground[i] + (value - ground[i]) * opacity * a / 255);
    const luminance = color => color
        .map(value => value / 255)
        .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
    const ratio = element => {
        let ground = [255, 255, 255], opacity = 1;
        const line = [];
        for (let each = element; each; each = each.parentElement) line.unshift(getComputedStyle(each));
        for (const style of line) {
            ground = over(read(style.backgroundColor), ground);
            opacity *= style.opacity;
        }
        const [dark, bright] = [ground, over(read(line.at(-1).color), ground, opacity)]
            .map(luminance).sort((one, two) => one - two);
        return (bright + 0.05) / (dark + 0.05);
    };
    const texts = [...answer.querySelectorAll('*')].filter(
        each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
    return texts.map(each => [ratio(each), each.localName + '.' + each.className, each.textContent]);
}"""


DIM = ("span.c1", "span.o")
"""The colors of code come from JupyterLab. In its dark theme, comments have a contrast of 4.15, in 4.2 operators 3.94."""


@pytest.mark.parametrize("theme", ["dark", "light"])  # a theme stays: the next page is light again
def test_all_text_has_enough_contrast(page: Page, answer: Locator, theme: Theme) -> None:
    page.theme(theme)
    measured = answer.evaluate(CONTRAST)
    assert len(measured) > 30
    assert [each for each in measured if each[0] < (3.9 if each[1] in DIM else 4.5)] == []


# Taken elsewhere by nbconvert


@pytest.fixture(scope="module")
def saved(live: Page, server: Server) -> Path:
    """Return the notebook with a reply."""
    return server.folder / "live.ipynb"


def document(notebook: Path) -> str:
    (output,) = json.loads(notebook.read_text(encoding="utf-8"))["cells"][1]["outputs"]
    return "".join(output["data"]["text/html"])


def test_exported_html_is_the_same_document_without_scripts(server: Server, saved: Path) -> None:
    from bs4 import BeautifulSoup

    html = BeautifulSoup(server.convert(saved, "html"), "html.parser")
    empty = BeautifulSoup(server.convert(write(server.folder / "empty.ipynb"), "html"), "html.parser")
    assert html.find(class_="mimo-reply") == BeautifulSoup(document(saved), "html.parser").div
    assert html.find_all("script") == empty.find_all("script")


def test_an_exported_script_is_python_with_the_prompt(server: Server, saved: Path) -> None:
    script = server.convert(saved, "script")
    compile(script, "live.py", "exec")
    assert "get_ipython().run_cell_magic('mimo', '', 'What is a square?\\n')" in script


def test_exported_markdown_has_the_document_in_one_block(server: Server, saved: Path) -> None:
    markdown = MarkdownIt("commonmark").parse(server.convert(saved, "markdown"))
    blocks = [block.content.strip() for block in markdown if block.type == "html_block"]
    assert blocks[0] == document(saved)
    # The tables of usage and settings are the others.
    assert len(blocks) == 3
