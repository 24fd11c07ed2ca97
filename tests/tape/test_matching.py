"""The form of a request in which equal ones are equal."""

import json
from typing import Any

import pytest

from mimo_magics.tape.matching import build_request_key, canonicalize


def form(**body: Any) -> Any:
    return canonicalize(json.dumps(body).encode())


def test_the_order_of_names_says_nothing() -> None:
    one, other = form(model="m", messages=[]), form(messages=[], model="m")
    assert list(one) == list(other) == ["messages", "model"]


def test_a_request_without_a_body_has_none() -> None:
    assert canonicalize(b"") is None


@pytest.mark.parametrize(
    "told",
    [
        "Today's date: 2026-11-23 Monday. Your knowledge cutoff date is December 2024.",
        "今天的日期：2026-11-23 星期一，你的知识截止日期是2024年12月。",
        "Today is date: Tuesday, March 20, 2026. Your knowledge cutoff date is December 2024.",
    ],
)
def test_the_day_of_a_system_prompt_is_set_aside(told: str) -> None:
    for body in (
        form(messages=[{"role": "system", "content": told}]),
        form(system=told, messages=[]),
        form(system=[{"type": "text", "text": told}], messages=[]),
    ):
        written = json.dumps(body, ensure_ascii=False)
        assert "(the day)" in written
        assert "2026" not in written
        assert "2024" in written


def test_a_day_that_a_person_tells_stays() -> None:
    said = {"role": "user", "content": "It was 2026-11-23 Monday."}
    assert form(messages=[said]) == {"messages": [said]}


def test_what_a_request_proves_itself_by_is_set_aside() -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "sk-1 and sk-2"}]}).encode()
    said = canonicalize(body, ["sk-1", "", "sk-2"])
    assert said == {"messages": [{"content": "(the key) and (the key)", "role": "user"}]}


def test_long_base64_stands_as_its_fingerprint() -> None:
    url = "data:image/png;base64," + "A" * 3_000
    said = form(messages=[{"role": "user", "content": [{"image_url": {"url": url}}]}])
    shown = said["messages"][0]["content"][0]["image_url"]["url"]
    assert shown.startswith("data:image/png;base64,(3,000 characters, sha256 ")
    assert len(shown) < 80


def test_the_same_request_at_another_address_is_the_same() -> None:
    assert build_request_key("POST", "/v1/chat/completions", {}) == build_request_key(
        "POST", "/proxy/v1/chat/completions", {}
    )
    assert build_request_key("POST", "/v1/chat/completions", {}) != build_request_key(
        "POST", "/anthropic/v1/messages", {}
    )
