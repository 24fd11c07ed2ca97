"""The type of media comes from the first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from support.media_files import FILES, OTHER_FILES, iso

from mimo_magics.core.media_type import (
    AUDIO_TYPES,
    IMAGE_TYPES,
    VIDEO_TYPES,
    DataUrl,
    find_media_type,
    get_media_kind,
    read_data_url,
)


@pytest.mark.parametrize("media_type", FILES)
def test_each_type_is_known_by_its_first_bytes(media_type: str) -> None:
    assert find_media_type(FILES[media_type]) == media_type


def test_the_types_are_those_of_the_api() -> None:
    assert set(FILES) == {*IMAGE_TYPES, *AUDIO_TYPES, *VIDEO_TYPES}
    assert {get_media_kind(each) for each in FILES} == {"image", "audio", "video"}
    assert get_media_kind("") == ""


@pytest.mark.parametrize("name", OTHER_FILES)
def test_other_files_have_no_type(name: str) -> None:
    assert find_media_type(OTHER_FILES[name]) == ""


@pytest.mark.parametrize("brand", [b"mp42", b"mp41", b"iso2", b"avc1", b"M4V ", b"dash", b"3gp5"])
def test_the_brands_of_mp4_are_video(brand: bytes) -> None:
    assert find_media_type(iso(brand)) == "video/mp4"


@given(st.binary(max_size=40))
def test_any_bytes_have_a_known_type_or_none(data: bytes) -> None:
    assert find_media_type(data) in ("", *FILES)


@pytest.mark.parametrize(
    ("url", "data"),
    [
        ("data:image/png;base64,AAEC", DataUrl(b"\0\1\2", 3)),
        ("DATA:image/png;charset=x;base64,AAEC", DataUrl(b"\0\1\2", 3)),
        ("data:;base64,AAEC", DataUrl(b"\0\1\2", 3)),
        ("data:image/png;base64,AAEC!", DataUrl(b"\0\1\2", 3)),
        ("data:image/png,AAEC", None),
        ("https://example.org/a.png", None),
        ("", None),
    ],
)
def test_a_data_url_is_decoded(url: str, data: DataUrl | None) -> None:
    assert read_data_url(url) == data
