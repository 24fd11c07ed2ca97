"""A real front end for tests: JupyterLab or Notebook 7 on the loopback interface, and a notebook in a real browser.

    write(folder / "hello.ipynb", "print('hello')")
    with Server("lab", folder) as server, browsing() as browser, Page(server, browser) as page:
        page.open("hello.ipynb")
        page.run_all()
        page.wait_idle()
        print(page.output(0).inner_text())

Server, kernel, browser and MathJax are real. Some settings differ from the defaults: profile, settings and workspace
are new each time, news and updates are off, autosave is off, and every cell is rendered, also outside of the viewport.
The browser reaches only its server. `Page.strays` has all other requests, and closing a page with such a request is an
error.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.request import Request, urlopen

from support.kernels import INSTALLED, write_specs

# Without Playwright the tests can still be collected and skipped with a reason.
if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, LocatorAssertions

Kind = Literal["lab", "notebook"]
Theme = Literal["light", "dark"]

MODULES: dict[Kind, str] = {"lab": "jupyterlab", "notebook": "notebook"}
APPS: dict[Kind, str] = {"lab": "LabApp", "notebook": "JupyterNotebookApp"}
TIMEOUT = 60.0
"""Timeout in seconds of every wait."""
START_TIMEOUT = 20.0
"""Seconds after which a page whose kernel is not idle is loaded again."""

SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}

# The server


class Server:
    """The server of a front end for the notebooks of one folder. `with Server(...)` starts and stops it."""

    def __init__(self, kind: Kind, folder: Path, **environment: str) -> None:
        self.kind = kind
        self.folder = folder
        self.url = self.token = ""
        self._home = Path(tempfile.mkdtemp(prefix="mimo-browser-"))
        self._environment = clean(os.environ) | homes(self._home) | environment

    def __enter__(self) -> Self:
        for name, settings in SETTINGS.items():
            path = self._home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(settings), encoding="utf-8")
        write_specs(self._home / "data")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C goes only to the tests, which stop the server.
                start_new_session=True,
            )
        try:
            self.url, self.token = self._started()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server with its kernels, and delete the files that it wrote beside the notebooks."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def host(self) -> str:
        """The host name and the port."""
        return self.url.removeprefix("http://").rstrip("/")

    def trust(self, notebook: Path) -> None:
        """Mark a notebook as trusted."""
        self._jupyter("trust", notebook)

    def convert(self, notebook: Path, to: Literal["html", "markdown", "script"]) -> str:
        """Convert a notebook as `jupyter nbconvert` does."""
        self._jupyter("nbconvert", "--to", to, notebook)
        ending = {"html": ".html", "markdown": ".md", "script": ".py"}[to]
        return notebook.with_suffix(ending).read_text(encoding="utf-8")

    def kernels(self) -> list[str]:
        """Return the names of the running kernels."""
        return [kernel["id"] for kernel in json.loads(self._ask("GET", "api/kernels"))]

    def end_kernels(self) -> None:
        """Shut down all kernels."""
        for kernel in self.kernels():
            self._ask("DELETE", f"api/kernels/{kernel}")

    def _ask(self, method: str, path: str) -> bytes:
        authorization = {"Authorization": f"token {self.token}"}
        request = Request(f"{self.url}{path}", method=method, headers=authorization)
        with urlopen(request, timeout=TIMEOUT) as answer:
            return answer.read()

    @property
    def _log(self) -> Path:
        return self._home / "server.log"

    def _command(self) -> list[str]:
        options = {
            f"{APPS[self.kind]}.expose_app_in_browser": True,
            "ServerApp.allow_root": True,
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.open_browser": False,
            "ServerApp.port": 0,
            "ServerApp.root_dir": self.folder,
            # The server stops even if the tests are killed.
            "MappingKernelManager.cull_idle_timeout": 600,
            "ServerApp.shutdown_no_activity_timeout": 600,
        }
        return [sys.executable, "-m", MODULES[self.kind], *(f"--{name}={it}" for name, it in options.items())]

    def _started(self) -> tuple[str, str]:
        """Return URL and token, which the server writes to a file when it listens."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            for written in (self._home / "runtime").glob("jpserver-*.json"):
                if (text := written.read_text(encoding="utf-8")).endswith("}"):
                    return json.loads(text)["url"], json.loads(text)["token"]
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self._log.read_text(encoding="utf-8")[-3_000:])
            time.sleep(0.05)

    def _jupyter(self, *words: str | Path) -> None:
        command = [sys.executable, "-m", "jupyter", *map(str, words)]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-3_000:])


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the settings of the user."""
    return {name: it for name, it in environment.items() if not name.startswith(("MIMO_", "JUPYTER"))}


def homes(folder: Path) -> dict[str, str]:
    """Return variables that keep Jupyter and IPython away from the files of the user."""
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {name: str(folder / place) for name, place in places.items()}


def write(path: Path, *cells: str, kernel: str = INSTALLED) -> Path:
    """Write a notebook of code cells."""
    from nbformat import v4 as nb

    spec = {"name": kernel, "display_name": "Python 3 (ipykernel)", "language": "python"}
    code = [nb.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(cells)]
    notebook = nb.new_notebook(cells=code, metadata={"kernelspec": spec})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def copy(notebook: Path, name: str) -> Path:
    """Copy a notebook as another user gets it: without a valid signature and without a kernel name."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    target = notebook.with_name(name)
    target.write_text(json.dumps({**content, "metadata": {"copy": name}}), encoding="utf-8")
    return target


# The browser

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
NOWHERE = "http://127.0.0.1:9"
"""The proxy for Chromium's own requests. Nothing listens there."""
OWN = "content-autofill.googleapis.com"
"""A host that Chromium itself requests through the page's proxy for form fields."""


def chromium() -> str | None:
    """Return the path of the installed browser. None is downloaded."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Run a headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), headless=True, args=ARGUMENTS, proxy={"server": NOWHERE}
        )
        with browser:
            yield browser


def expect(found: Locator) -> LocatorAssertions:
    """Return assertions about a part of the page that wait until they hold."""
    from playwright.sync_api import expect

    expect.set_options(timeout=TIMEOUT * 1_000)
    return expect(found)


class Fence:
    """A proxy that refuses every request and stores its first line."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Refusal,), {"seen": self.seen}))
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        """The URL of the proxy."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop the proxy."""
        self._server.shutdown()
        self._server.server_close()


class Refusal(BaseHTTPRequestHandler):
    """A connection to the proxy."""

    seen: list[str]

    def refuse(self) -> None:
        if OWN not in self.path:
            self.seen.append(self.requestline)
        self.send_error(403)

    do_CONNECT = do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = refuse  # noqa: N815  names of the library

    def log_message(self, *_: object) -> None:
        """Print nothing."""


# The notebook in the page

APP = "window.jupyterapp"
NOTEBOOK = f"{APP}.shell.currentWidget"
READY = f"() => {APP}?.shell?.currentWidget?.content?.widgets?.length && {NOTEBOOK}.context.isReady"
CONNECTED = f"() => {NOTEBOOK}.sessionContext.session?.kernel?.connectionStatus === 'connected'"
IDLE = f"() => !window.running && {NOTEBOOK}.sessionContext.session?.kernel?.status === 'idle'"
EXECUTE = f"""([name, options]) => {{
    window.running = (window.running ?? 0) + 1;
    {APP}.commands.execute(name, options).finally(() => window.running--);
}}"""
WATCH = """output => {
    const seen = [];
    const look = value => seen.at(-1) === value || seen.push(value);
    new MutationObserver(() => look(%s)).observe(output, {subtree: true, childList: true, characterData: true});
    return seen;
}"""
EDIT = f"([cell, source]) => {NOTEBOOK}.content.widgets[cell].model.sharedModel.setSource(source)"
FILL = f"""sources => {{
    const model = {NOTEBOOK}.content.model.sharedModel;
    model.transact(() => {{
        model.deleteCellRange(0, model.cells.length);
        model.insertCells(0, sources.map(source => ({{cell_type: 'code', source}})));
    }});
}}"""


class Page:
    """A browser window with its own profile. `with Page(...)` opens and closes it."""

    def __init__(self, server: Server, browser: Browser, width: int = 1_200, height: int = 1_000) -> None:
        self.server = server
        self.strays: list[str] = []
        """Requests of the page to other hosts. All of them were blocked."""
        self._fence = Fence()
        self._context = browser.new_context(
            viewport={"width": width, "height": height},
            proxy={"server": self._fence.url, "bypass": server.host},
        )
        self._context.on("request", lambda request: self._note(request.url))
        self.window = self._context.new_page()
        """The page of Playwright, for everything that this class does not offer."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._context.close()
        self._fence.close()
        self.server.end_kernels()
        assert kind or not self.stray_requests(), f"requests to other hosts: {self.stray_requests()}"

    def stray_requests(self) -> list[str]:
        """Return all requests to other hosts, as the page and the proxy saw them."""
        return [*self.strays, *self._fence.seen]

    def forgive(self) -> None:
        """Clear the requests to other hosts, in tests that expect them."""
        self.strays.clear()
        self._fence.seen.clear()

    def open(self, notebook: str, *, kernel: bool = True) -> None:
        """Open a notebook with a new kernel, or without one through the dialog of the front end."""
        workspace = f"lab/workspaces/{time.monotonic_ns()}/tree"
        place = workspace if self.server.kind == "lab" else "notebooks"
        self.window.goto(f"{self.server.url}{place}/{notebook}?token={self.server.token}")
        self.window.wait_for_function(READY, timeout=TIMEOUT * 1_000)
        if kernel:
            self._wait_for_kernel()
        else:
            self.window.get_by_role("dialog").get_by_role("button", name="No Kernel").click()
            self.window.get_by_role("dialog").wait_for(state="detached")

    def _wait_for_kernel(self) -> None:
        """Wait until a new kernel is idle. The front end can miss its first status; a reloaded page requests it."""
        from playwright.sync_api import TimeoutError as Late

        try:
            self.window.wait_for_function(IDLE, timeout=START_TIMEOUT * 1_000)
        except Late:
            self.reload()
            self.wait_idle()

    def reload(self) -> None:
        """Reload the page and wait until it is connected to the running kernel. Earlier messages are lost to it."""
        self.window.reload()
        for state in (READY, CONNECTED):
            self.window.wait_for_function(state, timeout=TIMEOUT * 1_000)

    def fill(self, *cells: str) -> None:
        """Replace all cells by these code cells."""
        self.window.evaluate(FILL, cells)

    def run(self, cell: int) -> None:
        """Start a cell."""
        self.choose(cell)
        self.execute("notebook:run-cell")

    def choose(self, cell: int) -> None:
        """Select a cell for commands."""
        self.window.evaluate(f"cell => {{ {NOTEBOOK}.content.activeCellIndex = cell; }}", cell)

    def edit(self, cell: int, source: str) -> None:
        """Replace the source of a cell."""
        self.window.evaluate(EDIT, [cell, source])

    def change(self, cell: int, *commands: str) -> None:
        """Execute commands of the notebook in order, such as `cut-cell`, starting at this cell."""
        self.choose(cell)
        for command in commands:
            self.execute(f"notebook:{command}")
            self.wait_idle()

    def run_all(self) -> None:
        """Start all cells."""
        self.execute("notebook:run-all-cells")

    def wait_idle(self) -> None:
        """Wait until all cells have run and the kernel is idle."""
        self.window.wait_for_function(IDLE, timeout=TIMEOUT * 1_000)

    def execute(self, command: str, **options: object) -> None:
        """Start a command of the front end."""
        self.window.evaluate(EXECUTE, [command, options])

    def cell(self, cell: int) -> Locator:
        """Find a cell in the page."""
        return self.window.locator(".jp-Notebook .jp-Cell").nth(cell)

    def output(self, cell: int) -> Locator:
        """Find a cell's output area in the page."""
        return self.cell(cell).locator(".jp-Cell-outputArea")

    def outputs(self, cell: int) -> list[dict[str, Any]]:
        """Return a cell's outputs as they would be saved."""
        return self.window.evaluate(f"cell => {NOTEBOOK}.content.widgets[cell].model.outputs.toJSON()", cell)

    def watch(self, cell: int, what: str = "output.innerText") -> Callable[[], list[Any]]:
        """Record each new value of an expression, by default the visible text of the output."""
        seen = self.output(cell).evaluate_handle(WATCH % what)
        return seen.json_value

    def is_trusted(self) -> bool:
        """Return whether the notebook is trusted."""
        return self.window.evaluate(f"() => [...{NOTEBOOK}.content.model.cells].every(cell => cell.trusted)")

    def interrupt(self) -> None:
        """Press the interrupt button of the toolbar."""
        self.window.locator(".jp-Toolbar [data-command='notebook:interrupt-kernel']").click()

    def save(self) -> Path:
        """Save the notebook and return its path."""
        self.window.evaluate(f"() => {NOTEBOOK}.context.save()")
        return self.server.folder / self.window.evaluate(f"() => {NOTEBOOK}.context.path")

    def restart(self) -> None:
        """Restart the kernel. Outputs stay."""
        self.window.evaluate(f"() => {NOTEBOOK}.sessionContext.restartKernel()")
        self.wait_idle()

    def shut_down(self) -> None:
        """Shut down the kernel. Outputs stay."""
        self.window.evaluate(f"() => {NOTEBOOK}.sessionContext.shutdown()")

    def theme(self, theme: Theme) -> None:
        """Switch the theme."""
        name = f"JupyterLab {theme.capitalize()}"
        self.execute("apputils:change-theme", theme=name)
        self.window.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
        self.window.locator("#jupyterlab-splash").wait_for(state="detached")

    def screenshot(self, path: Path, last: int) -> None:
        """Save a screenshot of the cells down to this one. The window must be high enough for them."""
        notebook = self.window.locator(".jp-Notebook").bounding_box()
        end = self.cell(last).bounding_box()
        assert notebook
        assert end
        height = end["y"] + end["height"] - notebook["y"]
        self.window.screenshot(path=path, clip={**notebook, "height": height})

    def _note(self, url: str) -> None:
        if not url.startswith((self.server.url, "data:", "blob:")):
            self.strays.append(url)
