"""Prompt functions: binding, sending, values, signature and version."""

from __future__ import annotations

import asyncio
import inspect
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.broken_replies import EMMA_JSON, Book
from support.hostile import HOSTILE
from support.peer import Peer, reply, stream

from mimo_magics.core.errors import BadArguments, BadOption
from mimo_magics.core.messages import Usage
from mimo_magics.prompts.prompt_function import PromptFunction, PromptWarning
from mimo_magics.session.session import Session

pytestmark = pytest.mark.anyio
LABEL = {"type": "object", "properties": {"label": {"enum": ["good", "bad"]}}, "required": ["label"]}


def function(peer: Peer, prompt: str = "Label this: {text}", **fields: Any) -> PromptFunction:
    fields = {"system": "none", **fields}
    session = fields.pop("session", None) or Session(base_url=f"{peer.url}/v1")
    return PromptFunction("classify", prompt, session=session, **fields)


def texts(*replies: str) -> list[Any]:
    return [lambda seen, text=text: stream(seen, reply(text)) for text in replies]


def test_a_call_returns_the_text_without_a_schema(peer: Peer) -> None:
    classify = function(peer)
    assert classify(text="a") == classify("a") == "You said: Label this: a"
    assert [seen.prompt for seen in peer.requests] == ["Label this: a"] * 2


def test_a_call_returns_the_validated_object(peer: Peer) -> None:
    peer.answers(*texts(EMMA_JSON, f'{{"items": [{EMMA_JSON}]}}'))
    emma = Book(title="Emma", author="Jane Austen", pages=474)
    assert function(peer, schema=Book)("?") == emma
    assert function(peer, schema=list[Book])("?") == [emma]


async def test_a_call_works_while_a_loop_runs_and_can_be_awaited(peer: Peer) -> None:
    classify = function(peer)
    assert classify("sync") == "You said: Label this: sync"
    replies = await asyncio.gather(*(classify.a(text=str(number)) for number in range(4)))
    assert replies == [f"You said: Label this: {number}" for number in range(4)]


async def test_run_returns_the_whole_reply(peer: Peer) -> None:
    peer.answers(*texts(EMMA_JSON, EMMA_JSON))
    find = function(peer, schema=Book)
    one = find.run(text="?")
    other = await find.run_async({"text": "?"}, model="other")
    assert one.text == other.text == EMMA_JSON
    assert find.get_value(one) == find.get_value(other) == Book(title="Emma", author="Jane Austen", pages=474)
    assert peer.requests[1].body["model"] == "other"


def test_system_prompt_and_options_are_those_of_the_function(peer: Peer) -> None:
    session = Session(base_url=f"{peer.url}/v1", system="Talk like a pirate.", temperature=0.5)
    session.ask("Hello")
    classify = function(peer, session=session, system="Be brief.", options={"temperature": 0.0, "model": "m"})
    classify("x")
    body = peer.requests[1].body
    assert (body["model"], body["temperature"]) == ("m", 0.0)
    assert [(each["role"], each["content"]) for each in body["messages"]] == [
        ("system", "Be brief."),
        ("user", "Label this: x"),
    ]


def test_a_call_adds_no_turn_and_counts_in_the_session(peer: Peer) -> None:
    classify = function(peer)
    classify("x")
    assert classify.session
    assert (classify.session.turns, classify.session.unrecorded.usage.output > 0) == ((), True)


def test_the_format_of_the_notebook_changes_no_value(peer: Peer) -> None:
    peer.answers(*texts(*[f'{{"items": [{EMMA_JSON}]}}'] * 2))
    session = Session(base_url=f"{peer.url}/v1", format="table")
    assert function(peer, schema=list[Book], session=session)("?")[0].title == "Emma"
    frame = function(peer, schema=list[Book], options={"format": "table"})("?")
    assert isinstance(frame, pd.DataFrame)


def test_each_call_is_recorded_with_its_version(peer: Peer) -> None:
    peer.answers(*texts("a", "b", *["{}"] * 3))
    first, second = function(peer, "{x} one"), function(peer, "{x} two", schema=LABEL)
    first("x")
    first.run("x")
    second.run("x")
    assert [(call.name, call.version, call.usage) for call in first.calls] == [
        ("classify", first.version, Usage(20, 10, 5))
    ] * 2
    (call,) = second.calls
    assert (call.version, call.errors != (), call.usage.output) == (second.version, True, 30)


def test_a_cached_reply_costs_nothing(peer: Peer) -> None:
    classify = function(peer, "{x} cached", session=Session(base_url=f"{peer.url}/v1", run_all="keep"))
    assert classify("x") == classify("x")
    assert [call.usage for call in classify.calls] == [Usage(20, 10, 5), Usage()]
    assert len(peer.requests) == 1


async def test_calls_are_recorded_on_a_tape_and_replayed(peer: Peer, tmp_path: Path) -> None:
    peer.answers(*texts(EMMA_JSON))
    find = function(peer, "{x} taped", schema=Book, options={"tape": f"record:{tmp_path}/a.jsonl"})
    replayed = replace(find, options={"tape": f"replay:{tmp_path}/a.jsonl"})
    assert find("x") == await replayed.a("x") == Book(title="Emma", author="Jane Austen", pages=474)
    assert len(peer.requests) == 1


def test_the_text_of_a_slot_is_data(peer: Peer) -> None:
    function(peer, "{a} and {b}")(a="{b} {{b}} {a}", b="two")
    assert peer.requests[0].prompt == "{b} {{b}} {a} and two"


def test_other_braces_stay_as_typed(peer: Peer) -> None:
    classify = function(peer, 'Reply {"label": 1} or {{text}} for {text}')
    assert classify.parameters == ("text",)
    classify("x")
    assert peer.requests[0].prompt == 'Reply {"label": 1} or {{text}} for x'


def test_a_slot_takes_objects_within_the_budget_and_the_share(peer: Peer) -> None:
    rows = [{"secret": f"value {number}"} for number in range(9_000)]
    function(peer, "{rows}", options={"value_budget": 1_000})(rows)
    function(peer, "{rows}", options={"share": "schema"})(rows)
    short, schema = (seen.prompt for seen in peer.requests)
    assert "value 0" in short
    assert len(short.encode()) <= 1_100
    assert "value" not in schema


@pytest.mark.parametrize(
    ("args", "values", "reason"),
    [
        ((), {}, "missing a required argument: 'text'"),
        ((), {"txt": 1}, "missing a required argument: 'text'"),
        (("a",), {"txt": 1}, "got an unexpected keyword argument 'txt'"),
        (("a", "b"), {}, "too many positional arguments"),
        (("a",), {"text": 1}, "multiple values for argument 'text'"),
    ],
)
def test_wrong_arguments_are_a_type_error_before_anything_is_sent(
    peer: Peer, args: tuple[Any, ...], values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadArguments) as failure:
        function(peer)(*args, **values)
    assert isinstance(failure.value, TypeError)
    assert failure.value.lines == (
        f"classify() was not called: {reason}.",
        "Usage: classify(text) -> str",
    )
    assert peer.requests == []


async def test_a_value_without_the_attribute_of_the_slot_is_an_error(peer: Peer) -> None:
    classify = function(peer, "{row.name}")
    with pytest.raises(BadArguments, match=r"{row\.name} has no value"):
        await classify.a(row=1)
    assert (classify.parameters, peer.requests) == (("row",), [])


def test_a_reply_that_stays_invalid_is_no_exception(peer: Peer) -> None:
    peer.answers(*texts(*['{"items": [{"label": "good"}, {"label": "?"}]}'] * 3))
    classify = function(peer, schema={"type": "array", "items": LABEL})
    with pytest.warns(PromptWarning, match="classify: Item 2: ") as caught:
        (label,) = classify("?")
    assert (label["label"], caught[0].filename) == ("good", __file__)


def test_a_reply_without_a_result_is_none_with_a_warning(peer: Peer) -> None:
    with pytest.warns(PromptWarning, match="classify: "):
        assert function(peer, schema=LABEL)(f"{HOSTILE}") is None
    assert function(peer, schema=LABEL).run("?").text.startswith("You said")


def test_a_warning_has_no_control_characters(peer: Peer) -> None:
    bad = '{"label": "\x1b[2J\u202e<script>"}'.replace("\x1b", "\\u001b")
    peer.answers(*texts(*[bad] * 3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(peer, schema=LABEL)("?")
    (text,) = (str(each.message) for each in caught)
    assert not {"\x1b", "\u202e"} & set(text)


def test_a_truncated_text_is_returned_with_a_warning(peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply("Once upon", stop="length")))
    with pytest.warns(PromptWarning, match="classify: The reply is truncated; raise max_tokens"):
        assert function(peer)("x") == "Once upon"


def test_signature_and_docstring_describe_the_function(peer: Peer) -> None:
    classify = function(peer, "{text} in {place}", schema=list[Book], options={"model": "m"})
    assert str(inspect.signature(classify)) == "(text, place) -> 'list[Book]'"
    assert repr(classify) == (
        f"<PromptFunction classify(text, place) -> list[Book], version {classify.version}>"
    )
    doc = inspect.getdoc(classify)
    assert doc
    head, *sections, schema = doc.split("\n\n")
    assert [head, *sections] == [
        "classify(text, place) -> list[Book]",
        f"version {classify.version}, model='m'",
        "System prompt:\nnone",
        "Prompt:\n{text} in {place}",
    ]
    assert schema.startswith('JSON Schema:\n{\n  "type": "object"')


def test_the_card_shows_every_text(peer: Peer) -> None:
    long = "word " * 2_000 + "end"
    card = function(peer, f"{{text}} {long}", schema=Book, system=f"{long} of system").build_bundle()
    for text in (f"{{text}} {long}", f"{long} of system"):
        assert text in card["text/html"]
        assert text in card["text/plain"]
    assert "&quot;title&quot;" in card["text/html"]


@pytest.mark.parametrize("text", HOSTILE.values())
def test_the_card_has_no_markup_of_a_stranger(text: str) -> None:
    schema = {"type": "object", "title": text, "properties": {text: {"type": "string"}}}
    card = PromptFunction("f", f"x{text}\u202e", schema, text, {"model": text}).build_bundle()["text/html"]
    tags = {tag.split()[0].strip("/") for tag in re.findall(r"<([^>]*)>", card)}
    assert tags == {"p", "code", "small", "pre", "details", "summary"}
    assert "\u202e" not in card


def test_the_docstring_shows_hostile_text_without_its_effect() -> None:
    doc = PromptFunction("f", f"\x1b[31m\u202e{HOSTILE}", system="\x1b]0;x\x07").__doc__
    assert doc
    assert not {"\x1b", "\x07", "\u202e"} & set(doc)


def test_the_version_depends_on_the_content_alone() -> None:
    base = PromptFunction("f", "a\n{x}", LABEL, "s", {"model": "m"})
    same = PromptFunction("g", "\r\na\r\n{x}\r\n", LABEL, "s\r\n", {"model": "m", "share": "full"})
    assert same.version == base.version
    others = [
        PromptFunction("f", "b\n{x}", LABEL, "s", {"model": "m"}),
        PromptFunction("f", "a\n{x}", None, "s", {"model": "m"}),
        PromptFunction("f", "a\n{x}", {"type": "array", "items": LABEL}, "s", {"model": "m"}),
        PromptFunction("f", "a\n{x}", LABEL, None, {"model": "m"}),
        PromptFunction("f", "a\n{x}", LABEL, "s", {"model": "m", "thinking": "off"}),
    ]
    assert len({base.version, *(each.version for each in others)}) == 6
    assert (len({base, same}), base == PromptFunction("f", "a\n{x}", LABEL, "s", {"model": "m"})) == (2, True)


@pytest.mark.parametrize(
    ("fields", "fact"),
    [
        ({"name": "a b"}, "a b is not a valid function name."),
        ({"name": "class"}, "class is not a valid function name."),
        ({"prompt": " \n"}, "The prompt of f is empty."),
        ({"prompt": "{class}"}, "class is not a valid name of a slot."),
        ({"options": {"hue": 1}}, "hue is not an option of a prompt function."),
        ({"options": {"system": "x"}}, "system is not an option of a prompt function."),
        ({"options": {"temperature": "hot"}}, "temperature must be a number, not 'hot'."),
    ],
)
def test_an_invalid_definition_is_refused(fields: dict[str, Any], fact: str) -> None:
    with pytest.raises(BadOption) as failure:
        PromptFunction(**{"name": "f", "prompt": "{x}", **fields})
    assert failure.value.lines[0] == fact
