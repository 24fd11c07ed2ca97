"""Removal of keys from JSON, events and text."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.turns_strategy import json_values

from mimo_magics.tape.redaction import redact, redact_response

EVENT = {"choices": [{"delta": {"role": "assistant", "content": "It is sk-12345 here."}, "index": 0}]}
SHORT_KEYS = [
    "1",
    "0",
    "null",
    "e",
    "{",
    '"',
    "x",
    "none",
    "EMPTY",
    "test",
    "hi",
    "user",
    "ollama",
    "content",
]


@pytest.mark.parametrize("key", SHORT_KEYS)
def test_a_key_of_less_than_8_characters_is_left_alone(key: str) -> None:
    body = {
        "messages": [{"role": "user", "content": "none of the user's tests is EMPTY: {x}"}],
        "temperature": 1,
    }
    data = json.dumps(body).encode()
    assert redact(body, [key]) == body
    assert redact_response(data, [key]) == data


def test_a_key_is_replaced_in_values_and_in_names_that_no_format_has() -> None:
    body = {"temperature": 1.0, "Temperature1": ["temperature", 1], "param": {"sk-12345": None}}
    assert redact(body, ["temperature"]) == {**body, "Temperature1": ["(the key)", 1]}
    assert redact(body, ["sk-12345"]) == {**body, "param": {"(the key)": None}}


def test_of_two_keys_the_longer_one_is_replaced_first() -> None:
    assert redact("sk-12345-more", ["sk-12345", "sk-12345-more"]) == "(the key)"


@pytest.mark.parametrize("secret", ["sk-12345", "assistant", '"choices"', 'content":'], ids=repr)
def test_json_stays_json_when_a_key_is_replaced(secret: str) -> None:
    data = b": sk-12345\n\ndata: " + json.dumps(EVENT).encode() + b"\r\n\ndata: [DONE]\n\n"
    lines = redact_response(data, [secret]).split(b"\n")
    event = json.loads(lines[2].removeprefix(b"data: "))
    assert list(event["choices"][0]["delta"]) == ["role", "content"]
    assert secret not in json.dumps(list(event["choices"][0]["delta"].values()), ensure_ascii=False)
    assert lines[4] == b"data: [DONE]"


@pytest.mark.parametrize("escaped", ["sk\\u002d12345", "\\u0073k-12345"])
def test_a_key_that_a_server_repeats_in_escapes_is_found(escaped: str) -> None:
    data = b'{"error": {"message": "no such key: ' + escaped.encode() + b'"}}'
    assert json.loads(redact_response(data, ["sk-12345"])) == {"error": {"message": "no such key: (the key)"}}


@pytest.mark.parametrize("data", [b"plain sk-12345 text", b"<p>sk-12345</p>\n<p>sk-12345"], ids=repr)
def test_a_key_in_plain_text_is_replaced(data: bytes) -> None:
    assert redact_response(data, ["sk-12345"]) == data.replace(b"sk-12345", b"(the key)")


@given(json_values, st.text(min_size=8))
def test_bytes_without_a_key_stay_unchanged(value: Any, secret: str) -> None:
    data = json.dumps(value, indent=1).encode()
    if redact(value, [secret]) == value:
        assert redact_response(data, [secret]) == data
    assert json.loads(redact_response(data, [secret])) == redact(value, [secret])
