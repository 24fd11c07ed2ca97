"""The canonical form of a request."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.turns_strategy import json_values

from mimo_magics.core.errors import TapeMismatch
from mimo_magics.tape.matching import build_request_key, canonicalize, is_same_but_for_key
from mimo_magics.tape.mismatch import find_differences


def form(**body: Any) -> Any:
    return canonicalize(json.dumps(body).encode())


def test_the_order_of_names_does_not_matter() -> None:
    one, other = form(model="m", messages=[]), form(messages=[], model="m")
    assert list(one) == list(other) == ["messages", "model"]


def test_a_request_without_a_body_has_no_canonical_body() -> None:
    assert canonicalize(b"") is None


@pytest.mark.parametrize(
    "text",
    [
        "Today's date: 2026-11-23 Monday. Your knowledge cutoff date is December 2024.",
        "今天的日期：2026-11-23 星期一，你的知识截止日期是2024年12月。",
        "Today is date: Tuesday, March 20, 2026. Your knowledge cutoff date is December 2024.",
    ],
)
def test_the_date_in_a_system_prompt_is_replaced(text: str) -> None:
    for body in (
        form(messages=[{"role": "system", "content": text}]),
        form(system=text, messages=[]),
        form(system=[{"type": "text", "text": text}], messages=[]),
    ):
        written = json.dumps(body, ensure_ascii=False)
        assert "(the day)" in written
        assert "2026" not in written
        assert "2024" in written


def test_a_date_in_a_prompt_of_the_user_stays() -> None:
    message_now = {"role": "user", "content": "It was 2026-11-23 Monday."}
    assert form(messages=[message_now]) == {"messages": [message_now]}


def test_credentials_are_replaced() -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "sk-00001 and sk-00002"}]}).encode()
    canonical = canonicalize(body, ["sk-00001", "", "sk-00002"])
    assert canonical == {"messages": [{"content": "(the key) and (the key)", "role": "user"}]}


def test_long_base64_is_replaced_by_its_hash() -> None:
    url = "data:image/png;base64," + "A" * 3_000
    canonical = form(messages=[{"role": "user", "content": [{"image_url": {"url": url}}]}])
    shown = canonical["messages"][0]["content"][0]["image_url"]["url"]
    assert shown.startswith("data:image/png;base64,(3,000 characters, sha256 ")
    assert len(shown) < 80


def test_the_same_request_at_another_address_is_equal() -> None:
    assert build_request_key("POST", "/v1/chat/completions", {}) == build_request_key(
        "POST", "/proxy/v1/chat/completions", {}
    )
    assert build_request_key("POST", "/v1/chat/completions", {}) != build_request_key(
        "POST", "/anthropic/v1/messages", {}
    )


# Equality


def key(body: Any) -> tuple[str, str]:
    return build_request_key("POST", "/v1/chat/completions", body)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0, 0.0, True),
        (0, -0.0, True),
        (1, 1.0, True),
        (15000, 15000.0, True),
        (1, True, False),
        (0, False, False),
        (0, None, False),
        (1, "1", False),
        (0.1, 0.1, True),
        (0.1, 0.10000000000000002, False),
        (2**53 + 1, float(2**53), False),
        (10**300, 1e300, False),
        (float("nan"), float("nan"), True),
        ([], {}, False),
        ([1, [2.0]], [1.0, [2]], True),
        ({"a": {"b": 1.0}}, {"a": {"b": 1}}, True),
        ("", None, False),
    ],
    ids=repr,
)
def test_requests_are_equal_by_value_and_only_different_values_are_reported(
    one: Any, other: Any, same: bool
) -> None:
    for actual, recorded in ((one, other), (other, one)):
        assert (key({"x": actual}) == key({"x": recorded})) is same
        assert (list(find_differences({"x": actual}, {"x": recorded})) == []) is same


numbers = st.integers() | st.floats() | st.booleans()
bodies = st.recursive(
    json_values | numbers,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner),
    max_leaves=6,
)


@given(bodies, bodies)
def test_a_difference_is_reported_exactly_where_there_is_one(one: Any, other: Any) -> None:
    assert (key(one) == key(other)) is (list(find_differences(one, other)) == [])
    assert list(find_differences(one, one)) == []


# Bodies that are not chat requests


@given(json_values)
def test_any_json_has_a_canonical_form(body: Any) -> None:
    data = json.dumps(body).encode()
    for value in (data, json.dumps({"messages": body, "system": body}).encode()):
        repeated = canonicalize(value, ["a secret key"])
        assert key(repeated) == key(canonicalize(json.dumps(repeated).encode()))


@pytest.mark.parametrize(
    "messages",
    [None, 5, "text", {}, [None], [[]], [{}], [{"role": "system"}], [{"role": "system", "content": None}]],
)
def test_values_that_are_not_messages_stay_unchanged(messages: Any) -> None:
    assert form(messages=messages) == {"messages": messages}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"--boundary\r\nContent-Disposition: form-data", "its body is not valid JSON"),
        (b"\xff\xfe\x00", "its body is not valid JSON"),
        (b"{", "its body is not valid JSON"),
        (b"[" * 100_000, "its body is not valid JSON"),
        (b"[" * 200 + b"]" * 200, "its body is nested too deeply"),
        (b"1" * 5_000, "its body is not valid JSON"),
    ],
    ids=range(6),
)
def test_a_body_that_no_tape_can_hold_is_an_error(body: bytes, reason: str) -> None:
    with pytest.raises(TapeMismatch) as failure:
        canonicalize(body)
    assert failure.value.lines == (
        f"The request cannot be recorded on a tape: {reason}.",
        "Run without the tape: %mimo_tape off",
    )


# A replay without the key


@pytest.mark.parametrize(
    ("request_text", "same"),
    [
        ("lm-studio is lm-studio", True),
        ("lm-studio is not-needed", False),
        ("short is short", False),
        ("two words is two words", False),
        ("lm-studio is lm-studio!", False),
    ],
)
def test_a_replay_without_the_key_finds_a_request_that_contains_it(request_text: str, same: bool) -> None:
    recorded = canonicalize(json.dumps({"b": "lm-studio is lm-studio", "c": 1}).encode(), ["lm-studio"])
    assert recorded == {"b": "(the key) is (the key)", "c": 1}
    assert is_same_but_for_key(key({"b": request_text, "c": 1.0}), key(recorded)) is same


def test_a_hostile_tape_cannot_make_the_search_slow() -> None:
    recorded, request_text = {"b": "(the key)" * 5_000 + "!"}, {"b": "x" * 50_000}
    assert not is_same_but_for_key(key(request_text), key(recorded))
