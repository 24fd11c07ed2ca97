"""The document of a check: what stands out, what is left out, and its bounds."""

from __future__ import annotations

from mimo_magics.document.check_tables import CaseLine, CheckLine, check_bundle

CHECK = CheckLine("assert value", "1 of 1", "100 %", "21–100 %")
PASSED = CaseLine("1", "", "✓ passed", "a", "b")


def test_the_plain_text_has_the_tables_and_the_details_below() -> None:
    failed = CaseLine("2", "", "✗ failed", "c", "d", ("assert value", "value = 0"))
    text = check_bundle(["f: 1 of 2", "2 calls"], [CHECK], [failed, PASSED], ["A note."])["text/plain"]
    assert (
        text
        == """\
f: 1 of 2
2 calls

check         passed   rate  95 % interval
assert value  1 of 1  100 %       21–100 %

case  result    input  value
   2  ✗ failed  c      d
   1  ✓ passed  a      b

Case 2, ✗ failed:
    assert value
    value = 0

A note."""
    )


def test_empty_columns_are_left_out() -> None:
    html = check_bundle(["f"], [CHECK], [PASSED])["text/html"]
    assert "details" not in html
    assert "model" not in html
    assert "judge" not in html


def test_only_the_first_cases_and_lines_are_shown() -> None:
    lines = tuple(f"line {number} {'x' * 1_000}" for number in range(100))
    cases = [CaseLine(str(number), "", "✗ failed", "a" * 1_000, "b" * 1_000, lines) for number in range(900)]
    bundle = check_bundle(["f"], [CHECK], cases)
    assert "700 more rows." in bundle["text/plain"]
    assert "line 19 " in bundle["text/html"]
    assert "line 20 " not in bundle["text/html"]
    assert len(bundle["text/html"]) < 200 * 20 * 400
