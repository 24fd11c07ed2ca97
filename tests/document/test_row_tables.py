"""The documents of runs over rows and of case grids."""

from __future__ import annotations

from support.cells import CELL_ATTRIBUTES
from support.hostile import HOSTILE
from support.read_html import find_harm, reparse_html

from mimo_magics.document.grid_table import MAX_ROWS, GridLine, grid_bundle
from mimo_magics.document.row_tables import BarLine, RowLine, row_bundle


def test_the_bars_are_relative_to_the_highest_one() -> None:
    bundle = row_bundle(["2 rows"], [BarLine("label", "a", 10), BarLine("label", "b", 5)], [])
    assert bundle["text/plain"].splitlines()[2:] == [
        "column  value           rows",
        "label   a      10 ██████████",
        "label   b       5 █████",
    ]


def test_columns_without_an_entry_are_left_out() -> None:
    bundle = row_bundle(["1 row"], [], [RowLine(1, "", "x")])
    assert bundle["text/plain"] == "1 row\n\nrow  value\n  1  x"


def test_a_document_without_rows_is_its_totals_and_notes() -> None:
    bundle = row_bundle(["nothing"], [], [], ["a note"])
    assert bundle["text/plain"] == "nothing\n\na note"


def test_hostile_texts_do_no_harm() -> None:
    for text in (*HOSTILE.values(), "\x1b[2J\u202e"):
        row = row_bundle([text], [BarLine(text, text, 1)], [RowLine(1, text, text, text)], [text])
        grid = grid_bundle([text], [GridLine(1, text, (text,))], [text])
        for bundle in (row, grid):
            assert find_harm(reparse_html(bundle["text/html"]), CELL_ATTRIBUTES) == []
            assert not set(bundle["text/plain"]) & set("\x1b\u202e\0")


def test_a_long_grid_is_cut_and_says_how_to_get_the_rest() -> None:
    rows = [GridLine(number, "in", ("out",)) for number in range(MAX_ROWS * 3)]
    text = grid_bundle(["a"], rows, ["a · total"])["text/plain"]
    assert text.count("out") == MAX_ROWS
    assert text.endswith("a · total\n\nAll rows: _.to_frame()")
