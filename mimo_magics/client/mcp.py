"""Tools of MCP servers, by the official SDK (extra `mcp`). A server is a local program, or has a URL.

All connections run on the loop of the portal, because calls come from several loops: the kernel's, and the portal's.
A program gets the environment variables that the SDK considers harmless, and those that the user names. It exits
with this process, because its standard input is closed then.
"""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import anyio

from mimo_magics.client import portal
from mimo_magics.core.errors import BadOption, ConnectionFailed, MimoError, WireError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Tool
from mimo_magics.core.text import join_surrogates
from mimo_magics.tools import mcp_schema

# The SDK is an optional dependency, and takes half a second to import.
if TYPE_CHECKING:
    from mcp import Client, types

START_TIMEOUT, CALL_TIMEOUT, SHUTDOWN_TIMEOUT = 30.0, 300.0, 5.0
"""Seconds to start a server or list its tools, to run a tool, and to close a connection."""
MAX_MESSAGE_CHARS = 300
"""Characters of a server's message that are shown."""
CONNECTION_LOST_MESSAGES = ("Connection closed", "Session terminated")
"""Messages of the SDK after which a new connection is required."""
MISSING_EXTRA_MESSAGE = (
    Translatable("MCP servers need the extra `mcp`."),
    Translatable("Run: %pip install 'mimo-magics[mcp]'"),
)

Result = TypeVar("Result")

# Without a handler the SDK prints tracebacks into the notebook.
logging.getLogger("mcp").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class McpTool:
    """A tool of an MCP server."""

    server: McpServer
    spec: Tool
    """Name, description and schema for the model. The name begins with the name of the server."""
    name: str
    """The name that the server uses."""

    async def call(self, arguments: dict[str, Any]) -> tuple[str, bool]:
        """Run the tool. A cancelled call returns at once, and the server continues.

        Returns:
            Text for the model, of any length, and whether it is an error of the tool or the server.
        """
        return await self.server.call_tool(self.name, arguments)


class McpServer:
    """An MCP server. It starts on first use. Every loop and every thread may use it.

    Args:
        name: the prefix of the names of its tools.
        command: the program and its arguments, for a local server.
        url: the address, for a server with streamable HTTP.
        env: environment variables for the program.

    Raises:
        BadOption: there is neither a command nor a URL, or there are both.
    """

    def __init__(
        self, name: str, command: Sequence[str] = (), url: str = "", env: Mapping[str, str] | None = None
    ) -> None:
        url_match = re.match(r"https?://(?:[^/?#]*@)?([^/?#@\s]+)", url)
        if bool(command) == bool(url) or bool(url) != bool(url_match):
            fact = Translatable("The MCP server {name!r} needs a command or a URL.", name=name)
            raise BadOption(fact, Translatable("Use one of them. A URL begins with https:// or http://."))
        self.name, self.command, self.url, self.env = name, tuple(command), url, dict(env or {})
        self.location = url_match[1] if url_match else self.command[0]
        self._connection: _Connection | None = None

    async def list_tools(self) -> tuple[McpTool, ...]:
        """Request the list of tools. It is not cached, because it may change while the server runs.

        Raises:
            BadOption: the extra or the command is missing.
            ConnectionFailed: the server does not start, or times out.
            WireError: the response is not valid for an MCP server.
        """
        return tuple(_assign_names(self, await asyncio.wrap_future(portal.submit(self._list_tools()))))

    async def call_tool(self, tool: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """Run a tool by the name that the server uses. See `McpTool.call`."""
        try:
            result = await asyncio.wrap_future(portal.submit(self._call_tool(tool, arguments)))
        except MimoError as error:
            return str(error), True
        return mcp_schema.format_result(result), result.is_error

    def close(self) -> None:
        """Stop the server. The next use starts it again."""
        connection, self._connection = self._connection, None
        atexit.unregister(self.close)
        if connection and connection.is_closable:
            asyncio.run_coroutine_threadsafe(connection.close(), connection.loop).result()

    async def _connect(self) -> _Connection:
        # Version 1 of the SDK has no package `mcp_types`.
        if not (find_spec("mcp") and find_spec("mcp_types")):
            raise BadOption(*MISSING_EXTRA_MESSAGE)
        connection = self._connection
        if connection is None or connection.is_lost or connection.loop is not asyncio.get_running_loop():
            connection = self._connection = _Connection(self)
            atexit.register(self.close)
        await connection.wait_until_open()
        return connection

    async def _list_tools(self, *, retry: bool = True) -> list[types.Tool]:
        connection = await self._connect()
        try:
            return await connection.wait_for(START_TIMEOUT, _fetch_all_tools(connection.client))
        except MimoError as error:
            if not retry or not (connection.is_lost or (self.url and isinstance(error, WireError))):
                raise
        # The server has exited or dropped its session since the last call.
        await connection.close()
        return await self._list_tools(retry=False)

    async def _call_tool(self, tool: str, arguments: dict[str, Any]) -> types.CallToolResult:
        connection = await self._connect()
        # Lone surrogates end the connection of the SDK.
        clean_arguments = json.loads(join_surrogates(json.dumps(arguments, ensure_ascii=False)))
        return await connection.wait_for(CALL_TIMEOUT, connection.client.call_tool(tool, clean_arguments))


class _Connection:
    """A connection to a server. All of its methods run on the loop that created it."""

    client: Client
    failure: MimoError
    """The reason why the connection was lost."""

    def __init__(self, server: McpServer) -> None:
        self.loop, self._process_id = asyncio.get_running_loop(), os.getpid()
        self.is_lost = False
        self._server = server
        self._scope = anyio.CancelScope(deadline=anyio.current_time() + START_TIMEOUT)
        self._opened, self._close_requested = asyncio.Event(), asyncio.Event()
        # The task that opens a connection must close it, so it is not the task of the first caller.
        self._task = asyncio.create_task(self._run(), context=Context())

    @property
    def is_closable(self) -> bool:
        """Return whether the loop still runs. A forked process has this object, but neither loop nor server."""
        return self._process_id == os.getpid() and self.loop.is_running()

    async def wait_until_open(self) -> None:
        """Wait until the connection is open."""
        await self._opened.wait()
        if self.is_lost:
            await self.close()
            raise self.failure

    async def wait_for(self, seconds: float, awaitable: Awaitable[Result]) -> Result:
        """Wait for a response."""
        # The server continues to write at the beginning, so the log does not grow without limit.
        self._log.truncate(self._log.seek(0))
        try:
            with anyio.fail_after(seconds):
                return await awaitable
        except Exception as error:  # noqa: BLE001  raised as an error of our own
            if self.is_lost or str(error) in CONNECTION_LOST_MESSAGES:
                await self.close()
            raise self.failure if self.is_lost else self._translate_error(error, seconds) from None

    async def close(self) -> None:
        """Close the connection, open or not, and wait until it is closed."""
        self.is_lost = True
        self._close_requested.set()
        if not self._opened.is_set():
            self._scope.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        failure: Exception = EOFError(CONNECTION_LOST_MESSAGES[0])
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as self._log:
            try:
                await self._keep_open()
            except Exception as error:  # noqa: BLE001  every waiting call raises it
                failure = error
            self.failure = self._translate_error(failure, START_TIMEOUT)
        self.is_lost = True
        self._opened.set()

    async def _keep_open(self) -> None:
        sdk = await asyncio.to_thread(import_module, "mcp")
        command, *args = self._server.command or ("",)
        program = sdk.StdioServerParameters(command=command, args=args, env=self._server.env)
        with self._scope:
            async with sdk.Client(self._server.url or sdk.stdio_client(program, self._log)) as self.client:
                self._scope.deadline = float("inf")
                self._opened.set()
                await self._close_requested.wait()
                self._scope.deadline = anyio.current_time() + SHUTDOWN_TIMEOUT
        if self._scope.cancelled_caught and not self._close_requested.is_set():
            raise TimeoutError

    def _translate_error(self, error: BaseException, timeout: float) -> MimoError:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        server, subject = self._server, Translatable("The MCP server {name!r}", name=self._server.name)
        advice = Translatable(
            "Check that the server is running."
            if server.url
            else "Run its command in a terminal to see its output."
        )
        match error:
            case TimeoutError():
                fact = Translatable("{who} timed out after {seconds:g} s.", who=subject, seconds=timeout)
            case OSError() if server.command:
                values = {"who": subject, "place": server.location, "reason": error.strerror}
                fact = Translatable("{who} cannot be started: {place!r}: {reason}.", **values)
                return BadOption(fact, Translatable("Install the program, or use its full path."))
            case _ if str(error) in CONNECTION_LOST_MESSAGES:
                last_line = self._sanitize_message(_read_last_line(self._log)).rstrip(": ")
                fact = Translatable(
                    "{who} exited: {last}." if last_line else "{who} exited.",
                    who=subject,
                    last=last_line,
                )
            case _ if hasattr(error, "code") or isinstance(error, RuntimeError | ValueError):
                return WireError(
                    Translatable(
                        "{who} returned an error: {reason}.",
                        who=subject,
                        reason=self._sanitize_message(str(error)),
                    ),
                    advice,
                )
            case _:
                fact = Translatable("{who} cannot be reached at {place}.", who=subject, place=server.location)
        return ConnectionFailed(fact, advice, is_retryable=False)

    def _sanitize_message(self, message: str) -> str:
        """Return a message as one printable line, without the values of the user's environment variables."""
        for name, value in self._server.env.items():
            # A short value such as "1" is not a secret.
            message = message.replace(value, f"({name})") if len(value) > 3 else message
        plain = "".join(char if char.isprintable() else " " for char in re.sub(r"\x1b\[[\d;]*m", "", message))
        return " ".join(plain.split())[:MAX_MESSAGE_CHARS].rstrip(".")


def _read_last_line(log: TextIO) -> str:
    """Return the last line, or the last line with an exception. Node prints more lines below the exception."""
    log.seek(max(0, log.seek(0, os.SEEK_END) - 10 * MAX_MESSAGE_CHARS))
    lines = [line for line in log.read().splitlines() if line.strip()]
    return ([line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)] or lines or [""])[-1]


async def _fetch_all_tools(client: Client, cursor: str | None = None) -> list[types.Tool]:
    """Return the tools of all pages. The recursion limit of the interpreter ends an endless list."""
    page = await client.list_tools(cursor=cursor)
    return page.tools + (await _fetch_all_tools(client, page.next_cursor) if page.next_cursor else [])


def _assign_names(server: McpServer, tools: list[types.Tool]) -> Iterator[McpTool]:
    """Yield tools with valid names for a model. A name that is too long or in use gets the suffix of a hash."""
    used_names: set[str] = set()
    for tool in {tool.name: tool for tool in tools}.values():
        name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{server.name}_{tool.name}")
        if len(name) > 64 or name in used_names:
            name = f"{name[:55]}_{hashlib.sha256(tool.name.encode()).hexdigest()[:8]}"
        used_names.add(name)
        schema = {"type": "object", "properties": {}} | mcp_schema.clean_schema(tool.input_schema)
        yield McpTool(server, Tool(name, tool.description or tool.title or "", schema), tool.name)
