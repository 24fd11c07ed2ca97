"""Media in a few words."""

from __future__ import annotations

from base64 import b64encode

import pytest
from support.media_files import iso, png, wav

from mimo_magics.core.media_label import media_label
from mimo_magics.core.messages import AudioPart, ImagePart, MediaPart, VideoPart


def data_url(data: bytes) -> str:
    return f"data:x/y;base64,{b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("part", "label"),
    [
        (ImagePart(data_url(png(640, 480)), "plot.png"), "plot.png 640x480, about 300 tokens"),
        (ImagePart(data_url(png(8, 8))), "image 8x8, about 8 tokens"),
        (
            ImagePart("https://a.example/x.png", "https://a.example/x.png"),
            "https://a.example/x.png, tokens unknown",
        ),
        (AudioPart(data_url(wav(16)), "bell.wav"), "bell.wav 16.0 s, about 101 tokens"),
        (AudioPart(data_url(b"OggS" + bytes(1_200_000))), "audio 1.2 MB, tokens unknown"),
        (VideoPart(data_url(iso(b"isom") + bytes(3_000_000)), "tide.mp4"), "tide.mp4 3.0 MB, tokens unknown"),
        (ImagePart("data:,x", "a\u202eb\x1b[31m"), "a⟨U+202E⟩b⟨U+001B⟩[31m, tokens unknown"),
        (ImagePart("data:,x", "w" * 500), f"{'w' * 60}…, tokens unknown"),
    ],
)
def test_media_are_named_with_their_size_and_tokens(part: MediaPart, label: str) -> None:
    assert media_label(part) == label
