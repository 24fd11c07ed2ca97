"""The tables of an HTML output as text."""

import pytest

from mimo_magics.context.html_table import find_tables


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>no table</p>", ""),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td> 2\n 3 </td></tr></table>", "a | b\n1 | 2 3"),
        ("<table><tr><td>&lt;b&gt; &amp;</td></tr></table>", "<b> &"),
        ("<style>td{color:red}</style><table><tr><td>x<script>alert(1)</script></td></tr></table>", "x"),
        ("<table><tr><td>a</td><td></td></tr><tr></tr></table>", "a | "),
        ("<table><td>without a row</td>", ""),
        ("<table><tr><td>never closed", "never closed"),
    ],
)
def test_the_rows_of_tables_are_lines(html: str, text: str) -> None:
    assert find_tables(html) == text
