"""`%%mimo_map` in a real kernel: the plan, the run, the document, the value, the cost, and Stop."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.cells import CELL_ATTRIBUTES
from support.compared_cells import output_html
from support.hostile import HOSTILE
from support.kernel import Kernel
from support.peer import SILENCE, Answer, Peer, Seen, error, reply, stream
from support.read_html import ParsedHtml, find_harm, find_unexpected, reparse_html

from mimo_magics.core.messages import Usage

TEXTS = ["Lovely!", "It broke.", "Never again.", "Lovely!"]
DEFINE = f"import pandas as pd\ndf = pd.DataFrame({{'text': {TEXTS!r}, 'stars': [5, 2, 1, 5]}})"
MAP = '%%mimo_map df --schema "label str" --out labels\nPraise or complaint?\n{text}'
FORGET = "from pathlib import Path\nfor path in Path().glob('*.mimo.sqlite*'): path.unlink()"
PRICED = """%mimo_config prices='{"mimo-v2-pro": [1000, 1000, 1000]}'"""


def label(seen: Seen) -> Answer:
    """Return praise for a lovely text, else complaint."""
    word = "praise" if "Lovely" in seen.prompt else "complaint"
    return stream(seen, reply(json.dumps({"label": word}), ""))


@pytest.fixture(autouse=True)
def script(kernel: Kernel, peer: Peer) -> None:
    peer.script = label
    assert kernel.run(DEFINE).status == "ok"
    assert kernel.run(FORGET).status == "ok"


def document(kernel: Kernel, cell: str) -> str:
    """Run a cell, and return its document without its line about tokens and time."""
    ran = kernel.run(cell)
    assert ran.error == []
    (text,) = ran.documents
    return "\n".join(line for line in text.splitlines() if " tokens · " not in line)


def test_the_document_has_the_totals_the_bars_and_the_rows(kernel: Kernel, peer: Peer) -> None:
    assert (
        document(kernel, MAP)
        == """\
4 of 4 rows have a value, 1 reused

column  value              rows
label   praise     2 ██████████
label   complaint  2 ██████████

row  input         value
  1  Lovely!       label='praise'
  2  It broke.     label='complaint'
  3  Never again.  label='complaint'
  4  Lovely!       label='praise'"""
    )
    assert len(peer.requests) == 3


def test_the_variable_holds_the_rows_with_their_replies(kernel: Kernel) -> None:
    kernel.run(MAP)
    shown = kernel.run("print(type(labels).__name__, list(labels), list(labels.label), list(df))")
    assert (
        shown.text == "DataFrame ['text', 'stars', 'label', 'error', 'tokens', 'usd', 'seconds'] "
        "['praise', 'complaint', 'complaint', 'praise'] ['text', 'stars']\n"
    )
    assert kernel.run("print(_.values[0], len(_.failed))").text == "{'label': 'praise'} 0\n"


def test_a_second_run_sends_nothing_and_an_edited_row_one_request(kernel: Kernel, peer: Peer) -> None:
    kernel.run(MAP)
    assert "4 of 4 rows have a value, 4 reused" in document(kernel, MAP)
    assert len(peer.requests) == 3
    kernel.run("df.loc[1, 'text'] = 'It broke twice.'")
    assert "4 of 4 rows have a value, 3 reused" in document(kernel, MAP)
    assert len(peer.requests) == 4


def test_a_failed_row_is_first_and_is_sent_again_by_the_next_run(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: error(400, "bad input") if "Never" in seen.prompt else label(seen)
    text = document(kernel, MAP)
    assert text.splitlines()[0] == "3 of 4 rows have a value, 1 failed, 1 reused"
    assert "  3  Never again." in text
    assert text.endswith("Run the cell again: only rows without a value are sent.")
    peer.script = label
    peer.requests.clear()
    assert "4 of 4 rows have a value, 3 reused" in document(kernel, MAP)
    assert [seen.prompt.splitlines()[1] for seen in peer.requests] == ["Never again."]


def test_the_plan_sends_nothing(kernel: Kernel, peer: Peer) -> None:
    text = document(kernel, MAP.replace("--out labels", "--dry-run"))
    assert text.splitlines()[:2] == ["rows: 4 · calls: 3 · reused: 1", "estimate  tokens  USD"]
    assert "Output assumed. A sample (--sample 5) estimates it from replies." in text
    assert peer.requests == []


def test_a_sample_is_not_paid_twice(kernel: Kernel, peer: Peer) -> None:
    text = document(kernel, MAP.replace("--out labels", "--sample 2"))
    assert "2 of 2 rows have a value" in text
    assert "All rows: " in text
    assert len(peer.requests) == 2
    kernel.run(MAP)
    assert len(peer.requests) == 3


def test_a_restart_sends_all_rows(kernel: Kernel, peer: Peer) -> None:
    kernel.run(MAP)
    kernel.run(MAP.replace("--out", "--restart --out"))
    assert len(peer.requests) == 6


def test_the_user_confirms_a_high_cost(kernel: Kernel, peer: Peer) -> None:
    kernel.run(PRICED)
    ran, question = kernel.answer(MAP, "n")
    assert question["prompt"].startswith("3 calls, about ")
    assert ran.error[0] == "BadOption: Cancelled. Nothing was sent."
    assert kernel.run(MAP, watched=False).error[1] == "To allow it, raise the limit: --ask-above '5 USD'"
    assert peer.requests == []
    ran, _ = kernel.answer(MAP, "y")
    assert (ran.status, len(peer.requests)) == ("ok", 3)
    kernel.run("%mimo_config --reset prices")


def test_an_interrupt_saves_what_arrived(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda seen: Answer([SILENCE]) if "Never" in seen.prompt else label(seen)
    ran = kernel.run(MAP, when=lambda: len(peer.requests) == 3 and kernel.shows("3 of 4 rows"))
    assert ran.error == [
        "Interrupted: 3 rows have a result.",
        "The results are saved. Run the cell again to go on.",
    ]
    assert ran.documents[0].startswith("3 of 4 rows have a value")
    peer.script = label
    peer.requests.clear()
    assert kernel.run(MAP).status == "ok"
    assert len(peer.requests) == 1


def test_a_budget_stops_the_run_and_the_cell_fails(kernel: Kernel, peer: Peer) -> None:
    expensive = replace(reply('{"label": "praise"}', ""), usage=Usage(2_000, 1_000))
    peer.script = lambda seen: stream(seen, expensive)
    ran = kernel.run(MAP.replace("--out", "--at-once 1 --budget '3500 tokens' --out"))
    assert ran.error[0].startswith("BudgetExceeded: "), "\n".join(ran.error)
    assert "The run stopped: " in ran.documents[0]
    assert len(peer.requests) == 1
    assert kernel.run("print(len(labels))").text == "4\n"


def test_run_cell_magic_waits_for_the_run(kernel: Kernel) -> None:
    call = """x = get_ipython().run_cell_magic('mimo_map', 'df --schema "label str"', '{text}')\nprint(x)"""
    assert kernel.run(call).text == "<MapResult: 4 of 4 rows have a value>\n"


def test_a_file_is_mapped_to_a_file(kernel: Kernel) -> None:
    kernel.run("df.to_csv('reviews.csv', index=False)")
    assert kernel.run('%%mimo_map reviews.csv --schema "label str" --out labels.csv\n{text}').status == "ok"
    shown = kernel.run("print(pd.read_csv('labels.csv').label.tolist(), _.output)")
    assert shown.text == "['praise', 'complaint', 'complaint', 'praise'] labels.csv\n"


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("%%mimo_map\n{text}", ["The rows are missing.", "Usage: %%mimo_map df --out labels"]),
        ("%%mimo_map dff\n{text}", ["There is no variable 'dff'.", "Did you mean df?"]),
        ("%%mimo_map df\nhello", ["The prompt has no slot for a value of the row.", "Write the name of a column in braces, such as {text}."]),
        ("%%mimo_map df\n{txt}", ["There is no column 'txt'.", "Did you mean text?"]),
        ("%%mimo_map df --sample 0\n{text}", ["Invalid value '0' for --sample.", "Use a number of rows from 1."]),
        ("%%mimo_map df --at-once 0\n{text}", ["at_once must not be 0.", "Use a number from 1 to 1,000."]),
        ("%%mimo_map df --out 1x\n{text}", ["'1x' is not a valid variable name.", "Use a Python identifier, such as -o reply."]),
        ("%%mimo_map none.csv --out a.csv\n{text}", ["The file none.csv cannot be read: No such file or directory."]),
    ],
)  # fmt: skip
def test_a_mistake_is_an_error_before_anything_is_sent(
    kernel: Kernel, peer: Peer, cell: str, lines: list[str]
) -> None:
    fact, *advice = kernel.run(cell).error
    assert [fact.removeprefix("BadOption: "), *advice] == lines
    assert peer.requests == []


def test_when_no_call_succeeds_the_cell_fails_in_two_lines(kernel: Kernel, peer: Peer) -> None:
    peer.script = lambda _: error(401, "Invalid API Key")
    ran = kernel.run(MAP)
    assert (ran.error[0].partition(":")[0], len(ran.error), ran.documents) == ("InvalidApiKey", 2, [])


def test_hostile_rows_and_replies_are_shown_as_text(kernel: Kernel, peer: Peer) -> None:
    hostile = [*HOSTILE.values(), "\u202eevil\x1b[2J", "a" * 10_000, "\ud800"]
    kernel.run(f"rows = [{{'text': text}} for text in {hostile!r}]")
    peer.script = lambda seen: stream(seen, reply(f"<script>ran.reply</script>\u202e{seen.prompt}", ""))
    ran = kernel.run("%%mimo_map rows\n{text}")
    assert ran.status == "ok"
    html = output_html(ran)
    assert find_unexpected(ParsedHtml(html).found, CELL_ATTRIBUTES) == []
    assert find_harm(reparse_html(html), CELL_ATTRIBUTES) == []
    assert not set(html + ran.documents[0]) & set("\u202e\x1b\0")
    assert len(html) < 3_000 * len(hostile)


def test_the_usage_counts_in_the_session(kernel: Kernel, peer: Peer) -> None:
    kernel.run(MAP)
    usage = kernel.run("import mimo_magics\nprint(mimo_magics.sessions().current.spending.tokens)")
    assert usage.text == "90\n"
    assert kernel.run("print(len(mimo_magics.sessions().current.turns))").text == "0\n"
    (row,) = [line for line in kernel.run("%mimo_usage").documents[0].splitlines() if "Praise" in line]
    assert row.split()[:3] == ["rows", "3", "rows:"]


def test_the_help_names_the_options(kernel: Kernel) -> None:
    text = kernel.help("%%mimo_map?")
    assert "[--sample N]" in text
    assert "Results are saved while the run goes on" in text
