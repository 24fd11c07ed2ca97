"""Audio in a response: base64 that is whole, or cut at any character."""

import base64

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.errors import WireError
from mimo_magics.wire.audio_data import AudioDecoder


def decode(*pieces: str) -> bytes:
    decoder = AudioDecoder()
    return b"".join([*(decoder.feed(piece) for piece in pieces), decoder.close()])


@given(st.binary(max_size=60), st.integers(1, 9))
def test_base64_may_be_cut_at_any_character(data: bytes, size: int) -> None:
    text = base64.b64encode(data).decode()
    assert decode(*(text[start : start + size] for start in range(0, len(text), size))) == data


@given(st.lists(st.binary(max_size=9)))
def test_each_piece_may_be_encoded_for_itself(pieces: list[bytes]) -> None:
    assert decode(*(base64.b64encode(each).decode() for each in pieces)) == b"".join(pieces)


def test_line_ends_and_a_missing_padding_are_accepted() -> None:
    text = base64.b64encode(b"four").decode()
    assert decode(text.rstrip("=")) == b"four"
    assert decode(f"{text[:3]}\r\n {text[3:]}\n") == b"four"


@pytest.mark.parametrize(
    "text", ["<svg/>..", "====", "=AAA", "AA==A===", "AAA-", "AAAÄ", "A===", "data:audio/wav;base64,AAAA"]
)
def test_other_text_is_an_error(text: str) -> None:
    with pytest.raises(WireError, match=r"^The server sent audio that is not valid base64\.$"):
        AudioDecoder().feed(text)
