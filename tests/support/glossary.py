"""The rules of the glossary that a program can check: words that are not used, and texts in which to look for them."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

REPLACED_IDENTIFIERS = {
    *("told", "tell", "tells", "said", "say", "says", "saying", "asked", "asking", "answered", "answering"),
    *("kept", "took", "taken", "takes", "came", "gone", "heard", "spoken", "spent", "begun", "broken_off"),
    *(
        "here",
        "there",
        "afterwards",
        "whereabouts",
        "aside",
        "anew",
        "whole",
        "beyond",
        "again",
        "beside",
        "within",
    ),
    *(
        "longest",
        "shortest",
        "most",
        "least",
        "patience",
        "grace",
        "beat",
        "room",
        "surface",
        "senses",
        "talk",
    ),
    *("harm", "house", "reckoned", "wanted", "met", "behind", "meant", "remarks"),
}
"""Words that do not name what they stand for. As part of a longer name they are fine."""

REPLACED_PHRASES = {
    r"what (had|has) (come|arrived)|nothing (had|has) come": "the partial reply",
    r"ask(s|ed|ing)? anew|\banew\b": "again",
    r"(is|was|are|be) asked again|said again|told again": "is sent again",
    r"broken off|broke off|breaks off": "incomplete, interrupted",
    r"whereabouts": "path, address",
    r"\bwhoever\b|\bnobody\b|\ba person\b|\bthe person\b|\bthe person's\b|\bof one's own\b": "the user",
    r"\b(is|are|was|were|be|been) told\b|\bis to be told\b|\btells (whether|which|what|how)\b": "reports, returns, shows",
    r"\bTell whether\b": "Return whether",
    r"the ways? that|those of one\b|that of the other": "(name the thing)",
    r"\breckon": "estimate",
    r"how freely|longest silence|what (may be|was) spent": "sampling temperature, read timeout, cost",
    r"most output\b|pictures of answers": "max output, images in replies",
    r"(?<!there )\bis no (key|name|tape|session|error|option|number|text|json|reply|answer|tool|call)\b": "is not a …",
    r"(cannot|can) (say|be said)\b|json can say": "does not support, can represent",
    r"what (is|was|has been|had been|came|comes|goes|stands) (put|said|told|asked|meant)": "(name the thing)",
    r"\b(un)?translat(e|ed) anew\b|\bspelt\b|\bwhilst\b": "(American English)",
    r"(colour|favour|behaviour|honour|neighbour|flavour)|\b(licence|centre|catalogue|cancelling|labelled|modelled)\b": (
        "American spelling"
    ),
    r"\b(summaris|sanitis|recognis|normalis|serialis|initialis|optimis|tokenis|organis|minimis|maximis|realis(e|ing|ation)|analys(e|es|ed)\b)": (
        "American spelling"
    ),
}
"""Phrases in any text of the project, each with what to write instead."""

REPLACED_WORDS = {
    r"\b(the|an|each|every|its|whole|last|one) answers?\b|\banswers that\b": "reply",
    r"\bconversations?\b": "session, history",
    r"\bsenses\b": "inputs",
    r"\btold\b": "reports, returns, shows",
    r"\bstands? (below|above|beside|behind|in the place)\b": "is",
    r"\baside\b": "one-off prompt",
    r"\blicence|\bcentre\b|\bcatalogue\b": "American spelling",
}
"""Words of prose: of documents, docstrings, comments and names, but not of other string literals."""

REPLACED_DOCUMENT_WORDS = {
    r"\banswers? that\b|\bthe answer(s|ed)\b": "reply",
    r"\btells\b": "reports, returns, shows",
    r"\bways? (that|of) ": "branch, path",
    r"\bbehind (it|the options|%%?mimo)": "after",
    r"\bwindow\b(?<!context window)(?= of the model)": "context window",
}
"""Words of documents."""


def defined_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every name that a module defines, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def find_phrases(path: Path) -> list[str]:
    """Return the phrases of a file that the glossary replaces, with their lines."""
    if path.suffix == ".py":
        prose, literals = _texts_of_module(path.read_text(encoding="utf-8"))
    elif path.suffix == ".ipynb":
        prose, literals = _texts_of_notebook(json.loads(path.read_text(encoding="utf-8"))), []
    else:
        prose, literals = _texts_of_document(path.read_text(encoding="utf-8")), []
    words = REPLACED_WORDS | (REPLACED_DOCUMENT_WORDS if path.suffix == ".md" else {})
    return sorted({*_matches(prose, REPLACED_PHRASES | words), *_matches(literals, REPLACED_PHRASES)})


def _matches(texts: list[tuple[int, str]], phrases: dict[str, str]) -> Iterator[str]:
    for line, text in texts:
        words = " ".join(text.split())
        for phrase, better in phrases.items():
            for match in re.finditer(phrase, words, re.IGNORECASE):
                yield f"{line:5}: «{match[0]}» -> {better}"


def _texts_of_module(source: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Return the prose and the other string literals of a module."""
    tree = ast.parse(source)
    prose = [
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    prose += [
        (node.lineno, node.name.replace("_", " "))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    literals = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            (prose if id(node) in statements else literals).append((node.lineno, node.value))
    return prose, literals


def _texts_of_notebook(notebook: dict[str, list[dict[str, str | list[str]]]]) -> list[tuple[int, str]]:
    """Return the sources of the cells, with the number of the cell."""
    return [(number, "".join(cell["source"])) for number, cell in enumerate(notebook["cells"])]


def _texts_of_document(source: str) -> list[tuple[int, str]]:
    """Return the paragraphs of a document without its code, each with its first line."""
    source = re.sub(r"```.*?```", lambda match: "\n" * match[0].count("\n"), source, flags=re.DOTALL)
    source = re.sub(r"`[^`\n]*`", "``", source)
    paragraphs, line = [], 1
    for paragraph in source.split("\n\n"):
        paragraphs.append((line, paragraph))
        line += paragraph.count("\n") + 2
    return paragraphs
