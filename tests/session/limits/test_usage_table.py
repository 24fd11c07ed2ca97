"""The usage table of a session: sums, bars and prices."""

from __future__ import annotations

import re

import pytest
from support.cells import CELL_ATTRIBUTES
from support.hostile import HOSTILE, find_unexpected
from support.read_html import ParsedHtml, find_harm, reparse_html
from support.usage import FLASH, LOCAL, MINE, history, turn

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Usage
from mimo_magics.session.history import History
from mimo_magics.session.limits.unrecorded_calls import UnrecordedCalls
from mimo_magics.session.limits.usage_report import build_usage_report
from mimo_magics.session.turn import Turn


def lines(*turns: Turn, prices: object = {}, calls: UnrecordedCalls = UnrecordedCalls()) -> list[str]:
    return str(build_usage_report(history(*turns), prices, calls)).splitlines()


def page(*turns: Turn) -> str:
    return build_usage_report(history(*turns))._repr_mimebundle_()["text/html"]


def test_each_turn_has_its_row_and_bars_for_its_share_of_the_largest_one() -> None:
    turns = (
        turn("a", Usage(12_000, 900, 6_000), prompt="First\nquestion"),
        turn("b", Usage(50_000, 1_000), prompt="A question that is longer than the column"),
        turn("c", Usage(10, 1)),
    )
    assert lines(*turns) == [
        " turn  prompt                           input  cached  output             tokens                  USD",
        "    1  First question                  12,000    50 %     900  12,900 ██▌           0.0154 ██▊",
        "    2  A question that is longer tha…  50,000     0 %   1,000  51,000 ██████████    0.0556 ██████████",
        "    3  Well?                               10     0 %       1      11 ▏           < 0.0001 ▏",
        "total                                  62,010    10 %   1,901  63,911               0.0711",
        "Prices of 2026-09: an estimate.",
    ]


def test_several_models_have_their_column_and_their_sums() -> None:
    turns = (
        turn("a", Usage(1_000, 100)),
        turn("b", Usage(1_000, 100), FLASH),
        turn("c", Usage(3_000, 100, 2_000)),
    )
    shown = lines(*turns)
    assert shown[0].split()[:3] == ["turn", "prompt", "model"]
    assert [line.split() for line in shown[-4:-1]] == [
        ["sum", "mimo-v2-pro", "4,000", "50", "%", "200", "4,200", "0.0048"],
        ["sum", "mimo-v2-flash", "1,000", "0", "%", "100", "1,100", "0.0001"],
        ["total", "5,000", "40", "%", "300", "5,300", "0.0050"],
    ]


def test_a_cached_reply_is_marked() -> None:
    shown = lines(turn("a", Usage(1_000, 100), saved=True), turn("b", Usage(1_000, 100)))
    assert shown[1].split() == ["1", "Well?", "0", "–", "0", "reused", "0.0000"]


def test_an_unknown_price_is_a_dash() -> None:
    unknown = UnrecordedCalls().add(Usage(1, 1), None)
    shown = lines(turn("a", Usage(1_000, 1_000)), turn("b", Usage(500, 500), MINE), calls=unknown)
    assert [line.split()[-1] for line in shown[2:4]] == ["–", "–"]
    assert shown[-2].split()[-2:] == ["≥", "0.0042"]
    assert lines(turn("a", Usage(500, 300), MINE))[-1].split() == [
        "total",
        "500",
        "0",
        "%",
        "300",
        "800",
        "–",
    ]


@pytest.mark.parametrize(
    ("prices", "caption"),
    [
        ({"mine": [1, 1, 1], "mimo-v2-pro": [1, 1, 1]}, "Your prices: an estimate."),
        ({"mine": [1, 1, 1]}, "Your prices, and prices of 2026-09: an estimate."),
        ({}, "Prices of 2026-09: an estimate."),
    ],
)
def test_the_caption_names_the_source_of_the_prices(prices: object, caption: str) -> None:
    assert lines(turn("a", Usage(1, 1)), turn("b", Usage(5, 5), MINE), prices=prices)[-1] == caption


def test_without_any_cost_there_is_no_source_of_prices_and_no_bar_for_it() -> None:
    shown = lines(turn("a", Usage(500, 300, 125), LOCAL))
    assert shown[-1].split() == ["total", "500", "25", "%", "300", "800", "0.0000"]
    assert page(turn("a", Usage(500, 300), LOCAL)).count("height:0.8em") == 1


def test_without_usage_there_is_only_the_total() -> None:
    assert [line.split()[0] for line in lines()] == ["turn", "total"]


def test_calls_that_no_turn_holds_have_a_row() -> None:
    shown = lines(turn("a", Usage(1_000, 100)), calls=UnrecordedCalls(Usage(500, 50), 0.0007))
    assert shown[2].split()[:2] == ["other", "calls"]
    assert shown[-2].split()[-2:] == ["1,650", "0.0021"]


def many(count: int) -> list[Turn]:
    return [turn(f"{n:012x}", Usage(100 * n, 10), prompt=f"Question {n}") for n in range(1, count + 1)]


@pytest.mark.parametrize("count", [12, 13, 14, 200])
def test_only_the_newest_turns_have_a_row_each(count: int) -> None:
    shown = lines(*many(count))
    numbers = [line.split()[0] for line in shown[1:-2]]
    if count <= 13:
        assert numbers == [str(n) for n in range(1, count + 1)]
        assert "<details" not in page(*many(count))
    else:
        assert numbers == [f"1–{count - 12}", *(str(n) for n in range(count - 11, count + 1))]
        assert shown[-1] == "Prices of 2026-09: an estimate. All turns: _.to_frame()"
        visible, _, folded = page(*many(count)).partition("<details>")
        assert (visible.count("<tr"), folded.startswith('<summary dir="auto">Older turns')) == (15, True)
        assert all(f">Question {n}</span>" in folded for n in (1, count - 12))
    assert shown[-2].split()[1:2] == [f"{sum(100 * n for n in range(1, count + 1)):,}"]


def test_replaced_turns_are_counted_and_folded() -> None:
    turns = many(30)
    branched = history(*turns).move_to(1).append_turn(turn("f" * 12, Usage(5, 5), prompt="Again"))
    report = build_usage_report(branched)
    first_words = [" ".join(line.split()[:2]) for line in str(report).splitlines()]
    assert first_words[1:9] == [
        *("1 Question", "2 Question", "3 Again"),
        *("branch 27", "branch 28", "branch 29", "branch 30"),
        "24 other",
    ]
    assert "Turns of other branches" in report._repr_mimebundle_()["text/html"]
    assert report.total == Usage(sum(each.usage.input for each in turns) + 5, 305)


def test_a_single_hidden_turn_is_shown_instead() -> None:
    branched = history(*many(7)).move_to(1)
    assert "<details" not in build_usage_report(branched)._repr_mimebundle_()["text/html"]


def test_bars_are_plain_divs_with_the_number_beside_them() -> None:
    shown = page(turn("a", Usage(500, 500)), turn("b", Usage(250, 250)))
    assert re.findall(
        r'width:([\d.]+)%;height:0.8em;background:#4a90d9"></div></div><div [^>]*>([\d,]+)<', shown
    ) == [
        ("100", "1,000"),
        ("50", "500"),
    ]
    assert find_unexpected(ParsedHtml(shown).found, CELL_ATTRIBUTES) == []
    assert not re.search("var\\(|position|role=|id=", shown)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_prompts_and_models_are_text(name: str) -> None:
    text = HOSTILE[name]
    turns = [turn(str(n), Usage(5, 5), (text, f"{text}{n}"), prompt=text) for n in range(20)]
    bundle = build_usage_report(history(*turns), {f"{text}1": [1, 1, 1]})._repr_mimebundle_()
    assert find_unexpected(ParsedHtml(bundle["text/html"]).found, CELL_ATTRIBUTES) == []
    assert find_harm(reparse_html(bundle["text/html"]), CELL_ATTRIBUTES) == []
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e]", bundle["text/plain"])
    assert max(map(len, bundle["text/plain"].splitlines())) < 400


def test_the_table_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Translatable, "language", "zh-TW")
    shown = lines(*many(20))
    assert shown[0].split()[:2] == ["回合", "提示詞"]
    assert shown[-1] == "價格日期 2026-09：為估計值。 所有回合：_.to_frame()"


def test_an_empty_history_has_a_table() -> None:
    assert str(build_usage_report(History())).splitlines()[-1].split() == [
        "total",
        "0",
        "–",
        "0",
        "0",
        "0.0000",
    ]
