"""Replies with JSON as models write it: forty kinds of breaks, and what may be delivered of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel

ASK = "ask again"
"""In place of an item, or of the whole result: the request is sent again."""


class Book(BaseModel):
    title: str
    author: str | None = None
    pages: int | None = None


class Plant(BaseModel):
    code: str
    height_m: float
    count: int
    is_tree: bool = False


class Visit(BaseModel):
    place: str
    day: date
    mood: Literal["good", "fair", "poor"]


class Bug(BaseModel):
    number: int
    title: str
    state: Literal["new", "in_work", "done"]
    tags: list[str] = []


class Memo(BaseModel):
    head: str
    text: str


class Branch(BaseModel):
    name: str
    next: Branch | None = None


@dataclass(frozen=True)
class Case:
    """A reply and what is read from it."""

    kind: str
    schema: Any
    reply: str
    expected: Any
    """The objects, with `ASK` in place of an item that is requested again; `ASK` for the whole reply."""
    is_complete: bool = True
    is_truncated: bool = False
    contained: tuple[Any, ...] = ()
    """Whole objects of a reply that is not delivered: a truncated reply may end behind one."""

    @property
    def items(self) -> list[Any]:
        """What is expected of each item."""
        if self.expected == ASK:
            return []
        return self.expected if isinstance(self.expected, list) else [self.expected]


def nested(levels: int) -> str:
    """Return a branch of this many levels as JSON."""
    return '{"name": "b", "next": ' * levels + "null" + "}" * levels


def nested_value(levels: int) -> dict[str, Any]:
    """Return the value of `nested`."""
    value: dict[str, Any] = {"name": "b", "next": None}
    for _ in range(levels - 1):
        value = {"name": "b", "next": value}
    return value


EMMA = {"title": "Emma", "author": "Jane Austen", "pages": 474}
DUNE = {"title": "Dune", "author": None, "pages": 412}
EMMA_JSON = '{"title": "Emma", "author": "Jane Austen", "pages": 474}'
DUNE_JSON = '{"title": "Dune", "author": null, "pages": 412}'
OAK = {"code": "Q1", "height_m": 21.5, "count": 3, "is_tree": True}
OAK_JSON = '{"code": "Q1", "height_m": 21.5, "count": 3, "is_tree": true}'

CASES = [
    Case("plain", Book, EMMA_JSON, EMMA),
    Case("plain list", list[Book], f"[{EMMA_JSON}, {DUNE_JSON}]", [EMMA, DUNE]),
    Case("list under the requested key", list[Book], f'{{"items": [{EMMA_JSON}]}}', [EMMA]),
    Case("empty list", list[Book], '{"items": []}', []),
    Case("empty bare list", list[Book], "[]", []),
    Case("fence", Book, f"Here you are:\n```json\n{EMMA_JSON}\n```\nAnything else?", EMMA),
    Case(
        "fence in a string",
        Memo,
        '```\n{"head": "Run", "text": "Type\\n```bash\\nls {a}\\n```\\nand wait."}\n```',
        {"head": "Run", "text": "Type\n```bash\nls {a}\n```\nand wait."},
    ),
    Case("sentences around", Book, f"The {{title}} is known [1]. {EMMA_JSON} That is all {{so far}}.", EMMA),
    Case(
        "schema first",
        Book,
        f'{{"type": "object", "properties": {{"x": {{"type": "string"}}}}}}\n{EMMA_JSON}',
        EMMA,
    ),
    Case(
        "two answers", Book, f"{EMMA_JSON}\nor\n{DUNE_JSON}", ASK, is_complete=False, contained=(EMMA, DUNE)
    ),
    Case(
        "an answer that is taken back",
        Book,
        f'{EMMA_JSON} No: {{"title": "Emma", "pages": "many"}}',
        ASK,
        is_complete=False,
        contained=(EMMA,),
    ),
    Case(
        "an answer that is taken back and truncated",
        Book,
        f'{EMMA_JSON} No: {{"title": "Emma", "pages": 47',
        ASK,
        is_complete=False,
        contained=(EMMA,),
    ),
    Case("the same answer twice", Book, f"{EMMA_JSON}\n{EMMA_JSON}", EMMA),
    Case("the same list twice", list[Book], f"[{EMMA_JSON}]\n[{EMMA_JSON}]", [EMMA]),
    Case(
        "the same lines twice",
        list[Book],
        f"{EMMA_JSON}\n{EMMA_JSON}",
        ASK,
        is_complete=False,
        contained=(EMMA,),
    ),
    Case("double braces", Book, f"{{{EMMA_JSON}}}", EMMA),
    Case("one object in a list", Book, f"[{EMMA_JSON}]", EMMA),
    Case("two objects in a list", Book, f"[{EMMA_JSON}, {DUNE_JSON}]", ASK, is_complete=False),
    Case(
        "list in an object", list[Book], f'{{"total": 2, "books": [{EMMA_JSON}, {DUNE_JSON}]}}', [EMMA, DUNE]
    ),
    Case("object in an object", Book, f'{{"ok": true, "data": {{"book": {EMMA_JSON}}}}}', EMMA),
    Case(
        "objects in a list of objects",
        list[Book],
        f'[{{"book": {EMMA_JSON}}}, {{"book": {DUNE_JSON}}}]',
        [EMMA, DUNE],
    ),
    Case(
        "a child is not its parent",
        Branch,
        '{"Nome": "root", "next": {"name": "child", "next": null}}',
        ASK,
        is_complete=False,
    ),
    Case(
        "trailing commas",
        list[Bug],
        '[{"number": 4, "title": "Odd, ,] end,", "state": "new", "tags": ["a", "b",],}, ]',
        [{"number": 4, "title": "Odd, ,] end,", "state": "new", "tags": ["a", "b"]}],
    ),
    Case(
        "single quotes",
        Memo,
        "{'head': 'It isn't', 'text': \"O'Hara's\"}",
        {"head": "It isn't", "text": "O'Hara's"},
    ),
    Case(
        "Python literals",
        list[Plant],
        "[{'code': 'None', 'height_m': 1.0, 'count': 2, 'is_tree': True}]",
        [{"code": "None", "height_m": 1.0, "count": 2, "is_tree": True}],
    ),
    Case(
        "keys without quotes",
        Bug,
        '{number: 7, title: "a {b: 1}, c: 2", state: "done", tags: []}',
        {"number": 7, "title": "a {b: 1}, c: 2", "state": "done", "tags": []},
    ),
    Case(
        "comments",
        Memo,
        '{ # the head\n"head": "H", // short\n/* a "quote" */ "text": "https://x.example/#a /* b */"}',
        {"head": "H", "text": "https://x.example/#a /* b */"},
    ),
    Case("elision", list[Book], f"[{EMMA_JSON}, ..., {DUNE_JSON}]", [EMMA, DUNE], is_complete=False),
    Case("elision in a comment", list[Book], f"[{EMMA_JSON} // 7 more books\n]", [EMMA], is_complete=False),
    Case(
        "elision in an item",
        list[Bug],
        '[{"number": 1, "title": "a", "state": "new", "tags": ["x", ...]}]',
        [ASK],
    ),
    Case("smart quotes", Memo, "{“head”: “A “B” C”, “text”: “d”}", {"head": "A “B” C", "text": "d"}),
    Case(
        "line breaks in a string",
        Memo,
        '{"head": "H", "text": "a\n\tb\r\nc"}',
        {"head": "H", "text": "a\n\tb\r\nc"},
    ),
    Case(
        "quotes in a string",
        Memo,
        '{"head": "He said "no", then "yes".", "text": "a "b" c"}',
        {"head": 'He said "no", then "yes".', "text": 'a "b" c'},
    ),
    Case(
        "items of a list without a comma",
        Bug,
        '{"number": 1, "title": "t", "state": "new", "tags": ["a"\n "b"]}',
        ASK,
        is_complete=False,
    ),
    Case(
        "items of a list with two commas",
        list[str],
        '{"items": ["a",, "b"]}',
        [ASK],
        is_complete=False,
        contained=("a", "b"),
    ),
    Case(
        "members after the end",
        Bug,
        '{"number": 1, "title": "t", "state": "new"} "tags": ["a"]}',
        ASK,
        is_complete=False,
        contained=({"number": 1, "title": "t", "state": "new", "tags": []},),
    ),
    Case("doubled quotes", Memo, '{"head": ""h"", "text": "t"}', ASK, is_complete=False),
    Case(
        "a quote that ends an item",
        list[Memo],
        '[{"head": "h", "text": "say "}, { true"}]',
        [ASK, ASK],
        is_complete=False,
        contained=({"head": "h", "text": "say "},),
    ),
    Case("one quote in a string", Memo, '{"head": "5" wide", "text": "t"}', ASK, is_complete=False),
    Case("a quote before a key", Memo, '{"head": "a", "text": "say "x", "text": y"}', ASK, is_complete=False),
    Case(
        "a quote before a brace",
        Memo,
        '{"head": "a", "text": "use "}" here"}',
        ASK,
        is_complete=False,
        contained=({"head": "a", "text": "use "},),
    ),
    Case(
        "a backslash before a letter",
        Memo,
        '{"head": "\\_x", "text": "\\d \\\\n \\W"}',
        {"head": "\\_x", "text": "\\d \\n \\W"},
    ),
    Case("a tab or a path", Memo, '{"head": "h", "text": "C:\\Users\\temp"}', ASK, is_complete=False),
    Case(
        "a valid escape stays",
        Memo,
        '{"head": "\\\\frac", "text": "\\frac"}',
        {"head": "\\frac", "text": "\frac"},
    ),
    Case(
        "a truncated string",
        list[Memo],
        '[{"head": "a", "text": "b"}, {"head": "c", "text": "d e',
        [{"head": "a", "text": "b"}, ASK],
        is_complete=False,
        is_truncated=True,
    ),
    Case(
        "a truncated number",
        list[Plant],
        f'{{"items": [{OAK_JSON}, {{"code": "Q2", "height_m": 1',
        [OAK, ASK],
        is_complete=False,
        is_truncated=True,
    ),
    Case("a truncated number at the root", list[int], "[12, 13, 14", [12, 13, ASK], is_complete=False),
    Case(
        "a truncated key",
        list[Plant],
        f'[{OAK_JSON}, {{"code": "Q2", "height_m": 1.5, "count": 2, "is_t',
        [OAK, ASK],
        is_complete=False,
        is_truncated=True,
    ),
    Case(
        "a truncated literal",
        Plant,
        '{"code": "Q2", "height_m": 1.5, "count": 2, "is_tree": tru',
        ASK,
        is_complete=False,
    ),
    Case(
        "a truncated inner list",
        Bug,
        '{"number": 1, "title": "t", "state": "new", "tags": ["a"',
        ASK,
        is_complete=False,
    ),
    Case("truncated, but reported as complete", Book, EMMA_JSON[:-1], ASK, is_complete=False),
    Case(
        "truncated between items", list[Book], f"[{EMMA_JSON},", [EMMA], is_complete=False, is_truncated=True
    ),
    Case(
        "truncated in a fence",
        list[Book],
        f'```json\n{{"items": [{EMMA_JSON}, {{"ti',
        [EMMA, ASK],
        is_complete=False,
    ),
    Case(
        "closed list at the limit", list[Book], f"[{EMMA_JSON}]", [EMMA], is_complete=False, is_truncated=True
    ),
    Case(
        "not a number",
        list[Plant],
        f"[{OAK_JSON.replace('21.5', 'NaN')}, {OAK_JSON}, {OAK_JSON.replace('21.5', '-Infinity')}, {OAK_JSON.replace('21.5', '1e999')}]",
        [ASK, OAK, ASK, ASK],
    ),
    Case(
        "numbers in text",
        list[Plant],
        '[{"code": "Q1", "height_m": "21.5", "count": "3", "is_tree": "true"}, {"code": "a", "height_m": "2 m", "count": 1}, '
        '{"code": "a", "height_m": "1,5", "count": 1}, {"code": "a", "height_m": 1, "count": "1-2"}]',
        [OAK, ASK, ASK, ASK],
    ),
    Case(
        "numbers without quotes",
        list[Plant],
        '[{"code": "a", "height_m": 2 m, "count": 1}, {"code": "a", "height_m": 1,5, "count": 1}, {"code": "a", "height_m": 1_0, "count": 1}, '
        '{"code": "a", "height_m": 1, "count": 007}]',
        [ASK, ASK, ASK, ASK],
    ),
    Case(
        "shapes of numbers",
        list[Plant],
        '[{"code": "a", "height_m": 4, "count": 2.0}, {"code": "a", "height_m": 4, "count": 2.6}, {"code": "a", "height_m": true, "count": 2}, '
        '{"code": "a", "height_m": 4, "count": false}, {"code": 5, "height_m": 4, "count": 1}, {"code": "a", "height_m": 4, "count": 9007199254740993.0}]',
        [{"code": "a", "height_m": 4.0, "count": 2, "is_tree": False}, ASK, ASK, ASK, ASK, ASK],
    ),
    Case(
        "a large integer",
        Bug,
        '{"number": 9007199254740993123, "title": "t", "state": "new"}',
        {"number": 9007199254740993123, "title": "t", "state": "new", "tags": []},
    ),
    Case(
        "too many digits",
        Bug,
        f'{{"number": {"9" * 5000}, "title": "t", "state": "new"}}',
        ASK,
        is_complete=False,
    ),
    Case(
        "dates",
        list[Visit],
        '[{"place": "p", "day": "2026-02-03", "mood": "good"}, {"place": "p", "day": "2/3/2026", "mood": "good"}, '
        '{"place": "p", "day": 1770076800, "mood": "good"}, {"place": "p", "day": "1770076800", "mood": "good"}, {"place": "p", "day": "2026-02-30", "mood": "good"}]',
        [{"place": "p", "day": "2026-02-03", "mood": "good"}, ASK, ASK, ASK, ASK],
    ),
    Case(
        "words of an enumeration",
        list[Visit],
        '[{"place": "p", "day": "2026-02-03", "mood": "Good"}, {"place": "p", "day": "2026-02-03", "mood": "great"}]',
        [{"place": "p", "day": "2026-02-03", "mood": "good"}, ASK],
    ),
    Case(
        "null and missing keys",
        list[Plant],
        '[{"code": "a", "height_m": null, "count": 1}, {"code": "a", "count": 1}, {"code": "a", "height_m": 1, "count": 1, "is_tree": null}]',
        [ASK, ASK, ASK],
    ),
    Case(
        "keys",
        list[Book],
        '[{"Title": "a", "PAGES": 3, "price": 9.5}, {"titre": "b"}, {"title": "c", "page": 4}, {"title": "d", "Title": "e"}]',
        [{"title": "a", "author": None, "pages": 3}, ASK, ASK, ASK],
    ),
    Case("reasoning in tags", Book, f"<think>\n{DUNE_JSON}?\n</think>\n{EMMA_JSON}", EMMA),
    Case("reasoning that is not closed", Book, f"<think>\n{DUNE_JSON}", ASK, is_complete=False),
    Case(
        "tags in a string",
        Memo,
        '{"head": "<think>", "text": "a</think>b"}',
        {"head": "<think>", "text": "a</think>b"},
    ),
    Case(
        "tool call", Book, f'<tool_call>{{"name": "save_book", "arguments": {EMMA_JSON}}}</tool_call>', EMMA
    ),
    Case(
        "tool call with a key of the schema",
        Branch,
        '{"name": "save", "arguments": {"name": "b", "next": null}}',
        {"name": "b", "next": None},
    ),
    Case(
        "tool call with arguments as text",
        list[Book],
        '{"name": "save", "arguments": "{\\"items\\": [{\\"title\\": \\"Dune\\", \\"pages\\": 412}]}"}',
        [DUNE],
    ),
    Case(
        "encoded twice",
        Memo,
        '"{\\"head\\": \\"a \\\\\\"b\\\\\\"\\", \\"text\\": \\"c\\\\nd\\"}"',
        {"head": 'a "b"', "text": "c\nd"},
    ),
    Case("lines of JSON", list[Book], f"{EMMA_JSON}\n{DUNE_JSON}\n", [EMMA, DUNE]),
    Case("lines of JSON, one renamed", list[Book], f'{EMMA_JSON}\n{{"nom": "x"}}', [EMMA, ASK]),
    Case(
        "a list and another object",
        list[Book],
        f"For example {DUNE_JSON}:\n[{EMMA_JSON}]",
        ASK,
        is_complete=False,
        contained=(DUNE, EMMA),
    ),
    Case(
        "two lists",
        list[Book],
        f"[{EMMA_JSON}]\nor\n[{DUNE_JSON}]",
        ASK,
        is_complete=False,
        contained=(EMMA,),
    ),
    Case("a table", list[Book], "| title | pages |\n|---|---|\n| Emma | 474 |", ASK, is_complete=False),
    Case("invisible characters", Book, f"\ufeff\u200b {EMMA_JSON}\u200b\ufeff", EMMA),
    Case("two values for a key", Book, '{"title": "a", "title": "b"}', ASK, is_complete=False),
    Case(
        "one value twice for a key",
        Book,
        '{"title": "a", "title": "a"}',
        {"title": "a", "author": None, "pages": None},
    ),
    Case("sixty levels", Branch, nested(60), nested_value(60)),
    Case("two thousand levels", Branch, nested(2_000), ASK, is_complete=False),
    Case(
        "white space to the limit",
        list[Book],
        f"[{EMMA_JSON}{' ' * 3_000}",
        [EMMA],
        is_complete=False,
        is_truncated=True,
    ),
    Case("only white space", Book, "\n\n  \n", ASK, is_complete=False),
    Case(
        "a refusal", list[Book], "I cannot list books without a library [see rules].", ASK, is_complete=False
    ),
    Case("a refusal as JSON", list[Book], '{"error": "no access"}', [ASK]),
    Case("numbers in a sentence", list[int], "As [1] says, there are none.", ASK, is_complete=False),
    Case(
        "a damaged item among others",
        list[Book],
        f'[{EMMA_JSON}, {{"title": "x" "pages": 3}}, {DUNE_JSON}]',
        [EMMA, ASK, DUNE],
    ),
    Case(
        "a damaged item with children",
        list[Branch],
        '[{"name": "a", "next": null}, {"name": "b" oops, "next": {"name": "c", "next": null}}, {"name": "d", "next": null}]',
        [{"name": "a", "next": None}, ASK],
        is_complete=False,
        contained=({"name": "d", "next": None},),
    ),
    Case("half a surrogate pair", Memo, '{"head": "h", "text": "\\ud83d"}', ASK, is_complete=False),
    Case("a surrogate pair", Memo, "{'head': 'h', 'text': '\\ud83d\\ude00'}", {"head": "h", "text": "😀"}),
]
