"""The document of a comparison in a real front end: cards by width, plain tables, and the colors of a diff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from support.peer import Answer, Peer, Seen

from browser.lab import Page, Server, copy
from browser.live import answer, at, opened, stream_text

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = at(("lab", "python3"), ("notebook", "python3"))

COMPARE = "%%mimo_compare --temperature 0 0.5 1 --ask-above '9 USD'\nhello"
CODE = "x = " + "some_long_name_that_must_not_break + " * 20
REPLY = f"""It is {{color}} now.

```python
{CODE}1
```

| a | b |
|---|--:|
| 1 | 2 |

- [x] see https://example.org/page

{"x" * 400}"""
COLORS = {0: "red", 0.5: "yellow", 1: "green"}

COLUMNS = """([card, count]) => new Set([...card.parentNode.querySelectorAll(":scope > div")]
    .map(each => each.getBoundingClientRect().left)).size === count"""
LEFT_EDGES = "all => new Set(all.map(each => each.getBoundingClientRect().left)).size"
OVERFLOWING = "all => all.filter(each => each.scrollWidth > each.clientWidth).length"
STYLES = "all => all.map(each => each.getAttribute('style').replaceAll(/[ ;]/g, ''))"
BACKGROUND = "each => getComputedStyle(each).backgroundColor"


def script(seen: Seen) -> Answer:
    return answer(stream_text(REPLY.replace("{color}", COLORS[seen.body["temperature"]])))


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser, model: Peer) -> Iterator[Page]:
    """Yield a page with a finished comparison and the diff of two of its replies."""
    model.script = script
    with opened(server, browser, request.param) as page:
        if server.kind == "lab":
            page.execute("application:toggle-left-area")
        page.fill(COMPARE, "%mimo_compare diff 1 3")
        page.run_all()
        page.wait_idle()
        yield page


def cards(page: Page) -> Locator:
    return page.output(0).locator(".mimo-reply > div > div")


@pytest.mark.parametrize(("width", "columns"), [(500, 1), (800, 2), (1_800, 3)])
def test_the_cards_fill_the_width_and_only_code_scrolls(page: Page, width: int, columns: int) -> None:
    page.window.set_viewport_size({"width": width, "height": 1_000})
    assert cards(page).count() == 3
    # Notebook 7 measures its own width a moment after the window's.
    first = cards(page).first.element_handle()
    page.window.wait_for_function(COLUMNS, arg=[first, columns])
    assert cards(page).evaluate_all(OVERFLOWING) == 0
    assert cards(page).locator("pre").evaluate_all(OVERFLOWING) == 3


def test_a_row_keeps_its_color_below_the_mouse_pointer(page: Page) -> None:
    rows = page.output(0).locator("tbody tr")
    assert rows.count() == 6
    for row in rows.all():
        row.hover()
        assert row.evaluate(BACKGROUND) == "rgba(0, 0, 0, 0)"


def test_the_words_of_a_diff_have_two_colors(page: Page) -> None:
    marks = page.output(1).locator("del, ins")
    assert marks.all_inner_texts() == ["1 · temperature 0.0", "3 · temperature 1.0", "red", "green"]
    assert len(set(marks.evaluate_all(f"all => all.map({BACKGROUND})"))) == 2
    assert page.output(1).locator("pre").evaluate_all(OVERFLOWING) == 1


def test_the_styles_survive_without_trust(page: Page, server: Server, browser: Browser) -> None:
    saved = page.save()
    with Page(server, browser) as other:
        other.open(copy(saved, f"untrusted-{saved.name}").name, kernel=False)
        assert not other.is_trusted()
        for cell in (0, 1):
            styles, shown = (
                each.output(cell).locator(".mimo-reply [style]").evaluate_all(STYLES)
                for each in (page, other)
            )
            assert shown == [style.replace("user-select:all", "") for style in styles]
        assert cards(other).evaluate_all(LEFT_EDGES) > 1
