"""Hostile replies cannot run code in the page, call other hosts, or imitate the page.

Each text is tested in every field of a reply: while it streams, in the notebook that requested it, in a copy for another
user, and in the HTML of nbconvert. A server that counts requests offers everything that the texts try to load. Another
way to display replies, `display(Markdown(reply))`, shows that the traps work.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self

import pytest
from support.hostile import HOSTILE, OUT, find_unexpected
from support.peer import Answer, Peer, Seen, error, finish, sse, stream

from browser.lab import TIMEOUT, Page, Server, copy, expect, write
from mimo_magics.core.messages import Annotation, Message, ReasoningPart, Reply, TextPart, ToolCall
from mimo_magics.document.styles import PRINT_RULE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator

AWAY = {"base", "refresh", "sent form"}
"""Hostile texts that navigate the page if nothing prevents it."""
RUN = (
    "annotation arrived aside attached bang begun blank break button cell click command comment data "
    "document drag draw drawing embed emphasis end equal esc far film focus fold footnote foreign form "
    "frame glued heading heap if image imported index input json language link linked list mi missed "
    "module mouse moved moving noscript object odd old order out paragraph part pointer popover quotation "
    "raw remote script section sound spaces submit table template top turned unclosed under unknown view"
)
"""Hostile texts that run code if nothing prevents it."""
LOADING = (
    "alternative audio blank border bracketed button cell content cursor dot drawing early embed family "
    "film filter font foreseen frame head import imported linked macro markdown mermaid object overlay picture "
    "poster prefetch preload reference remote selector sheet sign source srcset table titled track video "
    "y"
)
"""Hostile texts that load a URL if nothing prevents it."""

# The outside

GIFTS = {
    "image": ("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' />"),
    "script": ("text/javascript", "ran.{}"),
    "style": ("text/css", "body {{ --caught: yes }}"),
}
PAGE = ("text/html", "<script>ran.{}</script>")


class Canary:
    """A server outside of the notebook, with content that the hostile texts try to load."""

    def __init__(self) -> None:
        self.requested: list[str] = []
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (Gift,), {"requested": self.requested})
        )
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def aimed(self, text: str) -> str:
        """Return the text with the URL of this server."""
        return text.replace(OUT, self.url)


class Gift(BaseHTTPRequestHandler):
    """A connection to the canary server."""

    requested: list[str]

    def give(self) -> None:
        name = self.path.removeprefix("/")
        self.requested.append(name)
        kind, body = GIFTS.get(self.headers["Sec-Fetch-Dest"], PAGE)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body.format(name).encode())

    do_GET = do_HEAD = do_OPTIONS = do_POST = give  # noqa: N815  the library's names

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Open:
    """Yield a browser whose pages reach the canary and their own server."""

    def __init__(self, browser: Browser, canary: Canary) -> None:
        self._browser = browser
        self.canary = canary

    def new_context(self, proxy: dict[str, str], **options: Any) -> BrowserContext:
        bypass = f"{proxy['bypass']},{self.canary.host}"
        return self._browser.new_context(proxy={**proxy, "bypass": bypass}, **options)


# The traps

RAN = "window.ran = new Proxy({}, {get: (_, name) => void caught(String(name))})"
TRAP = "window.jupyterapp?.commands.addCommand('caught', {execute: () => ran.command})"
PROVOKE = """outputs => {
    const events = (
        'animationstart beforetoggle contentvisibilityautostatechange dragstart error focus input load mouseover '
        + 'pointerenter start toggle'
    ).split(' ');
    for (const each of outputs.flatMap(output => [...output.querySelectorAll('*')])) {
        for (const event of events) each.dispatchEvent(new Event(event));
        const way = each.closest('a')?.protocol;
        if (!way || way === 'javascript:')
            each.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
    }
}"""
PAUSE = 300
"""Milliseconds in which every attack starts."""
LAST = "url => new Promise(done => Object.assign(new Image(), {onload: done, onerror: done, src: url}))"
STYLED = "getComputedStyle(document.body).getPropertyValue('--caught')"


class Trap:
    """A page that records all code that runs, all requests, and all new pages."""

    def __init__(self, page: Page, canary: Canary) -> None:
        self.page = page
        self.caught: set[str] = set()
        self._canary = canary
        canary.requested.clear()
        context = page.window.context
        context.expose_function("caught", self.catch)
        context.add_init_script(RAN)

    def catch(self, name: str) -> None:
        """Record code that ran."""
        self.caught.add(name)

    def provoke(self, outputs: Locator) -> None:
        """Use all outputs as a user could, except for the links. Then wait for the last request."""
        self.page.window.evaluate(TRAP)
        outputs.evaluate_all(PROVOKE)
        self.page.window.wait_for_timeout(PAUSE)
        self.page.window.evaluate(LAST, f"{self._canary.url}/last")

    def wait(self, run: str, requested: str) -> None:
        """Wait until this number of scripts ran and of requests arrived."""
        deadline = time.monotonic() + TIMEOUT
        while {*run.split()} - self.caught or {*requested.split()} - {*self._canary.requested}:
            assert time.monotonic() < deadline, (sorted(self.caught), sorted({*self._canary.requested}))
            self.page.window.wait_for_timeout(50)

    def requested(self) -> set[str]:
        """Return and clear the requests to the canary and to other hosts, except for the last one."""
        strays = {line.removeprefix(f"{self._canary.url}/") for line in self.page.stray_requests()}
        self.page.forgive()
        return {
            line for line in {*strays, *self._canary.requested} - {"last"} if not line.startswith("file:")
        }

    def assert_empty(self) -> None:
        assert self.requested() == set()
        assert self.caught == set()
        assert not self.page.window.evaluate(STYLED)
        assert len(self.page.window.context.pages) == 1


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    with Canary() as canary:
        yield canary


@pytest.fixture(scope="module")
def open_browser(browser: Browser, canary: Canary) -> Open:
    return Open(browser, canary)


def groups(texts: Iterable[str]) -> list[list[str]]:
    """Put several texts into one cell: a cell for each would take longer."""
    rest = list(texts)
    return [rest[start : start + 12] for start in range(0, len(rest), 12)]


def test_the_traps_detect_attacks(server: Server, open_browser: Open, canary: Canary) -> None:
    shown = [canary.aimed(text) for name, text in HOSTILE.items() if name not in AWAY]
    cells = [f"display(*map(Markdown, {texts}))" for texts in groups(shown)]
    write(server.folder / "traps.ipynb", "from IPython.display import Markdown", *cells)
    with Page(server, open_browser) as page:
        trap = Trap(page, canary)
        page.open("traps.ipynb")
        page.run_all()
        page.wait_idle()
        trap.provoke(page.window.locator(".jp-Cell-outputArea"))
        trap.wait(RUN, LOADING)
        assert " ".join(sorted(trap.caught)) == RUN
        assert " ".join(sorted({*canary.requested} - {"last"})) == LOADING
        assert page.window.evaluate(STYLED) == "yes"
        page.forgive()


# What may be in a document

FOUND = """(documents, rule) => documents.flatMap(document => [...document.querySelectorAll('*')])
    .filter(each => !each.closest('mjx-container') && each.outerHTML !== rule)
    .flatMap(each => [[each.localName], ...[...each.attributes].map(it => [each.localName, it.name, it.value])])"""
TYPESET = """documents => documents.flatMap(document => [...document.querySelectorAll('mjx-container *')])
    .flatMap(each => [...each.attributes].map(it => `${it.name}=${it.value}`))"""
ADDED = {
    "a rel": r"(noopener|noreferrer|nofollow| )+",
    "a target": r"_blank|_self",
    "span class": r"numbering-entry|mathjax_\w+ tex2jax_\w+|[a-z][a-z0-9]{0,2}",
    "* style": r"(text-align|opacity|margin-\w+): ?[\w.]+;?",
}
"""Elements that the front end adds."""
NO_MATH = re.compile(
    r"id=|on\w+=|data-command|(\w+:)?href=(?!http://.)|class=(?!mjx-|TEX|MJX)|style=.*(url\(|fixed|sticky)"
)
"""Elements that typeset math does not need."""


def assert_harmless(documents: Locator) -> None:
    assert find_unexpected(documents.evaluate_all(FOUND, PRINT_RULE), ADDED) == []
    assert [each for each in documents.evaluate_all(TYPESET) if NO_MATH.match(each)] == []


# At rest

GROUPS = groups(HOSTILE.values())


def everywhere(texts: list[str]) -> Reply:
    """Return a reply with the texts in all its fields."""
    thoughts = [part for text in texts for part in (ReasoningPart(text), TextPart(text))]
    calls = (ToolCall(f"call {number}", text, text) for number, text in enumerate(texts))
    sources = [Annotation(url, text, text, text, text) for text in texts for url in (text, f"{OUT}/{text}")]
    everything = "".join(texts)
    message = Message("assistant", (*thoughts, *calls))
    return Reply(message, None, everything, everything, everything, tuple(sources), tuple(texts))


def script(canary: Canary, seen: Seen) -> Answer:
    """Reply with the hostile texts whose number is in the prompt."""
    if seen.prompt == "error":
        return error(400, canary.aimed("\n".join(HOSTILE.values())))
    return stream(seen, everywhere([canary.aimed(text) for text in GROUPS[int(seen.prompt)]]))


@pytest.fixture(scope="module")
def run_trap(server: Server, open_browser: Open, canary: Canary, model: Peer) -> Iterator[Trap]:
    """Yield the page of the requests. The notebook is saved, and its kernel is shut down."""
    model.script = partial(script, canary)
    prompts = [*range(len(GROUPS)), "error"]
    cells = [f"%%mimo --no-history\n{prompt}" for prompt in prompts]
    write(server.folder / "hostile.ipynb", "%load_ext mimo_magics", *cells)
    with Page(server, open_browser) as page:
        trap = Trap(page, canary)
        page.open("hostile.ipynb")
        page.run_all()
        page.wait_idle()
        page.save()
        page.shut_down()
        yield trap


def check(trap: Trap) -> None:
    documents = trap.page.window.locator(".mimo-reply")
    assert documents.count() == len(GROUPS)
    assert_harmless(documents)
    trap.provoke(trap.page.window.locator(".jp-Cell-outputArea"))
    trap.assert_empty()


def test_a_hostile_reply_is_harmless_in_the_notebook_that_requested_it(run_trap: Trap) -> None:
    assert run_trap.page.is_trusted()
    assert run_trap.page.output(len(GROUPS) + 1).inner_text().startswith("BadRequest: ")
    check(run_trap)


def test_a_hostile_reply_is_harmless_in_a_copy_of_the_notebook(
    run_trap: Trap, server: Server, open_browser: Open, canary: Canary
) -> None:
    stranger = copy(server.folder / "hostile.ipynb", "stranger.ipynb")
    with Page(server, open_browser) as page:
        trap = Trap(page, canary)
        page.open(stranger.name, kernel=False)
        assert not page.is_trusted()
        check(trap)


@pytest.mark.parametrize("server", ["lab"], indirect=True)  # the file is the same
def test_a_hostile_reply_is_harmless_in_the_html_of_nbconvert(
    run_trap: Trap, server: Server, open_browser: Open, canary: Canary
) -> None:
    """The page requests only what the page of an empty notebook requests. All of it is blocked, so math is not typeset."""
    documents = [write(server.folder / "empty.ipynb"), server.folder / "hostile.ipynb"]
    requests = []
    with Page(server, open_browser) as page:
        trap = Trap(page, canary)
        for document in documents:
            server.convert(document, "html")
            page.window.goto(document.with_suffix(".html").as_uri())
            trap.provoke(page.window.locator(".jp-Cell-outputArea"))
            requests.append(trap.requested())
        assert page.window.locator(".mimo-reply").count() == len(GROUPS)
        assert_harmless(page.window.locator(".mimo-reply"))
        assert requests[0] == requests[1]
        trap.assert_empty()


# While it streams


def stream_slowly(text: str, started: Event, over: Event) -> Iterator[bytes | float]:
    """Yield the chunks of a reply that pauses before its text and before its end."""
    yield from (delta(role="assistant", error_message="Hm."), delta(reasoning_content="Hm.\n\n"))
    yield from until(started)
    yield delta(reasoning_content=text)
    yield delta(tool_calls=[{"index": 0, "id": text, "function": {"name": text, "arguments": text}}])
    yield from (delta(error_message=text), delta(content=text))
    yield from until(over)
    yield from (finish(), b"data: [DONE]\n\n")


def delta(**fields: object) -> bytes:
    return sse({"id": "1", "model": "mimo-test", "choices": [{"index": 0, "delta": fields}]})


def until(event: Event) -> Iterator[float]:
    while not event.is_set():
        yield 0.05


def all_in_one(canary: Canary) -> str:
    """Join all texts, each as a separate block even if it leaves an element open."""
    quoted = ("> " + canary.aimed(text).replace("\n", "\n> ") for text in HOSTILE.values())
    return "\n\n".join((*quoted, "The end."))


def test_a_hostile_reply_is_harmless_while_it_streams(
    server: Server, open_browser: Open, canary: Canary, model: Peer
) -> None:
    started, over = Event(), Event()
    model.script = lambda seen: Answer(stream_slowly(all_in_one(canary), started, over))
    write(server.folder / "coming.ipynb", "%load_ext mimo_magics", "%%mimo\nhello")
    with Page(server, open_browser) as page:
        trap = Trap(page, canary)
        page.open("coming.ipynb")
        page.run_all()
        live = page.window.locator(".mimo-live")
        live.wait_for()
        started.set()
        shown = live.locator(".widget-html-content, .widget-htmlmath-content")
        expect(shown.filter(has_text="The end.").last).to_be_visible()
        assert live.locator("style").count() == 1
        assert live.locator("button :not(i)").count() == 0
        assert_harmless(shown.filter(has_not=page.window.locator("style")))
        trap.provoke(shown)
        trap.assert_empty()
        over.set()
        page.wait_idle()
        expect(page.output(1).locator(".mimo-reply")).to_contain_text("The end.")
