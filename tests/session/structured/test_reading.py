"""What is read from replies with broken JSON, and that nothing else is ever delivered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel
from support.broken_replies import ASK, CASES, EMMA_JSON, Book, Case

from mimo_magics.session.structured import json_search
from mimo_magics.session.structured.reading import read_reply
from mimo_magics.session.structured.schema import build_schema
from mimo_magics.session.structured.validation import Item, ValidItem

NAMES = [case.kind for case in CASES]


def plain(item: Item) -> Any:
    if not isinstance(item, ValidItem):
        return ASK
    return item.value.model_dump(mode="json") if isinstance(item.value, BaseModel) else item.value


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_reply_is_read_or_requested_again(case: Case) -> None:
    schema = build_schema(case.schema)
    reading = read_reply(case.reply, schema, is_truncated=case.is_truncated)
    items = list(map(plain, reading.items))
    found = (
        ASK
        if reading.problem or (not schema.is_list and items == [ASK])
        else items
        if schema.is_list
        else items[0]
    )
    assert (found, reading.is_complete) == (case.expected, case.is_complete)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_beginning_of_a_reply_holds_no_other_object_than_the_whole_reply(case: Case) -> None:
    schema = build_schema(case.schema)
    allowed = [*case.items, *case.contained]
    step = max(len(case.reply) // 200, 1)
    for end in range(0, len(case.reply), step):
        reading = read_reply(case.reply[:end], schema)
        assert [each for each in map(plain, reading.valid_items) if each not in allowed] == []


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_what_was_read_is_read_again_from_its_json(case: Case) -> None:
    schema = build_schema(case.schema)
    reading = read_reply(case.reply, schema)
    for item in reading.valid_items:
        data = json.dumps({"items": [item.data]} if schema.is_list else item.data)
        assert read_reply(data, schema).items == (item,)


def test_an_unreadable_reply_takes_linear_time() -> None:
    schema = build_schema(list[Book])
    texts = ["[" * 300_000, '{"a":' * 50_000, "[x] {y} " * 20_000, '["a" ' * 20_000, "9" * 200_000]
    texts += [
        '{"a": "b" ' * 20_000,
        '"//' * 20_000,
        '{"a": "' + '" ' * 50_000,
        "{'a': '" + "', 'b" * 20_000,
    ]
    for text in texts:
        assert read_reply(text, schema).valid_items == ()
        assert read_reply(f"[{EMMA_JSON}, {text}", schema).is_complete is False


def test_stray_brackets_are_tried_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    read_at = json_search._read_at

    def count(text: str, start: int) -> Any:
        tried.append(start)
        return read_at(text, start)

    monkeypatch.setattr(json_search, "_read_at", count)
    reading = read_reply("{a" * 100_000, build_schema("name"))
    assert (len(tried), reading.valid_items, reading.is_complete) == (20_001, (), False)
