"""A transport of httpx for many calls at once: a stack of connections, of which each request takes the last one returned.

The pool of httpcore compares its limit of idle connections with all connections, so that above 20 calls at once nearly
every call opens a new one; with higher limits each call looks at all of them. Here a call costs the same at any number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from time import monotonic

import httpx

MAX_IDLE_SECONDS = 5.0
"""A connection that was idle for longer is closed when another one is returned. Servers close idle ones, too."""
ONE_CONNECTION = httpx.Limits(
    max_connections=1, max_keepalive_connections=1, keepalive_expiry=MAX_IDLE_SECONDS
)


class ConnectionStack(httpx.AsyncBaseTransport):
    """Sends each request over a connection of its own, and keeps the connection for the next one.

    Args:
        create: creates a transport with the limits `ONE_CONNECTION`. The first one is created at once, so that its errors
            are those of the client.
    """

    def __init__(self, create: Callable[[], httpx.AsyncHTTPTransport]) -> None:
        self._create = create
        self._idle = deque([(monotonic(), create())])
        """The idle connections, with the times when they were returned. The last one is taken first."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. The end of the response returns the connection to the stack."""
        connection = self._idle.pop()[1] if self._idle else self._create()
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            # httpcore closed the socket, and opens another one for the next request.
            await self._put_back(connection)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _ConnectionStream(response.stream, self, connection)
        return response

    async def aclose(self) -> None:
        """Close the idle connections."""
        while self._idle:
            await self._idle.pop()[1].aclose()

    async def _put_back(self, connection: httpx.AsyncHTTPTransport) -> None:
        now = monotonic()
        self._idle.append((now, connection))
        # Another call may take the last connection while one is closed.
        while self._idle and now - self._idle[0][0] > MAX_IDLE_SECONDS:
            await self._idle.popleft()[1].aclose()


class _ConnectionStream(httpx.AsyncByteStream):
    """The body of a response, whose end frees its connection."""

    def __init__(
        self, stream: httpx.AsyncByteStream, stack: ConnectionStack, connection: httpx.AsyncHTTPTransport
    ) -> None:
        self._stream = stream
        self._stack = stack
        self._connection: httpx.AsyncHTTPTransport | None = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        try:
            await self._stream.aclose()
        finally:
            if connection:
                await self._stack._put_back(connection)  # noqa: SLF001  the stack is its other half
