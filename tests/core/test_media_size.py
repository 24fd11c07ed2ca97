"""The duration of audio and the size of images, from the first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from support.media_files import FILES, bmp, flac, mp3, png, wav

from mimo_magics.core.media_size import read_audio_seconds, read_image_size


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (png(7, 5), (7, 5)),
        (bmp(7, 5), (7, 5)),
        (b"BM" + b"\0" * 12 + b"\x0c\0\0\0\x07\0\x05\0", (7, 5)),
        (b"BM" + b"\0" * 12 + b"\x28\0\0\0\xff\xff\xff\xff\x05\0\0\0", None),
        (png(0, 5), None),
        (FILES["image/jpeg"], None),
        (FILES["audio/wav"], None),
        (b"", None),
    ],
)
def test_the_size_of_an_image(data: bytes, size: tuple[int, int] | None) -> None:
    assert read_image_size(data) == size


@pytest.mark.parametrize("sound", [wav(16), flac(16), mp3(16), mp3(16, b"tag" * 1_000)])
def test_the_duration_of_audio(sound: bytes) -> None:
    seconds = read_audio_seconds(sound, len(sound))
    assert seconds is not None
    assert round(seconds) == 16


@pytest.mark.parametrize(
    "sound",
    [
        flac(0),
        FILES["audio/ogg"],
        FILES["audio/mp4"],
        b"ID3",
        b"ID3\4\0\0\0\0\0\0text",
        b"ID3\4\0\0\0\0\0",
        wav()[:20],
    ],
)
def test_an_unreadable_duration_is_unknown(sound: bytes) -> None:
    assert read_audio_seconds(sound, len(sound)) is None


@given(st.sampled_from(sorted(FILES)), st.binary(max_size=60), st.integers(0, 60))
def test_any_bytes_are_read_without_an_error(media_type: str, end: bytes, count: int) -> None:
    data = FILES[media_type][:count] + end
    size, seconds = read_image_size(data), read_audio_seconds(data, len(data))
    assert size is None or min(size) > 0
    assert seconds is None or seconds >= 0
