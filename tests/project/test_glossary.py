"""Identifiers are of the glossary's words: a reader who greps for the standard term finds it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.imports import module_name, modules_of

MODULES = modules_of()

NOT_NOUNS = {
    *("told", "tell", "tells", "said", "say", "says", "saying", "asked", "asking", "answered", "answering"),
    *("kept", "took", "taken", "takes", "came", "gone", "heard", "spoken", "spent", "begun", "broken_off"),
    *("here", "there", "afterwards", "whereabouts", "aside", "anew", "whole", "beyond"),
    *("longest", "shortest", "most", "least", "patience", "grace", "beat", "room", "surface", "senses"),
}
"""Words of an earlier dialect: as an identifier, none of them says of what it speaks."""


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that a module defines, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


@pytest.mark.parametrize("module", MODULES, ids=module_name)
def test_no_identifier_is_a_word_that_needs_decoding(module: Path) -> None:
    names = identifiers(ast.parse(module.read_text(encoding="utf-8")))
    assert [(line, name) for line, name in names if name.strip("_").lower() in NOT_NOUNS] == []
