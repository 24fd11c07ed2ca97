"""One run of the front-end benchmark: a page of JupyterLab, a cell, and its measurements. See frontend.py."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import httpx
from paced_server import MARKER, Sent, cpu, serving

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from browser.lab import IDLE, NOTEBOOK, Page, Server, browsing, chromium, write  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession

TIMEOUT = 60
"""Seconds after the expected end of the stream at which a run stops."""
WARM_UP = "200@200"
"""A load that is long enough for prose, math and code, and short enough for a contender that repaints everything."""


@dataclass(frozen=True, slots=True)
class Load:
    """A reply with a number of tokens and a rate in tokens per second."""

    tokens: int
    rate: int

    def __str__(self) -> str:
        return f"{self.tokens}@{self.rate}"


# The cells

FIRST = r"""import os
from IPython.display import Markdown, display
display(Markdown("$a$\n\n$$\\sum_k k$$\n\n```python\nx = 1  # so\n```"))
print(os.getpid())"""
WAYS = Path(__file__).with_name("frontend_ways.py")
OTHER = f"from {WAYS.stem} import WAY\nWAY('PROMPT')"
CONTENDERS = {
    "ours": "%%mimo\nPROMPT",
    "print": OTHER.replace("WAY", "by_print"),
    "10 Hz": OTHER.replace("WAY", "at_10_hz"),
    "each token": OTHER.replace("WAY", "by_update"),
}
"""The measured cells. Each has two lines, so that equal parts of the outputs are visible."""
MEASURED = 3
"""The index of the measured cell."""

# The page

WATCH = f"""([cell, marker]) => {{
    const output = {NOTEBOOK}.content.widgets[cell].node.querySelector(".jp-Cell-outputWrapper");
    const seen = window.seen = {{painted: 0, changed: Date.now(), longest: 0}};
    const isShown = () => {{  // reads only the last words, as reading all text in each frame would change the result
        const walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
        let words = "";
        for (let text = walker.lastChild(); text && words.length < 1000; text = walker.previousNode()) {{
            words = text.data.slice(-1000) + words;
            if (words.includes(marker)) return text.parentElement.getClientRects().length > 0;
        }}
        return false;
    }};
    let waits = false;
    const look = () => {{
        waits = false;
        if (isShown()) setTimeout(() => seen.painted ||= Date.now());  // after the frame is painted
    }};
    new MutationObserver(() => {{
        seen.changed = Date.now();
        if (!seen.painted && !waits) waits = requestAnimationFrame(look);
    }}).observe(output, {{subtree: true, childList: true, characterData: true}});
    new PerformanceObserver(list => {{
        for (const task of list.getEntries()) seen.longest = Math.max(seen.longest, task.duration);
    }}).observe({{type: "longtask"}});
}}"""
OVER = f"""() => ({IDLE})() && Date.now() - window.seen.changed > (window.seen.painted ? 1000 : 5000)"""


class Wire:
    """Counts the websocket frames of a page's kernel. Create it before the page opens."""

    def __init__(self, cdp: CDPSession) -> None:
        self.bytes = self.messages = 0
        self._kernels: set[str] = set()
        cdp.on("Network.webSocketCreated", self._opened)
        cdp.on("Network.webSocketFrameReceived", self._received)
        cdp.send("Network.enable")

    def _opened(self, event: dict[str, Any]) -> None:
        if "/api/kernels/" in event["url"]:
            self._kernels.add(event["requestId"])

    def _received(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._kernels:
            frame, data = event["response"], event["response"]["payloadData"]
            # Binary frames are reported in base64.
            binary = frame["opcode"] == 2
            self.bytes += len(data) * 3 // 4 - data[-2:].count("=") if binary else len(data.encode())
            self.messages += 1


# A run


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one run; `None` for a figure that was not reached."""

    state: str
    megabytes: float | None = None
    messages: float | None = None
    main: float | None = None
    longest_task_ms: float | None = None
    paint: float | None = None
    rest: float | None = None
    percent: float | None = None
    kernel: float | None = None
    saved: float | None = None


class Bench:
    """A page with a warm kernel, and its measurements."""

    def __init__(self, page: Page, notebook: str, peer: str) -> None:
        self._page = page
        self._peer = peer
        self._cdp = page.window.context.new_cdp_session(page.window)
        self._cdp.send("Performance.enable")
        self._wire = Wire(self._cdp)
        page.open(notebook)
        self._kernel = self._warm_up()

    def measure(self, load: Load) -> Run:
        """Run the cell and return its figures."""
        self._page.window.evaluate(WATCH, [MEASURED, MARKER])
        self._ask(f"reader/{self._kernel}")
        before = self._usage()
        self._page.run(MEASURED)
        over = self._over(load)
        megabytes, messages, main, kernel = (
            now - then for now, then in zip(self._usage(), before, strict=True)
        )
        seen, sent = self._page.window.evaluate("window.seen"), Sent(**self._ask("sent"))
        outputs, ended = self._page.outputs(MEASURED), over and seen["painted"]
        return Run(
            _state(outputs, over=over, painted=seen["painted"]),
            megabytes,
            messages,
            main,
            longest_task_ms=seen["longest"],
            paint=seen["painted"] / 1_000 - sent.last if ended else None,
            rest=seen["changed"] / 1_000 - sent.last if ended else None,
            percent=sent.load,
            kernel=kernel,
            saved=len(json.dumps(outputs, ensure_ascii=False).encode()) / 1_000 if ended else None,
        )

    def _warm_up(self) -> int:
        """Show math and a short reply, clear them, and return the process id of the kernel."""
        for cell in range(MEASURED):
            self._page.run(cell)
            self._page.wait_idle()
        self._page.output(0).locator("mjx-container").nth(1).wait_for()
        printed = (output["text"] for output in self._page.outputs(0) if output["output_type"] == "stream")
        self._page.execute("notebook:clear-all-cell-outputs")
        self._page.window.wait_for_timeout(2_000)
        return int("".join(printed))

    def _usage(self) -> tuple[float, ...]:
        """Return MB, messages, seconds of the page's main thread, and CPU seconds of the kernel so far."""
        metrics = {it["name"]: it["value"] for it in self._cdp.send("Performance.getMetrics")["metrics"]}
        return self._wire.bytes / 1e6, self._wire.messages, metrics["TaskDuration"], cpu(self._kernel)

    def _over(self, load: Load) -> bool:
        """Wait until page and kernel are idle, with a time limit."""
        from playwright.sync_api import TimeoutError as Late

        try:
            limit = load.tokens / load.rate + TIMEOUT
            self._page.window.wait_for_function(OVER, polling=200, timeout=limit * 1_000)
        except Late:
            return False
        return True

    def _ask(self, path: str) -> dict[str, Any]:
        return httpx.get(f"{self._peer}/{path}", trust_env=False).json()


def _state(outputs: list[dict[str, Any]], *, over: bool, painted: float) -> str:
    errors = [output["ename"] for output in outputs if output["output_type"] == "error"]
    if errors:
        return errors[0]
    return ("done" if painted else "lost") if over else "not done"


@dataclass(frozen=True, slots=True)
class Lab:
    """A JupyterLab server, a browser, and the address of the model server."""

    server: Server
    browser: Browser
    peer: str

    def run(self, name: str, load: Load) -> Run:
        """Run a contender on a new page with a new kernel."""
        from playwright.sync_api import Error

        notebook = f"{name}-{load}.ipynb"
        cells = (CONTENDERS[name].replace("PROMPT", prompt) for prompt in (WARM_UP, str(load)))
        write(self.server.folder / notebook, FIRST, "%load_ext mimo_magics", *cells)
        try:
            with Page(self.server, self.browser) as page:
                return Bench(page, notebook, self.peer).measure(load)
        except Error as error:
            print(error, file=sys.stderr)
            return Run("failed")


@contextmanager
def lab() -> Iterator[Lab]:
    """Start all three, and stop them at the end."""
    with (
        serving() as peer,
        browsing() as browser,
        TemporaryDirectory() as folder,
        Server("lab", Path(folder), MIMO_API_KEY="any", MIMO_BASE_URL=f"{peer}/v1") as server,
    ):
        copy(WAYS, folder)
        yield Lab(server, browser, peer)


def missing() -> str:
    """Return what this machine lacks; empty if it lacks nothing."""
    if not (find_spec("jupyterlab") and find_spec("playwright")):
        return "JupyterLab and Playwright are not installed: make browser"
    return "" if chromium() else "Chromium is not installed: apt-get install chromium"
