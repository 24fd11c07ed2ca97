"""The server process of the embedded model: llama.cpp's own server on this machine (extra `local`).

The server is a child process on a free loopback port with a random API key. It exits with this process.
"""

from __future__ import annotations

import atexit
import secrets
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from mimo_magics.client.local import weights
from mimo_magics.core.errors import LocalModelError
from mimo_magics.core.events import ModelPreparation
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Request
from mimo_magics.core.secret import Secret

SHUTDOWN_TIMEOUT = 5.0
"""Seconds that the server has to exit."""
MAX_ERROR_CHARS = 300
"""Characters of the server's error output that are shown."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server of the embedded model."""

    process: subprocess.Popen[str]
    url: str
    key: Secret


_servers: dict[str, Server] = {}
"""The servers of this process, by the name or path of their model."""
_start_lock = threading.Lock()
"""Held while a server starts. Two sessions may need it at the same time."""


async def start_server(model: str) -> AsyncGenerator[ModelPreparation]:
    """Download the model and start its server, unless it is running.

    Args:
        model: a name in `weights.WEIGHTS`, or the path of a GGUF file.

    Raises:
        LocalModelError: the extra is missing, the download fails, or the server does not start.
    """
    if _is_running(model):
        return
    if not find_spec("xllamacpp"):
        raise LocalModelError(
            Translatable("The embedded model needs the extra `local`."),
            Translatable("Run: %pip install 'mimo-magics[local]'"),
        )
    async with aclosing(weights.fetch_weights(model)) as progress:
        async for step in progress:
            yield step
    file = weights.get_weights_path(model)
    yield ModelPreparation(Translatable("Starting {name}", name=file.name))
    await anyio.to_thread.run_sync(_ensure_server, model, file, abandon_on_cancel=True)
    yield ModelPreparation(Translatable("{name} is ready", name=file.name))


def get_server(model: str) -> Server:
    """Return the server that `start_server` started for this model."""
    return _servers[model]


def adapt_request(request: Request) -> Request:
    """Replace MiMo's field for thinking, which llama.cpp ignores, by llama.cpp's own. The default is off."""
    params = request.params
    thinking_option: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": params.thinking is True}}
    return replace(request, params=replace(params, thinking=None, extra={**thinking_option, **params.extra}))


def _ensure_server(model: str, file: Path) -> None:
    with _start_lock:
        if not _is_running(model):
            _servers[model] = _launch_server(file)


def _is_running(model: str) -> bool:
    return model in _servers and _servers[model].process.poll() is None


def _launch_server(file: Path) -> Server:
    key = Secret(secrets.token_hex(16))
    process = subprocess.Popen(
        # -P keeps the working folder off the import path: the user's own json.py could be there.
        [sys.executable, "-P", "-m", "mimo_magics.client.local.server", str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C must not reach the server.
        start_new_session=True,
    )
    atexit.register(_stop_server, process)
    assert process.stdin
    assert process.stdout
    # Every user of the machine can read a command line, so the key goes through standard input.
    process.stdin.write(f"{key}\n")
    process.stdin.flush()
    url = process.stdout.readline().strip()
    if not url:
        _, stderr = process.communicate()
        raise LocalModelError(
            Translatable(
                "The embedded model did not start: {reason}", reason=stderr.strip()[-MAX_ERROR_CHARS:]
            ),
            Translatable("Check that the file is a GGUF model and fits into memory."),
        )
    return Server(process, url, key)


def _stop_server(process: subprocess.Popen[str]) -> None:
    """Stop the server by closing its standard input. Read its remaining output, so that no pipe stays open."""
    try:
        process.communicate(timeout=SHUTDOWN_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
