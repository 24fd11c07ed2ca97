"""The record of the cells that a kernel runs, and of what they publish, for `--context`. It stays in the kernel.

A kernel sends each output as a message. IPython's own history holds no figures and, in kernels, no printed text, so
the messages are read here. They are the outputs that the front end saves. The cells of our own magics are left out:
their prompts and replies are turns of a session.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from mimo_magics.notebook.kernel.magic_cell import is_own_cell

MAX_CELLS = 500
"""Cells that are recorded, the newest ones."""
MAX_OUTPUTS = 100
"""Outputs of one cell that are recorded, the newest ones."""
MAX_TEXT_CHARS = 200_000
"""Characters of a text that are recorded. A longer stream keeps its beginning and its end."""
MAX_IMAGE_CHARS = 14_000_000
"""Characters of a base64 image that are recorded: 10 MB."""
MAX_RECORDED_CHARS = 100_000_000
"""Characters of the recorded outputs of the cells before the running one. The outputs of the oldest cells are dropped."""
RECORDED_TYPES = ("text/plain", "text/html", "text/markdown", "image/png", "image/jpeg")
"""The MIME types that a model can read. Of the others, only the type is recorded."""
MESSAGE_TYPES = frozenset(
    {
        "execute_input",
        "stream",
        "display_data",
        "update_display_data",
        "execute_result",
        "error",
        "clear_output",
    }
)


@dataclass(slots=True)
class RecordedCell:
    """A cell that the kernel ran."""

    number: int
    """The number between brackets beside the cell."""
    id: str
    """The id of the front end; empty if it reports none."""
    source: str
    started_at: float
    """In seconds since 1970."""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    """The outputs, as a notebook saves them."""
    is_complete: bool = True
    """Whether these are all of its outputs. Before the extension is loaded, only values are known."""
    is_cleared_by_next: bool = False
    """Whether the next output replaces the others."""

    @property
    def size(self) -> int:
        """Characters of the outputs."""
        return sum(map(_count_chars, self.outputs))


class CellRecorder:
    """Records the cells of one shell. Without a kernel, as in a terminal, it records nothing."""

    def __init__(self, shell: Any) -> None:
        self._session: Any = getattr(getattr(shell, "kernel", None), "session", None)
        self._send: Any = None
        self._is_recording = False
        self._cells: dict[str, RecordedCell] = {}
        """By the id of the message that requested the cell, in the order of their runs."""
        self._lock = Lock()
        """Held while a message is recorded, because streams are sent by another thread."""

    def list_cells(self, running_message_id: str) -> tuple[RecordedCell, ...]:
        """Return the recorded cells in the order of their runs, without the running one."""
        with self._lock:
            return tuple(cell for message_id, cell in self._cells.items() if message_id != running_message_id)

    def install(self) -> None:
        """Begin to read the messages that the kernel sends."""
        if callable(send := getattr(self._session, "send", None)):
            self._send, self._is_recording = send, True
            self._session.send = self._send_and_record

    def uninstall(self) -> None:
        """Forget the cells. If another program has replaced the method since, ours only forwards."""
        self._is_recording = False
        if self._send and vars(self._session).get("send") == self._send_and_record:
            del self._session.send
        with self._lock:
            self._cells.clear()

    def _send_and_record(self, stream: Any, message: Any, *arguments: Any, **named: Any) -> Any:
        if self._is_recording:
            # No error of the record may keep a message from the page.
            with suppress(Exception):
                self._read(message, *arguments, **named)
        return self._send(stream, message, *arguments, **named)

    def _read(self, message: Any, content: Any = None, parent: Any = None, *_: Any, **__: Any) -> None:
        """Record a message. It is whole, or its type, with the content and the message that it answers."""
        if isinstance(message, Mapping):
            kind, content, parent = (
                message["header"]["msg_type"],
                message["content"],
                message["parent_header"],
            )
        else:
            kind = message
        if kind not in MESSAGE_TYPES or not parent:
            return
        with self._lock:
            self._record(kind, content, parent)

    def _record(self, kind: str, content: Mapping[str, Any], parent: Mapping[str, Any]) -> None:
        message_id = parent.get("header", parent)["msg_id"]
        if kind == "execute_input":
            self._start_cell(message_id, content, parent.get("metadata") or {})
        elif kind == "update_display_data":
            self._update_output(content)
        elif cell := self._cells.get(message_id):
            _add_output(cell, kind, content)
            if cell.size > MAX_RECORDED_CHARS:
                cell.outputs.clear()

    def _start_cell(self, message_id: str, content: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        source = str(content["code"])
        if is_own_cell(source):
            return
        # Once for each cell, and not for each output: it visits all cells.
        self._drop_old_outputs()
        cell_id = str(metadata.get("cellId") or "")
        self._cells[message_id] = RecordedCell(int(content["execution_count"]), cell_id, source, time.time())
        while len(self._cells) > MAX_CELLS:
            del self._cells[next(iter(self._cells))]

    def _update_output(self, content: Mapping[str, Any]) -> None:
        display_id = (content.get("transient") or {}).get("display_id")
        for output in (each for cell in self._cells.values() for each in cell.outputs):
            if display_id and output.get("display_id") == display_id:
                output["data"] = _copy_data(content["data"])

    def _drop_old_outputs(self) -> None:
        total = 0
        for cell in reversed(self._cells.values()):
            total += cell.size
            if total > MAX_RECORDED_CHARS:
                cell.outputs.clear()


def _add_output(cell: RecordedCell, kind: str, content: Mapping[str, Any]) -> None:
    if kind == "clear_output" and content.get("wait"):
        cell.is_cleared_by_next = True
        return
    if kind == "clear_output" or cell.is_cleared_by_next:
        cell.outputs.clear()
        cell.is_cleared_by_next = False
    if kind == "clear_output":
        return
    last = cell.outputs[-1] if cell.outputs else {}
    if kind == "stream" and (last.get("output_type"), last.get("name")) == (kind, content["name"]):
        last["text"] = _shorten(last["text"] + content["text"])
        return
    cell.outputs.append(_build_output(kind, content))
    del cell.outputs[:-MAX_OUTPUTS]


def _build_output(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return an output as a notebook saves it."""
    if kind == "stream":
        return {"output_type": kind, "name": content["name"], "text": _shorten(content["text"])}
    if kind == "error":
        traceback = _shorten("\n".join(content["traceback"]))
        return {"output_type": kind, "ename": content["ename"], "traceback": [traceback]}
    display_id = (content.get("transient") or {}).get("display_id")
    return {"output_type": kind, "data": _copy_data(content["data"]), "display_id": display_id}


def _copy_data(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the representations that a model can read. The others, and those that are too large, are only named."""
    return {kind: _keep_text(kind, value) for kind, value in data.items()}


def _keep_text(kind: str, value: object) -> str:
    if kind not in RECORDED_TYPES or not isinstance(value, str):
        return ""
    if kind.startswith("image/"):
        return value if len(value) <= MAX_IMAGE_CHARS else ""
    return _shorten(value)


def _shorten(text: str) -> str:
    half = MAX_TEXT_CHARS // 2
    return text if len(text) <= MAX_TEXT_CHARS else f"{text[:half]}\n…\n{text[-half:]}"


def _count_chars(output: Mapping[str, Any]) -> int:
    texts = (output.get("text", ""), *output.get("data", {}).values(), *output.get("traceback", ()))
    return sum(map(len, texts))
