"""What a reply proposes for a failed cell."""

import pytest

from mimo_magics.context.notebook_cell import NotebookCell
from mimo_magics.prompts.fix_proposal import Proposal, find_syntax_error, read_proposal

FAILED = NotebookCell("rows = load()\ntotal(rows)", 5)
DEFINITION = NotebookCell("def total(rows):\n    return sum(rows)\n", 2)
CELLS = (FAILED, DEFINITION)


def block(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```"


@pytest.mark.parametrize(
    "head",
    ["A typo.\n\n", "1. A typo.\n2. ", "1) A typo.\n2)\n", "- A typo.\n\n", "A typo.\n"],
)
def test_the_text_before_the_code_is_the_cause(head: str) -> None:
    proposal = read_proposal(
        f"{head}{block('total([])') if head.endswith(chr(10)) else chr(10) + block('total([])')}", CELLS
    )
    assert (proposal.cause, proposal.code) == ("A typo.", "total([])")


def test_the_code_corrects_the_cell_that_it_is_most_like() -> None:
    code = "def total(rows):\n    return sum(rows, 0)"
    assert read_proposal(f"So:\n\n{block(code)}", CELLS) == Proposal("So:", code, DEFINITION)


def test_of_several_blocks_the_one_that_is_most_like_a_cell_counts() -> None:
    text = f"Run this:\n\n{block('pip install x', 'bash')}\n\nand this:\n\n{block('rows = load(1)' + chr(10) + 'total(rows)')}"
    assert read_proposal(text, CELLS).code == "rows = load(1)\ntotal(rows)"


def test_code_that_is_like_no_cell_corrects_the_one_that_failed() -> None:
    assert read_proposal(f"New:\n\n{block('import os')}", CELLS).cell is FAILED


@pytest.mark.parametrize("text", ["", "I do not know.", block(""), "Use `x = 1`."])
def test_a_reply_without_code_proposes_none(text: str) -> None:
    proposal = read_proposal(text, CELLS)
    assert (proposal.code, proposal.diff) == ("", "")


def test_a_long_cause_is_cut() -> None:
    assert len(read_proposal("x" * 100_000, CELLS).cause) == 1_000


def test_the_difference_is_a_unified_diff_with_the_names_of_the_cell() -> None:
    code = "def total(rows):\n    return sum(rows, 0)"
    assert Proposal("", code, DEFINITION).diff == (
        "--- cell [2]\n+++ cell [2], corrected\n@@ -1,2 +1,2 @@\n def total(rows):\n-    return sum(rows)\n"
        "+    return sum(rows, 0)"
    )


def test_a_cell_that_is_repeated_is_no_change() -> None:
    proposal = Proposal("", DEFINITION.source.strip(), DEFINITION)
    assert (proposal.is_unchanged, proposal.diff) == (True, "")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("x = 1", ""),
        ("await load()", ""),
        ("for x in y\n    pass", "SyntaxError: expected ':' (line 1)"),
        (
            "def f():\npass",
            "IndentationError: expected an indented block after function definition on line 1 (line 2)",
        ),
        ("x = '\0'", "SyntaxError: source code string cannot contain null bytes (line None)"),
    ],
)
def test_a_syntax_error_is_found(code: str, error: str) -> None:
    found = find_syntax_error(code, str)
    # Newer versions of Python name the null byte in another way.
    assert found.split(":")[0] == error.split(":", maxsplit=1)[0] if "\0" in code else found == error


def test_nesting_without_end_is_an_error_of_the_code() -> None:
    assert find_syntax_error("(" * 5_000 + ")" * 5_000, str) != ""
