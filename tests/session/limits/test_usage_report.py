"""The usage table of a session."""

from dataclasses import replace
from functools import reduce

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import Message, Params, Reply, TextPart, Usage, user_message
from mimo_magics.session.history import History
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.limits.usage_report import compute_spending, usage_bundle
from mimo_magics.session.turn import Turn

PRO, FLASH = ("mimo-v2", "mimo-v2-pro"), ("mimo-v2", "mimo-v2-flash")
MINE, LOCAL = ("other", "mine"), ("local", "mimo-local")


def turn(id_: str, usage: Usage, service: tuple[str, str] = PRO, *, saved: bool = False) -> Turn:
    preset, model = service
    reply = Reply(Message("assistant", (TextPart("Yes."),)), usage, "end")
    used = Usage() if saved else usage
    return Turn(user_message("Well?"), reply, Params(model), preset, "openai", 1.0, id=id_, usage=used)


def history(*turns: Turn) -> History:
    return reduce(History.append_turn, turns, History())


def table(*turns: Turn, **extra: object) -> list[str]:
    return usage_bundle(history(*turns), **extra)["text/plain"].splitlines()


def test_each_turn_has_its_row_and_its_share_of_the_most_expensive_one() -> None:
    turns = (
        turn("a", Usage(12_000, 900, 6_000)),
        turn("b", Usage(50_000, 1_000)),
        turn("c", Usage(10, 1)),
    )
    assert table(*turns) == [
        " turn  model         input  cached  output       USD  share of cost",
        "    1  mimo-v2-pro  12,000    50 %     900    0.0154  ██▊",
        "    2  mimo-v2-pro  50,000     0 %   1,000    0.0556  ██████████",
        "    3  mimo-v2-pro      10     0 %       1  < 0.0001  ▏",
        "total               62,010    10 %   1,901    0.0711",
        "Prices of 2026-09: an estimate.",
    ]


def test_several_models_have_their_sums() -> None:
    turns = (
        turn("a", Usage(1_000, 100)),
        turn("b", Usage(1_000, 100), FLASH),
        turn("c", Usage(3_000, 100, 2_000)),
    )
    assert table(*turns)[-4:] == [
        "  sum  mimo-v2-pro    4,000    50 %     200  0.0048",
        "  sum  mimo-v2-flash  1,000     0 %     100  0.0001",
        "total                 5,000    40 %     300  0.0050",
        "Prices of 2026-09: an estimate.",
    ]


def test_a_cached_reply_has_no_cost() -> None:
    assert table(turn("a", Usage(1_000, 100), saved=True), turn("b", Usage(1_000, 100))) == [
        " turn  model        input  cached  output     USD  share of cost",
        "    1  mimo-v2-pro      0       –       0  0.0000  reused",
        "    2  mimo-v2-pro  1,000     0 %     100  0.0014  ██████████",
        "total               1,000     0 %     100  0.0014",
        "Prices of 2026-09: an estimate.",
    ]


def test_without_a_price_the_share_is_of_tokens() -> None:
    assert table(turn("a", Usage(1_000, 1_000)), turn("b", Usage(500, 500), MINE)) == [
        " turn  model        input  cached  output       USD  share of tokens",
        "    1  mimo-v2-pro  1,000     0 %   1,000    0.0042  ██████████",
        "    2  mine           500     0 %     500         –  █████",
        "  sum  mimo-v2-pro  1,000     0 %   1,000    0.0042",
        "  sum  mine           500     0 %     500         –",
        "total               1,500     0 %   1,500  ≥ 0.0042",
        "Prices of 2026-09: an estimate.",
    ]


def test_the_prices_of_the_setting_apply() -> None:
    assert table(turn("a", Usage(500, 500), MINE), prices={"mine": [2_000, 0, 0]})[1:] == [
        "    1  mine     500     0 %     500  1.0000  ██████████",
        "total           500     0 %     500  1.0000",
        "Prices of 2026-09: an estimate.",
    ]


def test_without_any_cost_the_table_has_no_price_note() -> None:
    assert table(turn("a", Usage(500, 300, 125), LOCAL)) == [
        " turn  model       input  cached  output     USD  share of tokens",
        "    1  mimo-local    500    25 %     300  0.0000  ██████████",
        "total                500    25 %     300  0.0000",
    ]
    assert table(turn("a", Usage(500, 300), MINE))[1:] == [
        "    1  mine     500     0 %     300    –  ██████████",
        "total           500     0 %     300    –",
    ]


def test_calls_that_no_turn_holds_have_a_row() -> None:
    assert table(turn("a", Usage(1_000, 100)), unrecorded_usage=Usage(500, 50), unrecorded_cost=0.0007)[
        1:
    ] == [
        "          1  mimo-v2-pro  1,000     0 %     100  0.0014  ██████████",
        "other calls                 500     0 %      50  0.0007  █████▏",
        "      total               1,500     0 %     150  0.0021",
        "Prices of 2026-09: an estimate.",
    ]


def test_without_usage_there_is_only_the_total() -> None:
    assert table() == [
        " turn  model  input  cached  output     USD  share of tokens",
        "total             0       –       0  0.0000",
    ]


def test_a_turn_in_several_branches_is_counted_once() -> None:
    twice = (turn("a", Usage(1_000, 100)), turn("b", Usage(100, 10)), turn("a", Usage(1_000, 100)))
    repeated = (*twice, turn("c", Usage(10, 1)))
    assert [row.split()[0] for row in table(*repeated)[1:-1]] == ["1", "2", "4", "total"]
    assert compute_spending(history(*repeated)) == Spending(
        1_221, pytest.approx(1_110 * 1.05e-6 + 111 * 3.15e-6)
    )


def test_all_turns_and_other_calls_are_spending() -> None:
    turns = history(turn("a", Usage(1_000, 100), LOCAL), turn("b", Usage(5, 5), MINE, saved=True))
    assert compute_spending(turns, {}, Usage(10, 5), 0.25) == Spending(1_115, 0.25)
    assert compute_spending(turns) == Spending(1_100, 0.0)
    assert compute_spending(history()) == Spending()


def test_an_unknown_price_makes_the_sum_unknown() -> None:
    turns = history(turn("a", Usage(1_000, 100)), turn("b", Usage(5, 5), MINE))
    assert compute_spending(turns) == Spending(1_110, None)
    assert compute_spending(turns, {"mine": [0, 0, 0]}) == Spending(1_110, pytest.approx(0.001365))


def test_an_invalid_price_is_named() -> None:
    with pytest.raises(BadOption, match="The price of mine must be three numbers"):
        usage_bundle(history(turn("a", Usage(5, 5), MINE)), {"mine": 3})


def test_numbers_are_right_aligned_in_html() -> None:
    html = usage_bundle(history(turn("a", Usage(500, 300, 125))))["text/html"]
    assert html.endswith(">Prices of 2026-09: an estimate.</small></p>")
    assert '<td align="right">500</td><td align="right">25 %</td>' in html
    assert '<td><div align="left">mimo-v2-pro</div></td>' in html


def test_a_turn_has_the_price_of_the_model_that_answered() -> None:
    sent = turn("a", Usage(1_000_000), ("xiaomi", "mimo-v2-flash"))
    replied = replace(sent, reply=replace(sent.reply, model="mimo-v2.5"))
    assert compute_spending(history(sent)) == Spending(1_000_000, None)
    assert compute_spending(history(replied)) == Spending(1_000_000, 0.14)
