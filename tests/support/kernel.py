"""A real kernel for tests. It runs cells like a front end, and stores their outputs like a notebook."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory
from typing import Any, Self

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from support.kernels import INSTALLED, write_specs

WAIT_TIMEOUT = 60.0
OCCUPIED = "__import__('time').sleep(0.05)"
MODEL = "IPY_MODEL_"


@dataclass
class Ran:
    """The result of one cell."""

    status: str = ""
    """`ok`, `error`, or `aborted` when an earlier cell stopped «Run All»."""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    """The outputs that a notebook saves. An updated output appears once, with its last content."""
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """All output messages, in order."""
    comms: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """All messages to widgets, in order."""
    payload: list[dict[str, Any]] = field(default_factory=list)
    """Requests to the front end."""
    number: int = 0
    """The number between brackets beside the cell."""

    @property
    def error(self) -> list[str]:
        """The lines of the traceback, without colors."""
        return [
            line.replace("\x1b[31m", "").replace("\x1b[0m", "") for line in self._last("error", "traceback")
        ]

    @property
    def text(self) -> str:
        """The printed text."""
        return "".join(content["text"] for kind, content in self.messages if kind == "stream")

    @property
    def documents(self) -> list[str]:
        """The `text/plain` of each rich output."""
        return [output["data"].get("text/plain", "") for output in self.outputs if "data" in output]

    def _last(self, kind: str, name: str) -> Any:
        return next((content[name] for each, content in reversed(self.messages) if each == kind), [])


class Kernel:
    """A kernel: `with Kernel() as kernel` starts it and shuts it down."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str = INSTALLED,
        console: bool = False,
        widgets: bool = False,
        **environment: str,
    ) -> None:
        """Choose the kernel and the type of the front end."""
        self._manager = manager(name, folder)
        # With TCP, another process could take the port before the kernel starts.
        self._sockets = TemporaryDirectory(prefix="kernel")
        self._sends_cell_ids = not console
        self._count = 0
        self._running: list[Ran] = []
        self._widgets = Widgets() if widgets else None
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MIMO_")}
        self._start = {"env": {**clean, **environment}, "cwd": str(folder)}

    def __enter__(self) -> Self:
        self._manager.transport, self._manager.ip = "ipc", f"{self._sockets.name}/kernel"
        self._manager.start_kernel(extra_arguments=["--IPKernelApp.log_level=ERROR"], **self._start)
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=WAIT_TIMEOUT)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        self._sockets.cleanup()

    def run(
        self,
        code: str,
        *,
        watched: bool = True,
        when: Callable[[], bool] | None = None,
        cell: str = "",
        deleted: tuple[str, ...] = (),
    ) -> Ran:
        """Run a cell; interrupt it once `when` returns true. A cell without a name is a new cell."""
        return self.run_all([code], watched=watched, when=when, cells=[cell], deleted=deleted)[0]

    def answer(self, code: str, text: str) -> tuple[Ran, dict[str, Any]]:
        """Run a cell that asks for input, and enter it; return the result and the input request."""
        self._tell_cell("")
        questions: list[dict[str, Any]] = []

        def typed(message: dict[str, Any]) -> None:
            questions.append(message["content"])
            self._client.input(text)

        ran = Ran()
        reply = self._client.execute_interactive(
            code,
            allow_stdin=True,
            stdin_hook=typed,
            output_hook=lambda message: store_message(ran, message["msg_type"], message["content"]),
            timeout=WAIT_TIMEOUT,
        )
        ran.status = reply["content"]["status"]
        return ran, questions[0]

    def run_all(
        self,
        codes: list[str],
        *,
        cells: Sequence[str] = (),
        deleted: tuple[str, ...] = (),
        watched: bool = True,
        when: Callable[[], bool] | None = None,
        press: str = "",
    ) -> list[Ran]:
        """Queue cells like «Run All»; once `when` returns true, interrupt or press a button."""
        self._running = [Ran() for _ in codes]
        ids = self._queue(codes, cells, deleted, watched=watched)
        return self._collect(ids, ids[-1:], when, press)

    def run_beside(self, first: str, second: str) -> list[Ran]:
        """Run two cells concurrently, the second in a subshell."""
        self._running = [Ran(), Ran()]
        self._client.control_channel.send(self._client.session.msg("create_subshell_request"))
        subshell = self._client.get_control_msg(timeout=WAIT_TIMEOUT)["content"]["subshell_id"]
        self._tell_cell("")
        content = {"code": first, "silent": False, "store_history": True, "allow_stdin": True}
        messages = [
            self._client.session.msg("execute_request", content | {"code": code}) for code in (second, first)
        ]
        messages[0]["header"]["subshell_id"] = subshell
        for message in messages:
            self._client.shell_channel.send(message)
        ids = [message["header"]["msg_id"] for message in messages]
        return self._collect(ids, ids)[::-1]

    def _collect(
        self, ids: list[str], last_ids: list[str], when: Callable[[], bool] | None = None, press: str = ""
    ) -> list[Ran]:
        """Collect the messages of the running cells until all have ended and the kernel is idle."""
        results = dict(zip(ids, self._running, strict=True))
        interrupted, busy = False, set(last_ids)
        deadline = time.monotonic() + WAIT_TIMEOUT
        while busy or not all(ran.status for ran in results.values()):
            assert time.monotonic() < deadline, "the kernel did not answer"
            if when and not interrupted and when():
                self._press(press) if press else self._manager.interrupt_kernel()
                interrupted = True
            for message in self._replies():
                if ran := results.get(message["parent_header"].get("msg_id", "")):
                    ran.status = message["content"]["status"]
                    ran.payload = message["content"].get("payload", [])
                    ran.number = message["content"].get("execution_count", 0)
            for message in self._shown():
                self._work(message)
                if message["content"].get("execution_state") == "idle":
                    busy.discard(message["parent_header"].get("msg_id", ""))
                if ran := results.get(message["parent_header"].get("msg_id", "")):
                    store_message(ran, message["msg_type"], message["content"])
        if any(ran.status == "aborted" for ran in results.values()):
            self._recover()
        return list(results.values())

    def shows(self, text: str, cell: int = 0) -> bool:
        """Return whether a running cell has shown a text, in an output or a widget."""
        ran = self._running[cell]
        return text in json.dumps([ran.messages, ran.comms], ensure_ascii=False, default=str)

    def _queue(
        self, codes: list[str], cells: Sequence[str], deleted: tuple[str, ...], *, watched: bool
    ) -> list[str]:
        """Send cells, and return the ids of their messages."""
        # A first cell occupies the kernel until all are queued, so that a failure stops the queued ones.
        if len(codes) > 1:
            self._client.execute(OCCUPIED, silent=True, allow_stdin=False)
        ids = []
        for code, cell in zip_longest(codes, cells, fillvalue=""):
            self._tell_cell(cell, deleted)
            ids.append(self._client.execute(code, allow_stdin=watched))
        return ids

    def _tell_cell(self, cell: str, deleted: tuple[str, ...] = ()) -> None:
        """Send the id of the next cell, like a notebook."""
        self._count += 1
        metadata = {"cellId": cell or f"cell-{self._count}", "deletedCells": list(deleted)}
        self._client.session.metadata = metadata if self._sends_cell_ids else {}

    def _work(self, message: dict[str, Any]) -> None:
        for comm, data in self._widgets.work(message) if self._widgets else ():
            self._send_to_widget(comm, data)

    def _press(self, text: str) -> None:
        assert self._widgets
        self._send_to_widget(self._widgets.button(text), {"method": "custom", "content": {"event": "click"}})

    def _send_to_widget(self, comm: str, data: dict[str, Any]) -> None:
        content = {"comm_id": comm, "data": data}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", content))

    def _recover(self) -> None:
        """Wait until an older kernel stops to abort requests after an error."""
        while (
            self._client.execute_interactive("", output_hook=lambda _: None)["content"]["status"] == "aborted"
        ):
            pass

    def help(self, code: str) -> str:
        """Return the text that a front end shows for `name?`."""
        reply = self._client.execute_interactive(code, output_hook=lambda _: None, timeout=WAIT_TIMEOUT)
        return "".join(page["data"]["text/plain"] for page in reply["content"]["payload"])

    def complete(self, code: str, cursor: int | None = None) -> dict[str, Any]:
        """Return the completions at the cursor, by default at the end."""
        reply = self._client.complete(code, cursor, reply=True, timeout=WAIT_TIMEOUT)
        content: dict[str, Any] = reply["content"]
        return content

    def _replies(self) -> list[dict[str, Any]]:
        try:
            return [self._client.get_shell_msg(timeout=0)]
        except Empty:
            return []

    def _shown(self) -> list[dict[str, Any]]:
        try:
            return [self._client.get_iopub_msg(timeout=0.02)]
        except Empty:
            return []


class Widgets:
    """The widgets of a front end."""

    def __init__(self) -> None:
        self._states: dict[str, dict[str, Any]] = {}

    def work(self, message: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the messages that a front end sends to widgets of the kernel in response to a message."""
        if message["msg_type"] != "comm_open":
            return
        content = message["content"]
        state = self._states[content["comm_id"]] = content["data"]["state"]
        if state["_model_name"] == "DirectionalLinkModel":
            (source, name), (target, trait) = state["source"], state["target"]
            value = self._states[source.removeprefix(MODEL)][name]
            update = {"method": "update", "state": {trait: value}, "buffer_paths": []}
            yield target.removeprefix(MODEL), update

    def button(self, text: str) -> str:
        """Return the newest button with this text."""
        return [comm for comm, state in self._states.items() if state.get("description") == text][-1]


def manager(name: str, folder: Path) -> KernelManager:
    """Return the manager of the installed kernel or of another version."""
    if name == INSTALLED:
        return KernelManager()
    data = folder / "jupyter"
    if not data.exists():
        write_specs(data)
    return KernelManager(
        kernel_name=name, kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(data / "kernels")])
    )


def store_message(ran: Ran, kind: str, content: dict[str, Any]) -> None:
    """Store a message of the kernel like a front end."""
    if kind in ("status", "execute_input"):
        return
    if kind.startswith("comm_"):
        ran.comms.append((kind, content))
        return
    ran.messages.append((kind, content))
    shown = content.get("transient", {}).get("display_id")
    if kind == "update_display_data":
        for output in ran.outputs:
            if shown and output.get("id") == shown:
                output.update(data=content["data"], metadata=content["metadata"])
    elif kind in ("display_data", "execute_result"):
        ran.outputs.append({"id": shown, "data": content["data"], "metadata": content["metadata"]})
    elif kind == "clear_output":
        ran.outputs.clear()
    elif kind == "error":
        ran.outputs.append({"error": content["ename"]})
