"""Names and texts use the terms of the glossary, so that a reader who greps for a standard term finds it."""

from __future__ import annotations

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest
from support.glossary import REPLACED_IDENTIFIERS, defined_names, find_phrases
from support.paths import ROOT

IN_PROGRESS = ("notebooks/*.ipynb",)
"""Files whose texts are rewritten later: the lessons."""
NOT_CHECKED = (
    "docs/glossary.md",
    "tests/support/glossary.py",
    "tests/project/test_glossary.py",
    "docs/zh-TW/*",
    "notebooks/zh-TW/*",
    "README.zh-TW.md",
)
"""Files that quote the phrases, and the translations."""
FOLDERS = ("mimo_magics", "tests", "docs", "benchmarks", "notebooks")
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        *ROOT.glob("*.md"),
        *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")),
    )
    if path.suffix in (".py", ".md", ".ipynb") and "executed" not in path.parts
)


FILE_FIELDS = {"mimo_magics/session/storage/session_file.py": {"aside", "begun"}}
"""Identifiers that equal fields of version 1 of session files."""


def _is_listed(file: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(file, pattern) for pattern in patterns)


CHECKED = [file for file in FILES if not _is_listed(file, NOT_CHECKED)]


CODE = [file for file in CHECKED if file.endswith(".py")]


@pytest.mark.parametrize("file", CODE)
def test_no_identifier_is_a_word_that_needs_decoding(file: str) -> None:
    replaced = REPLACED_IDENTIFIERS - FILE_FIELDS.get(file, set())
    names = defined_names(ast.parse((ROOT / file).read_text(encoding="utf-8")))
    assert [(line, name) for line, name in names if name.strip("_").lower() in replaced] == []


@pytest.mark.parametrize("file", [file for file in CHECKED if not _is_listed(file, IN_PROGRESS)])
def test_no_text_has_a_phrase_that_the_glossary_replaces(file: str) -> None:
    assert find_phrases(ROOT / file) == []


def test_every_pattern_matches_a_file() -> None:
    patterns = (*IN_PROGRESS, *NOT_CHECKED)
    assert [pattern for pattern in patterns if not any(fnmatch(file, pattern) for file in FILES)] == []


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.py", '"""Tell whether\nit fits."""\n', ["    1: «Tell whether» -> Return whether"]),
        ("a.py", "x = 1  # nobody is\n", ["    1: «nobody» -> the user"]),
        ("a.py", "\ndef test_a_prompt_is_asked_anew(): ...\n", ["    2: «asked anew» -> again"]),
        (
            "a.py",
            'x = "The answer was stopped; what had come is kept."\n',
            ["    1: «what had come» -> the partial reply"],
        ),
        (
            "a.md",
            "`what had come`\n\n```\nwhat had come\n```\n\nSummarised.",
            ["    7: «Summaris» -> American spelling"],
        ),
        (
            "a.ipynb",
            '{"cells": [{"source": ["what had\\n", "come"], "outputs": ["anew"]}]}',
            ["    0: «what had come» -> the partial reply"],
        ),
        ("a.py", 'x = "The partial reply is kept."\n', []),
    ],
)
def test_phrases_are_found_in_prose_names_strings_and_cells(
    tmp_path: Path, name: str, text: str, lines: list[str]
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    assert find_phrases(file) == lines
