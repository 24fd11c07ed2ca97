"""Tools of MCP servers, through the official SDK (extra `mcp`): programs of this machine, or addresses.

All connections live on a loop of their own, as those who ask are now on the kernel's loop and now on that of callers
that cannot await. A program gets the few variables of the environment that the SDK holds for harmless, and those that
the person names. It ends with this process, however that ends, as its standard input does.
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

if TYPE_CHECKING:  # the SDK is an extra, and takes half a second to load
    from mcp import Client, types

START_TIMEOUT, CALL_TIMEOUT, SHUTDOWN_TIMEOUT = 30.0, 300.0, 5.0
"""Seconds that a server has to start or list its tools, a tool has to run, and a connection has to end."""
MAX_MESSAGE_CHARS = 300  # characters of what a server says that are shown to people
CONNECTION_LOST_MESSAGES = (
    "Connection closed",
    "Session terminated",
)  # the SDK's words where only a new connection helps
MISSING_EXTRA_MESSAGE = (
    Translatable("MCP servers need the extra `mcp`."),
    Translatable("Run: %pip install 'mimo-magics[mcp]'"),
)

Result = TypeVar("Result")

logging.getLogger("mcp").addHandler(logging.NullHandler())  # else its traces fill the notebook


@dataclass(frozen=True, slots=True)
class McpTool:
    """A tool of a server."""

    server: McpServer
    spec: Tool
    """What the model is told of it; its name begins with the server's."""
    name: str
    """What the server calls it."""

    async def call(self, arguments: dict[str, Any]) -> tuple[str, bool]:
        """Run it. Cancelling this returns at once, and the server goes on.

        Returns:
            Text for the model, of any length, and whether it tells of an error, be it the tool's or the server's.
        """
        return await self.server.call_tool(self.name, arguments)


class McpServer:
    """A server, started on first use, from any loop and any thread.

    Args:
        name: what the names of its tools begin with.
        command: the program and its arguments, for a server on this machine.
        url: the address, for one that speaks streamable HTTP.
        env: variables for the program.

    Raises:
        BadOption: there is neither of the two, or both.
    """

    def __init__(
        self, name: str, command: Sequence[str] = (), url: str = "", env: Mapping[str, str] | None = None
    ) -> None:
        url_match = re.match(r"https?://(?:[^/?#]*@)?([^/?#@\s]+)", url)
        if bool(command) == bool(url) or bool(url) != bool(url_match):
            fact = Translatable("The MCP server {name!r} needs a command or a URL.", name=name)
            raise BadOption(fact, Translatable("Give it one of them; a URL begins with https:// or http://."))
        self.name, self.command, self.url, self.env = name, tuple(command), url, dict(env or {})
        self.location = url_match[1] if url_match else self.command[0]
        self._connection: _Connection | None = None

    async def list_tools(self) -> tuple[McpTool, ...]:
        """List its tools, each time anew, as they may change while it runs.

        Raises:
            BadOption: the extra or the command is missing.
            ConnectionFailed: it does not start, or does not answer.
            WireError: it answers, but not as an MCP server does.
        """
        return tuple(_assign_names(self, await asyncio.wrap_future(portal.submit(self._list_tools()))))

    async def call_tool(self, tool: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """Run a tool by the server's name for it; see `McpTool.call`."""
        try:
            result = await asyncio.wrap_future(portal.submit(self._call_tool(tool, arguments)))
        except MimoError as error:
            return str(error), True
        return mcp_schema.format_result(result), result.is_error

    def close(self) -> None:
        """End it; the next use starts it anew."""
        connection, self._connection = self._connection, None
        atexit.unregister(self.close)
        if connection and connection.is_closable:
            asyncio.run_coroutine_threadsafe(connection.close(), connection.loop).result()

    async def _connect(self) -> _Connection:
        if not (find_spec("mcp") and find_spec("mcp_types")):  # the first version came without the second
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
        await connection.close()  # since it was asked last it has ended, or forgotten us
        return await self._list_tools(retry=False)

    async def _call_tool(self, tool: str, arguments: dict[str, Any]) -> types.CallToolResult:
        connection = await self._connect()
        clean_arguments = json.loads(
            join_surrogates(json.dumps(arguments, ensure_ascii=False))
        )  # halves end the SDK
        return await connection.wait_for(CALL_TIMEOUT, connection.client.call_tool(tool, clean_arguments))


class _Connection:
    """A connection from its opening to its end. All of it happens on the servers' loop."""

    client: Client
    failure: MimoError  # why it is no more

    def __init__(self, server: McpServer) -> None:
        self.loop, self._process_id = asyncio.get_running_loop(), os.getpid()
        self.is_lost = False
        self._server = server
        self._scope = anyio.CancelScope(deadline=anyio.current_time() + START_TIMEOUT)
        self._opened, self._close_requested = asyncio.Event(), asyncio.Event()
        # a task of its own, as who opens a connection has to close it; without the first caller's context
        self._task = asyncio.create_task(self._run(), context=Context())

    @property
    def is_closable(self) -> bool:
        """Return whether the loop still runs. A forked process has this object, but neither loop nor server."""
        return self._process_id == os.getpid() and self.loop.is_running()

    async def wait_until_open(self) -> None:
        """Wait until it is open."""
        await self._opened.wait()
        if self.is_lost:
            await self.close()
            raise self.failure

    async def wait_for(self, seconds: float, awaitable: Awaitable[Result]) -> Result:
        """Wait for an answer."""
        self._log.truncate(self._log.seek(0))  # the server writes on from there: no log grows for ever
        try:
            with anyio.fail_after(seconds):
                return await awaitable
        except Exception as error:  # noqa: BLE001  told in our words
            if self.is_lost or str(error) in CONNECTION_LOST_MESSAGES:
                await self.close()
            raise self.failure if self.is_lost else self._translate_error(error, seconds) from None

    async def close(self) -> None:
        """End it, open or not, and wait for the end."""
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
            except Exception as error:  # noqa: BLE001  for all who wait
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
            "Check that it runs." if server.url else "Run its command in a terminal to see more."
        )
        match error:
            case TimeoutError():
                fact = Translatable("{who} did not answer in {patience:g} s.", who=subject, patience=timeout)
            case OSError() if server.command:
                values = {"who": subject, "place": server.location, "reason": error.strerror}
                fact = Translatable("{who} cannot be started: {place!r}: {reason}.", **values)
                return BadOption(fact, Translatable("Install it, or write its whole path."))
            case _ if str(error) in CONNECTION_LOST_MESSAGES:
                last_line = self._sanitize_message(_read_last_line(self._log)).rstrip(": ")
                fact = Translatable(
                    "{who} has ended: {last}." if last_line else "{who} has ended.",
                    who=subject,
                    last=last_line,
                )
            case _ if hasattr(error, "code") or isinstance(error, RuntimeError | ValueError):
                return WireError(
                    Translatable("{who} refused: {it}.", who=subject, it=self._sanitize_message(str(error))),
                    advice,
                )
            case _:
                fact = Translatable("{who} cannot be reached at {place}.", who=subject, place=server.location)
        return ConnectionFailed(fact, advice, is_retryable=False)

    def _sanitize_message(self, message: str) -> str:
        """Make one printable line of what the server said, without what the person told it."""
        for name, value in self._server.env.items():
            message = message.replace(value, f"({name})") if len(value) > 3 else message  # «1» is no secret
        plain = "".join(char if char.isprintable() else " " for char in re.sub(r"\x1b\[[\d;]*m", "", message))
        return " ".join(plain.split())[:MAX_MESSAGE_CHARS].rstrip(".")


def _read_last_line(log: TextIO) -> str:
    """Read the last line, or the last that names an exception: Node writes more below it."""
    log.seek(max(0, log.seek(0, os.SEEK_END) - 10 * MAX_MESSAGE_CHARS))
    lines = [line for line in log.read().splitlines() if line.strip()]
    return ([line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)] or lines or [""])[-1]


async def _fetch_all_tools(client: Client, cursor: str | None = None) -> list[types.Tool]:
    """Read the list to its end; one without an end meets the interpreter's bound of recursion."""
    page = await client.list_tools(cursor=cursor)
    return page.tools + (await _fetch_all_tools(client, page.next_cursor) if page.next_cursor else [])


def _assign_names(server: McpServer, tools: list[types.Tool]) -> Iterator[McpTool]:
    """Give each a name that a model may use; one that is too long, or there already, gets a sign of its own."""
    used_names: set[str] = set()
    for tool in {tool.name: tool for tool in tools}.values():
        name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{server.name}_{tool.name}")
        if len(name) > 64 or name in used_names:
            name = f"{name[:55]}_{hashlib.sha256(tool.name.encode()).hexdigest()[:8]}"
        used_names.add(name)
        schema = {"type": "object", "properties": {}} | mcp_schema.clean_schema(tool.input_schema)
        yield McpTool(server, Tool(name, tool.description or tool.title or "", schema), tool.name)
