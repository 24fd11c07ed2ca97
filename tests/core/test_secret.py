"""A secret is a normal string, but its `repr` is hidden."""

import json
import traceback

import pytest

from mimo_magics.core.secret import Secret, redact_excerpt

KEY = Secret("sk-" + "x" * 20 + "last")


def test_a_secret_is_a_string():
    assert KEY == "sk-" + "x" * 20 + "last"
    assert json.loads(json.dumps({"key": KEY})) == {"key": str(KEY)}
    assert isinstance(KEY, str)


def test_a_secret_shows_only_its_last_four_characters():
    assert repr(KEY) == "'…last'"


def test_a_short_secret_shows_nothing():
    assert repr(Secret("12345678")) == "'…'"
    assert repr(Secret("")) == "'…'"
    assert repr(Secret("123456789")) == "'…6789'"


def test_a_secret_is_hidden_in_the_repr_of_containers():
    assert repr({"Authorization": [KEY]}) == "{'Authorization': ['…last']}"
    assert f"{KEY!r}" == "'…last'"


def test_a_secret_is_hidden_among_the_local_variables_of_a_traceback():
    def fails(key):
        raise ValueError

    try:
        fails(KEY)
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "key = '…last'" in shown
    assert KEY not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"bad key {KEY}", "bad key (the key)"),
        (f"bad key {KEY[:9]}…", "bad key (the key)…"),
        (f"bad key {KEY[:-1]}… and more", "bad key (the key)… and more"),
        (f"bad key {KEY} and {KEY[:4]}…", "bad key (the key) and (the key)…"),
        ("bad key sk-…", "bad key sk-…"),
        ("bad key…", "bad key…"),
    ],
)
def test_the_beginning_of_a_key_is_redacted_in_an_excerpt(text, shown):
    assert redact_excerpt(text, KEY) == shown
    assert redact_excerpt(text, Secret("short")) == text
