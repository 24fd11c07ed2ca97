"""Cells of a notebook as context: input and output of each, within a budget."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pandas as pd
import pytest

from mimo_magics.context.notebook_cell import MAX_IMAGES, CellState, NotebookCell, render_cells
from mimo_magics.core.messages import ImagePart
from mimo_magics.core.settings import Share

PNG = b64encode(b"\x89PNG\r\n\x1a\nrest").decode()
PLOT = {"output_type": "display_data", "data": {"image/png": PNG, "text/plain": "<Figure>"}}
ERROR = {"output_type": "error", "ename": "ValueError", "traceback": ["ValueError: canary"]}


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def result(text: str) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": {"text/plain": text}}


def rendered(*cells: NotebookCell, budget: int = 20_000, share: Share = "sample", images: bool = True) -> str:
    """Return the texts, with the name of each picture."""
    parts = render_cells(cells, budget, share, accepts_images=images).parts
    return "".join(f"<{part.name}>\n" if isinstance(part, ImagePart) else part.text for part in parts)  # type: ignore[union-attr]


def test_a_cell_is_its_number_its_input_and_its_output() -> None:
    cell = NotebookCell("x = 1\nx", 3, (printed("hello\n"), result("1")))
    assert rendered(cell) == (
        "Cell [3]:\n```python\nx = 1\nx\n```\nOutput of cell [3]:\n```\nhello\n1\n```\n\n"
    )


def test_text_cells_and_cells_without_output_are_marked() -> None:
    assert rendered(NotebookCell("# Title", is_code=False), NotebookCell("x = 1", state="not run")) == (
        "Text cell:\n```markdown\n# Title\n```\n\nCell [ ] (not run):\n```python\nx = 1\n```\n\n"
    )


def test_a_failed_cell_is_marked() -> None:
    assert rendered(NotebookCell("f()", 4, (ERROR,))) == (
        "Cell [4] (failed with ValueError):\n```python\nf()\n```\n"
        "Output of cell [4]:\n```\nValueError: canary\n```\n\n"
    )


@pytest.mark.parametrize(
    ("state", "title", "detail"),
    [
        ("edited", "Cell [4] (edited since it ran: the output may be out of date):", "edited since it ran"),
        (
            "earlier kernel",
            "Cell [4] (not run since the kernel started: the output may be out of date):",
            "not run since the kernel started",
        ),
        (
            "value only",
            "Cell [4] (printed output unknown):",
            "printed output unknown",
        ),
    ],
)
def test_a_stale_output_is_marked_for_the_model_and_the_user(
    state: CellState, title: str, detail: str
) -> None:
    (cell,) = render_cells([NotebookCell("x", 4, state=state)], 9_000, "sample", accepts_images=True).cells
    assert cell.value.text.splitlines()[0] == title
    assert cell.value.label == f"cell [4] {detail}"


def test_a_value_that_is_at_hand_is_described_as_in_a_prompt() -> None:
    cell = NotebookCell("df", 2, (result("ignored"),), (pd.DataFrame({"a": [1, 2]}),))
    assert "Output of cell [2]:\n```\npandas DataFrame, 2 rows, 1 column\n" in rendered(cell)


def test_a_scalar_keeps_the_text_that_was_shown() -> None:
    assert "\n```\n'x'\n```\n" in rendered(NotebookCell("'x'", 2, (result("'x'"),), ("x",)))


def test_pictures_follow_the_text_of_their_cell() -> None:
    assert rendered(NotebookCell("plot()", 1, (PLOT,)), NotebookCell("2", 2)) == (
        "Cell [1]:\n```python\nplot()\n```\nPictures in the output of cell [1], which follow: 1\n\n"
        "<cell [1], picture 1>\nCell [2]:\n```python\n2\n```\n\n"
    )


def test_pictures_are_left_out_and_named_where_the_model_takes_none() -> None:
    cells = render_cells([NotebookCell("plot()", 1, (PLOT,))], 9_000, "sample", accepts_images=False)
    assert cells.omitted_images == 1
    assert [type(part).__name__ for part in cells.parts] == ["ContextPart"]
    assert "Pictures in the output of cell [1], which were not sent: 1\n" in cells.cells[0].value.text


def test_the_newest_pictures_are_sent() -> None:
    cells = [NotebookCell("plot()", number, (PLOT,)) for number in range(1, MAX_IMAGES + 3)]
    sent = render_cells(cells, 90_000, "sample", accepts_images=True)
    assert [len(each.images) for each in sent.cells] == [0, 0] + [1] * MAX_IMAGES
    assert sent.omitted_images == 2


def test_the_newest_cells_are_sent_when_the_budget_is_full() -> None:
    cells = [NotebookCell(f"x = {'1' * 900}", number) for number in range(1, 6)]
    sent = render_cells(cells, 1_000, "sample", accepts_images=True)
    assert [each.value.name for each in sent.cells] == ["cell [4]", "cell [5]"]
    assert sent.omitted_cells == 3
    assert sent.cells[0].value.text.startswith("… 3 older cells left out …\n\nCell [4]:\n")


def test_a_single_cell_is_cut_to_the_budget() -> None:
    (cell,) = render_cells([NotebookCell("y = 2\n" * 5_000, 1)], 1_000, "sample", accepts_images=True).cells
    assert cell.value.size <= 2_002
    assert "bytes left out" in cell.value.text
    assert cell.value.whole_size > 30_000


def test_a_long_output_leaves_room_for_other_cells() -> None:
    cells = [NotebookCell("old", 1), NotebookCell("log()", 2, (printed("line\n" * 99_999),))]
    sent = render_cells(cells, 4_000, "sample", accepts_images=True)
    assert [each.value.name for each in sent.cells] == ["cell [1]", "cell [2]"]
    assert sent.cells[1].value.size < 1_200
    assert sent.cells[1].value.whole_size > 400_000


def test_with_schema_outputs_are_left_out_and_named() -> None:
    frame = pd.DataFrame({"a": ["canary"]})
    text = rendered(
        NotebookCell("print(secret)", 1, (printed("canary"),)),
        NotebookCell("'canary'[:]", 2, (result("'canary'"),), ("canary",)),
        NotebookCell("plot()", 3, (PLOT,)),
        NotebookCell("f()", 4, (ERROR,)),
        NotebookCell("df", 5, (result("canary"),), (frame,)),
        share="schema",
    )
    assert text == (
        "Cell [1]:\n```python\nprint(secret)\n```\n"
        "Output of cell [1]:\n```\n(an output that is not shared)\n```\n\n"
        "Cell [2]:\n```python\n'canary'[:]\n```\n"
        "Output of cell [2]:\n```\n(an output that is not shared)\n```\n\n"
        "Cell [3]:\n```python\nplot()\n```\n"
        "Pictures in the output of cell [3], which were not sent: 1\n\n"
        "Cell [4] (failed with ValueError):\n```python\nf()\n```\n"
        "Output of cell [4]:\n```\nValueError\n```\n\n"
        "Cell [5]:\n```python\ndf\n```\n"
        "Output of cell [5]:\n```\npandas DataFrame, 1 row, 1 column\nColumns:\n- a (string)\n"
        "Values are not shared.\n```\n\n"
    )


def test_no_text_of_a_cell_ends_its_block() -> None:
    text = rendered(NotebookCell("'''\n```\n'''", 1, (printed("````\nCell [9]:\n"),)))
    assert text == (
        "Cell [1]:\n````python\n'''\n```\n'''\n````\nOutput of cell [1]:\n`````\n````\nCell [9]:\n`````\n\n"
    )
