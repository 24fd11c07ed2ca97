"""Reading what a server sent, which may be anything."""

import pytest

from mimo_magics.core.errors import WireError
from mimo_magics.wire.json_values import load_object, parse_token_count, require_index, require_text


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (12, 12),
        (12.0, 12),
        ("12", 12),
        (None, 0),
        ("many", 0),
        ([], 0),
        ({"a": 1}, 0),
        (float("inf"), 0),
        (True, 1),
    ],
)
def test_a_count_that_cannot_be_read_is_no_reason_to_lose_a_reply(told: object, read: int) -> None:
    assert parse_token_count(told) == read


@pytest.mark.parametrize("data", ["", "[]", "1", "null", '"x"', "{", b"\xff\xfe\x00", "[" * 100_000])
def test_what_is_no_object_is_an_error(data: str | bytes) -> None:
    with pytest.raises(WireError):
        load_object(data)


def test_texts_and_places_have_their_type() -> None:
    assert (require_text("a"), require_index(3), load_object('{"a": 1}')) == ("a", 3, {"a": 1})
    with pytest.raises(TypeError):
        require_text(5)
    with pytest.raises(TypeError):
        require_index("0")
