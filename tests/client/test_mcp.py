"""Tools of MCP servers: a server of our own over both transports, and the official time server."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.from_thread import start_blocking_portal
from support.peer import wait_until

from mimo_magics.client import mcp, portal
from mimo_magics.client.mcp import McpServer, McpTool
from mimo_magics.core.errors import BadOption, ConnectionFailed, MimoError, WireError
from mimo_magics.core.messages import Tool

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not find_spec("mcp"), reason="the SDK is not installed: pip install 'mimo-magics[mcp]'"
    ),
]

SERVER = '''
import json, os, sys, time
import anyio
from mcp import MCPError
from mcp.server import MCPServer
from mcp.types import (
    AudioContent, BlobResourceContents, CallToolResult, EmbeddedResource, ImageContent, ResourceLink, TextContent,
    TextResourceContents,
)
from pydantic import BaseModel, ConfigDict

server = MCPServer("workshop", log_level="CRITICAL")
results = {
    "texts": [TextContent(text="one"), TextContent(text="two")],
    "picture": [TextContent(text="look:"), ImageContent(data="AAAAAAA=", mimeType="image/png")],
    "sound": [AudioContent(data="AAAA" * 1_000, mimeType="audio/wav")],
    "link": [ResourceLink(name="notes", uri="file:///notes.txt")],
    "notes": [EmbeddedResource(resource=TextResourceContents(uri="file:///notes.txt", text="what it says"))],
    "archive": [EmbeddedResource(resource=BlobResourceContents(uri="file:///a.zip", blob="AAAA"))],
    "figures": [TextContent(text="")],
    "nothing": [],
}
met = begun = cancelled = 0

class Book(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    pages: dict[str, int] = {}

@server.tool()
def add(a: int, b: int) -> str:
    """Add two numbers."""
    return str(a + b)

@server.tool()
def shelve(book: Book = Book(title="none"), title: str = "none") -> str:
    return f"{book.title}, {title}"

@server.tool(title="Show a result")
def show(name: str) -> CallToolResult:
    structured = {"measured": 3, "unit": "\\u00b5m"} if name == "figures" else None
    return CallToolResult(content=results.get(name, []), structured_content=structured, is_error=name == "texts")

@server.tool()
def echo(text: str) -> str:
    return text

@server.tool()
def fail() -> str:
    raise ValueError("there is no tea")

@server.tool()
async def meet() -> str:
    """Wait until two calls have arrived."""
    global met
    met += 1
    while met < 2:
        await anyio.sleep(0.01)
    return "met"

@server.tool()
async def wait() -> str:
    global begun, cancelled
    begun += 1
    print("waiting", file=sys.stderr, flush=True)
    try:
        await anyio.sleep(600)
    finally:
        cancelled += 1

@server.tool()
def count() -> str:
    return f"{cancelled} cancelled"

@server.tool()
def waits() -> str:
    return str(begun)

@server.tool()
def chat() -> str:
    print("chat" * 25_000, file=sys.stderr, flush=True)
    return "enough"

@server.tool()
def process() -> str:
    return str(os.getpid())

@server.tool()
def environment() -> str:
    return json.dumps(dict(os.environ))

@server.tool()
def die() -> str:
    print("first\\nout of \\x1b[31mtea\\x1b[0m, says", os.environ.get("TOKEN", "no token") + ".", file=sys.stderr, flush=True)
    os._exit(3)

@server.tool()
def learn(name: str) -> str:
    server.add_tool(lambda: "new", name=name)
    return "learnt"

async def old(context, go_on):
    """A server of the 2025 protocol has sessions, which are lost when it restarts."""
    if context.method == "server/discover":
        raise MCPError(code=-32601, message="Method not found")
    return await go_on(context)

if sys.argv[2:] == ["old"]:
    server.middleware.append(old)
if sys.argv[1:] == ["stay"]:
    server.run()
    time.sleep(600)
elif sys.argv[1:]:
    server.run("streamable-http", port=int(sys.argv[1]))
else:
    server.run()
'''

Made = Callable[..., McpServer]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mcp") / "workshop.py"
    path.write_text(SERVER)
    return path


@pytest.fixture
def made() -> Iterator[Made]:
    """Create servers that are closed after the test."""
    servers: list[McpServer] = []

    def make(*args: object, **kwargs: object) -> McpServer:
        servers.append(McpServer(*args, **kwargs))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def shop(program: Path) -> Iterator[McpServer]:
    server = McpServer("shop", [sys.executable, str(program)])
    yield server
    server.close()


@pytest.fixture
def own(made: Made, program: Path) -> McpServer:
    """A server that the test itself starts or stops."""
    return made("shop", [sys.executable, str(program)])


@contextmanager
def served(program: Path, port: int, *how: str) -> Iterator[None]:
    """The same server over streamable HTTP."""
    with subprocess.Popen(
        [sys.executable, str(program), str(port), *how], stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(partial(answers, port))
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def address(program: Path, free_port: Callable[[], int]) -> Iterator[str]:
    port = free_port()
    with served(program, port):
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.fixture(params=["stdio", "http"])
def either(request: pytest.FixtureRequest, shop: McpServer, made: Made) -> McpServer:
    return shop if request.param == "stdio" else made("shop", url=request.getfixturevalue("address"))


@pytest.fixture(scope="module")
def free_port() -> Iterator[Callable[[], int]]:
    """Return ports that stay bound, so that no other process can listen there."""
    with ExitStack() as held:

        def found() -> int:
            reserved = held.enter_context(socket.socket())
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(("127.0.0.1", 0))
            return int(reserved.getsockname()[1])

        yield found


def answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    return True


async def named(server: McpServer, name: str) -> McpTool:
    return next(tool for tool in await server.list_tools() if tool.name == name)


async def call_text(server: McpServer, tool: str, **arguments: object) -> str:
    """Return the text of a successful call."""
    text, is_error = await server.call_tool(tool, arguments)
    assert not is_error, text
    return text


async def error_of(question: Awaitable[object]) -> MimoError:
    with pytest.raises(MimoError) as caught:
        await question
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


# Lists of tools


async def test_tools_have_the_prefix_of_the_server_and_no_unsupported_schema_keys(either: McpServer) -> None:
    add, shelve = [(await named(either, name)).spec for name in ("add", "shelve")]
    number = {"type": "integer"}
    parameters = {"type": "object", "properties": {"a": number, "b": number}, "required": ["a", "b"]}
    assert add == Tool("shop_add", "Add two numbers.", parameters)
    assert shelve.parameters == {
        "type": "object",
        "properties": {
            "book": {"$ref": "#/$defs/Book", "default": {"title": "none", "pages": {}}},
            "title": {"type": "string", "default": "none"},
        },
        "$defs": {
            "Book": {
                "type": "object",
                "properties": {"title": {"type": "string"}, "pages": {"type": "object", "default": {}}},
                "required": ["title"],
            }
        },
    }


async def test_a_title_replaces_a_missing_description(shop: McpServer) -> None:
    assert (await named(shop, "show")).spec.description == "Show a result"


async def test_every_name_is_valid_for_a_model_and_calls_the_right_tool(made: Made, program: Path) -> None:
    server = made("Müller & Söhne", [sys.executable, str(program)])
    strange = ["a.b", "a/b", "x" * 100, "x" * 101]
    for name in strange:
        await server.call_tool("learn", {"name": name})
    specs = {tool.name: tool.spec for tool in await server.list_tools()}
    names = [specs[name].name for name in strange]
    assert names[:2] == ["M_ller___S_hne_a_b", "M_ller___S_hne_a_b_c14cddc0"]
    assert len({*names}) == 4
    assert {len(name) for name in names[2:]} == {64}
    assert await (await named(server, "a/b")).call({}) == ("new", False)


async def test_a_tool_that_is_added_later_is_listed_later(either: McpServer) -> None:
    name = f"later_{os.getpid()}_{either.url[:4]}"
    assert name not in [tool.name for tool in await either.list_tools()]
    await call_text(either, "learn", name=name)
    assert await (await named(either, name)).call({}) == ("new", False)


# Results


async def test_a_call_returns_the_text_of_the_tool(either: McpServer) -> None:
    assert await (await named(either, "add")).call({"a": 2, "b": 40}) == ("42", False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("texts", "one\ntwo"),
        ("picture", "look:\n(an image of 5 bytes that cannot be shown here)"),
        ("sound", "(an audio clip of 3,000 bytes that cannot be shown here)"),
        ("link", "(a link to file:///notes.txt)"),
        ("notes", "what it says"),
        ("archive", "(the resource file:///a.zip of 3 bytes that cannot be shown here)"),
        ("figures", '{"measured": 3, "unit": "µm"}'),
        ("nothing", "(no output)"),
    ],
)
async def test_every_kind_of_result_becomes_text(shop: McpServer, name: str, text: str) -> None:
    assert await shop.call_tool("show", {"name": name}) == (text, name == "texts")


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("fail", {}, "Error executing tool fail"),
        ("add", {"a": "many", "b": 1}, "a"),
        ("fly", {}, "fly"),
    ],
)
async def test_an_error_of_a_tool_or_its_server_is_a_result(
    either: McpServer, tool: str, arguments: dict[str, object], message: str
) -> None:
    text, is_error = await either.call_tool(tool, arguments)
    assert is_error
    assert message in text


async def test_a_lone_surrogate_in_an_argument_is_replaced(either: McpServer) -> None:
    assert await call_text(either, "echo", text="\ud83d\ude00 \ud800") == "😀 \ufffd"


async def test_a_long_result_is_complete(either: McpServer) -> None:
    assert await call_text(either, "echo", text="é" * 300_000) == "é" * 300_000


# Loops, threads and interrupts


async def waiting(server: McpServer) -> asyncio.Task[tuple[str, bool]]:
    """Start a call that never ends, and return when its tool runs."""
    before = await call_text(server, "waits")
    call = asyncio.create_task(server.call_tool("wait", {}))
    with anyio.fail_after(60):
        while await call_text(server, "waits") == before:
            pass
    return call


async def test_two_calls_run_at_the_same_time(shop: McpServer) -> None:
    with anyio.fail_after(60):
        assert await asyncio.gather(call_text(shop, "meet"), call_text(shop, "meet")) == ["met", "met"]


async def test_a_cancelled_call_ends_and_the_server_continues(either: McpServer) -> None:
    process, before = await call_text(either, "process"), await call_text(either, "count")
    call = await waiting(either)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with anyio.fail_after(60):
        while await call_text(either, "count") == before:
            pass
    assert await call_text(either, "process") == process


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="a process cannot be stopped here")
async def test_a_cancelled_call_does_not_wait_for_a_server_that_hangs(own: McpServer) -> None:
    process = await call_text(own, "process")
    os.kill(int(process), signal.SIGSTOP)
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(own.call_tool("add", {"a": 1, "b": 1}), 0.3)
    finally:
        os.kill(int(process), signal.SIGCONT)
    assert await call_text(own, "process") == process


async def test_a_caller_that_is_cancelled_during_the_start_does_not_stop_it_for_another(
    own: McpServer,
) -> None:
    one, other = asyncio.create_task(own.list_tools()), asyncio.create_task(call_text(own, "add", a=1, b=1))
    while own._connection is None:
        await anyio.lowlevel.checkpoint()
    one.cancel()
    assert await other == "2"


async def test_a_connection_runs_on_the_loop_of_the_portal(own: McpServer) -> None:
    async def current_loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    await own.list_tools()
    assert own._connection.loop is await asyncio.wrap_future(portal.submit(current_loop()))


def test_one_server_serves_all_loops_and_threads(either: McpServer) -> None:
    call_process = partial(call_text, either, "process")
    with start_blocking_portal() as portal:
        first = portal.call(call_process)
    assert {first, asyncio.run(call_process()), asyncio.run(call_process())} == {first}


def test_threads_that_start_at_the_same_time_get_the_same_server(own: McpServer) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(asyncio.run(call_text(own, "process"))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({*found}) == 1


async def test_the_log_of_a_server_does_not_grow_without_limit(own: McpServer) -> None:
    await call_text(own, "chat")
    first = os.fstat(own._connection._log.fileno()).st_size
    for _ in range(3):
        await call_text(own, "chat")
    assert os.fstat(own._connection._log.fileno()).st_size == first >= 100_000


async def test_logs_of_the_server_and_the_sdk_are_not_printed(
    own: McpServer, made: Made, capfd: pytest.CaptureFixture[str]
) -> None:
    call = await waiting(own)
    call.cancel()
    await error_of(made("talker", ["echo", "no JSON"]).list_tools())
    own.close()
    assert capfd.readouterr() == ("", "")


# Start and end


async def test_a_server_starts_on_first_use_and_stops_on_close(own: McpServer) -> None:
    assert own._connection is None
    first = await call_text(own, "process")
    assert own._connection._scope.deadline == float("inf")  # no timeout after the start
    own.close()
    own.close()
    assert not runs(first)
    second = await call_text(own, "process")
    assert second != first


async def test_closing_does_not_wait_for_a_server_that_never_starts(made: Made) -> None:
    silent = made("silent", ["sleep", "600"])
    listing = asyncio.create_task(silent.list_tools())
    while silent._connection is None:
        await anyio.lowlevel.checkpoint()
    await asyncio.to_thread(silent.close)
    assert str(await error_of(listing)) == "The MCP server 'silent' exited."


PROGRAM = """
import asyncio, gc, os, signal, sys, threading
from mimo_magics.client.mcp import McpServer

end, url, *command = sys.argv[1:]
local, remote, talker = McpServer("a", command), McpServer("b", url=url), McpServer("c", ["echo", "no JSON"])
found = []

def call_text(server, tool):
    found.append(asyncio.run(server.call_tool(tool, {}))[0])
    return found[-1]

threads = [threading.Thread(target=call_text, args=(local, "process")) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
call_text(remote, "count")
call_text(talker, "count")
print(*{*found[:4]}, flush=True)
if end == "fork":
    if child := os.fork():
        print(os.waitpid(child, 0)[1])
    else:
        print(call_text(local, "process"), flush=True)
        sys.exit()
    print(call_text(local, "process"))
if end == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
gc.collect()
"""


def printed(end: str, url: str, *command: object) -> list[str]:
    """Return the output of a program that uses servers in several threads and then exits."""
    python = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", PROGRAM, end, url]
    run = subprocess.run(
        [*python, sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.stderr == ""
    return run.stdout.split()


@pytest.mark.parametrize(
    ("end", "more"),
    [("good", []), ("good", ["stay"]), ("killed", [])],
    ids=["in good order", "against its will", "with a killed process"],
)
def test_a_server_stops_with_its_parent_process(
    program: Path, address: str, end: str, more: list[str]
) -> None:
    (process,) = printed(end, address, program, *more)
    wait_until(lambda: not runs(process))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_starts_its_own_server(program: Path, address: str) -> None:
    first, child, status, output_after = printed("fork", address, program)
    assert (status, output_after) == ("0", first)
    assert child != first
    wait_until(lambda: not runs(child) and not runs(first))


async def test_a_crashed_server_is_reported_and_started_again(made: Made, program: Path) -> None:
    shop = made("shop", [sys.executable, str(program)], env={"TOKEN": "sesame"})
    first = await call_text(shop, "process")
    assert await shop.call_tool("die", {}) == (
        "The MCP server 'shop' exited: out of tea, says (TOKEN).",
        True,
    )
    assert await call_text(shop, "process") != first


async def test_a_server_that_crashed_between_two_cells_is_started_again(own: McpServer) -> None:
    first = await call_text(own, "process")
    os.kill(int(first), signal.SIGKILL)
    wait_until(lambda: not runs(first))
    assert len(await own.list_tools()) > 5
    assert await call_text(own, "process") != first


async def test_a_program_gets_only_harmless_and_named_environment_variables(
    made: Made, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MIMO_API_KEY", "AWS_SECRET_ACCESS_KEY", "JUPYTER_TOKEN", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "secret")
    server = made("shop", [sys.executable, str(program)], env={"GIVEN": "yes"})
    environment = json.loads(await call_text(server, "environment"))
    assert environment["GIVEN"] == "yes"
    assert {*environment} <= {"GIVEN", "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LC_CTYPE"}
    assert "secret" not in environment.values()


# Errors


class Website(BaseHTTPRequestHandler):
    """A web page, also in response to a POST."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Welcome</h1>")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def website() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Website) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/mcp?key=secret"
        server.shutdown()
        thread.join()


LOOK = "Run its command in a terminal to see its output."
PYTHON = [sys.executable, "-c"]
DYING = "import os; raise SystemExit('first\\n\\x1b[1mno\\x07 ' + os.environ['TOKEN'] + '\\x1b[0m.\\n')"
NODE = "import sys; sys.stderr.write('x\\nError: no such module\\n    at main\\n\\nNode.js v20\\n')"


@pytest.mark.parametrize(
    ("command", "kind", "message", "hint"),
    [
        (
            ["no-such-program", "secret"],
            BadOption,
            "The MCP server 'it' cannot be started: 'no-such-program': No such file or directory.",
            "Install the program, or use its full path.",
        ),
        (
            [os.devnull],
            BadOption,
            "The MCP server 'it' cannot be started: '/dev/null': Permission denied.",
            "Install the program, or use its full path.",
        ),
        ([*PYTHON, DYING], ConnectionFailed, "The MCP server 'it' exited: no (TOKEN).", LOOK),
        ([*PYTHON, NODE], ConnectionFailed, "The MCP server 'it' exited: Error: no such module.", LOOK),
        ([*PYTHON, "pass"], ConnectionFailed, "The MCP server 'it' exited.", LOOK),
        (["cat"], WireError, "The MCP server 'it' returned an error: Method not found.", LOOK),
    ],
    ids=["there is none", "it may not run", "it dies", "Node dies", "it ends", "it is no server"],
)
async def test_a_program_that_is_not_an_mcp_server_is_reported(
    made: Made, command: list[str], kind: type[MimoError], message: str, hint: str
) -> None:
    error = await error_of(made("it", command, env={"TOKEN": "secret", "DEBUG": "o"}).list_tools())
    assert (type(error), str(error), error.hint) == (kind, message, hint)


async def test_an_unreachable_url_is_reported_without_its_secrets(
    made: Made, free_port: Callable[[], int]
) -> None:
    place = f"127.0.0.1:{free_port()}"
    error = await error_of(made("it", url=f"http://me:secret@{place}/mcp?key=secret").list_tools())
    assert isinstance(error, ConnectionFailed)
    assert str(error) == f"The MCP server 'it' cannot be reached at {place}."
    assert error.hint == "Check that the server is running."


async def test_a_url_that_is_not_an_mcp_server_is_reported(made: Made, website: str) -> None:
    error = await error_of(made("it", url=website).list_tools())
    assert isinstance(error, WireError)
    assert str(error) == "The MCP server 'it' returned an error: Unexpected content type: text/html."


@pytest.mark.parametrize("how", [[], ["old"]], ids=["without sessions", "with sessions"])
async def test_a_restarted_remote_server_is_connected_again(
    made: Made, program: Path, free_port: Callable[[], int], how: list[str]
) -> None:
    port = free_port()
    remote = made("shop", url=f"http://127.0.0.1:{port}/mcp")
    for _ in range(2):
        with served(program, port, *how):
            assert len(await remote.list_tools()) > 5
            assert await call_text(remote, "add", a=1, b=2) == "3"


async def test_a_remote_server_that_stopped_is_reported(
    made: Made, program: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    remote = made("shop", url=f"http://127.0.0.1:{port}/mcp")
    with served(program, port):
        assert await call_text(remote, "add", a=1, b=2) == "3"
    message = f"The MCP server 'shop' cannot be reached at 127.0.0.1:{port}."
    assert await remote.call_tool("add", {"a": 1, "b": 2}) == (message, True)


async def test_a_server_that_does_not_respond_times_out(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp, "START_TIMEOUT", 0.5)
    error = await error_of(made("it", ["sleep", "600"]).list_tools())
    assert isinstance(error, ConnectionFailed)
    assert (str(error), error.hint) == ("The MCP server 'it' timed out after 0.5 s.", LOOK)


async def test_a_tool_that_never_ends_times_out_and_the_server_continues(
    shop: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await call_text(shop, "process")
    with monkeypatch.context() as impatient:
        impatient.setattr(mcp, "CALL_TIMEOUT", 0.5)
        assert await shop.call_tool("wait", {}) == ("The MCP server 'shop' timed out after 0.5 s.", True)
    assert await call_text(shop, "process") == process


@pytest.mark.parametrize(
    "given",
    [{}, {"command": ["cat"], "url": "http://localhost"}, {"url": "localhost/mcp"}, {"url": "file:///mcp"}],
)
async def test_a_server_has_a_command_or_a_url(given: dict[str, object]) -> None:
    with pytest.raises(BadOption) as error:
        McpServer("it", **given)
    assert str(error.value) == "The MCP server 'it' needs a command or a URL."


def test_a_missing_sdk_is_an_error_with_the_install_command() -> None:
    code = (
        "import sys; sys.modules['mcp'] = None; import asyncio\n"
        "from mimo_magics.core.errors import MimoError; from mimo_magics.client.mcp import McpServer\n"
        "try: asyncio.run(McpServer('it', ['cat']).list_tools())\n"
        "except MimoError as error: print(type(error).__name__, error, error.hint)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == (
        "BadOption MCP servers need the extra `mcp`. Run: %pip install 'mimo-magics[mcp]'"
    ), run.stderr


# A third-party server


@pytest.mark.skipif(not find_spec("mcp_server_time"), reason="mcp-server-time is not installed")
async def test_the_official_time_server_returns_the_time(made: Made) -> None:
    clock = made("clock", [sys.executable, "-m", "mcp_server_time", "--local-timezone", "UTC"])
    assert [tool.spec.name for tool in await clock.list_tools()] == [
        "clock_get_current_time",
        "clock_convert_time",
    ]
    convert = await named(clock, "convert_time")
    assert {*convert.spec.parameters["properties"]} == {"source_timezone", "time", "target_timezone"}
    text, is_error = await convert.call(
        {"source_timezone": "Asia/Tokyo", "time": "09:00", "target_timezone": "Asia/Kolkata"}
    )
    assert (json.loads(text)["time_difference"], is_error) == ("-3.5h", False)
    text, is_error = await convert.call(
        {"source_timezone": "Mars/Olympus", "time": "09:00", "target_timezone": "UTC"}
    )
    assert is_error
    assert "Mars/Olympus" in text
