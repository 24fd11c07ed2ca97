"""The turns that a prompt follows, the notices of its session, and cached replies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from support.peer import Peer, obey, reply, stream
from support.peer_sessions import (
    APIS,
    CALL,
    api_base_url,
    ask,
    continue_reply,
    create_session,
    current_prompts,
    describe_branches,
    expected_body,
    get_time,
    notices,
    request_bodies,
    run_cells,
    run_incomplete_turn,
)

from mimo_magics.client import portal
from mimo_magics.core.events import (
    Event,
    Notice,
    ReasoningDelta,
    ResponseStarted,
    Stopped,
    TextDelta,
    UsageUpdate,
)
from mimo_magics.core.messages import (
    Message,
    Params,
    Part,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    Usage,
    user_message,
)
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import Api
from mimo_magics.session.session import Session
from mimo_magics.session.turn import Turn

pytestmark = pytest.mark.anyio


def keeping(chat: Session, prompt: str, **options: object) -> Reply:
    return ask(chat, prompt, run_all="keep", **options)


def test_an_equal_request_is_not_sent_again(peer: Peer) -> None:
    chat = create_session(peer)
    first = keeping(chat, "one", cell="a")
    before = chat.history
    day = f"{datetime.now():%Y-%m-%d}"  # noqa: DTZ005
    assert notices(chat, "one", cell="a", run_all="keep") == (
        f"Reused the reply of {day} (request unchanged). Use --fresh to call the model again.",
    )
    assert len(peer.requests) == 1
    (turn,) = before.all_turns
    assert chat.history.all_turns == (replace(turn, reply=first, usage=chat.turns[0].usage),)


def test_run_all_reuses_all_replies(peer: Peer) -> None:
    chat = create_session(peer)
    for _ in range(2):
        run_cells(chat, "a", "b", run_all="keep")
        run_cells(chat, "n", new=True, run_all="keep")
        run_cells(chat, "c", run_all="keep")
    assert request_bodies(peer) == [
        expected_body("a"),
        expected_body("a", "b"),
        expected_body("n"),
        expected_body("n", "c"),
    ]
    assert describe_branches(chat) == [(2, "a b", False), (4, "n c", True)]


def test_cells_after_a_changed_one_call_the_model(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b", "c", run_all="keep")
    run_cells(chat, "a", run_all="keep")
    run_cells(chat, "b", words="!", run_all="keep")
    run_cells(chat, "c", run_all="keep")
    assert request_bodies(peer, 3) == [expected_body("a", "b!"), expected_body("a", "b!", "c")]
    assert describe_branches(chat) == [(3, "a b c", False), (5, "a b! c", True)]


@pytest.mark.parametrize(
    "changed",
    [
        {"prompt": "two"},
        {"model": "mimo-v2-flash"},
        {"system": "Be brief."},
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"max_tokens": 9},
        {"stop": ("END",)},
        {"frequency_penalty": 0.5},
        {"presence_penalty": 0.5},
        {"thinking": False},
        {"json": True},
        {"param": {"seed": 1}},
        {"tools": [get_time]},
        {"tools": [get_time], "tool_choice": "required"},
        {"web_search": "on"},
        {"append": True},
    ],
    ids=" ".join,
)
def test_a_request_that_changed_is_sent(peer: Peer, changed: dict[str, object]) -> None:
    chat = create_session(peer)
    keeping(chat, "one", cell="a")
    assert keeping(chat, **{"prompt": "one", "cell": "a", **changed}).stop == "end"
    assert len(peer.requests) == 2


def test_a_request_in_the_other_format_or_to_another_server_is_sent(peer: Peer) -> None:
    chat = create_session(peer)
    keeping(chat, "one", cell="a")
    keeping(chat, "one", cell="a", api="anthropic", base_url=api_base_url(peer, "anthropic"))
    keeping(chat, "one", cell="a", base_url=api_base_url(peer, "openai").replace("127.0.0.1", "localhost"))
    assert [seen.api for seen in peer.requests] == ["openai", "anthropic", "openai"]


@pytest.mark.parametrize(
    "changed",
    [
        {"stream": False},
        {"timeout": 9.0},
        {"format": "text"},
        {"quiet": True},
        {"debug": True},
        {"cell": "b", "new": True},
        {"keep": False},
    ],
    ids=" ".join,
)
def test_settings_of_transport_and_display_do_not_prevent_reuse(
    peer: Peer, changed: dict[str, object]
) -> None:
    chat = create_session(peer)
    keeping(chat, "one", cell="a")
    assert keeping(chat, **{"prompt": "one", "cell": "a", **changed}).text == "You said: one"
    assert len(peer.requests) == 1


def test_the_date_in_the_system_prompt_does_not_prevent_reuse(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {api: api_base_url(peer, api) for api in APIS}
    monkeypatch.setitem(SERVICES, "mimo-v2", replace(SERVICES["mimo-v2"], base_urls=urls))
    chat = Session()
    for day in (20, 21):
        chat.started_on = date(2026, 3, day)
        for words in ("one", "two"):
            keeping(chat, words, cell=words)
    assert len(peer.requests) == 2
    assert "2026-03-20" in chat.turns[0].system
    keeping(chat, "three")
    assert "2026-03-21" in peer.requests[-1].body["messages"][0]["content"]


def test_by_default_no_reply_is_reused(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "a")
    assert len(peer.requests) == 2


@pytest.mark.parametrize("how", ["cut", "interrupted"])
def test_an_incomplete_reply_is_not_reused(peer: Peer, how: str) -> None:
    chat = create_session(peer)
    run_incomplete_turn(chat, peer, how, cell="a", run_all="keep")
    assert keeping(chat, "one", cell="a").text == "You said: one"


def test_a_continued_reply_is_reused(peer: Peer) -> None:
    chat = create_session(peer)
    run_incomplete_turn(chat, peer, "cut", cell="a")
    peer.answers(continue_reply)
    chat.ask(None)
    assert keeping(chat, "one", cell="a").text == "Half an answer."
    assert len(peer.requests) == 2


def test_the_newest_reply_is_reused(peer: Peer) -> None:
    chat = create_session(peer)
    for answer in ("One.", "Two."):
        peer.answers(lambda seen, answer=answer: stream(seen, reply(answer)))
        ask(chat, "one", cell="a")
    assert keeping(chat, "one", cell="a").text == "Two."
    assert (len(peer.requests), len(chat.history.all_turns)) == (2, 2)


def test_the_caller_may_decide_on_each_reply(peer: Peer) -> None:
    chat = create_session(peer)
    shown: list[Turn] = []
    refusing: Callable[[Turn], bool] = lambda turn: bool(shown.append(turn))  # noqa: E731
    ask(chat, "one", cell="a", reuse=refusing)
    assert shown == []
    (first,) = chat.turns
    ask(chat, "one", cell="a", reuse=refusing, run_all="keep")
    assert (shown, len(peer.requests)) == ([first], 2)
    ask(chat, "one", cell="a", reuse=lambda _: True)
    assert len(peer.requests) == 2


def test_a_cached_reply_has_no_usage_and_the_first_usage_stays_counted(peer: Peer) -> None:
    chat = create_session(peer)
    keeping(chat, "one", cell="a")
    before = chat.spending
    assert before.tokens == 30
    keeping(chat, "one", cell="a")
    keeping(chat, "one", cell="b", new=True)
    keeping(chat, "one", keep=False)
    assert len(peer.requests) == 1
    assert (chat.spending, chat.unrecorded.usage) == (before, Usage())
    assert chat.turns[-1].usage == Usage()


def test_a_cached_reply_to_a_one_off_prompt_costs_nothing(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {api: api_base_url(peer, api) for api in APIS}
    monkeypatch.setitem(SERVICES, "mimo-v2", replace(SERVICES["mimo-v2"], base_urls=urls))
    chat = Session(system="none")
    assert keeping(chat, "one").cost == pytest.approx((20 * 1.05 + 10 * 3.15) / 1e6)
    keeping(chat, "one", keep=False)
    assert (len(peer.requests), chat.unrecorded.cost) == (1, 0.0)


def test_a_cached_reply_is_replayed_as_events(peer: Peer) -> None:
    chat = create_session(peer)
    keeping(chat, "one", cell="a")
    events: list[Event] = []
    with portal.PortalStream(chat.stream("one", cell="a", run_all="keep")) as call:
        events.extend(call)
    (expected, *others) = events
    assert isinstance(expected, Notice)
    assert others == [
        ResponseStarted("0123456789abcdef", "mimo-test"),
        ReasoningDelta("Hm."),
        TextDelta("You said: one"),
        UsageUpdate(Usage(20, 10, 5)),
        Stopped("end"),
    ]


def test_a_cached_reply_runs_no_tools_and_needs_no_key(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def clock() -> str:
        """Tell the time."""
        ran.append("clock")
        return "12:00"

    call = replace(CALL, message=Message("assistant", (ReasoningPart("Hm."), ToolCall("c1", "clock", "{}"))))
    peer.answers(lambda seen: stream(seen, call), obey)
    chat = create_session(peer)
    chat.tools = Session(tools=[clock]).tools
    first = keeping(chat, "one", cell="a")
    monkeypatch.delenv("MIMO_API_KEY")
    assert keeping(chat, "one", cell="a").message == first.message
    assert (ran, len(peer.requests)) == (["clock"], 2)


def saved(*parts: Part, digest: str) -> Turn:
    """A turn of an older saved notebook."""
    answer = Reply(Message("assistant", parts), Usage(20, 10), "end", "mimo-test", "1")
    noon = datetime(2025, 1, 2, 12).timestamp()  # noqa: DTZ001
    return Turn(
        user_message("one"),
        answer,
        Params("m"),
        "other",
        "openai",
        noon,
        id="0" * 12,
        usage=Usage(9),
        digest=digest,
    )


def test_a_reply_from_the_saved_notebook_is_reused(peer: Peer) -> None:
    ask(chat := create_session(peer), "one")
    digest = chat.turns[0].digest
    chat = create_session(peer)
    chat.cached_turns = {digest: saved(TextPart("Saved."), digest=digest)}
    assert notices(chat, "one", cell="a", run_all="keep") == (
        "Reused the reply of 2025-01-02 (request unchanged). Use --fresh to call the model again.",
    )
    assert chat.turns[0].reply.text == "Saved."
    assert (chat.turns[0].id, chat.turns[0].cell, chat.turns[0].usage) == ("0" * 12, "a", Usage())
    assert len(peer.requests) == 1
    ask(chat, "two")
    assert peer.requests[-1].body["messages"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "Saved."},
        {"role": "user", "content": "two"},
    ]


def test_a_reply_that_two_branches_reuse_is_in_both(peer: Peer, tmp_path: Path) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b", run_all="keep")
    ask(chat, "a", cell="n", new=True, run_all="keep")
    assert describe_branches(chat) == [(2, "a b", False), (3, "a", True)]
    chat.save(tmp_path / "talk.json")
    assert Session.load(tmp_path / "talk.json").history == chat.history


CELLS = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (
            0,
            (
                "Replaced turn 1. The previous version, with 4 later turns, is branch 5.",
                "To update the later replies, run their cells again: 2 «b», 3 «c», 4 «d», ….",
            ),
        ),
        (
            2,
            (
                "Replaced turn 3. The previous version, with 2 later turns, is branch 5.",
                "To update the later replies, run their cells again: 4 «d», 5 «e».",
            ),
        ),
        (4, ("Replaced turn 5. The previous version is branch 5.",)),
    ],
)
def test_a_re_run_replaces_its_turn(peer: Peer, place: int, expected: tuple[str, ...]) -> None:
    chat = create_session(peer)
    run_cells(chat, *CELLS)
    assert notices(chat, "again", cell=CELLS[place]) == expected
    assert request_bodies(peer) == [
        *(expected_body(*CELLS[: number + 1]) for number in range(5)),
        expected_body(*CELLS[:place], "again"),
    ]
    now = " ".join([*CELLS[:place], "again"])
    assert (current_prompts(chat), describe_branches(chat)) == (
        now,
        [(5, "a b c d e", False), (6, now, True)],
    )


def test_stale_prompts_are_quoted_on_one_short_line(peer: Peer) -> None:
    chat = create_session(peer)
    ask(chat, "one", cell="a")
    ask(chat, "two\n\n\u202ethree " + "x" * 1_000, cell="b")
    assert notices(chat, "again", cell="a")[1] == (
        f"To update the later replies, run their cells again: 2 «two ⟨U+202E⟩three {'x' * 12}…»."
    )


def test_cells_that_re_run_after_it_follow_the_new_turn(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, *CELLS)
    run_cells(chat, "b", words="!")
    assert [notices(chat, cell, cell=cell) for cell in "cd"] == [(), ()]
    assert request_bodies(peer, 5) == [
        expected_body("a", "b!"),
        expected_body("a", "b!", "c"),
        expected_body("a", "b!", "c", "d"),
    ]
    assert describe_branches(chat) == [(5, "a b c d e", False), (8, "a b! c d", True)]


@pytest.mark.parametrize("api", APIS)
def test_run_all_sends_the_same_requests_again(peer: Peer, api: Api) -> None:
    chat = create_session(peer, api)
    for _ in range(2):
        run_cells(chat, "a", "b")
        run_cells(chat, "n", new=True)
        run_cells(chat, "c")
    assert request_bodies(peer, 4) == request_bodies(peer)[:4]
    assert [len(seen["messages"]) for seen in request_bodies(peer, 4)] == [1, 3, 1, 3]
    assert describe_branches(chat) == [
        (2, "a b", False),
        (4, "n c", False),
        (6, "a b", False),
        (8, "n c", True),
    ]


def test_a_replaced_turn_of_another_branch_gets_a_notice(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    run_cells(chat, "n", new=True)
    run_cells(chat, "c")
    expected = "Replaced turn 1. The previous version, with 1 later turn, is branch {}."
    assert notices(chat, "a", cell="a") == (expected.format(2),)
    assert notices(chat, "n", cell="n", new=True) == (expected.format(4),)
    assert notices(chat, "again", cell="m", new=True) == ()


def test_notices_of_the_caller_follow_those_of_the_session(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a")
    assert notices(chat, "again", cell="a", notices=["By the way."]) == (
        "Replaced turn 1. The previous version is branch 1.",
        "By the way.",
    )


def test_an_appended_turn_leaves_the_turns_of_its_cell(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    run_cells(chat, "b", words="2", append=True)
    run_cells(chat, "b", words="3", append=True)
    run_cells(chat, "c")
    assert request_bodies(peer)[-1] == expected_body("a", "b", "b2", "b3", "c")
    assert [turn.cell for turn in chat.turns] == ["a", "b", "b", "b", "c"]
    run_cells(chat, "b", words="4")
    assert request_bodies(peer)[-1] == expected_body("a", "b4")


def test_prompts_without_a_cell_are_appended(peer: Peer) -> None:
    chat = create_session(peer)
    for _ in range(2):
        assert notices(chat, "a") == ()
    assert request_bodies(peer) == [expected_body("a"), expected_body("a", "a")]


def test_plain_python_replaces_a_turn_by_a_cell_name(peer: Peer) -> None:
    chat = create_session(peer)
    for words in ("one", "two"):
        chat.ask(words, cell="mine")
    assert request_bodies(peer) == [expected_body("one"), expected_body("two")]


def test_a_one_off_prompt_replaces_no_turn(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    before = chat.history
    assert notices(chat, "aside", cell="a", keep=False) == ()
    assert (request_bodies(peer)[-1], chat.history) == (expected_body("aside"), before)
    assert chat.unrecorded.usage == Usage(20, 10, 5)


def test_a_branch_from_the_root_follows_no_other_turn(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    ask(chat, "n", new=True)
    ask(chat, "c")
    assert request_bodies(peer, 2) == [expected_body("n"), expected_body("n", "c")]
    assert describe_branches(chat) == [(2, "a b", False), (4, "n c", True)]


def test_a_cell_of_another_branch_runs_there(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    run_cells(chat, "n", new=True)
    run_cells(chat, "b", words="!")
    ask(chat, "next")
    assert request_bodies(peer, 3) == [expected_body("a", "b!"), expected_body("a", "b!", "next")]
