"""Turns with a schema: their place in sessions, files, notebooks, tapes, comparisons and exports."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from support.broken_replies import DUNE_JSON, EMMA_JSON, Book
from support.peer import Peer, reply, stream

from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Api, Settings
from mimo_magics.session.session import Session
from mimo_magics.session.storage.export import export_history

BOOKS = f'{{"items": [{EMMA_JSON}, {DUNE_JSON}]}}'
BAD = f'{{"items": [{EMMA_JSON}, {{"title": 3}}]}}'


def session(peer: Peer, api: Api = "openai", **options: Any) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


def answer(peer: Peer, text: str) -> None:
    peer.script = lambda seen: stream(seen, reply(text))


def test_a_session_file_keeps_the_schema_and_the_errors(peer: Peer, tmp_path: Path) -> None:
    answer(peer, BAD)
    chat = session(peer)
    found = chat.ask("Books?", schema=list[Book])
    chat.save(tmp_path / "books.json")
    (turn,) = Session.load(tmp_path / "books.json").turns
    assert turn.reply == chat.turns[0].reply
    assert turn.reply.errors == found.errors
    assert turn.reply.result
    assert turn.reply.result.schema["type"] == "array"


def test_a_schema_that_is_not_plain_json_does_not_break_the_file(peer: Peer, tmp_path: Path) -> None:
    class Odd(BaseModel):
        n: float = float("nan")

    answer(peer, '{"n": 1}')
    chat = session(peer)
    chat.ask("n?", schema=Odd)
    chat.save(tmp_path / "odd.json")
    assert Session.load(tmp_path / "odd.json").turns == chat.turns


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_an_exported_script_asks_for_the_same_value(peer: Peer, api: Api) -> None:
    answer(peer, BOOKS)
    chat = session(peer, api)
    chat.ask("Books?", schema=list[Book])
    chat.ask("More?", schema=list[Book])
    script = export_history(chat.history, "books", "py", chat.settings)
    calls = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Attribute)]
    assert [node.attr for node in calls].count("value") == 2
    assert script.count("schema={'type': 'array'") == 2
    assert "json=True" not in script
    peer.requests.clear()
    exec(compile(script, "script", "exec"), {})
    assert "JSON Schema of the reply" in json.dumps(peer.requests[0].body)


def test_an_exported_command_has_the_instructions(peer: Peer) -> None:
    answer(peer, BOOKS)
    chat = session(peer)
    chat.ask("Books?", schema=list[Book])
    assert "JSON Schema of the reply" in export_history(chat.history, "books", "curl", chat.settings)


def test_a_script_leaves_out_a_schema_that_only_its_type_supports(peer: Peer) -> None:
    class Node(BaseModel):
        name: str
        inner: Node | None = None

    Node.model_rebuild(_types_namespace={"Node": Node})
    answer(peer, '{"name": "a"}')
    chat = session(peer)
    chat.ask("Tree?", schema=Node)
    script = export_history(chat.history, "trees", "py", chat.settings)
    assert "schema" not in script.partition("session =")[2]
    assert "json=True" in script


@pytest.mark.parametrize("file_format", ["md", "html"])
def test_a_document_has_the_result_and_its_errors(peer: Peer, file_format: str) -> None:
    answer(peer, BAD)
    chat = session(peer)
    chat.ask("Books?", schema=list[Book])
    text = export_history(chat.history, "books", file_format, Settings())
    assert ("```json\n" if file_format == "md" else "<table>") in text
    assert "Item 2" in text


def test_a_tape_replays_the_value(peer: Peer, tmp_path: Path) -> None:
    answer(peer, BAD)
    path = tmp_path / "books.tape"
    recorded = session(peer, tape=f"record:{path}").ask("Books?", schema=list[Book])
    count = len(peer.requests)
    replayed = session(peer, tape=f"replay:{path}").ask("Books?", schema=list[Book])
    assert (replayed.value, replayed.errors) == (recorded.value, recorded.errors)
    assert len(peer.requests) == count


def test_each_reply_of_a_comparison_has_its_value(peer: Peer) -> None:
    answer(peer, BAD)
    compared = session(peer).compare("Books?", schema=list[Book], temperature=[0, 1])
    assert [len(compared[number].value) for number in (1, 2)] == [1, 1]
    assert list(compared.to_frame()["errors"].map(len)) == [1, 1]
    adopted = compared.adopt(1)
    assert compared.session.turns[0].reply.errors == adopted.errors


def test_a_tool_and_a_schema_work_together(peer: Peer) -> None:
    def today() -> str:
        """Return the date."""
        return "2026-12-01"

    answer(peer, BOOKS)
    found = session(peer).ask("Books?", schema=list[Book], tools=[today])
    assert len(found.value) == 2
    assert [tool["function"]["name"] for tool in peer.requests[0].body["tools"]] == ["today"]


def test_a_reply_with_a_schema_is_not_continued(peer: Peer) -> None:
    peer.script = lambda seen: stream(seen, reply(BOOKS[:-5], stop="length"))
    chat = session(peer)
    chat.ask("Books?", schema=list[Book])
    peer.requests.clear()
    with pytest.raises(BadOption, match="A reply with a schema cannot be continued"):
        chat.ask(None)
    assert peer.requests == []
