"""Tokens of images and audio from the first bytes of their data URLs, which are untrusted."""

from __future__ import annotations

import base64
import io
import struct
import wave
import zlib

import pytest
from hypothesis import example, given, strategies as st

from mimo_magics.core import media_type
from mimo_magics.core.media_tokens import DEFAULT_MEDIA_TOKENS, estimate_media_tokens
from mimo_magics.core.messages import AudioPart, ImagePart


def data_url(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


def jpeg(width: int, height: int, before: bytes = b"") -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\0" * 9
    return b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + before + frame + b"\xff\xd9"


def segment(marker: int, length: int) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, length + 2) + b"\xff" * length


def webp(kind: bytes, payload: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 100) + b"WEBP" + kind + struct.pack("<I", len(payload)) + payload


def webp_lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width | 0x4000, height))


def webp_lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\0" * 5)


def webp_extended(width: int, height: int) -> bytes:
    return webp(b"VP8X", b"\0" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


IMAGE_KINDS = [png, gif, jpeg, webp_lossy, webp_lossless, webp_extended]


@pytest.mark.parametrize("draw", IMAGE_KINDS)
@pytest.mark.parametrize(
    ("size", "tokens"),
    [((1, 1), 8), ((64, 128), 8), ((640, 480), 300), ((1_000, 1_001), 978), ((9_999, 16_000), 8_192)],
)
def test_an_image_has_a_token_for_1024_pixels_within_limits(
    draw: object, size: tuple[int, int], tokens: int
) -> None:
    assert callable(draw)
    assert estimate_media_tokens(ImagePart(data_url(draw(*size)))) == tokens


@pytest.mark.parametrize(
    "before",
    [
        segment(0xE1, 60_000),
        segment(0xE1, 10) + segment(0xC4, 20) + segment(0xDB, 65),
        b"\xff\xff\xff" + segment(0xE1, 3),
    ],
)
def test_the_size_of_a_jpeg_may_come_late(before: bytes) -> None:
    assert estimate_media_tokens(ImagePart(data_url(jpeg(640, 480, before)))) == 300


def test_line_ends_and_the_url_safe_alphabet_of_base64_are_decoded() -> None:
    text = base64.urlsafe_b64encode(png(640, 480) + b"\xff\xfe" * 30).decode()
    assert estimate_media_tokens(ImagePart(f"data:image/png;base64,{text}")) == 300
    lines = base64.encodebytes(png(640, 480) + b"\0" * 100).decode()
    assert estimate_media_tokens(ImagePart(f"data:image/png;base64,{lines}")) == 300


@pytest.mark.parametrize(
    "url",
    [
        *("", "https://example.com/a.png", "data:image/png;base64,", "data:,hello", "data:image/png;base64"),
        *("data:image/svg+xml;base64,PHN2Zz4=", "data:image/png;base64,!!!!", "\ud800"),
        data_url(png(0, 10)),
        data_url(png(640, 480)[:20]),
        data_url(b"\xff\xd8" + b"\xff" * 1_000),
        data_url(b"\xff\xd8" + segment(0xE1, 65_000) * 2 + jpeg(1, 1)[20:]),
        data_url(b"\xff\xd8\xff\xe0\0\0" * 100),
        data_url(webp(b"VP8X", b"")),
        data_url(webp(b"what", b"\0" * 40)),
    ],
)
def test_unreadable_media_have_the_default_number_of_tokens(url: str) -> None:
    assert estimate_media_tokens(ImagePart(url)) == DEFAULT_MEDIA_TOKENS
    assert estimate_media_tokens(AudioPart(url)) == DEFAULT_MEDIA_TOKENS


def wav(seconds: float, rate: int = 8_000, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(b"\0\0" * channels * int(seconds * rate))
    return file.getvalue()


@pytest.mark.parametrize(
    ("sound", "tokens"),
    [
        (wav(16), 100),
        (wav(1.6, 44_100, 2), 10),
        (wav(0), 1),
        (wav(16).replace(b"WAVE", b"WAVEJUNK\x03\0\0\0abc\0"), 100),
        (b"ID3 an MP3", DEFAULT_MEDIA_TOKENS),
        (wav(16)[:20], DEFAULT_MEDIA_TOKENS),
        (b"RIFF\0\0\0\0WAVE" + b"\0" * 100, DEFAULT_MEDIA_TOKENS),
        (b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + b"\0" * 16, DEFAULT_MEDIA_TOKENS),
    ],
)
def test_audio_has_6_25_tokens_for_each_second(sound: bytes, tokens: int) -> None:
    estimate = estimate_media_tokens(AudioPart(data_url(sound, "audio/wav")))
    assert tokens <= estimate <= tokens + 1


@given(
    st.sampled_from([png(3, 4), gif(3, 4), jpeg(3, 4), webp_lossy(3, 4), webp_extended(3, 4), wav(0.01)]),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=6),
    st.integers(0, 100),
)
@example(jpeg(3, 4), [], 0)
def test_any_bytes_have_a_number_within_limits(
    data: bytes, changes: list[tuple[int, int]], length: int
) -> None:
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(changed)] = value
    url = data_url(bytes(changed[:length]))
    assert 8 <= estimate_media_tokens(ImagePart(url)) <= 8_192
    assert estimate_media_tokens(AudioPart(url)) >= 1


def test_only_the_beginning_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []

    class Counting:
        @staticmethod
        def a2b_base64(text: str) -> bytes:
            decoded.append(len(text))
            return base64.b64decode(text)

    monkeypatch.setattr(media_type, "binascii", Counting)
    assert estimate_media_tokens(ImagePart(data_url(png(640, 480) + bytes(10_000_000)))) == 300
    assert decoded == [media_type.HEAD_CHARS]
