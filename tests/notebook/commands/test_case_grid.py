"""`%%mimo_compare --each` in a real kernel: the matrix, its frame, its cost, and Stop."""

from __future__ import annotations

import json

import pytest
from support.cells import CELL_ATTRIBUTES
from support.compared_cells import output_html
from support.hostile import HOSTILE
from support.kernel import Kernel
from support.peer import SILENCE, Answer, Peer, Seen, error, reply, stream
from support.read_html import ParsedHtml, find_harm, find_unexpected, reparse_html

DEFINE = """import pandas as pd
from pathlib import Path
for path in Path().glob('*.mimo.sqlite*'): path.unlink()
examples = pd.DataFrame({'text': ['Lovely!', 'It broke.']})"""
GRID = '%%mimo_compare --each examples --schema "label str" -m a b -o grid\nPraise? {text}'


def label(seen: Seen) -> Answer:
    """Return a label that depends on the text, the model and the prompt."""
    word = "praise" if "Lovely" in seen.prompt else "complaint"
    text = f"{word} {seen.body['model']}{'!' if 'Really' in seen.prompt else ''}"
    return stream(seen, reply(json.dumps({"label": text}), ""))


@pytest.fixture(autouse=True)
def script(kernel: Kernel, peer: Peer) -> None:
    peer.script = label
    assert kernel.run(DEFINE).status == "ok"


def document(kernel: Kernel, cell: str) -> str:
    ran = kernel.run(cell)
    assert ran.error == []
    (text,) = ran.documents
    return text


def test_settings_are_columns_and_rows_are_rows(kernel: Kernel, peer: Peer) -> None:
    assert (
        document(kernel, GRID)
        == """\
row  input      a            b
  1  Lovely!    praise a     praise b
  2  It broke.  complaint a  complaint b

a · 2 of 2 rows have a value · 40 → 20 tokens
b · 2 of 2 rows have a value · 40 → 20 tokens

All rows: _.to_frame()"""
    )
    assert len(peer.requests) == 4


def test_prompts_are_columns(kernel: Kernel) -> None:
    text = document(kernel, GRID.replace("-m a b", "-m a") + "\n---\nReally praise? {text}")
    assert text.splitlines()[:2] == [
        "row  input      prompt 1 · a  prompt 2 · a",
        "  1  Lovely!    praise a      praise a!",
    ]


def test_the_frame_has_a_column_for_each_column(kernel: Kernel) -> None:
    kernel.run(GRID)
    shown = kernel.run("print(grid.to_frame().to_dict('records')[1], _ is grid)")
    assert shown.text == "{'text': 'It broke.', 'a': 'complaint a', 'b': 'complaint b'} True\n"


def test_a_second_run_sends_only_the_new_column(kernel: Kernel, peer: Peer) -> None:
    kernel.run(GRID)
    document(kernel, GRID.replace("-m a b", "-m a b c"))
    assert [seen.body["model"] for seen in peer.requests[4:]] == ["c", "c"]


def test_a_failed_cell_of_the_matrix_shows_its_error(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: (
        error(400, "no") if seen.body["model"] == "b" and "broke" in seen.prompt else label(seen)
    )
    text = document(kernel, GRID)
    assert "✗ HTTP 400 Bad Request: no" in text
    assert "b · 1 of 2 rows have a value" in text


def test_rows_of_a_file_and_of_a_list_are_accepted(kernel: Kernel) -> None:
    kernel.run("examples.to_csv('examples.csv', index=False)\nlisted = examples.to_dict('records')")
    expected = document(kernel, GRID).splitlines()[:3]
    assert (
        document(kernel, GRID.replace("--each examples", "--each examples.csv")).splitlines()[:3] == expected
    )
    assert document(kernel, GRID.replace("--each examples", "--each listed")).splitlines()[:3] == expected


def test_the_user_confirms_a_high_cost(kernel: Kernel, peer: Peer) -> None:
    kernel.run("""%mimo_config prices='{"a": [1000, 1000, 1000], "b": [1000, 1000, 1000]}'""")
    ran, question = kernel.answer(GRID, "n")
    assert question["prompt"].startswith("4 calls, about ")
    assert ran.error[0] == "BadOption: Cancelled. Nothing was sent."
    assert peer.requests == []
    kernel.run("%mimo_config --reset prices")


def test_an_interrupt_shows_and_saves_what_arrived(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: Answer([SILENCE]) if seen.body["model"] == "b" else label(seen)
    ran = kernel.run(GRID, when=lambda: len(peer.requests) == 4 and kernel.shows("2 of 4 rows"))
    assert ran.error[0] == "Interrupted: 2 rows have a result."
    assert "praise a" in ran.documents[0]
    peer.script = label
    peer.requests.clear()
    assert kernel.run(GRID).status == "ok"
    assert len(peer.requests) == 2


def test_run_cell_magic_waits_for_the_grid(kernel: Kernel) -> None:
    call = "x = get_ipython().run_cell_magic('mimo_compare', '--each examples -m a b', 'Praise? {text}')\nprint(x)"
    assert kernel.run(call).text == "<GridResult of 2 rows and 2 columns>\n"


@pytest.mark.parametrize(
    ("cell", "fact"),
    [
        ("%%mimo_compare --each exampels\n{text}", "There is no variable 'exampels'."),
        ("%%mimo_compare --each examples\n{txt}", "There is no column 'txt'."),
        ("%%mimo_compare --each examples\n{text}\n---\n", "A prompt is empty."),
        ("%%mimo_compare --each examples --repeat 2\n{text}", "--each cannot be used with --repeat."),
        ("%%mimo_compare --each examples --no-history\n{text}", "--each cannot be used with --no-history."),
        ("%%mimo_compare --each examples --at-once 0\n{text}", "at_once must not be 0."),
    ],
)
def test_a_mistake_is_an_error_before_anything_is_sent(
    kernel: Kernel, peer: Peer, cell: str, fact: str
) -> None:
    assert kernel.run(cell).error[0] == f"BadOption: {fact}"
    assert peer.requests == []


def test_hostile_rows_and_replies_are_shown_as_text(kernel: Kernel, peer: Peer) -> None:
    kernel.run(f"rows = [{{'text': text}} for text in {[*HOSTILE.values(), 'a' * 9_000]!r}]")
    peer.script = lambda seen: stream(seen, reply(f"<script>ran.reply</script>\u202e{seen.prompt}", ""))
    ran = kernel.run("%%mimo_compare --each rows -m a b\n{text}")
    assert ran.status == "ok"
    html = output_html(ran)
    assert find_unexpected(ParsedHtml(html).found, CELL_ATTRIBUTES) == []
    assert find_harm(reparse_html(html), CELL_ATTRIBUTES) == []
    assert not set(html + ran.documents[0]) & set("\u202e\x1b\0")
