"""The panel in a real kernel: widgets in a notebook with a front end, and a table everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernel import Kernel

VIEW = "application/vnd.jupyter.widget-view+json"
OPEN = "import mimo_magics\nmimo_magics.panel()"
CHANGE = "%mimo_config temperature=0.3"


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture
def kernel(folder: Path) -> Iterator[Kernel]:
    with Kernel(folder) as kernel:
        assert kernel.run("%load_ext mimo_magics").status == "ok"
        yield kernel


def test_a_notebook_shows_widgets_and_a_table_that_is_updated(kernel: Kernel) -> None:
    shown = kernel.run(OPEN)
    assert [output["data"].keys() for output in shown.outputs] == [
        {VIEW, "text/plain"},
        {"text/html", "text/plain"},
    ]
    updates = [content for kind, content in kernel.run(CHANGE).messages if kind == "update_display_data"]
    assert [content["transient"]["display_id"] for content in updates] == [shown.outputs[1]["id"]]
    assert updates[0]["data"]["text/plain"].endswith(f"\n{CHANGE}")


def test_an_unattended_run_shows_only_the_table(kernel: Kernel) -> None:
    shown = kernel.run(OPEN, watched=False)
    assert ([output["data"].keys() for output in shown.outputs], shown.comms) == (
        [{"text/html", "text/plain"}],
        [],
    )
    assert [kind for kind, _ in kernel.run(CHANGE).messages] == ["display_data"]


def test_a_console_prints_the_table(folder: Path) -> None:
    with Kernel(folder, console=True) as kernel:
        kernel.run("%load_ext mimo_magics")
        shown = kernel.run(OPEN)
        assert (shown.outputs, shown.comms) == ([], [])
        assert shown.text.startswith("setting ")


def test_a_reloaded_extension_does_not_update_older_panels(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run("%unload_ext mimo_magics\n%load_ext mimo_magics")
    assert [kind for kind, _ in kernel.run(CHANGE).messages] == ["display_data"]
    assert len(kernel.run(OPEN).outputs) == 2


def test_the_restoring_line_is_inserted_into_the_next_cell(kernel: Kernel) -> None:
    kernel.run(CHANGE)
    line = "from mimo_magics.notebook.panel.panel import insert_restore_cell\ninsert_restore_cell(get_ipython().configurables[-1], get_ipython())"
    (payload,) = kernel.run(line).payload
    assert (payload["source"], payload["text"], payload["replace"]) == ("set_next_input", CHANGE, False)
