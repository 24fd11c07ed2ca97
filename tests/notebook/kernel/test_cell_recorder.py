"""The record of the cells that a kernel runs."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

from mimo_magics.notebook.kernel import cell_recorder
from mimo_magics.notebook.kernel.cell_recorder import MAX_CELLS, MAX_TEXT_CHARS, CellRecorder

HEADER = {"msg_id": "m1"}


class Session:
    """The part of a kernel's session that sends messages."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, stream: Any, message: Any, *arguments: Any, **named: Any) -> str:
        self.sent.append((stream, message, *arguments, named))
        return "sent"


class Kernel:
    def __init__(self) -> None:
        self.session = Session()
        self.recorder = CellRecorder(SimpleNamespace(kernel=self))
        self.recorder.install()

    def run(self, source: str, *, message: str = "m1", number: int = 1, **metadata: object) -> None:
        parent = {"header": {"msg_id": message}, "metadata": metadata}
        content = {"code": source, "execution_count": number}
        self.session.send("socket", "execute_input", content, parent=parent, ident=b"x")

    def publish(self, kind: str, message: str = "m1", **content: Any) -> None:
        message_ = {"header": {"msg_type": kind}, "content": content, "parent_header": {"msg_id": message}}
        self.session.send("socket", message_)

    @property
    def outputs(self) -> list[dict[str, Any]]:
        return self.recorder.list_cells("")[-1].outputs


def test_a_cell_is_recorded_with_its_outputs() -> None:
    kernel = Kernel()
    kernel.run("f()", number=3, cellId="a")
    kernel.publish("stream", name="stdout", text="one\n")
    kernel.publish("stream", name="stdout", text="two\n")
    kernel.publish("stream", name="stderr", text="oh\n")
    kernel.publish("display_data", data={"image/png": "abc", "application/x": {}}, metadata={})
    kernel.publish("execute_result", data={"text/plain": "1"}, metadata={}, execution_count=3)
    kernel.session.send("socket", "error", {"ename": "E", "traceback": ["a", "b"]}, HEADER)
    (cell,) = kernel.recorder.list_cells("")
    assert (cell.number, cell.id, cell.source, cell.is_complete) == (3, "a", "f()", True)
    assert cell.outputs == [
        {"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"},
        {"output_type": "stream", "name": "stderr", "text": "oh\n"},
        {
            "output_type": "display_data",
            "data": {"image/png": "abc", "application/x": ""},
            "display_id": None,
        },
        {"output_type": "execute_result", "data": {"text/plain": "1"}, "display_id": None},
        {"output_type": "error", "ename": "E", "traceback": ["a\nb"]},
    ]


def test_every_message_is_sent_unchanged() -> None:
    kernel = Kernel()
    broken: dict[str, Any] = {"header": {}}
    assert kernel.session.send("socket", broken) == "sent"
    assert kernel.session.send("socket", "status", {"a": 1}, {"header": HEADER}, ident=b"x") == "sent"
    assert kernel.session.sent == [
        ("socket", broken, {}),
        ("socket", "status", {"a": 1}, {"header": HEADER}, {"ident": b"x"}),
    ]


def test_prompts_of_ours_and_messages_of_unknown_cells_are_not_recorded() -> None:
    kernel = Kernel()
    kernel.run("%%mimo\nhello")
    kernel.run("%load_ext mimo_magics\n%mimo_config model=x", message="m2")
    kernel.publish("stream", name="stdout", text="x")
    assert kernel.recorder.list_cells("") == ()


def test_the_running_cell_is_not_listed() -> None:
    kernel = Kernel()
    kernel.run("1")
    kernel.run("2", message="m2", number=2)
    assert [cell.source for cell in kernel.recorder.list_cells("m2")] == ["1"]


def test_outputs_are_updated_and_cleared_as_in_the_notebook() -> None:
    kernel = Kernel()
    kernel.run("f()")
    transient = {"display_id": "d"}
    kernel.publish("display_data", data={"text/plain": "0"}, transient=transient)
    kernel.publish("update_display_data", message="m9", data={"text/plain": "1"}, transient=transient)
    kernel.publish("update_display_data", message="m9", data={"text/plain": "2"}, transient={})
    assert kernel.outputs == [{"output_type": "display_data", "data": {"text/plain": "1"}, "display_id": "d"}]
    kernel.publish("clear_output", wait=True)
    assert len(kernel.outputs) == 1
    kernel.publish("stream", name="stdout", text="new")
    assert kernel.outputs == [{"output_type": "stream", "name": "stdout", "text": "new"}]
    kernel.publish("clear_output", wait=False)
    assert kernel.outputs == []


def test_long_texts_many_outputs_and_many_cells_are_bounded(monkeypatch: Any) -> None:
    kernel = Kernel()
    for number in range(MAX_CELLS + 5):
        kernel.run("x", message=f"m{number}", number=number)
    assert len(kernel.recorder.list_cells("")) == MAX_CELLS
    last = f"m{number}"
    for _ in range(5):
        kernel.publish("stream", last, name="stdout", text="x" * MAX_TEXT_CHARS)
    assert len(kernel.outputs[0]["text"]) <= MAX_TEXT_CHARS + 3
    for _ in range(300):
        kernel.publish("display_data", last, data={"text/plain": "y"})
    assert len(kernel.outputs) == cell_recorder.MAX_OUTPUTS
    monkeypatch.setattr(cell_recorder, "MAX_RECORDED_CHARS", 10)
    kernel.publish("display_data", last, data={"text/plain": "z" * 11})
    assert kernel.outputs == []


def test_the_outputs_of_the_oldest_cells_are_dropped_when_a_cell_starts(monkeypatch: Any) -> None:
    monkeypatch.setattr(cell_recorder, "MAX_RECORDED_CHARS", 10)
    kernel = Kernel()
    for number in range(1, 5):
        kernel.run("f()", message=f"m{number}", number=number)
        kernel.publish("stream", message=f"m{number}", name="stdout", text="12345")
    cells = kernel.recorder.list_cells("")
    assert [bool(cell.outputs) for cell in cells] == [False, True, True, True]


def test_the_record_ends_with_the_extension() -> None:
    kernel = Kernel()
    kernel.run("1")
    kernel.recorder.uninstall()
    assert "send" not in vars(kernel.session)
    assert kernel.recorder.list_cells("") == ()


def test_a_method_that_another_program_replaced_stays() -> None:
    kernel = Kernel()
    theirs = partial(kernel.session.send)
    kernel.session.send = theirs  # type: ignore[method-assign]
    kernel.recorder.uninstall()
    kernel.run("1")
    assert kernel.session.send is theirs
    assert kernel.recorder.list_cells("") == ()
    assert len(kernel.session.sent) == 1


def test_a_terminal_has_no_record() -> None:
    recorder = CellRecorder(SimpleNamespace())
    recorder.install()
    assert recorder.list_cells("") == ()
    recorder.uninstall()
