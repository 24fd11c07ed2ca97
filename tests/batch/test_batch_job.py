"""A run against a server: what is sent, what comes back, what is saved, and what ends a run."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.peer import CUT, KEY, SILENCE, Answer, Peer, Seen, error, reply, stream

import mimo_magics
from mimo_magics import PromptFunction, Session
from mimo_magics.batch import engine
from mimo_magics.batch.batch_job import BatchJob
from mimo_magics.batch.map_options import MapOptions
from mimo_magics.batch.map_result import MapResult
from mimo_magics.client import retry
from mimo_magics.core.errors import (
    BadOption,
    BudgetExceeded,
    InsufficientBalance,
    InvalidApiKey,
    MimoError,
    ServerBusy,
)
from mimo_magics.core.messages import Usage

PRICES = {"mimo-v2-pro": [1.0, 0.1, 3.0]}
PROMPT = "Is this praise? {text}"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide the delays before retries and the pauses by 100, and use no rate limits of earlier tests."""
    monkeypatch.setattr(retry, "INITIAL_DELAY", retry.INITIAL_DELAY / 100)
    monkeypatch.setattr("mimo_magics.batch.call_gate.FIRST_PAUSE", 0.02)
    monkeypatch.setattr("mimo_magics.batch.batch_run._windows", {})


@pytest.fixture
def session(peer: Peer) -> Session:
    peer.script = echo
    return Session(base_url=f"{peer.url}/v1", system="none", prices=PRICES)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "rows.sqlite"


@pytest.fixture
def run(session: Session, store: Path) -> Callable[..., MapResult]:
    """Return a function that runs a prompt over texts."""

    def run(rows: Any, prompt: str = PROMPT, **options: Any) -> MapResult:
        return mimo_magics.map(prompt, rows, session=session, **{"store": store, **options})

    return run


def echo(seen: Seen) -> Answer:
    """Reply with the last word of the prompt."""
    return stream(seen, reply(seen.prompt.split()[-1], ""))


def fail_for(word: str, answer: Callable[[], Answer]) -> Callable[[Seen], Answer]:
    return lambda seen: answer() if word in seen.prompt else echo(seen)


def prompts(peer: Peer) -> list[str]:
    return [seen.prompt for seen in peer.requests]


def test_each_row_has_its_result_in_order(run: Callable[..., MapResult], peer: Peer) -> None:
    words = [f"w{number}" for number in range(50)]
    result = run(words)
    assert result.values == words
    assert [row.index for row in result] == [*range(50)]
    assert sorted(prompts(peer)) == sorted(f"Is this praise? {word}" for word in words)
    assert (result[0].usage, result[0].usd) == (Usage(20, 10, 5), 4.55e-05)
    assert result.usage == Usage(1_000, 500, 250)


def test_rows_see_no_history_and_add_no_turns(
    session: Session, run: Callable[..., MapResult], peer: Peer
) -> None:
    session.ask("Hello")
    run(["a"], system="Be short.")
    assert [message["role"] for message in peer.requests[-1].body["messages"]] == ["system", "user"]
    assert len(session.turns) == 1
    assert not peer.requests[-1].body["stream"]


def test_the_usage_is_that_of_the_session(session: Session, run: Callable[..., MapResult]) -> None:
    result = run(["a", "b", "a"])
    assert session.spending.tokens == 60
    assert session.spending.usd == pytest.approx(result.usd)
    (row,) = session.usage_report().rows
    assert (row.prompt, row.model, row.usage) == (
        "2 rows: Is this praise? {text}",
        "mimo-v2-pro",
        Usage(40, 20, 10),
    )


def test_equal_rows_are_sent_once(run: Callable[..., MapResult], peer: Peer) -> None:
    result = run(["a", "b", "a", "a"])
    assert result.values == ["a", "b", "a", "a"]
    assert [row.is_reused for row in result] == [False, False, True, True]
    assert len(peer.requests) == 2


def test_a_second_run_sends_nothing_also_on_another_day(
    run: Callable[..., MapResult], session: Session, peer: Peer
) -> None:
    session.overrides["system"] = "mimo"
    assert run(["a", "b"]).values == ["a", "b"]
    session.started_on = date(2030, 1, 1)
    result = run(["a", "b"])
    assert result.values == ["a", "b"]
    assert (len(peer.requests), result.usage, result.usd) == (2, Usage(), 0.0)


def test_an_edited_row_is_one_request(run: Callable[..., MapResult], peer: Peer) -> None:
    run(["a", "b", "c"])
    assert run(["a", "x", "c", "d"]).values == ["a", "x", "c", "d"]
    assert sorted(prompts(peer)[3:]) == ["Is this praise? d", "Is this praise? x"]


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "Really praise? {text}"},
        {"model": "mimo-v2-flash"},
        {"temperature": 0.5},
        {"thinking": True},
        {"system": "Be short."},
        {"schema": "label str"},
        {"param": {"seed": 1}},
        {"json": True},
    ],
)
def test_everything_that_decides_on_a_reply_is_part_of_the_key(
    run: Callable[..., MapResult], peer: Peer, change: dict[str, Any]
) -> None:
    run(["a", "b"])
    peer.script = lambda seen: stream(seen, reply('{"label": "x"}', ""))
    run(["a", "b"], **change)
    assert len(peer.requests) == 4


def test_another_endpoint_is_another_key(run: Callable[..., MapResult], session: Session, peer: Peer) -> None:
    run(["a"])
    session.overrides["base_url"] = f"{peer.url}/other/v1"
    run(["a"])
    assert len(peer.requests) == 2


def test_a_failed_row_is_a_value_and_is_sent_again_by_the_next_run(
    run: Callable[..., MapResult], peer: Peer
) -> None:
    peer.script = fail_for("bad", lambda: error(400, "no"))
    result = run(["a", "bad", "c"])
    assert result.values == ["a", None, "c"]
    assert [(row.index, row.error) for row in result.failed] == [(1, "HTTP 400 Bad Request: no")]
    peer.script = echo
    peer.requests.clear()
    assert result.retry_failed().values == ["a", "bad", "c"]
    assert prompts(peer) == ["Is this praise? bad"]


def test_the_first_failed_row_raises_on_request(run: Callable[..., MapResult], peer: Peer) -> None:
    peer.script = fail_for("bad", lambda: error(400, "no"))
    with pytest.raises(MimoError) as caught:
        run(["a", "bad"], on_error="raise")
    assert caught.value.message == "Row 2 failed: HTTP 400 Bad Request: no"


def test_a_row_without_a_value_is_not_sent(run: Callable[..., MapResult], peer: Peer) -> None:
    result = run(["a", None])
    assert [row.error for row in result] == ["", "The row has no value for 'text'."]
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("stop", "text", "fault"),
    [
        ("length", "", "The reply is empty: the output limit was reached. Raise max_tokens."),
        ("end", "", "The reply is empty."),
        ("end", " \n", "The reply is empty."),
        ("filter", "a bit", "The service withheld the reply (content filter)."),
    ],
)
def test_a_reply_without_text_is_the_error_of_its_row(
    run: Callable[..., MapResult], peer: Peer, stop: str, text: str, fault: str
) -> None:
    peer.script = lambda seen: stream(seen, reply(text, "Hm.", stop))
    (row,) = run(["a"])
    assert (row.value, row.error, row.usage) == (None, fault, Usage(20, 10, 5))


def test_a_schema_makes_each_value_an_object(run: Callable[..., MapResult], peer: Peer) -> None:
    replies = iter(['{"label": "x", "n": 1}', '{"label": "x", "n": "many"}', '{"label": "y", "n": 2}'])
    peer.script = lambda seen: stream(seen, reply(next(replies), ""))
    first, second = run(["a", "b"], schema="label, n int", at_once=1)
    assert (first.value, first.fields) == ({"label": "x", "n": 1}, {"label": "x", "n": 1})
    assert (second.value, second.usage) == ({"label": "y", "n": 2}, Usage(40, 20, 10))
    assert '"many"' in second.text
    assert len(peer.requests) == 3


def test_a_value_that_never_fits_is_an_error_with_its_text(run: Callable[..., MapResult], peer: Peer) -> None:
    peer.script = lambda seen: stream(seen, reply("I do not know.", ""))
    (row,) = run(["a"], schema="label, n int")
    assert (row.value, row.text.splitlines()[0]) == (None, "I do not know.")
    assert row.error
    assert len(peer.requests) == 3


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_both_formats_deliver_the_same_values(session: Session, peer: Peer, api: str, store: Path) -> None:
    session.overrides.update(api=api, base_url=peer.url + ("/v1" if api == "openai" else "/anthropic"))
    peer.script = lambda seen: stream(seen, reply('{"label": "x"}', ""))
    result = mimo_magics.map(PROMPT, ["a"], session=session, schema="label str", store=store)
    assert result.values == [{"label": "x"}]


def test_reasoning_in_the_text_is_no_part_of_the_value(run: Callable[..., MapResult], peer: Peer) -> None:
    peer.script = lambda seen: stream(seen, reply("<think>Hm.</think>praise", ""))
    assert run(["a"]).values == ["praise"]


@pytest.mark.parametrize(
    "fault", [lambda: error(503), lambda: error(500), lambda: Answer([CUT]), lambda: Answer([b'{"id"', CUT])]
)
def test_a_call_that_fails_for_a_moment_is_tried_again(
    run: Callable[..., MapResult], peer: Peer, fault: Callable[[], Answer]
) -> None:
    faults = iter([fault(), fault()])
    peer.script = lambda seen: next(faults, None) or echo(seen)
    assert run(["a", "b"]).values == ["a", "b"]
    assert len(peer.requests) == 4


def test_a_row_that_the_server_never_answers_is_an_error_after_five_attempts(
    run: Callable[..., MapResult], peer: Peer
) -> None:
    peer.script = fail_for("bad", lambda: error(500))
    result = run(["a", "bad", "c"])
    assert result.values == ["a", None, "c"]
    assert len([prompt for prompt in prompts(peer) if "bad" in prompt]) == retry.MAX_ATTEMPTS


def test_a_rate_limit_pauses_all_rows_and_fails_none(run: Callable[..., MapResult], peer: Peer) -> None:
    refusals = iter([error(429, **{"Retry-After": "0"})] * 8)
    peer.script = lambda seen: next(refusals, None) or echo(seen)
    words = [f"w{number}" for number in range(30)]
    assert run(words).values == words


def test_a_field_that_the_server_refuses_is_left_out_of_all_later_requests(
    run: Callable[..., MapResult], peer: Peer
) -> None:
    def picky(seen: Seen) -> Answer:
        return (
            error(400, "Unknown field chat_template_kwargs")
            if "chat_template_kwargs" in seen.body
            else echo(seen)
        )

    peer.script = picky
    words = [f"w{number}" for number in range(10)]
    assert run(words, thinking=True, at_once=1).values == words
    assert len(peer.requests) == 11


def test_a_used_up_balance_stops_the_run_at_once(run: Callable[..., MapResult], peer: Peer) -> None:
    peer.script = fail_for("w3", lambda: error(402, "Insufficient balance"))
    result = run([f"w{number}" for number in range(10)], at_once=1)
    assert isinstance(result.stopped, InsufficientBalance)
    assert [row.error for row in result][2:] == ["", *["Not reached."] * 7]
    assert len(peer.requests) == 4
    peer.script = echo
    assert result.retry_failed().values == [f"w{number}" for number in range(10)]
    assert len(peer.requests) == 11


def test_a_wrong_key_is_the_error_of_the_run(run: Callable[..., MapResult], peer: Peer) -> None:
    peer.script = lambda _: error(401, "Invalid API Key")
    with pytest.raises(InvalidApiKey):
        run([f"w{number}" for number in range(10)], at_once=1)
    assert len(peer.requests) == 1


def test_a_service_that_is_down_stops_the_run(
    run: Callable[..., MapResult], peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_FAILURES", 3)
    peer.script = lambda _: error(500)
    with pytest.raises(ServerBusy):
        run([f"w{number}" for number in range(50)], at_once=1)
    assert len(peer.requests) == 3 * retry.MAX_ATTEMPTS


@pytest.mark.parametrize(("budget", "calls"), [("7000 tokens", 3), ("0.02 USD", 3), ("1 USD", 10)])
def test_a_budget_stops_the_run_before_it_is_exceeded(
    run: Callable[..., MapResult], peer: Peer, budget: str, calls: int
) -> None:
    costly = replace(reply("x", ""), usage=Usage(20, 1_980))
    peer.script = lambda seen: stream(seen, costly)
    result = run([f"w{number}" for number in range(10)], at_once=1, turn_budget=budget)
    assert len(peer.requests) == calls
    assert isinstance(result.stopped, BudgetExceeded) is (calls < 10)


def test_a_budget_in_dollars_needs_a_price(run: Callable[..., MapResult], peer: Peer) -> None:
    with pytest.raises(BadOption):
        run(["a"], model="unknown", turn_budget="1 USD")
    assert peer.requests == []


def test_closing_a_run_closes_its_connections_and_saves_what_arrived(
    session: Session, peer: Peer, store: Path
) -> None:
    peer.script = fail_for("slow", lambda: Answer([SILENCE]))
    job = create_job(session, store, ["a", "slow", "c", "slow too"])

    async def main() -> None:
        run = job.open_run()
        with suppress(StopAsyncIteration):
            async with aclosing(run.watch()) as running:
                while run.progress.called < 2:
                    await anext(running)
        assert [row.error for row in run.iter_results()] == ["", "Not reached.", "", "Not reached."]
        run.close()

    asyncio.run(main())
    assert len(peer.left(2)) == 2
    peer.script = echo
    peer.requests.clear()
    assert job.run().values == ["a", "slow", "c", "too"]
    assert len(peer.requests) == 2


def create_job(session: Session, store: Path, rows: object, **options: Any) -> BatchJob:
    map_options = MapOptions(store=store, **options)
    return BatchJob.create(PROMPT, rows, session, session.settings, options=map_options)


def test_an_iterator_that_fails_ends_the_run_with_its_error(run: Callable[..., MapResult]) -> None:
    def produce() -> Iterator[str]:
        yield "a"
        raise RuntimeError("the source is gone")

    result = run(produce())
    assert result.values == ["a"]
    assert str(result.stopped).startswith("The rows cannot be read: RuntimeError: the source is gone.")


def test_an_iterator_cannot_be_run_again(run: Callable[..., MapResult]) -> None:
    with pytest.raises(BadOption):
        run(iter(["a"])).retry_failed()


def test_the_store_holds_neither_the_key_nor_the_prompt(
    run: Callable[..., MapResult], peer: Peer, store: Path
) -> None:
    peer.script = fail_for("secret", lambda: error(400, f"the key {KEY} is wrong"))
    run(["secret-word", "b"])
    data = b"".join(path.read_bytes() for path in store.parent.iterdir())
    assert KEY.encode() not in data
    assert b"secret-word" not in data


def test_a_store_that_cannot_be_written_is_an_error_before_anything_is_sent(
    run: Callable[..., MapResult], peer: Peer, tmp_path: Path
) -> None:
    with pytest.raises(MimoError):
        run(["a"], store=tmp_path / "no" / "rows.sqlite")
    assert peer.requests == []


def test_a_saved_value_that_does_not_fit_the_schema_is_no_value(
    run: Callable[..., MapResult], peer: Peer, store: Path
) -> None:
    peer.script = lambda seen: stream(seen, reply('{"n": 1}', ""))
    run(["a"], schema="n int")
    with sqlite3.connect(store) as connection:
        connection.execute("""UPDATE rows SET data = '{"n": "many"}'""")
    connection.close()
    (row,) = run(["a"], schema="n int")
    assert (row.value, row.error) == (None, "The saved result does not fit the schema.")


def test_two_runs_at_once_share_the_store(session: Session, peer: Peer, store: Path) -> None:
    async def main() -> list[MapResult]:
        first = mimo_magics.amap(PROMPT, ["a", "b"], session=session, store=store)
        second = mimo_magics.amap(PROMPT, ["c", "d"], session=session, store=store)
        return [*await asyncio.gather(first, second)]

    assert [result.values for result in asyncio.run(main())] == [["a", "b"], ["c", "d"]]
    assert mimo_magics.map(PROMPT, list("abcd"), session=session, store=store).values == list("abcd")
    assert len(peer.requests) == 4


def test_a_prompt_function_is_called_for_each_row(session: Session, peer: Peer, store: Path) -> None:
    shout = PromptFunction(
        "shout", "Shout {word}", system="LOUD", options={"temperature": 0.3}, session=session
    )
    assert shout.map(["a", "b"], store=store).values == ["a", "b"]
    assert asyncio.run(shout.amap(["a", "c"], store=store)).values == ["a", "c"]
    body = peer.requests[0].body
    assert (body["temperature"], body["messages"][0]["content"]) == (0.3, "LOUD")
    assert len(peer.requests) == 3


def test_the_plan_sends_nothing_creates_no_file_and_counts_what_is_saved(
    session: Session, peer: Peer, store: Path
) -> None:
    rows = ["a", "b", "a", None]
    plan = mimo_magics.plan_map(PROMPT, rows, session=session, store=store)
    assert (plan.rows, plan.calls, plan.reused, plan.unsent) == (4, 2, 1, 1)
    assert plan.first_prompt == "Is this praise? a"
    assert not store.exists()
    assert peer.requests == []
    mimo_magics.map(PROMPT, ["a"], session=session, store=store)
    plan = mimo_magics.plan_map(PROMPT, rows, session=session, store=store)
    assert (plan.calls, plan.reused) == (1, 2)


def test_the_plan_estimates_the_output_from_replies(session: Session, store: Path) -> None:
    rows = [f"w{number}" for number in range(100)]
    assumed = mimo_magics.plan_map(PROMPT, rows, session=session, store=store)
    create_job(session, store, rows).take_sample(5).run()
    learned = mimo_magics.plan_map(PROMPT, rows, session=session, store=store)
    assert (assumed.seen_replies, learned.seen_replies, learned.calls) == (0, 5, 95)
    low, expected, high = learned.estimates
    assert (expected.tokens - low.tokens, high.tokens - expected.tokens) == (0, 950)
    assert low.usd is not None
    assert expected.tokens < assumed.expected.tokens


def test_the_plan_says_how_long_the_rate_limits_take(session: Session, store: Path) -> None:
    rows = [f"w{number}" for number in range(100)]
    plan = mimo_magics.plan_map(PROMPT, rows, session=session, store=store, requests_per_minute=20)
    assert plan.minutes == 5.0


def test_a_sample_has_the_same_random_rows_each_time(session: Session, peer: Peer, store: Path) -> None:
    job = create_job(session, store, [f"w{number}" for number in range(100)])
    first = job.take_sample(5).run()
    places = [row.index for row in first]
    assert [f"w{place}" for place in places] == first.values
    assert places == sorted(places) != [*range(5)]
    assert [row.index for row in job.take_sample(5).run()] == places
    assert len(peer.requests) == 5


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"at_once": 0}, "at_once must not be 0."),
        ({"at_once": 1_001}, "at_once must not be 1001."),
        ({"requests_per_minute": 0}, "requests_per_minute must not be 0."),
        ({"tokens_per_minute": -1}, "tokens_per_minute must not be -1."),
    ],
)
def test_a_wrong_option_is_an_error_before_anything_is_sent(
    run: Callable[..., MapResult], peer: Peer, options: dict[str, Any], fact: str
) -> None:
    with pytest.raises(BadOption) as caught:
        run(["a"], **options)
    assert (caught.value.message, peer.requests) == (fact, [])


@pytest.mark.parametrize("name", ["in.csv", "out.txt", "none/out.csv"])
def test_an_output_that_cannot_be_written_is_an_error_before_anything_is_sent(
    run: Callable[..., MapResult], peer: Peer, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("text\na\n", encoding="utf-8")
    with pytest.raises(BadOption):
        run(path, out=tmp_path / name)
    assert peer.requests == []


def test_the_whole_row_is_sent_also_in_a_sample_and_is_no_column_of_the_output(
    session: Session, peer: Peer, store: Path
) -> None:
    rows = [{"first name": "Ada"}, {"first name": "Bo"}]
    text = 'Hello {row["first name"]}'
    job = BatchJob.create(text, rows, session, session.settings, options=MapOptions(store=store))
    assert job.take_sample(1).run().output[0].keys() == job.run().output[0].keys()
    assert [*job.run().output[0]] == ["first name", "reply", "error", "tokens", "usd", "seconds"]
    assert sorted(prompts(peer)) == ["Hello Ada", "Hello Bo"]


def test_a_prompt_without_a_slot_is_an_error(run: Callable[..., MapResult]) -> None:
    with pytest.raises(BadOption) as caught:
        run(["a"], prompt="Hello")
    assert caught.value.message == "The prompt has no slot for a value of the row."


def test_a_picture_of_a_row_is_sent_as_a_picture(session: Session, peer: Peer, store: Path) -> None:
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
    mimo_magics.map(
        "What is it? {picture}", [{"picture": png}], session=session, store=store, model="mimo-v2-omni"
    )
    kinds = [part["type"] for part in peer.requests[0].body["messages"][-1]["content"]]
    assert kinds == ["text", "image_url"]


def test_the_frame_of_a_result_has_all_rows(run: Callable[..., MapResult], peer: Peer) -> None:
    peer.script = fail_for("bad", lambda: error(400, "no"))
    frame = run(["a", "bad"]).to_frame()
    assert list(frame) == ["row", "reply", "error", "tokens", "usd", "seconds"]
    assert (frame.error.isna().tolist(), frame.error[1]) == ([True, False], "HTTP 400 Bad Request: no")


def test_the_progress_is_reported(run: Callable[..., MapResult]) -> None:
    seen = []
    run([f"w{number}" for number in range(20)], on_progress=seen.append)
    assert seen[-1].done == seen[-1].total == 20
    assert [each.done for each in seen] == sorted(each.done for each in seen)


def test_hidden_replies_of_another_shape_are_errors(run: Callable[..., MapResult], peer: Peer) -> None:
    peer.script = lambda _: Answer(
        [json.dumps({"choices": "none"}).encode()], headers={"Content-Type": "application/json"}
    )
    (row,) = run(["a"])
    assert row.value is None
    assert row.error
