"""What a server receives of values: in prompts, comparisons and dry runs, with each value of `share`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from IPython.core.interactiveshell import InteractiveShell
from support.peer import KEY, Peer

CANARY = "canary-7261"
FRAME = pd.DataFrame({"city": [CANARY, "Oslo"], "n": [1, 2]}, index=pd.Index([CANARY, "b"], name="label"))


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def shell(
    server: Peer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[InteractiveShell]:
    """A shell with data, which sends prompts to the test server. Its output is captured."""
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "mimo_magics")
    shell.run_line_magic("mimo_config", f"base_url={server.url}/v1")
    shell.user_ns |= {"df": FRAME, "pl_df": pl.DataFrame({"a": [CANARY]}), "data": {CANARY: [FRAME]}}
    yield shell
    shell.run_line_magic("unload_ext", "mimo_magics")


def last_body(server: Peer) -> str:
    return json.dumps(server.requests[-1].body, ensure_ascii=False)


def last_prompt(server: Peer) -> Any:
    return server.requests[-1].body["messages"][-1]["content"]


def test_a_frame_is_sent_with_its_schema_and_some_rows(shell: InteractiveShell, server: Peer) -> None:
    shell.run_cell_magic("mimo", "--no-history", "Describe {df}")
    assert last_prompt(server) == (
        "Describe pandas DataFrame, 2 rows, 2 columns\n"
        "Index: label (string): 2 distinct, 1 to 11 characters\n"
        "Columns:\n"
        "- city (string): 2 distinct, 4 to 11 characters\n"
        "- n (int64): 1 to 2, mean 1.5\n"
        "All rows as CSV:\n"
        "label,city,n\n"
        f"{CANARY},{CANARY},1\n"
        "b,Oslo,2"
    )


@pytest.mark.parametrize("reference", ["df", "pl_df", "data", "df.index", "Out[1]", "_1", "Out", "df.city"])
@pytest.mark.parametrize("magic", ["cell", "line", "comparison", "setting"])
def test_no_value_is_sent_with_share_schema(
    shell: InteractiveShell, server: Peer, magic: str, reference: str
) -> None:
    shell.user_ns["Out"][1] = shell.user_ns["_1"] = FRAME
    if magic == "setting":
        shell.run_line_magic("mimo_config", "share=schema")
    run = {
        "cell": lambda text: shell.run_cell_magic("mimo", "--share schema --no-history", text),
        "line": lambda text: shell.run_line_magic("mimo", f"--share schema --no-history {text}"),
        "comparison": lambda text: (
            shell.run_line_magic("mimo_config", "share=schema"),
            shell.run_cell_magic("mimo_compare", "--temperature 0 1", text),
        ),
        "setting": lambda text: shell.run_cell_magic("mimo", "--no-history", text),
    }[magic]
    run(f"Describe {{{reference}}}")
    assert "Values are not shared." in last_prompt(server)
    assert CANARY not in last_body(server)


def test_the_last_error_is_sent_as_its_type(shell: InteractiveShell, server: Peer) -> None:
    shell.run_cell(f"raise ValueError({CANARY!r})")
    shell.run_cell_magic("mimo", "--no-history", "Explain {Err}")
    assert CANARY in last_body(server)
    shell.run_cell_magic("mimo", "--share schema --no-history", "Explain {Err}")
    assert last_prompt(server) == "Explain ValueError"


def test_the_project_can_only_lower_what_is_shared(
    shell: InteractiveShell, server: Peer, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.mimo]\nshare = 'schema'\n", encoding="utf-8")
    shell.run_line_magic("reload_ext", "mimo_magics")
    shell.run_line_magic("mimo_config", f"base_url={server.url}/v1")
    shell.run_cell_magic("mimo", "--no-history", "{df}")
    assert CANARY not in last_body(server)
