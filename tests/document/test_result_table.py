"""The table of a result."""

from __future__ import annotations

import json
from typing import Any

import pytest
from markdown_it import MarkdownIt
from support.hostile import HOSTILE, find_unexpected
from support.read_html import ParsedHtml, find_harm, reparse_html
from support.results import ADA, BO, CITY_SCHEMA, PEOPLE_SCHEMA, people_reply, result_reply

from mimo_magics.core.messages import SchemaResult
from mimo_magics.core.text import CONTROL_CHARACTERS
from mimo_magics.document.reply import DisplayOptions, reply_bundle
from mimo_magics.document.result_table import (
    MAX_COLUMNS,
    MAX_ERRORS,
    build_table,
    cell_text,
    count_items,
    read_table,
    result_text,
)


def test_a_list_has_a_row_for_each_item_and_its_numbers_are_aligned() -> None:
    table = build_table(PEOPLE_SCHEMA, [ADA, BO])
    assert (table.head, table.rows) == (("name", "age"), (("Ada", "36"), ("Bo", "7")))
    assert table.numeric_columns == ("age",)
    assert table.to_bundle()["text/plain"] == "name  age\nAda    36\nBo      7"


def test_one_object_has_a_row_for_each_field() -> None:
    reply = result_reply('{"city": "Kyoto", "people": 1463723}', SchemaResult(CITY_SCHEMA))
    assert result_text(reply) == "field   value\ncity    Kyoto\npeople  1463723"


def test_errors_are_shown_beside_the_valid_items() -> None:
    reply = people_reply(ADA, errors=("Item 2: age: Input should be a valid integer.",))
    assert result_text(reply) == "name  age\nAda    36\n⚠ Item 2: age: Input should be a valid integer."
    html = reply_bundle(reply)["text/html"]
    assert html.index("Ada") < html.index("Item 2") < html.index("Raw text")
    assert "<details>" in html


def test_without_a_value_the_raw_text_is_unfolded() -> None:
    reply = result_reply("Sorry, <no>.", SchemaResult(PEOPLE_SCHEMA, ("No JSON.",), has_value=False))
    assert result_text(reply) == "Sorry, <no>.\n⚠ No JSON."
    html = reply_bundle(reply)["text/html"]
    assert "<details open>" in html
    assert "Sorry, &lt;no&gt;." in html


@pytest.mark.parametrize(("form", "shown"), [("json", '"items"'), ("text", "Ada")])
def test_other_formats_show_the_json(form: Any, shown: str) -> None:
    reply = people_reply(ADA)
    bundle = reply_bundle(reply, display_options=DisplayOptions(form))
    assert "<table" not in bundle["text/html"]
    assert bundle["text/plain"] == reply.text
    assert shown.strip('"') in bundle["text/html"]


def test_an_empty_list_says_so() -> None:
    assert result_text(people_reply()) == "The list is empty."


def test_scalars_are_one_column() -> None:
    table = build_table({"type": "array", "items": {"type": "string"}}, ["a", "b"])
    assert (table.head, table.rows) == (("value",), (("a",), ("b",)))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (True, "true"),
        (2.5, "2.5"),
        ("a\n b", "a b"),
        (["a", 1], "a, 1"),
        ([{"a": 1}], '[{"a": 1}]'),
        ({"a": None}, '{"a": null}'),
        ("x" * 1_000, "x" * 299 + "…"),
    ],
)
def test_a_cell_is_one_line_of_limited_length(value: Any, shown: str) -> None:
    assert cell_text(value) == shown


def test_rows_columns_and_errors_are_limited() -> None:
    item = {f"key {number}": "x" * 1_000 for number in range(100)}
    schema = {"type": "array", "items": {"type": "object"}}
    reply = result_reply(json.dumps({"items": [item] * 2_000}), SchemaResult(schema, ("no",) * 1_000))
    table = read_table(reply)
    assert table
    assert len(table.head) == MAX_COLUMNS
    assert table.caption == "80 more columns."
    html = reply_bundle(reply)["text/html"]
    assert len(html) < 5_000_000
    lines = result_text(reply).splitlines()
    assert (lines[-1], lines[-MAX_ERRORS - 2]) == ("⚠ 980 more errors.", "80 more columns. 1,500 more rows.")


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("no JSON", PEOPLE_SCHEMA),
        ('{"a": 1, "b": 2}', PEOPLE_SCHEMA),
        ("[" * 100_000, PEOPLE_SCHEMA),
        ("3", CITY_SCHEMA),
        ("[[1], 2]", {"type": "array", "items": 5}),
        ('{"items": [{"a": 1}]}', {"type": "array", "items": {"$ref": "#/$defs/A"}, "$defs": 3}),
        ('{"items": 3}', {"type": "array"}),
    ],
)
def test_a_damaged_file_does_no_harm(text: str, schema: dict[str, Any]) -> None:
    reply = result_reply(text, SchemaResult(schema))
    assert reply_bundle(reply)["text/html"]
    assert isinstance(count_items(reply), int)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_harmless_in_every_field(name: str) -> None:
    text = HOSTILE[name]
    listed = json.dumps({"items": [{text: text}, {"name": [text]}]})
    one = json.dumps({text: text})
    for reply in (
        result_reply(listed, SchemaResult(PEOPLE_SCHEMA, (text,))),
        result_reply(one, SchemaResult({"type": "object", "properties": {text: {}}}, (text,))),
        result_reply(text, SchemaResult(PEOPLE_SCHEMA, (text,), has_value=False)),
    ):
        bundle = reply_bundle(reply)
        assert find_unexpected(ParsedHtml(bundle["text/html"]).found) == []
        assert find_harm(reparse_html(bundle["text/html"])) == []
        assert [each.type for each in MarkdownIt("commonmark").parse(bundle["text/html"])] == ["html_block"]
        assert not CONTROL_CHARACTERS.search(bundle["text/plain"])
