"""A figure in a prompt: an image on the wire, and a thumbnail in the document, also in an untrusted copy."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.media_files import png
from support.media_rules import find_media_fault, list_seen_media
from support.peer import Peer, Seen, reply, stream

from browser.lab import Page, Server, expect, write
from browser.live import opened_untrusted
from mimo_magics.core.media_size import read_image_size

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CELLS = (
    "%load_ext mimo_magics",
    "from matplotlib.figure import Figure\n"
    "fig = Figure(figsize=(6, 4), dpi=100)\n"
    "_ = fig.add_subplot().plot([1, 3, 2])",
    "%%mimo --model mimo-v2-omni\nWhat does {fig} show?",
    "%%mimo --model mimo-v2-omni --api anthropic --no-history --base-url URL\nWhat does {fig} show?",
    "%%mimo --model mimo-v2-pro\nWhat does {fig} show?",
)
PNG_URL = f"data:image/png;base64,{b64encode(png()).decode()}"
HOSTILE = (
    f'A plot. ![own]({PNG_URL}) ![other](https://example.org/x.png) <img src="{PNG_URL}" onerror="alert(1)">'
)
THUMBNAIL_START = "data:image/jpeg;base64,/9j/4AAQSkZJRgABA"
LABEL = "fig 600x400, about 235 tokens"


@pytest.fixture(scope="module")
def seen(model: Peer) -> list[Seen]:
    """Return the prompts that the server received."""
    received: list[Seen] = []

    def answer(seen: Seen) -> Any:
        received.append(seen)
        return stream(seen, reply(HOSTILE, ""))

    model.script = answer
    return received


@pytest.fixture(scope="module")
def live(server: Server, browser: Browser, model: Peer, seen: list[Seen]) -> Iterator[Page]:
    seen.clear()
    write(server.folder / "media.ipynb", *(cell.replace("URL", model.url) for cell in CELLS))
    with Page(server, browser) as page:
        page.open("media.ipynb")
        page.run_all()
        page.wait_idle()
        page.save()
        yield page


@pytest.fixture(params=["live", "untrusted"])
def page(request: pytest.FixtureRequest, live: Page, server: Server, browser: Browser) -> Iterator[Page]:
    """Yield the page that ran the notebook, and one of a copy that is not trusted."""
    if request.param == "live":
        yield live
        return
    with opened_untrusted(server, browser, "media.ipynb") as page:
        yield page


def test_a_figure_reaches_the_server_as_an_image_in_both_formats(live: Page, seen: list[Seen]) -> None:
    assert [each.api for each in seen] == ["openai", "anthropic"]
    for each in seen:
        ((kind, url),) = list_seen_media(each.body, each.api)
        size = read_image_size(b64decode(url.partition(",")[2]))
        assert (find_media_fault(each.body, each.api), kind, size) == ("", "image", (600, 400))
    expect(live.output(4)).to_contain_text("mimo-v2-pro does not accept images.")


def test_the_document_shows_a_thumbnail_and_no_image_of_the_model(page: Page) -> None:
    for cell in (2, 3):
        image = page.output(cell).locator("img")
        expect(image).to_have_count(1)
        expect(image).to_have_attribute("alt", LABEL)
        assert image.evaluate("image => image.naturalWidth") == 320
        assert image.evaluate("image => image.getBoundingClientRect().height") <= 160
        expect(page.output(cell)).to_contain_text(LABEL)


def test_an_exported_page_shows_the_thumbnail(live: Page, server: Server) -> None:
    html = server.convert(server.folder / "media.ipynb", "html")
    assert [each[: len(THUMBNAIL_START)] for each in re.findall(r'<img [^>]*?src="([^"]*)"', html)] == [
        THUMBNAIL_START
    ] * 2
