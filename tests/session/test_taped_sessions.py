"""Sessions on a tape: without a key, and with the times of the recording."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.peer import Answer, Peer, frames, obey, reply, stream
from support.peer_sessions import notices
from support.virtual_time import VirtualTime

from mimo_magics import Session
from mimo_magics.core.errors import BadOption, BadTape, SessionNotSaved, TapeMismatch
from mimo_magics.core.messages import Message, ToolCall, ToolResult
from mimo_magics.core.settings import Api
from mimo_magics.session.turn import Turn
from mimo_magics.tape import format as tape_format, reader, tape
from mimo_magics.tape.tape import Tape

APIS: list[Api] = ["openai", "anthropic"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tapes" / "lesson.jsonl"


def test_a_missing_tape_is_an_error_with_the_command_that_records_it(path: Path) -> None:
    with pytest.raises(TapeMismatch, match=r"^The tape .* does not exist") as failure:
        Tape("replay", path)
    assert f"%mimo_tape record {path}" in failure.value.hint


@pytest.mark.parametrize("mode", ["replay", "record", "auto"])
def test_an_invalid_file_name_is_a_short_error(peer: Peer, tmp_path: Path, mode: str) -> None:
    with pytest.raises(TapeMismatch if mode == "replay" else SessionNotSaved) as failure:
        session(peer, f"{mode}:{tmp_path}/{'x' * 3_000}").ask("hello")
    assert max(map(len, failure.value.lines)) < 500


@pytest.mark.parametrize(
    "setting",
    ["replay", "replay:", "play:x.jsonl", "x.jsonl", "record: ", "auto:~no.such.user/x", "record:\0"],
)
def test_an_invalid_tape_setting_is_refused(setting: str) -> None:
    with pytest.raises(BadOption) as failure:
        tape.resolve_tapes(setting)
    assert failure.value.hint == "Use record:PATH, replay:PATH or auto:PATH."


def session(peer: Peer, setting: str, **options: Any) -> Session:
    return Session(base_url=f"{peer.url}/v1", model="mimo-test", tape=setting, **options)


def prompts_of(turn: Turn) -> tuple[Any, ...]:
    """What a turn holds but for the seconds that its tools took, which no tape tells."""
    message = turn.reply.message
    results = [replace(part, seconds=None) for part in message.parts if isinstance(part, ToolResult)]
    return message.text, message.reasoning, message.tool_calls, results, turn.reply.usage


def test_a_session_with_tools_is_replayed(peer: Peer, path: Path) -> None:
    def weather(city: str) -> str:
        """Tell the weather."""
        return f"Sun in {city}"

    call = ToolCall("call_1", "weather", '{"city": "Rome"}')
    sent = Message("assistant", (*reply("", "I look it up.").message.parts[:1], call))
    peer.answers(lambda seen: stream(seen, replace(reply(""), message=sent, stop="tool_calls")), obey)
    recorded = session(peer, f"record:{path}", tools=[weather], thinking=True)
    for text in ("Weather in Rome?", "Thanks"):
        recorded.ask(text, approve=lambda _: True)
    count = len(peer.requests)
    replayed = session(peer, f"replay:{path}", tools=[weather], thinking=True)
    for text in ("Weather in Rome?", "Thanks"):
        replayed.ask(text, approve=lambda _: True)
    assert list(map(prompts_of, replayed.turns)) == list(map(prompts_of, recorded.turns))
    assert (count, len(peer.requests)) == (3, 3)


def test_a_replay_needs_no_key_and_has_the_times_of_the_recording(
    peer: Peer, path: Path, virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The times on the tape are put there by hand: half a second to the first word, four seconds in all."""
    peer.script = lambda seen: Answer(frames(seen, ["word "] * 5))
    session(peer, f"record:{path}").ask("hello")
    (call,) = reader.read_tape(path)
    complete = b"".join(chunk.data for chunk in call.chunks)
    chunks = [tape_format.Chunk(0.5, complete[:-20]), tape_format.Chunk(2.0, complete[-20:])]
    retimed = replace(call, start_elapsed=0.25, chunks=chunks, end_elapsed=4.0)
    path.write_bytes(tape_format.encode_tape([retimed]))
    monkeypatch.delenv("MIMO_API_KEY")
    replays = []
    for _ in range(2):
        replaying = session(peer, f"replay:{path}")
        replaying.ask("hello")
        replays.append(replaying.turns[0])
    assert sum(virtual_time.slept) == 0
    assert replays[0].reply == replays[1].reply
    timing = replays[0].reply.timing
    assert timing is not None
    assert (timing.total, timing.time_to_first_token) == pytest.approx((4.0, 0.5))
    assert replays[0].created_at == reader.read_tape(path)[0].timestamp


def test_requests_of_another_date_match(peer: Peer, path: Path) -> None:
    for today, mode in ((date(2026, 3, 20), "record"), (date(2027, 1, 1), "replay")):
        for name in ("mimo", "mimo-zh"):
            for api in APIS:
                address = peer.url + ("/v1" if api == "openai" else "/anthropic")
                dated = Session(
                    base_url=address, api=api, model="mimo-test", tape=f"{mode}:{path}", system=name
                )
                dated.started_on = today
                dated.ask("hello")
    assert len(peer.requests) == 4
    assert "2026-03-20" not in path.read_text(encoding="utf-8")
    assert "Today's date: (the day). Your knowledge" in path.read_text(encoding="utf-8")


def test_the_environment_selects_a_tape_and_off_disables_it(
    peer: Peer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIMO_TAPE", f"record:{path}")
    options: dict[str, Any] = {"base_url": f"{peer.url}/v1", "model": "mimo-test"}
    Session(**options).ask("hello")
    monkeypatch.setenv("MIMO_TAPE", f"replay:{path}")
    Session(**options).ask("hello")
    assert len(peer.requests) == 1
    monkeypatch.setenv("MIMO_TAPE", "off")
    Session(**options).ask("hello")
    assert len(peer.requests) == 2


def test_a_tape_of_a_setting_precedes_that_of_the_environment(
    peer: Peer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.script = lambda seen: Answer(frames(seen, ["word "] * 5, 0.05))
    session(peer, f"record:{path}").ask("hello")
    monkeypatch.setenv("MIMO_TAPE", f"replay:{path}")
    copy = path.with_name("copy.jsonl")
    session(peer, f"record:{copy}").ask("hello")
    assert copy.read_text(encoding="utf-8") == path.read_text(encoding="utf-8")
    assert len(peer.requests) == 1


def test_a_damaged_tape_is_an_error_before_a_request_is_sent(peer: Peer, path: Path) -> None:
    session(peer, f"record:{path}").ask("hello")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BadTape, match=r"lesson\.jsonl"):
        session(peer, f"replay:{path}").ask("hello")
    assert len(peer.requests) == 1


def test_parallel_calls_do_not_mix(peer: Peer, path: Path) -> None:
    def script(seen: Any) -> Answer:
        return Answer(frames(seen, [f"{seen.prompt} "] * 20, 0.005))

    peer.script = script
    temperatures = [0.1, 0.2, 0.3, 0.4]
    recorded = session(peer, f"record:{path}").compare("hello", temperature=temperatures, at_once=4)
    replayed = session(peer, f"replay:{path}").compare("hello", temperature=temperatures, at_once=4)
    assert [reply.reply.text for reply in replayed if reply.reply] == [
        reply.reply.text for reply in recorded if reply.reply
    ]
    assert (len(reader.read_tape(path)), len(peer.requests)) == (4, 4)
    assert json.loads(path.read_text(encoding="utf-8").split("\n")[0]) == {"tape": 1, "by": "mimo-magics"}


@pytest.mark.parametrize(("recorded", "sent"), [(0, 0.0), (1.0, 1), (0.0, 0)], ids=repr)
def test_a_whole_number_and_its_fraction_are_one_request(
    peer: Peer, path: Path, recorded: float, sent: float
) -> None:
    session(peer, f"record:{path}", temperature=recorded).ask("hello")
    session(peer, f"replay:{path}", temperature=sent).ask("hello")
    chat = session(peer, "off", run_all="keep", param={"seed": recorded})
    chat.ask("hello", cell="a")
    (notice,) = notices(chat, "hello", cell="a", param={"seed": sent})
    assert (notice[:9], len(peer.requests)) == ("Reused th", 2)


def test_true_and_1_are_different_requests(peer: Peer, path: Path) -> None:
    session(peer, f"record:{path}", param={"seed": 1}).ask("hello")
    with pytest.raises(TapeMismatch, match=r"seed is «True» \(recorded: «1»\)"):
        session(peer, f"replay:{path}", param={"seed": True}).ask("hello")


def test_a_turn_stays_in_the_session_if_its_tape_cannot_be_written(peer: Peer, tmp_path: Path) -> None:
    chat = session(peer, f"record:{tmp_path}")
    with pytest.raises(SessionNotSaved, match="cannot be written: Is a directory"):
        chat.ask("hello")
    assert [turn.reply.text for turn in chat.turns] == ["You said: hello"]
