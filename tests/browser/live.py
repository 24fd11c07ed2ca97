"""Helpers for the tests of the live view: front ends with kernels, and streams that wait for the test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, count
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from support.kernels import need
from support.peer import Answer, finish, sse

from browser.lab import Page, Server, copy, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

PLACES = [
    ("lab", "python3"),
    ("lab", "6.31.0"),
    ("lab", "7.3.0"),
    ("notebook", "python3"),
    ("notebook", "6.31.0"),
]
"""Pairs of a front end and a kernel."""


NUMBERS = count()
"""Numbers for notebook names: a front end would reuse the kernel of an earlier notebook with the same name."""


def at(*places: tuple[str, str]) -> pytest.MarkDecorator:
    """Run a test with these pairs. Its module creates `page` with `opened`. The servers are shared."""
    return pytest.mark.parametrize(
        ("server", "page"),
        [(kind, (kind, kernel)) for kind, kernel in places],
        ids=map("-".join, places),
        indirect=True,
        scope="package",
    )


everywhere = at(*PLACES)


@contextmanager
def opened(server: Server, browser: Browser, place: tuple[str, str]) -> Iterator[Page]:
    """Open a notebook with the kernel of this pair, and load the extension."""
    _, kernel = place
    need(kernel)
    notebook = write(server.folder / f"live-{next(NUMBERS)}.ipynb", "%load_ext mimo_magics", kernel=kernel)
    with Page(server, browser) as page:
        page.open(notebook.name)
        page.run(0)
        page.wait_idle()
        yield page


@contextmanager
def opened_untrusted(server: Server, browser: Browser, notebook: str) -> Iterator[Page]:
    """Open a copy of a notebook of the server without a kernel. It is not trusted, as one from somebody else."""
    copied = copy(server.folder / notebook, f"untrusted_{notebook}")
    with Page(server, browser) as page:
        page.open(copied.name, kernel=False)
        assert not page.is_trusted()
        yield page


@contextmanager
def waiting(page: Page) -> Iterator[list[Event]]:
    """Yield events that streams can wait for. All of them are set at the end."""
    gates = [Event() for _ in range(4)]
    yield gates
    for gate in gates:
        gate.set()
    page.wait_idle()


def view(page: Page, cell: int = 0) -> Locator:
    """Find the live view of a cell."""
    return page.output(cell).locator(".mimo-live")


def answer(*pieces: Iterator[bytes | float]) -> Answer:
    """Return a response with these chunks and the end of the reply."""
    return Answer(chain(*pieces, [finish(), b"data: [DONE]\n\n"]))


def stream_text(text: str, pause: float = 0.0, words: int = 1) -> Iterator[bytes | float]:
    """Yield a text, this number of words at a time."""
    return _stream_words("content", text, pause, words)


def stream_reasoning(text: str, pause: float = 0.0, words: int = 1) -> Iterator[bytes | float]:
    """Yield a reasoning text in the same way."""
    return _stream_words("reasoning_content", text, pause, words)


def until(event: Event) -> Iterator[float]:
    """Pause until the test sets the event."""
    while not event.is_set():
        yield 0.02


def _stream_words(key: str, text: str, pause: float, words: int) -> Iterator[Any]:
    for piece in re.findall(rf"\s*(?:\S+\s*){{1,{words}}}", text):
        yield sse({"id": "1", "model": "mimo-test", "choices": [{"index": 0, "delta": {key: piece}}]})
        yield pause
