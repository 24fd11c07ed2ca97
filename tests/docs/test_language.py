"""The documentation uses the terms of the glossary: plain American English, no private phrases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.paths import ROOT

NOT_YET_REWRITTEN = ("session-file", "tape-file")
"""Pages that are not rewritten yet."""
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(
        path
        for path in (ROOT / "docs").rglob("*.md")
        if path.parent.name != "zh-TW" and path.stem not in NOT_YET_REWRITTEN
    ),
    ROOT / "docs" / "from_code.py",
    ROOT / "docs" / "conf.py",
    *sorted(path for path in Path(__file__).parent.glob("*.py") if path != Path(__file__)),
]
PHRASES = {
    r"what (had|has) come": "the partial reply",
    r"ask(s|ed|ing)? anew|\banew\b": "again",
    r"is asked again|was asked again": "the prompt is sent again",
    r"broken off|broke off\b": "incomplete, interrupted",
    r"answers? that|the answer(s|ed)?\b|\ban answer\b": "the reply",
    r"\bconversations?\b": "session, history",
    r"\bsenses\b": "inputs",
    r"whereabouts": "path, address",
    r"a person\b|the person\b|whoever|nobody": "the user",
    r"\btold\b|\btells\b": "reports, returns, shows",
    r"\bway(s)? (that|of) ": "branch, path",
    r"is no (key|name|tape|session|error|option)\b": "is not a …",
    r"\breckon": "estimate",
    r"behind (it|the options|%%?mimo)": "after",
    r"stands? (below|above|beside|behind)": "is",
    r"\bpictures? of answers\b": "images in replies",
    r"longest silence": "read timeout",
    r"colour|favour|behaviour|honour|licence|centre|catalogue|[a-z]+isation|summaris|sanitis|recognis|normalis": (
        "American spelling"
    ),
    r"most output|window\b(?<!context window)(?= of the model)": "max output, context window",
    r"aside\b": "one-off prompt",
}
"""Phrases that the glossary replaces, with a better one."""


def prose(path: Path) -> str:
    """Return a page without its code, and without the table of changed names."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"`[^`\n]*`", "``", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_uses_the_terms_of_the_glossary(page: Path) -> None:
    found = [
        f"{number}: «{match[0]}» → {better}"
        for number, line in enumerate(prose(page).splitlines(), 1)
        for phrase, better in PHRASES.items()
        for match in re.finditer(phrase, line, flags=re.IGNORECASE)
    ]
    assert found == []
