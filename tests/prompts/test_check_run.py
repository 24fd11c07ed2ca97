"""The run of a check: calls, replies, asserts and the judge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.checks import CASES, LABELS, PROMPT, classifier, count_judged
from support.peer import Peer, Seen, reply, stream

from mimo_magics.core.errors import BadOption
from mimo_magics.core.renderer_protocol import SilentRenderer
from mimo_magics.core.statistics import Agreement, PairedTest, Rate
from mimo_magics.prompts.assertion import CheckOutcome, parse_assertions
from mimo_magics.prompts.cases import read_cases
from mimo_magics.prompts.check_result import CheckResult, VariantRate, VariantTest, build_result
from mimo_magics.prompts.check_run import CheckPlan, CheckRun
from mimo_magics.prompts.prompt_function import PromptFunction
from mimo_magics.session.comparison.variants import Variant
from mimo_magics.session.session import Session

SAME = "assert value == case['label']"


@pytest.fixture(autouse=True)
def script(peer: Peer) -> None:
    peer.script = classifier()


def check(peer: Peer, body: str, cases: Any = CASES, **fields: Any) -> CheckResult:
    classify = PromptFunction("classify", PROMPT, system="none")
    session = fields.pop("session", None) or Session(base_url=f"{peer.url}/v1", system="none")
    variables = fields.pop("variables", {})
    rows = read_cases(cases, classify.parameters)
    run = CheckRun(CheckPlan(classify, rows, parse_assertions(body), **fields), session, variables)
    run.drive_sync(SilentRenderer())
    return build_result(run)


def test_each_case_is_sent_once_and_each_assert_is_one_check(peer: Peer) -> None:
    result = check(peer, f"{SAME}\nassert len(value) > 3")
    assert sorted(seen.prompt for seen in peer.requests) == sorted(
        PROMPT.replace("{text}", case["text"]) for case in CASES
    )
    assert [[each.outcome for each in row.outcomes] for row in result.rows] == [
        ["passed", "passed"],
        ["passed", "passed"],
        ["failed", "passed"],
    ]
    assert result.rows[2].outcomes[0] == CheckOutcome(
        "failed", "value = 'praise'\ncase['label'] = 'complaint'"
    )
    assert [each.rate for each in result.checks] == [Rate(2, 3), Rate(3, 3)]
    assert result.rates == (VariantRate("", Rate(2, 3)),)
    assert (result.rate, result.tests, result.is_complete) == (Rate(2, 3), (), True)


def test_a_row_has_the_case_the_value_and_the_reply(peer: Peer) -> None:
    row = check(peer, SAME).rows[1]
    assert (row.case, row.variant, row.repetition, row.inputs) == (2, "", 1, {"text": "It broke."})
    assert (row.value, row.reply and row.reply.text, row.failure) == ("complaint", "complaint", "")


def test_the_calls_add_no_turn_and_their_usage_counts_in_the_session(peer: Peer) -> None:
    session = Session(base_url=f"{peer.url}/v1", system="none")
    result = check(peer, SAME, session=session)
    assert session.turns == ()
    assert session.spending.tokens == result.usage.input + result.usage.output > 0
    assert result.request_count == 3


def test_the_asserts_see_the_variables_of_the_notebook_and_cannot_change_them(peer: Peer) -> None:
    variables = {"allowed": ["praise", "complaint"]}
    result = check(peer, "assert value in allowed and (other := 1)", variables=variables)
    assert result.rate == Rate(3, 3)
    assert variables == {"allowed": ["praise", "complaint"]}


def test_an_assert_cannot_change_the_case_of_another_one(peer: Peer) -> None:
    result = check(peer, "assert case.pop('label')\nassert case['label']")
    assert result.rate == Rate(3, 3)


def test_a_failed_call_is_a_row_that_does_not_count(peer: Peer) -> None:
    peer.script = classifier({**LABELS, "Never again.": ""})
    result = check(peer, SAME)
    row = result.rows[2]
    assert (row.value, row.reply, result.get_row_result(row)) == (None, None, "no reply")
    assert "no such text" in row.failure
    assert (result.rate, result.is_complete) == (Rate(2, 2), False)


def test_an_exception_in_an_assert_is_an_error_of_its_check(peer: Peer) -> None:
    result = check(peer, "assert case['lable']\nassert value")
    assert [row.outcomes[0] for row in result.rows] == [CheckOutcome("error", "KeyError: 'lable'")] * 3
    assert [each.rate for each in result.checks] == [Rate(0, 3), Rate(3, 3)]


def test_a_case_passes_if_all_its_repetitions_pass(peer: Peer) -> None:
    replies = iter(["praise", "complaint"])
    peer.script = lambda seen: stream(seen, reply(next(replies)))
    result = check(peer, SAME, CASES[:1], repeat=2, at_once=1)
    assert [(row.case, row.repetition) for row in result.rows] == [(1, 1), (1, 2)]
    assert result.rate == Rate(0, 1)


def test_models_are_compared_on_the_same_cases(peer: Peer) -> None:
    right = {case["text"]: case["label"] for case in CASES}
    peer.script = lambda seen: classifier(right if seen.body["model"] == "b" else LABELS)(seen)
    variants = tuple(Variant(model, {"model": model}) for model in "ab")
    result = check(peer, SAME, variants=variants)
    assert result.rates == (VariantRate("a", Rate(2, 3)), VariantRate("b", Rate(3, 3)))
    assert result.tests == (VariantTest("a", "b", PairedTest(0, 1, 1.0)),)
    assert [(row.case, row.variant) for row in result.rows] == [(n, each) for n in (1, 2, 3) for each in "ab"]


def test_pairs_without_a_reply_of_both_models_are_left_out(peer: Peer) -> None:
    peer.script = lambda seen: classifier(
        {**LABELS, "Never again.": ""} if seen.body["model"] == "b" else LABELS
    )(seen)
    variants = tuple(Variant(model, {"model": model}) for model in "ab")
    assert check(peer, SAME, variants=variants).tests == (VariantTest("a", "b", PairedTest(0, 0, 1.0)),)


JUDGE = "assert judge('Is it one word?', reply, label=case.get('good'))"


def test_a_judge_without_labels_is_not_verified_and_does_not_count(peer: Peer) -> None:
    peer.script = classifier(meets=lambda seen: "praise" in seen.prompt)
    result = check(peer, f"{JUDGE}\n{SAME}")
    assert [row.outcomes[0].outcome for row in result.rows] == ["passed", "failed", "passed"]
    assert [(each.agreement, each.is_verified) for each in result.checks] == [
        (Agreement(0, 0, None), False),
        (None, True),
    ]
    assert result.rows[1].outcomes[0].explanation == "judge = False: It says so."
    assert result.unverified_checks == {0}
    assert result.rate == Rate(2, 3)


def test_a_judge_with_labels_counts_and_has_its_agreement(peer: Peer) -> None:
    peer.script = classifier(meets=lambda seen: "praise" in seen.prompt)
    cases = [{**case, "good": good} for case, good in zip(CASES, (True, False, None), strict=True)]
    result = check(peer, JUDGE, cases)
    assert result.checks[0].agreement == Agreement(2, 2, 1.0)
    assert result.rate == Rate(2, 3)


def test_equal_questions_are_sent_once_and_all_of_them_together(peer: Peer) -> None:
    result = check(peer, JUDGE)
    assert count_judged(peer) == 2
    assert result.request_count == 5


def test_an_assert_may_ask_the_judge_again_after_its_first_verdict(peer: Peer) -> None:
    body = "assert judge('Is it one word?', reply) and judge('Is it polite?', reply)"
    assert [row.outcomes[0].outcome for row in check(peer, body).rows] == ["passed"] * 3
    assert count_judged(peer) == 4


def test_an_assert_that_asks_endlessly_is_stopped(peer: Peer) -> None:
    numbers = iter(range(1_000))
    body = "assert judge(str(next(numbers)), reply)"
    result = check(peer, body, CASES[:1], variables={"numbers": numbers})
    assert result.rows[0].outcomes == (CheckOutcome("not run"),)
    assert count_judged(peer) == 10


def test_the_judge_gets_the_text_as_data(peer: Peer) -> None:
    check(peer, JUDGE, CASES[:1])
    (prompt,) = (seen.prompt for seen in peer.requests if "Criterion" in seen.prompt)
    assert "Criterion: Is it one word?\n" in prompt
    assert "----------\npraise\n----------\n" in prompt


def test_a_judge_that_gives_no_verdict_is_an_error_of_the_check(peer: Peer) -> None:
    script = classifier()

    def refuse(seen: Seen) -> Any:
        return stream(seen, reply("Perhaps.")) if "Criterion" in seen.prompt else script(seen)

    peer.script = refuse
    result = check(peer, JUDGE, CASES[:1])
    assert result.rows[0].outcomes == (CheckOutcome("error", "BadOption: The judge gave no verdict."),)


@pytest.mark.parametrize("label", ["yes", 2, [True]])
def test_a_label_is_a_truth_value(peer: Peer, label: object) -> None:
    result = check(peer, JUDGE, [{**CASES[0], "good": label}])
    assert (
        result.rows[0].outcomes[0].explanation.startswith(f"BadOption: {label!r} is not a label of a judge.")
    )
    assert count_judged(peer) == 0


def test_too_many_calls_are_refused() -> None:
    classify = PromptFunction("classify", PROMPT)
    plan = CheckPlan(classify, tuple(CASES), parse_assertions(SAME))
    with pytest.raises(BadOption, match="The check has 3,000 calls"):
        replace(plan, repeat=1_000)


def test_the_data_frame_has_a_row_for_each_call(peer: Peer) -> None:
    frame = check(peer, f"{SAME}\nassert value").to_dataframe()
    assert list(frame["result"]) == ["passed", "passed", "failed"]
    assert list(frame["input.text"]) == [case["text"] for case in CASES]
    assert list(frame["check 1"]) == ["passed", "passed", "failed"]
    assert list(frame["details"]) == ["", "", "value = 'praise'\ncase['label'] = 'complaint'"]
