"""`--context` in a real kernel: what a server receives of the cells of a notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.kernel import Kernel
from support.peer import KEY, Peer

NOTEBOOK = "notes.ipynb"
CELLS = {
    "load": "%load_ext mimo_magics",
    "table": "import pandas as pd\nprint('rows:')\ndf = pd.DataFrame({'city': ['Oslo', 'Bergen']})\ndf",
    "plot": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "fail": "def ratio(a):\n    return a / 0\n\nratio(1)",
    "ask": "%%mimo --no-history --context above\nWhat is wrong?",
    "below": "print('below')",
}
TABLE = (
    "Cell [2]:\n```python\nimport pandas as pd\nprint('rows:')\n"
    "df = pd.DataFrame({'city': ['Oslo', 'Bergen']})\ndf\n```\n"
    "Output of cell [2]:\n```\nrows:\npandas DataFrame, 2 rows, 1 column\nColumns:\n"
    "- city (string): 2 distinct, 4 to 6 characters\nAll values: Oslo, Bergen\n```\n\n"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def kernel(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel that ran the cells of a notebook but the prompt, and the notebook, which was saved before."""
    folder = tmp_path_factory.mktemp("notebook")
    cells = [
        {"cell_type": "code", "id": name, "source": source, "outputs": [], "metadata": {}}
        for name, source in CELLS.items()
    ]
    (folder / NOTEBOOK).write_text(json.dumps({"cells": cells, "nbformat": 4}), encoding="utf-8")
    variables = {
        "MIMO_API_KEY": KEY,
        "MIMO_BASE_URL": f"{server.url}/v1",
        "MIMO_MODEL": "mimo-v2-omni",
        "JPY_SESSION_NAME": str(folder / NOTEBOOK),
    }
    with Kernel(folder, **variables) as kernel:
        for name in ("load", "table", "plot", "fail", "below"):
            kernel.run(CELLS[name], cell=name)
        yield kernel


def sent(kernel: Kernel, server: Peer, options: str, cell: str = "ask") -> list[Any]:
    """Run a prompt, and return the texts that the server received, and the beginnings of the pictures."""
    kernel.run(f"%%mimo --no-history {options}\nWhat is wrong?", cell=cell)
    content = server.requests[-1].body["messages"][-1]["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [part["text"] if part["type"] == "text" else part["image_url"]["url"][:22] for part in parts]


def test_the_cells_above_are_sent_with_a_table_a_plot_and_an_error(kernel: Kernel, server: Peer) -> None:
    first, picture, second = sent(kernel, server, "--context above")
    assert first == (
        f"{TABLE}Cell [3]:\n```python\n%matplotlib inline\nimport matplotlib.pyplot as plt\n"
        "plt.plot([1, 2]);\n```\nPictures in the output of cell [3], which follow: 1\n\n"
    )
    assert picture == "data:image/png;base64,"
    assert second.startswith("Cell [4] (failed with ZeroDivisionError):\n```python\ndef ratio(a):\n")
    assert second.endswith("\nZeroDivisionError: division by zero\n```\n\nWhat is wrong?")
    assert "\x1b" not in second


def test_the_errors_are_sent_alone(kernel: Kernel, server: Peer) -> None:
    (text,) = sent(kernel, server, "--context errors")
    assert text.startswith("Cell [4] (failed with ZeroDivisionError):\n")


def test_the_last_cell_is_the_one_that_ran_last(kernel: Kernel, server: Peer) -> None:
    assert sent(kernel, server, "--context last") == [
        "Cell [5]:\n```python\nprint('below')\n```\nOutput of cell [5]:\n```\nbelow\n```\n\nWhat is wrong?"
    ]


def test_a_number_is_that_beside_the_cell(kernel: Kernel, server: Peer) -> None:
    assert sent(kernel, server, "--context cells=2") == [f"{TABLE}What is wrong?"]


def test_nothing_is_sent_unasked(kernel: Kernel, server: Peer) -> None:
    assert sent(kernel, server, "") == sent(kernel, server, "--context none") == ["What is wrong?"]


def test_with_schema_no_output_leaves(kernel: Kernel, server: Peer) -> None:
    (text,) = sent(kernel, server, "--share schema --context above")
    assert text == (
        f"{TABLE.partition('Output')[0]}Output of cell [2]:\n```\n(an output that is not shared)\n"
        "pandas DataFrame, 2 rows, 1 column\nColumns:\n- city (string)\nValues are not shared.\n```\n\n"
        "Cell [3]:\n```python\n%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);\n```\n"
        "Pictures in the output of cell [3], which were not sent: 1\n\n"
        "Cell [4] (failed with ZeroDivisionError):\n```python\ndef ratio(a):\n    return a / 0\n\nratio(1)\n```\n"
        "Output of cell [4]:\n```\nZeroDivisionError\n```\n\nWhat is wrong?"
    )


def test_a_model_without_images_receives_the_texts(kernel: Kernel, server: Peer) -> None:
    (text,) = sent(kernel, server, "-m mimo-v2-pro --context cells=3")
    assert text.endswith("Pictures in the output of cell [3], which were not sent: 1\n\nWhat is wrong?")


def test_a_cell_that_is_not_saved_yet_gets_the_cells_that_ran_before(kernel: Kernel, server: Peer) -> None:
    *_, text = sent(kernel, server, "--context above", cell="new")
    assert "Cell [5]:\n```python\nprint('below')\n```" in text


def test_a_comparison_sends_the_same_cells(kernel: Kernel, server: Peer) -> None:
    kernel.run("%%mimo_compare --no-history -t 0 1 --context last\nWhat is wrong?", cell="compare")
    contents = [seen.body["messages"][-1]["content"] for seen in server.requests[-2:]]
    assert contents[0] == contents[1]
    assert contents[0].startswith("Cell [5]:\n")
