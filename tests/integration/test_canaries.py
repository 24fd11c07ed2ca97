"""With `share=schema` no value of data is in any byte that leaves or is saved.

Each kind of value has a canary in every place. The test server stores what it received. The dry run, the turn record
in the output, the session file and its folder are searched too, also inside base64.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure
from support.canaries import CANARY, FOUND, FRAME, NUMBER, POLARS, VALUES
from support.peer import KEY, Answer, Peer, Seen, obey, stream

from mimo_magics.core.messages import Message, Reply, ToolCall
from mimo_magics.tools import registry

BASE64_PATTERN = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
TABLES = {
    "a.csv": FRAME.to_csv,
    "a.tsv": lambda path: FRAME.to_csv(path, sep="\t"),
    "a.parquet": lambda path: POLARS.drop("object").write_parquet(path),
}
EXACT = re.compile(r"canary|7.?26.?172.?617")
"""The canary without its rounded forms, which the times of a turn can contain."""
TEXT_FILES = ("notes.txt", "a.ipynb", "a.html", "a.pdf", "a.docx", "a.json", "a.py")


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def shell(server: Peer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[InteractiveShell]:
    """A shell with `share=schema` that saves its session. Its outputs are captured."""
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    server.script = obey
    server.requests.clear()
    shell = InteractiveShell()
    shell.display_pub = CapturingDisplayPublisher(parent=shell)
    # `display` publishes to the shell of the process.
    monkeypatch.setattr(InteractiveShell, "_instance", shell)
    shell.run_line_magic("load_ext", "mimo_magics")
    shell.run_line_magic(
        "mimo_config", f"base_url={server.url}/v1 share=schema autosave=on notebook=talk.ipynb"
    )
    yield shell
    shell.run_line_magic("unload_ext", "mimo_magics")


def unpack(text: str) -> str:
    """Return a text together with what is encoded as base64 in it."""
    encoded = (
        b64decode(match[0] + "==")[: 3 * len(match[0]) // 4] for match in BASE64_PATTERN.finditer(text)
    )
    return "\n".join((text, *(data.decode("utf-8", "ignore") for data in encoded)))


def left_or_saved(shell: InteractiveShell, server: Peer, folder: Path) -> dict[str, str]:
    """Return everything that a server received, that the outputs have, and that files have, by its place."""
    saved = [path for path in folder.rglob("talk.*") if path.is_file()]
    return {
        "request": unpack(json.dumps([seen.body for seen in server.requests], ensure_ascii=False)),
        "output": unpack(json.dumps(shell.display_pub.outputs, ensure_ascii=False, default=repr)),
        **{path.name: unpack(path.read_text(encoding="utf-8")) for path in saved},
    }


def assert_no_canary(shell: InteractiveShell, server: Peer, folder: Path) -> None:
    found = left_or_saved(shell, server, folder)
    assert found.keys() >= {"request", "output", "talk.mimo.json"}
    patterns = {place: FOUND if place == "request" else EXACT for place in found}
    assert [place for place, text in found.items() if patterns[place].search(text)] == []


def dry_run(shell: InteractiveShell, line: str, prompt: str) -> str:
    draft = shell.run_cell_magic("mimo", f"--dry-run --no-history {line}", prompt)
    return json.dumps(draft._repr_mimebundle_(), ensure_ascii=False) + json.dumps(draft.body)


@pytest.mark.parametrize("name", VALUES)
def test_no_value_in_a_prompt_leaves(
    shell: InteractiveShell, server: Peer, tmp_path: Path, name: str
) -> None:
    shell.user_ns["value"] = shell.user_ns["Out"][1] = VALUES[name]()
    for reference in ("{value}", "{Out[1]}"):
        shell.run_cell_magic("mimo", "", f"Describe {reference}")
        assert not FOUND.search(dry_run(shell, "", f"Describe {reference}"))
    assert len(server.requests) == 2
    assert_no_canary(shell, server, tmp_path)


@pytest.mark.parametrize("reference", ["Err", "value"])
def test_no_message_of_an_error_leaves(
    shell: InteractiveShell, server: Peer, tmp_path: Path, reference: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell(
        f"try:\n    {{}}[{CANARY!r}]\nexcept KeyError as error:\n    value = error\n    raise ValueError({CANARY!r})"
    )
    shell.run_cell_magic("mimo", "", f"Explain {{{reference}}}")
    assert "Error" in server.requests[-1].prompt
    assert_no_canary(shell, server, tmp_path)


def test_no_picture_and_no_thumbnail_leaves(shell: InteractiveShell, server: Peer, tmp_path: Path) -> None:
    shell.user_ns["fig"] = Figure()
    shell.run_cell_magic("mimo", "-m mimo-v2-omni", "Describe {fig}")
    assert server.requests[-1].prompt == "Describe Figure\nValues are not shared."
    found = left_or_saved(shell, server, tmp_path)
    assert [place for place, text in found.items() if "data:image" in text or "PNG" in text] == []
    shell.run_cell_magic("mimo", "-m mimo-v2-omni --share sample", "Describe {fig}")
    found = left_or_saved(shell, server, tmp_path)
    assert [place for place, text in found.items() if "data:image" in text] == [
        "request",
        "output",
        "talk.mimo.json",
    ]


def call_tool(seen: Seen) -> Answer:
    """Request the tool until there is a result of it."""
    if any(message["role"] == "tool" for message in seen.body["messages"]):
        return obey(seen)
    call = ToolCall("c1", "load", "{}")
    return stream(seen, Reply(Message("assistant", (call,)), stop="tool_calls"))


@pytest.mark.parametrize("name", [*VALUES, "raises an error"])
def test_no_value_in_the_result_of_a_tool_leaves(
    shell: InteractiveShell, server: Peer, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load() -> Any:
        """Load the data."""
        if name not in VALUES:
            raise ValueError(CANARY)
        return VALUES[name]()

    monkeypatch.delitem(registry.REGISTERED_TOOLS, "load", raising=False)
    registry.tool(confirm="none")(load)
    server.script = call_tool
    shell.run_cell_magic("mimo", "--tools load", "Load it.")
    del registry.REGISTERED_TOOLS["load"]
    assert any(message["role"] == "tool" for message in server.requests[-1].body["messages"])
    if name in VALUES:
        assert_no_canary(shell, server, tmp_path)
    else:
        # The traceback is for the user: it is shown and saved, and never sent.
        assert not FOUND.search(left_or_saved(shell, server, tmp_path)["request"])


@pytest.mark.parametrize("name", [*TABLES, *TEXT_FILES])
@pytest.mark.parametrize("magic", ["mimo", "mimo_compare"])
def test_no_content_of_a_file_leaves(
    shell: InteractiveShell, server: Peer, tmp_path: Path, name: str, magic: str
) -> None:
    if name in TABLES:
        TABLES[name](tmp_path / name)
    else:
        (tmp_path / name).write_text(f"{CANARY} {NUMBER}\n", encoding="utf-8")
    shell.run_cell_magic("mimo", "", "Hello")
    shell.run_cell_magic(magic, f"--file {name}", "Describe the file.")
    assert f'File "{name}" (' in json.dumps(server.requests[-1].body).replace('\\"', '"')
    assert not FOUND.search(dry_run(shell, f"--file {name}", "Describe the file."))
    assert_no_canary(shell, server, tmp_path)


@pytest.mark.parametrize("name", TABLES)
def test_the_canary_of_a_table_is_found_where_values_are_shared(
    shell: InteractiveShell, server: Peer, tmp_path: Path, name: str
) -> None:
    TABLES[name](tmp_path / name)
    shell.run_cell_magic("mimo", f"--share sample --file {name}", "Describe the file.")
    found = left_or_saved(shell, server, tmp_path)
    assert [place for place, text in found.items() if EXACT.search(text)] == [
        "request",
        "output",
        "talk.mimo.json",
    ]


def test_base64_is_searched_too() -> None:
    assert FOUND.search(unpack(f'"data:image/png;base64,{b64encode(f"xxxxxxxx{CANARY}".encode()).decode()}"'))
