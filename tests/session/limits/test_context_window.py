"""The turns that fit into the context window."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, strategies as st
from support.rules import find_fault

from mimo_magics.core.errors import ContextWindowExceeded
from mimo_magics.core.messages import (
    AudioPart,
    ImagePart,
    Message,
    Params,
    Part,
    ReasoningPart,
    Reply,
    Request,
    TextPart,
    ToolCall,
    ToolResult,
    system_message,
    user_message,
)
from mimo_magics.core.settings import Api, Overflow
from mimo_magics.session.limits.context_window import (
    MAX_FILL_SHARE,
    SUMMARY_PROMPT,
    TARGET_FILL_SHARE,
    TURN_TOO_LONG_HINT,
    ContextPlan,
    build_omission_notice,
    build_summary_messages,
    build_summary_request,
    build_window_warning,
    estimate_message_tokens,
    get_window_size,
    plan_context,
)
from mimo_magics.session.turn import Turn, history_messages
from mimo_magics.wire.formats import FORMATS


def turn(length: int, **fields: object) -> Turn:
    """A turn of about so many tokens, prompt and answer together."""
    answer = Message("assistant", (TextPart("four" * (length - length // 2)),))
    return Turn(
        user_message("four" * (length // 2)), Reply(answer), Params("m"), "mimo-v2", "openai", 1.0, **fields
    )


def prompt(length: int) -> tuple[Message, ...]:
    return (user_message("four" * length),)


@pytest.mark.parametrize(
    ("model", "window", "tokens"),
    [
        ("mimo-v2-flash", None, 262_144),
        ("mimo-local", None, 8_192),
        ("mimo-v2-flash", 1_000, 1_000),
        ("someone-elses", 1_000, 1_000),
        ("someone-elses", None, None),
    ],
)
def test_the_setting_overrides_the_table(model: str, window: int | None, tokens: int | None) -> None:
    assert get_window_size(model, window) == tokens


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        (TextPart("four" * 3), 3),
        (ReasoningPart("four" * 3, "signature"), 3),
        (ToolCall("an id", "tool", '{"a": 1}'), 3),
        (ToolResult("an id", "tool", "four" * 3, log="printed"), 3),
        (ImagePart("data:image/png;base64," + "A" * 9_999), 1_000),
        (AudioPart("https://example.org/a.mp3"), 1_000),
    ],
)
def test_tokens_of_every_kind_of_part_are_estimated(part: Part, tokens: int) -> None:
    assert estimate_message_tokens([Message("user", (part,))]) == tokens
    assert estimate_message_tokens([Message("user", (part, part)), user_message("four")]) == 2 * tokens + 1


def test_all_turns_are_sent_while_they_fit() -> None:
    past = [turn(300), turn(300)]
    assert plan_context(past, prompt(350), 1_000, "error") == ContextPlan(0, 950)
    assert plan_context(past, prompt(350), 1_000, "drop-oldest") == ContextPlan(0, 950)
    assert plan_context([], prompt(10), 1_000, "error") == ContextPlan(0, 10)


def test_all_turns_are_sent_if_the_window_is_unknown() -> None:
    assert plan_context([turn(10_000, omitted_turns=1)] * 3, prompt(10), None, "error") == ContextPlan(
        0, 30_010
    )


def test_a_full_window_is_an_error_unless_turns_may_be_omitted() -> None:
    with pytest.raises(ContextWindowExceeded) as full:
        plan_context([turn(1_300), turn(300)], prompt(351), 2_000, "error")
    assert str(full.value) == (
        "The request has about 1,951 tokens; the context window has 2,000, reply included."
    )
    assert full.value.hint == ContextWindowExceeded.default_hint


@pytest.mark.parametrize("overflow", ["drop-oldest", "summarize"])
def test_as_few_oldest_turns_as_possible_are_omitted(overflow: Overflow) -> None:
    past = [turn(200) for _ in range(5)]
    assert plan_context(past, prompt(100), 1_000, overflow) == ContextPlan(2, 700)
    assert plan_context(past, prompt(101), 1_000, overflow) == ContextPlan(3, 501)
    assert plan_context(past, prompt(800), 1_000, overflow) == ContextPlan(5, 800)


@pytest.mark.parametrize("overflow", ["error", "drop-oldest", "summarize"])
def test_a_turn_that_does_not_fit_by_itself_is_an_error(overflow: Overflow) -> None:
    for past in ([], [turn(100)]):
        with pytest.raises(ContextWindowExceeded) as full:
            plan_context(past, prompt(951), 1_000, overflow)
        assert (str(full.value), full.value.hint) == (
            "The request has about 951 tokens; the context window has 1,000, reply included.",
            TURN_TOO_LONG_HINT,
        )


def test_the_same_turns_are_omitted_while_that_is_enough() -> None:
    past = [*(turn(200) for _ in range(5)), turn(200, omitted_turns=3)]
    assert plan_context(past, prompt(350), 1_000, "drop-oldest") == ContextPlan(3, 950)
    assert plan_context(past, prompt(351), 1_000, "drop-oldest") == ContextPlan(5, 551)


def test_turns_that_this_turn_omitted_stay_omitted() -> None:
    past = [turn(200) for _ in range(5)]
    assert plan_context(past, prompt(350), 1_000, "drop-oldest", omitted_before=2) == ContextPlan(2, 950)
    assert plan_context(past, prompt(351), 1_000, "drop-oldest", omitted_before=2) == ContextPlan(4, 551)
    assert plan_context(past, prompt(351), 1_000, "drop-oldest", omitted_before=99) == ContextPlan(5, 351)


def test_omitted_turns_are_sent_again_in_a_larger_window() -> None:
    past = [turn(200), turn(200, omitted_turns=1)]
    assert plan_context(past, prompt(100), 1_000, "drop-oldest") == ContextPlan(0, 500)


def test_the_server_s_count_of_the_last_request_is_the_base_of_the_estimate() -> None:
    past = [turn(100), turn(100, context_tokens=600)]
    assert plan_context(past, prompt(50), 1_000, "error") == ContextPlan(0, 650)
    assert plan_context(past, prompt(350), 1_000, "error") == ContextPlan(0, 950)
    assert plan_context(past, prompt(351), 1_000, "drop-oldest") == ContextPlan(1, 651)


def test_the_server_s_count_is_of_the_turns_that_were_sent() -> None:
    past = [turn(100), turn(100), turn(100, context_tokens=600, omitted_turns=2)]
    assert plan_context(past, prompt(0), 2_000, "error") == ContextPlan(0, 1_800)
    assert plan_context(past, prompt(0), 1_000, "drop-oldest") == ContextPlan(2, 600)
    shorter = [turn(100), turn(100, context_tokens=300, omitted_turns=5)]
    assert plan_context(shorter, prompt(0), 1_000, "error") == ContextPlan(0, 600)


def test_tokens_outside_of_turns_are_not_scaled() -> None:
    own = (system_message("four" * 100), *prompt(50))
    past = [turn(100), turn(100, context_tokens=800, system="four" * 100)]
    assert plan_context(past, own, 1_000, "drop-oldest", extra_tokens=500) == ContextPlan(0, 850)
    assert plan_context(past, (*own, *prompt(101)), 1_000, "drop-oldest", extra_tokens=100) == ContextPlan(
        1, 651
    )


@pytest.mark.parametrize(
    "past", [[turn(100, context_tokens=50, system="four" * 60)], [turn(0, context_tokens=50)], []]
)
def test_an_impossible_count_is_ignored(past: list[Turn]) -> None:
    assert plan_context(past, prompt(50), 1_000, "error") == ContextPlan(
        0, 50 + estimate_message_tokens(history_messages(past))
    )


TURNS = st.lists(
    st.builds(turn, st.integers(0, 300), context_tokens=st.integers(0, 900), omitted_turns=st.integers(0, 8)),
    max_size=8,
)


@given(TURNS, st.integers(0, 600), st.integers(0, 100), st.none() | st.integers(0, 9))
def test_a_request_never_exceeds_the_window(
    past: list[Turn], own: int, extra: int, before: int | None
) -> None:
    window = 600
    everything = plan_context(past, prompt(own), None, "error", extra_tokens=extra).tokens
    try:
        planned = plan_context(
            past, prompt(own), window, "drop-oldest", extra_tokens=extra, omitted_before=before
        )
    except ContextWindowExceeded:
        assert own + extra > MAX_FILL_SHARE * window
        return
    was = min(past[-1].omitted_turns if past and before is None else before or 0, len(past))
    assert planned.tokens <= MAX_FILL_SHARE * window
    assert planned.tokens >= own + extra
    assert planned.omitted_turns == 0 or everything > MAX_FILL_SHARE * window
    assert planned.omitted_turns in (0, was, len(past)) or planned.tokens <= TARGET_FILL_SHARE * window


def test_a_long_session_omits_more_turns_only_now_and_then() -> None:
    past: list[Turn] = []
    changes, left_out = 0, 0
    for _ in range(100):
        planned = plan_context(past, prompt(10), 1_000, "drop-oldest")
        changes += planned.omitted_turns != left_out
        left_out = planned.omitted_turns
        past.append(turn(20, omitted_turns=left_out, context_tokens=planned.tokens + 10))
    assert (changes, left_out) == (4, 56)


@pytest.mark.parametrize(
    ("context", "window", "words"),
    [
        (0, 1_000, ""),
        (799, 1_000, ""),
        (800, 1_000, "The session fills 80 % of the context window of m: 800 of 1,000 tokens."),
        (217_000, 262_144, "The session fills 83 % of the context window of m: 217,000 of 262,144 tokens."),
        (1_000_000, None, ""),
    ],
)
def test_a_nearly_full_window_gets_a_warning(context: int, window: int | None, words: str) -> None:
    assert build_window_warning(context, window, "m") == words


@pytest.mark.parametrize(
    ("left_out", "before", "summary", "words"),
    [
        (0, 0, "", ""),
        (0, 3, "", ""),
        (3, 3, "", ""),
        (1, 0, "", "The oldest turn is not sent: the context window of m is full."),
        (3, 1, "", "The 3 oldest turns are not sent: the context window of m is full."),
        (1, 0, "Short.", "The oldest turn is sent as a summary: the context window of m is full."),
        (3, 0, "Short.", "The 3 oldest turns are sent as a summary: the context window of m is full."),
    ],
)
def test_newly_omitted_turns_get_a_notice(left_out: int, before: int, summary: str, words: str) -> None:
    assert build_omission_notice(left_out, before, "m", summary) == words


def test_a_summary_replaces_the_turns_before_it() -> None:
    assert build_summary_messages("") == ()
    sent, replied = build_summary_messages("We spoke of loops.")
    assert (sent.role, replied.role) == ("user", "assistant")
    assert sent.text.endswith("\n\nWe spoke of loops.")
    assert replied.text


def test_the_request_for_a_summary_follows_the_turns() -> None:
    turns = [turn(2), turn(4)]
    assert build_summary_request(turns) == (*history_messages(turns), user_message(SUMMARY_PROMPT))
    assert build_summary_request(turns, "Before.") == (
        *build_summary_messages("Before."),
        *history_messages(turns),
        user_message(SUMMARY_PROMPT),
    )


WORDS = st.text(min_size=1, max_size=10)


@st.composite
def answers(draw: st.DrawFn) -> Message:
    """Rounds of tool calls with results, some without one, and words between them."""
    parts: list[Part] = []
    for number in range(draw(st.integers(0, 3))):
        parts += draw(st.lists(st.builds(ReasoningPart, WORDS) | st.builds(TextPart, WORDS), max_size=2))
        ids = [f"c{number}{each}" for each in range(draw(st.integers(0, 2)))]
        parts += [ToolCall(each, "clock", "{}") for each in ids]
        parts += [ToolResult(each, "clock", draw(st.text(max_size=5))) for each in ids if draw(st.booleans())]
    return Message("assistant", tuple(parts))


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    return [
        Turn(user_message("Well?"), Reply(each, stop="end"), Params("m"), "mimo-v2", "openai", 1.0)
        for each in messages
    ]


@given(st.lists(answers(), max_size=4), WORDS, st.sampled_from(["openai", "anthropic"]), st.randoms())
def test_a_request_with_a_summary_is_valid(
    messages: list[Message], summary: str, api: Api, chance: Random
) -> None:
    past = turns_of(messages)
    left_out = chance.randint(0, len(past))
    rest = (
        *build_summary_messages(summary),
        *history_messages(past[left_out:]),
        user_message("And now?"),
    )
    thinking = chance.choice([None, True, False])
    for messages in (
        rest,
        build_summary_request(past[:left_out], summary),
        build_summary_request(past[:left_out]),
    ):
        request = Request(
            (system_message("Be brief."), *messages), Params("m", thinking=thinking, max_completion_tokens=9)
        )
        assert find_fault(FORMATS[api].encode(request), api) == ""
