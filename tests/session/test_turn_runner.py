"""Running turns: the turn that is saved, however it ends."""

import asyncio
import re
from dataclasses import replace
from itertools import repeat

import pytest
from support.peer import CUT, SILENCE, Answer, Peer, error, frames, reply, sse, stream
from support.peer_sessions import cancel_after_request, sent_messages

from mimo_magics.client import http, retry
from mimo_magics.core.errors import (
    ApiError,
    IncompleteStream,
    UnknownModel,
)
from mimo_magics.core.events import TextDelta
from mimo_magics.core.messages import Params, user_message
from mimo_magics.core.settings import Api
from mimo_magics.session.session import Session, ask
from mimo_magics.session.turn import Turn

pytestmark = pytest.mark.anyio


APIS: list[Api] = ["openai", "anthropic"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.001)


def session(peer: Peer, api: Api = "openai", **options: object) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


def test_a_turn_records_its_prompt_reply_and_parameters(peer: Peer) -> None:
    chat = session(peer, system="Be brief.", temperature=0.5, max_tokens=9, thinking=False)
    answer = chat.ask("one", model="mimo-v2-flash", temperature=0.0)
    (turn,) = chat.turns
    assert turn == Turn(
        user_message("one"),
        answer,
        Params("mimo-v2-flash", temperature=0.0, max_completion_tokens=9, thinking=False),
        "other",
        "openai",
        turn.created_at,
        id=turn.id,
        system="Be brief.",
        usage=turn.usage,
        context_tokens=turn.context_tokens,
        digest=turn.digest,
    )
    assert re.fullmatch("[0-9a-f]{12}", turn.id)
    assert re.fullmatch("[0-9a-f]{32}", turn.digest)
    assert peer.requests[0].body == {
        "model": "mimo-v2-flash",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 9,
        "temperature": 0.0,
        "chat_template_kwargs": {"enable_thinking": False},
    }


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ([CUT], IncompleteStream),
        ([], IncompleteStream),
        ([sse({"error": {"code": "503", "message": "gone"}})], ApiError),
        ([b"data: {oops\n\n"], Exception),
    ],
    ids=["dropped", "ended", "error frame", "malformed"],
)
@pytest.mark.parametrize("api", APIS)
def test_an_incomplete_reply_is_saved_and_marked(
    peer: Peer, api: Api, end: list[object], kind: type[Exception]
) -> None:
    chat = session(peer, api)
    obeying = peer.script
    peer.answers(lambda seen: Answer([*frames(seen, ["half ", "an answer"], end=False), *end]))
    with pytest.raises(kind) as failure:
        chat.ask("one")
    (turn,) = chat.turns
    assert (turn.reply.text, turn.reply.stop) == ("half an answer", "cut")
    assert failure.value.reply.text == "half an answer"
    peer.script = obeying
    assert str(chat.ask("two")) == "You said: two"
    assert [role for role, _ in sent_messages(peer)] == ["user", "assistant", "user"]


async def test_leaving_a_turn_early_saves_the_partial_reply_and_closes_the_socket(peer: Peer) -> None:
    chat = session(peer)
    peer.answers(lambda seen: Answer(frames(seen, repeat("word "), 0.05)))
    async with chat.stream("one") as running:
        async for event in running:
            if isinstance(event, TextDelta):
                break
    assert running.turn == chat.turns[0]
    assert (running.turn.reply.text, running.turn.reply.stop) == ("word ", "interrupted")
    assert peer.settled()[0].disconnected
    await http.aclose()


async def test_a_cancelled_task_saves_the_partial_reply(peer: Peer) -> None:
    chat = session(peer)
    peer.answers(lambda seen: Answer([*frames(seen, ["word "], end=False), SILENCE]))
    started = asyncio.Event()

    async def turn() -> None:
        async with chat.stream("one") as running:
            async for event in running:
                if isinstance(event, TextDelta):
                    started.set()

    task = asyncio.create_task(turn())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(turn.reply.text, turn.reply.stop) for turn in chat.turns] == [("word ", "interrupted")]
    await http.aclose()


async def test_a_turn_that_is_stopped_before_a_reply_is_not_saved(peer: Peer) -> None:
    chat = session(peer)
    peer.answers(Answer([SILENCE]))
    await cancel_after_request(peer, chat.stream("one"))
    assert chat.turns == ()
    await http.aclose()


def test_warnings_are_notes_of_the_reply(mimo: Peer) -> None:
    answer = ask("one", temperature=9.0, model="mimo-v2-flash")
    assert answer.notes == ("temperature 9 is outside the documented range of mimo-v2: 0 to 2.",)
    assert mimo.requests[0].body["temperature"] == 9.0


def test_a_retired_model_points_to_its_successor(peer: Peer) -> None:
    peer.answers(error(400, "Param Incorrect", "Not supported model mimo-v2-flash"))
    with pytest.raises(UnknownModel) as failure:
        session(peer).ask("one", model="mimo-v2-flash")
    assert (
        failure.value.hint == "The model may be retired. Its successor is mimo-v2.6-flash: -m mimo-v2.6-flash"
    )


def test_a_reply_has_its_estimated_cost(mimo: Peer) -> None:
    assert ask("one").cost == pytest.approx((20 * 1.05 + 10 * 3.15) / 1e6)
    assert ask("one", model="another").cost is None


@pytest.mark.parametrize(
    ("replied", "notes"),
    [
        (
            "mimo-v2.5",
            (
                "mimo-v2.5 replied instead of mimo-v2-flash. The cost uses the prices of mimo-v2.5 if they are known.",
            ),
        ),
        ("mimo-v2-flash", ()),
        ("/models/weights.gguf", ()),
    ],
)
def test_a_reply_of_another_model_gets_a_note_and_its_price(
    peer: Peer, replied: str, notes: tuple[str, ...]
) -> None:
    peer.script = lambda seen: stream(seen, replace(reply("ok"), model=replied))
    chat = session(
        peer, model="mimo-v2-flash", prices={"mimo-v2.5": [1e6, 1e6, 1e6], "mimo-v2-flash": [0, 0, 0]}
    )
    assert (chat.ask("one").notes, chat.spending.usd) == (notes, 30 if notes else 0)


def test_the_embedded_model_is_not_another_model(peer: Peer) -> None:
    peer.script = lambda seen: stream(seen, replace(reply("ok"), model="mimo-local"))
    assert session(peer, model="mimo-v2-pro").ask("one").notes == ()


def test_a_warning_is_shown_once_in_a_session(mimo: Peer) -> None:
    chat = Session(temperature=9.0, model="mimo-v2-flash")
    first = chat.ask("one").notes
    assert first == ("temperature 9 is outside the documented range of mimo-v2: 0 to 2.",)
    assert chat.ask("two").notes == ()
    assert chat.ask("three", temperature=8.0).notes == (first[0].replace("9", "8"),)
    assert chat.ask("four", keep=False).notes == first
    assert chat.fork("other", 0).ask("five").notes == first
