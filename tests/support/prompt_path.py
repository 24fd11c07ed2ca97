"""The files of the package that one prompt passes, from the cell to the socket: a JSON list on standard output.

A prompt with a marker is sent. A file is on the path if one of its functions receives the marker in an argument.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Collection, Mapping
from types import FrameType
from typing import Any

import httpx
from IPython.core.interactiveshell import InteractiveShell

MARKER = "ZEBRA-42"
PACKAGE = "/mimo_magics/"
MAX_DEPTH = 4
"""Levels of values that are searched for the marker."""


class PathRecorder:
    """Records the files whose functions receive the marker, until the request is sent."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.is_sent = False

    def profile(self, frame: FrameType, event: str, _: object) -> None:
        """Look at the arguments of a call; `sys.setprofile` calls this method."""
        _, package, file = frame.f_code.co_filename.replace("\\", "/").rpartition(PACKAGE)
        if event == "call" and package and not self.is_sent and file not in self.files:
            code = frame.f_code
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            if any(has_marker(frame.f_locals.get(name)) for name in names):
                self.files.append(file)

    async def send(self, request: httpx.Request, **_: Any) -> httpx.Response:
        """Refuse the request in place of `httpx.AsyncClient.send`."""
        self.is_sent = MARKER.encode() in request.content
        return httpx.Response(400, request=request, stream=httpx.ByteStream(b"{}"))


def has_marker(value: Any, depth: int = 0) -> bool:
    """Return whether a value holds the marker."""
    if isinstance(value, str | bytes):
        return (MARKER if isinstance(value, str) else MARKER.encode()) in value
    if depth == MAX_DEPTH:
        return False
    if isinstance(value, Mapping):
        return any(has_marker(each, depth + 1) for each in [*value.values()])
    if isinstance(value, Collection):
        return any(has_marker(each, depth + 1) for each in [*value])
    if type(value).__module__.startswith("mimo_magics."):
        fields = [*getattr(type(value), "__slots__", ()), *getattr(value, "__dict__", ())]
        return any(has_marker(getattr(value, name, None), depth + 1) for name in fields)
    return False


def main() -> None:
    """Run one cell and print the files."""
    recorder = PathRecorder()
    httpx.AsyncClient.send = recorder.send  # type: ignore[method-assign,assignment]
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "mimo_magics")
    shell.run_line_magic("mimo_config", "base_url=http://127.0.0.1:9/v1 model=any live=off")
    threading.setprofile(recorder.profile)
    sys.setprofile(recorder.profile)
    shell.run_cell(f"%%mimo\n{MARKER}\n")
    sys.setprofile(None)
    assert recorder.is_sent
    print("\n" + json.dumps(recorder.files))


if __name__ == "__main__":
    main()
