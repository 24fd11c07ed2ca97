"""The usage of a session by turn, and its data frame."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from support.peer import Peer, error
from support.usage import FLASH, LOCAL, MINE, PRO, history, turn

from mimo_magics.core.errors import BadOption, TapeMismatch
from mimo_magics.core.events import Stopped, UsageUpdate
from mimo_magics.core.messages import Usage
from mimo_magics.session.history import History
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.limits.unrecorded_calls import UnrecordedCalls
from mimo_magics.session.limits.usage_meter import UsageMeter
from mimo_magics.session.limits.usage_report import build_usage_report
from mimo_magics.session.limits.usage_rows import compute_spending
from mimo_magics.session.session import Session


def labels(history_: History) -> list[tuple[int | None, int | None, str]]:
    return [(row.turn, row.branch, row.prompt) for row in build_usage_report(history_).rows]


def test_turns_have_the_numbers_of_the_transcript() -> None:
    turns = [turn(name, Usage(100, 10), prompt=f"Prompt {name}") for name in "abc"]
    rerun = history(*turns).rewind_to_cell("b").append_turn(turn("d", Usage(100, 10), prompt="Prompt d"))
    assert labels(rerun) == [
        (1, 1, "Prompt a"),
        (2, 4, "Prompt d"),
        (None, 2, "Prompt b"),
        (None, 3, "Prompt c"),
    ]
    session = Session()
    session.history = rerun
    shown = [(row.number, row.branch, row.prompt) for row in session.show().rows if row.is_current]
    assert shown == labels(rerun)[:2]
    assert session.usage_report() == build_usage_report(rerun)


def test_a_turn_in_several_branches_is_counted_once() -> None:
    twice = (turn("a", Usage(1_000, 100)), turn("b", Usage(100, 10)), turn("a", Usage(1_000, 100)))
    repeated = reduce(History.append_turn, twice, History()).move_to(0).append_turn(turn("c", Usage(10, 1)))
    assert [row[:2] for row in labels(repeated)] == [(1, 1), (2, 4), (None, 2)]
    assert compute_spending(repeated) == Spending(1_221, pytest.approx(1_110 * 1.05e-6 + 111 * 3.15e-6))
    assert sum(row.usage.input + row.usage.output for row in build_usage_report(repeated).rows) == 1_221


def test_turns_of_old_files_without_an_id_are_all_counted() -> None:
    nameless = [replace(turn("a", Usage(10, 1)), id="") for _ in range(3)]
    assert [row[:2] for row in labels(history(*nameless).drop_last(1))] == [(1, 1), (2, 2), (None, 3)]


def test_a_cached_reply_is_marked_and_has_no_usage() -> None:
    (row,) = build_usage_report(history(turn("a", Usage(1_000, 100), saved=True))).rows
    assert (row.is_cached, row.usage, row.cost) == (True, Usage(), 0.0)


def test_the_source_of_the_price_is_known() -> None:
    turns = history(turn("a", Usage(500, 500), MINE), turn("b", Usage(5, 5)), turn("c", Usage(5, 5), LOCAL))
    rows = build_usage_report(turns, {"mine": [1, 0, 1], "mimo-local": [1, 1, 1]}).rows
    assert [(row.uses_own_price, bool(row.cost)) for row in rows] == [
        (True, True),
        (False, True),
        (False, False),
    ]


def test_calls_that_no_turn_holds_are_the_last_row() -> None:
    calls = UnrecordedCalls(Usage(500, 50), 0.25)
    *_, row = build_usage_report(history(turn("a", Usage(1, 1))), {}, calls).rows
    assert (row.turn, row.branch, row.usage, row.cost) == (None, None, Usage(500, 50), 0.25)
    assert build_usage_report(History()).rows == ()


def test_calls_without_a_known_price_have_an_unknown_or_a_partial_cost() -> None:
    unpriced = UnrecordedCalls().add(Usage(500, 50), None)
    (row,) = build_usage_report(History(), {}, unpriced).rows
    assert (row.cost, row.is_cost_partial) == (None, True)
    (row,) = build_usage_report(History(), {}, unpriced.add(Usage(1, 1), 0.5)).rows
    assert (row.cost, row.is_cost_partial) == (0.5, True)


def test_all_turns_and_other_calls_are_spending() -> None:
    turns = history(turn("a", Usage(1_000, 100), LOCAL), turn("b", Usage(5, 5), MINE, saved=True))
    assert compute_spending(turns, {}, UnrecordedCalls(Usage(10, 5), 0.25)) == Spending(1_115, 0.25)
    assert compute_spending(turns) == Spending(1_100, 0.0)
    assert compute_spending(history()) == Spending()


def test_an_unknown_price_makes_the_sum_unknown() -> None:
    turns = history(turn("a", Usage(1_000, 100)), turn("b", Usage(5, 5), MINE))
    assert compute_spending(turns) == Spending(1_110, None)
    assert compute_spending(turns, {"mine": [0, 0, 0]}) == Spending(1_110, pytest.approx(0.001365))


def test_an_invalid_price_is_named() -> None:
    with pytest.raises(BadOption, match="The price of mine must be three numbers"):
        build_usage_report(history(turn("a", Usage(5, 5), MINE)), {"mine": 3})


def test_a_turn_has_the_price_of_the_model_that_answered() -> None:
    sent = turn("a", Usage(1_000_000), ("xiaomi", "mimo-v2-flash"))
    replied = replace(sent, reply=replace(sent.reply, model="mimo-v2.5"))
    assert compute_spending(history(sent)) == Spending(1_000_000, None)
    assert compute_spending(history(replied)) == Spending(1_000_000, 0.14)


def test_the_report_becomes_a_frame() -> None:
    pd = pytest.importorskip("pandas")
    turns = history(turn("a", Usage(12_000, 900, 6_000, 5), prompt="Well?"), turn("b", Usage(10, 1), FLASH))
    frame = build_usage_report(turns.drop_last(1), {}, UnrecordedCalls(Usage(7, 3), 0.25)).to_frame()
    assert [*frame.columns] == [
        *("turn", "branch", "prompt", "model", "input", "cached", "output", "reasoning", "cost"),
        *("own_price", "reused", "time"),
    ]
    assert frame.prompt.tolist() == ["Well?", "Well?", ""]
    assert [*map(str, frame.turn)] == ["1", "<NA>", "<NA>"]
    assert (frame.input.sum(), frame.output.tolist(), frame.reasoning.sum()) == (12_017, [900, 1, 3], 5)
    assert frame.cost.sum() == pytest.approx(0.0154 + 0.25, abs=1e-4)
    assert frame.time[0] == pd.Timestamp("1970-01-01T00:00:01", tz="UTC")
    assert build_usage_report(History()).to_frame().empty


def test_a_time_out_of_range_is_none() -> None:
    odd = replace(turn("a", Usage(1, 1)), created_at=1e30)
    assert build_usage_report(history(odd)).to_frame().time.isna().all()


# What was not sent


def test_a_call_that_a_tape_refuses_has_no_usage(peer: Peer, tmp_path: Path) -> None:
    tape = f"{tmp_path}/lesson.jsonl"
    options: dict[str, Any] = {"base_url": f"{peer.url}/v1", "system": "none", "model": "mimo-test"}
    Session(tape=f"record:{tape}", **options).ask("Hello")
    replaying = Session(tape=f"replay:{tape}", **options)
    with pytest.raises(TapeMismatch):
        replaying.ask("Goodbye")
    assert replaying.usage_report().rows == ()
    assert replaying.spending == Spending()
    replaying.ask("Hello")
    assert [row.usage.input > 0 for row in replaying.usage_report().rows] == [True]


def test_rounds_before_a_refused_one_count() -> None:
    meter = UsageMeter()
    meter.start_response(100)
    meter.feed(UsageUpdate(Usage(90, 5)))
    meter.feed(Stopped("tool_calls"))
    meter.start_response(200)
    meter.drop_response()
    assert meter.usage == Usage(90, 5)


def test_a_refused_call_was_sent_and_counts(peer: Peer) -> None:
    peer.script = lambda _: error(400)
    session = Session(base_url=f"{peer.url}/v1", system="none")
    with pytest.raises(Exception, match="400"):
        session.ask("Hello")
    assert session.unrecorded.usage.input > 0
    assert session.unrecorded.is_cost_partial


def test_calls_are_added_up() -> None:
    one, other = UnrecordedCalls(Usage(1, 2), 0.5), UnrecordedCalls(Usage(3, 4), 1e12, is_cost_partial=True)
    assert one + other == UnrecordedCalls(Usage(4, 6), 1e12, is_cost_partial=True)
    assert one.spending == Spending(3, 0.5)


def test_a_pair_of_services_is_priced_by_its_own_models() -> None:
    turns = history(turn("a", Usage(1_000, 100), PRO), turn("b", Usage(1_000, 100), FLASH))
    costs = [row.cost for row in build_usage_report(turns).rows]
    assert costs == [pytest.approx(0.001365), pytest.approx(0.000142)]
