"""Turns with a schema, against a scripted server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.broken_replies import CASES, DUNE_JSON, EMMA_JSON, Book, Case
from support.peer import Answer, Peer, Seen, delta, error, finish, frames, reply, sse, stream

from mimo_magics.client import retry
from mimo_magics.core.errors import BadOption
from mimo_magics.core.events import Notice
from mimo_magics.core.messages import Reply, ToolCall, Usage, user_message
from mimo_magics.core.settings import Api
from mimo_magics.session.session import Session
from mimo_magics.session.structured.reading import NO_JSON
from mimo_magics.session.structured.schema import build_schema

pytestmark = pytest.mark.anyio
APIS: list[Api] = ["openai", "anthropic"]
EMMA, DUNE = Book(title="Emma", author="Jane Austen", pages=474), Book(title="Dune", pages=412)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.001)


def session(peer: Peer, api: Api = "openai", **options: Any) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


def texts(*replies: str) -> list[Any]:
    return [lambda seen, text=text: stream(seen, reply(text)) for text in replies]


def messages(seen: Seen) -> list[tuple[str, str]]:
    def text(content: Any) -> str:
        return content if isinstance(content, str) else "".join(each.get("text", "") for each in content)

    return [(each["role"], text(each["content"])) for each in seen.body["messages"]]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("streamed", [True, False])
def test_a_reply_has_the_validated_value_and_the_text(peer: Peer, api: Api, streamed: bool) -> None:
    text = f"Here: ```json\n{EMMA_JSON}\n```"
    peer.answers(*texts(text))
    chat = session(peer, api, stream=streamed)
    answer = chat.ask("A book?", schema=Book)
    assert (answer.value, answer.errors, answer.text) == (EMMA, (), text)
    (turn,) = chat.turns
    assert (turn.prompt, turn.reply.text) == (user_message("A book?"), EMMA_JSON)
    assert messages(peer.requests[0]) == [("user", f"A book?\n\n{build_schema(Book).instructions}")]


def test_the_openai_format_asks_for_json_mode(peer: Peer) -> None:
    peer.answers(*texts(EMMA_JSON))
    session(peer).ask("A book?", schema=Book)
    assert peer.requests[0].body["response_format"] == {"type": "json_object"}
    assert "tools" not in peer.requests[0].body


def test_the_anthropic_format_asks_for_a_tool_call(peer: Peer) -> None:
    peer.answers(lambda _: Answer(list(result_call(f'{{"items": [{EMMA_JSON}, {DUNE_JSON}]}}'))))
    chat = session(peer, "anthropic")
    answer = chat.ask("Two books?", schema=list[Book])
    assert (answer.value, answer.errors) == ([EMMA, DUNE], ())
    body = peer.requests[0].body
    assert body["tool_choice"] == {"type": "tool", "name": "deliver_result"}
    (tool,) = body["tools"]
    assert tool["input_schema"]["properties"]["items"]["items"]["required"] == ["title"]
    assert "$defs" not in json.dumps(tool)
    assert chat.turns[0].reply.text == f'{{"items": [{EMMA_JSON}, {DUNE_JSON}]}}'
    assert chat.turns[0].reply.tool_calls == ()


def result_call(arguments: str) -> list[bytes]:
    """Return a stream with a call of the tool that takes the result."""
    block = {"type": "tool_use", "id": "t1", "name": "deliver_result", "input": {}}
    return [
        sse({"type": "message_start", "message": {"id": "1", "model": "mimo-test"}}),
        sse({"type": "content_block_start", "index": 0, "content_block": block}),
        *(
            sse(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "input_json_delta", "partial_json": char},
                }
            )
            for char in arguments
        ),
        sse({"type": "content_block_stop", "index": 0}),
        sse({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
        sse({"type": "message_stop"}),
    ]


@pytest.mark.parametrize("api", APIS)
def test_only_the_invalid_items_are_requested_again(peer: Peer, api: Api) -> None:
    wrong = '{"title": "Dune", "pages": "many"}'
    peer.answers(*texts(f"[{EMMA_JSON}, {wrong}, {EMMA_JSON}]", f'{{"items": [{DUNE_JSON}]}}'))
    chat = session(peer, api)
    answer = chat.ask("Books?", schema=list[Book])
    assert (answer.value, answer.errors) == ([EMMA, DUNE, EMMA], ())
    (_, quoted, repair) = messages(peer.requests[1])
    assert quoted == ("assistant", wrong)
    assert repair == (
        "user",
        "These 1 items are not valid:\n"
        '1. pages: Input should be a valid integer; received "many"\n'
        'Reply with one JSON object with the key "items", which holds exactly these 1 items in the same order, corrected. '
        "Leave out all other items.",
    )
    assert len(chat.turns) == 1
    assert json.loads(chat.turns[0].reply.text)["items"][1]["title"] == "Dune"
    assert chat.turns[0].usage == answer.usage == Usage(40, 20, 10)


def test_two_repair_requests_are_the_limit(peer: Peer) -> None:
    peer.answers(*texts("I cannot.", "No, really.", "Sorry."))
    answer = session(peer).ask("Books?", schema=list[Book])
    assert (answer.value, answer.errors) == (None, (NO_JSON,))
    assert answer.text == "I cannot.\n\nNo, really.\n\nSorry."
    assert len(peer.requests) == 3


def test_an_item_that_stays_invalid_is_reported_beside_the_valid_ones(peer: Peer) -> None:
    wrong = '{"name": "Dune"}'
    peer.answers(*texts(f"[{EMMA_JSON}, {wrong}]", f"[{EMMA_JSON}, {EMMA_JSON}]", f"[{wrong}]"))
    chat = session(peer)
    answer = chat.ask("Books?", schema=list[Book])
    assert (answer.value, answer.errors) == ([EMMA], ("Item 2: None of its keys is in the schema.",))
    assert json.loads(chat.turns[0].reply.text) == {"items": [json.loads(EMMA_JSON)]}


def test_an_empty_reply_is_requested_once_without_json_mode(peer: Peer) -> None:
    peer.answers(*texts("", EMMA_JSON))
    answer = session(peer).ask("A book?", schema=Book)
    assert answer.value == EMMA
    assert ["response_format" in seen.body for seen in peer.requests] == [True, False]
    assert messages(peer.requests[0]) == messages(peer.requests[1])


def test_a_repair_that_fails_leaves_what_was_read(peer: Peer) -> None:
    peer.answers(*texts(f'[{EMMA_JSON}, {{"pages": 1}}]'), error(400, "Invalid request parameters"))
    chat = session(peer)
    answer = chat.ask("Books?", schema=list[Book])
    assert (answer.value, answer.errors) == ([EMMA], ("Item 2: title: is missing",))
    assert any("Invalid request parameters" in note for note in answer.notes)
    assert len(chat.turns) == 1


def test_a_used_up_budget_ends_the_rounds(peer: Peer) -> None:
    peer.answers(*texts(f'[{EMMA_JSON}, {{"pages": 1}}]', f"[{DUNE_JSON}]"))
    answer = session(peer, turn_budget="31 tokens").ask("Books?", schema=list[Book], keep=False)
    assert len(peer.requests) <= 1 or answer.errors == ()


def test_a_truncated_list_is_reported(peer: Peer) -> None:
    cut = f'{{"items": [{EMMA_JSON}, {{"title": "Du'
    peer.answers(lambda seen: stream(seen, reply(cut, stop="length")), *texts(f"[{DUNE_JSON}]"))
    answer = session(peer).ask("Books?", schema=list[Book])
    assert answer.value == [EMMA, DUNE]
    assert [each[:24] for each in answer.errors] == ["The list is not complete"]


def test_reasoning_is_no_part_of_the_value(peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply("", reasoning=EMMA_JSON)), *texts("", "", DUNE_JSON))
    answer = session(peer).ask("A book?", schema=Book)
    assert answer.value == DUNE


def test_tools_run_before_the_value_is_read(peer: Peer) -> None:
    def count_pages(title: str) -> int:
        """Count the pages of a book."""
        return 474

    call = Reply(
        reply("").message.__class__("assistant", (ToolCall("c1", "count_pages", '{"title": "Emma"}'),)),
        Usage(1, 1),
        "tool_calls",
    )
    peer.answers(lambda seen: stream(seen, call), *texts('{"title": 1}', EMMA_JSON))
    chat = session(peer)
    answer = chat.ask("A book?", schema=Book, tools=[count_pages])
    assert answer.value == EMMA
    first, second, third = peer.requests
    assert "response_format" not in first.body
    assert "tools" in second.body
    assert [each["role"] for each in third.body["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]
    assert [part.type for part in chat.turns[0].reply.message.parts if part.type != "reasoning"] == [
        "tool_call",
        "tool_result",
        "text",
    ]


def test_a_cached_reply_has_the_same_value(peer: Peer) -> None:
    peer.answers(*texts(f"[{EMMA_JSON},]"))
    chat = session(peer, run_all="keep")
    first = chat.ask("Books?", schema=list[Book], cell="a")
    second = chat.ask("Books?", schema=list[Book], cell="a")
    assert first.value == second.value == [EMMA]
    assert len(peer.requests) == 1


def test_a_reply_with_errors_is_not_reused(peer: Peer) -> None:
    peer.answers(*texts("a", "b", "c", EMMA_JSON))
    chat = session(peer, run_all="keep")
    assert chat.ask("A book?", schema=Book, cell="a").value is None
    assert chat.ask("A book?", schema=Book, cell="a").value == EMMA


def test_a_tape_replays_the_rounds(peer: Peer, tmp_path: Path) -> None:
    peer.answers(*texts("no", EMMA_JSON))
    path = tmp_path / "books.tape"
    values = [
        session(peer, tape=f"{mode}:{path}").ask("A book?", schema=Book).value
        for mode in ("record", "replay")
    ]
    assert values == [EMMA, EMMA]
    assert len(peer.requests) == 2


def test_the_next_prompt_follows_the_json(peer: Peer) -> None:
    peer.answers(*texts(f"Sure! {EMMA_JSON}", "Fine."))
    chat = session(peer)
    chat.ask("A book?", schema=Book)
    assert chat.ask("Thanks.").text == "Fine."
    assert messages(peer.requests[1]) == [("user", "A book?"), ("assistant", EMMA_JSON), ("user", "Thanks.")]
    assert "response_format" not in peer.requests[1].body


def test_a_schema_needs_a_prompt_and_fields(peer: Peer) -> None:
    chat = session(peer)
    for prompt, schema in ((None, Book), ("A book?", int), ("A book?", "1, 2")):
        with pytest.raises(BadOption):
            chat.ask(prompt, schema=schema)
    assert peer.requests == []


def test_a_dry_run_shows_the_instructions(peer: Peer) -> None:
    draft = session(peer).draft("A book?", schema=Book)
    assert "Required keys of the object" in str(draft)


async def test_a_repair_is_announced(peer: Peer) -> None:
    peer.answers(*texts(f'[{EMMA_JSON}, {{"pages": 1}}]', f"[{DUNE_JSON}]"))
    async with session(peer).stream("Books?", schema=list[Book]) as running:
        notices = [event.text async for event in running if isinstance(event, Notice)]
    assert notices == ["1 of 2 items do not fit the schema. Repair request 1 of 2."]
    assert running.structured_reply
    assert running.structured_reply.value == [EMMA, DUNE]


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("case", CASES[::3], ids=[case.kind for case in CASES[::3]])
def test_broken_replies_in_pieces_deliver_no_other_value(peer: Peer, case: Case, size: int) -> None:
    def answer(seen: Seen) -> Answer:
        if len(peer.requests) > 1:
            return stream(seen, reply("I give up."))
        words = [case.reply[start : start + size] for start in range(0, len(case.reply), size)]
        ending = finish("length" if case.is_truncated else "stop")
        return Answer([*map(delta, words), ending, b"data: [DONE]\n\n"])

    if len(case.reply) > 3_000:
        size = 500
    peer.answers(answer, answer, answer)
    value = session(peer).ask("?", schema=case.schema).value
    schema = build_schema(case.schema)
    objects = [] if value is None else value if schema.is_list else [value]
    assert [each.model_dump(mode="json") if hasattr(each, "model_dump") else each for each in objects] == [
        item for item in case.items if item != "ask again"
    ]


def test_words_around_the_call_are_not_read(peer: Peer) -> None:
    peer.answers(lambda seen: Answer(frames(seen, ["I deliver ", EMMA_JSON, " now."])))
    assert session(peer, "anthropic").ask("A book?", schema=Book).value == EMMA
