"""The tables of an HTML output as text, for outputs without a text of their own."""

from __future__ import annotations

from html.parser import HTMLParser

MAX_HTML_CHARS = 200_000
CELL_TAGS = ("td", "th")
HIDDEN_TAGS = ("style", "script")


def find_tables(html: str) -> str:
    """Return the rows of the tables, one a line, with the cells separated by ` | `; empty without a table."""
    if "<table" not in html:
        return ""
    reader = _TableReader()
    reader.feed(html[:MAX_HTML_CHARS])
    rows = (" | ".join(" ".join(cell.split()) for cell in row) for row in reader.rows if any(row))
    return "\n".join(rows)


class _TableReader(HTMLParser):
    """Collects the cells of the rows. A table in a cell continues its text."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._is_in_cell = False
        self._hidden_tag = ""

    def handle_starttag(self, tag: str, _: object) -> None:
        if tag in HIDDEN_TAGS:
            self._hidden_tag = tag
        elif tag == "tr":
            self.rows.append([])
        elif tag in CELL_TAGS and self.rows:
            self.rows[-1].append("")
            self._is_in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden_tag:
            self._hidden_tag = ""
        elif tag in CELL_TAGS:
            self._is_in_cell = False

    def handle_data(self, data: str) -> None:
        if self._is_in_cell and not self._hidden_tag and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data
