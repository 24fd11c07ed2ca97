from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest

from mimo_magics.core.messages import AudioPart, ImagePart, Message, TextPart
from mimo_magics.session.media_reference import (
    MAX_INLINE_CHARS,
    MISSING_TEXT,
    MediaReference,
    find_reference,
    replace_missing_media,
    replace_urls,
    shorten_url,
    split_data_url,
)

DATA = bytes(range(256)) * 300
URL = f"data:image/png;base64,{b64encode(DATA).decode()}"
DIGEST = sha256(DATA).hexdigest()
REFERENCE = MediaReference(DIGEST, "image/png", len(DATA))


def test_a_long_data_url_becomes_a_reference_and_back() -> None:
    assert split_data_url(URL) == (REFERENCE, DATA)
    assert shorten_url(URL) == f"media:sha256-{DIGEST};image/png;76800"
    assert find_reference(shorten_url(URL), "image") == REFERENCE
    assert REFERENCE.build_url(DATA) == URL


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x.png",
        "data:image/png;base64,AAAA",
        URL.replace("image/png", "image/svg+xml"),
        URL.replace("image/png", "text/html"),
        URL.replace("base64,", "base64, "),
        URL + "\n",
        URL[:-1],
        f"data:image/png;base64,{'-_' * MAX_INLINE_CHARS}",
    ],
)
def test_any_other_url_stays_as_it_is(url: str) -> None:
    assert shorten_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "media:sha256-../../etc/passwd;image/png;3",
        f"media:sha256-{DIGEST.upper()};image/png;3",
        f"media:sha256-{DIGEST};image/../png;3",
        f"media:sha256-{DIGEST};image/svg+xml;3",
        f"media:sha256-{DIGEST};audio/wav;3",
        f"media:sha256-{DIGEST};image/png;999999999",
        f"media:sha256-{DIGEST};image/png;-1",
        f"media:sha256-{DIGEST};image/png;3\n",
        f"media:sha256-{DIGEST[:-1]}\u0663;image/png;3",
    ],
)
def test_a_reference_that_a_stranger_wrote_otherwise_is_none(url: str) -> None:
    assert find_reference(url, "image") is None


def test_the_name_of_a_file_is_its_hash() -> None:
    assert REFERENCE.file_name == f"{DIGEST}.png"


def test_missing_media_is_text_for_the_model_and_a_line_for_the_user() -> None:
    missing, other = str(REFERENCE), "https://a.example/a.mp3"
    message = Message("user", (TextPart("Look:"), ImagePart(missing), AudioPart(other)))
    replaced, notes = replace_missing_media([message, message])
    assert replaced == (Message("user", (TextPart("Look:"), TextPart(MISSING_TEXT), AudioPart(other))),) * 2
    assert notes == ("Images, audio and video whose files are missing: 2. They were not sent.",)
    assert replace_missing_media([Message("user", (ImagePart("x"),))]) == (
        (Message("user", (ImagePart("x"),)),),
        (),
    )


def test_a_prompt_without_media_is_the_same_object() -> None:
    message = Message("user", (TextPart("x"),))
    assert replace_urls(message, shorten_url) is message
