"""Fixtures of the browser tests: one server for each front end, one browser, one model. Without them the tests are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from support.peer import KEY, Peer

from browser.lab import MODULES, Kind, Server, browsing, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The fixtures have the scope of this folder: the event loop of Playwright disturbs other tests in this thread.


def installed(module: str) -> None:
    if not find_spec(module):
        pytest.skip(f"{module} is not installed: make browser")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    installed("playwright")
    if not chromium():
        pytest.skip("there is no chromium: apt-get install chromium fonts-noto-cjk fonts-noto-color-emoji")
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="package")
def model() -> Iterator[Peer]:
    """Yield the service that the notebooks call. Each module sets its script."""
    with Peer() as model:
        yield model


@pytest.fixture(scope="package", params=MODULES)
def server(
    request: pytest.FixtureRequest, browser: Browser, model: Peer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Yield a server of JupyterLab, then of Notebook 7."""
    kind: Kind = request.param
    installed(MODULES[kind])
    folder = tmp_path_factory.mktemp(kind)
    with Server(kind, folder, MIMO_API_KEY=KEY, MIMO_BASE_URL=f"{model.url}/v1") as server:
        yield server
