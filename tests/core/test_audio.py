"""The format and the duration of audio, from its bytes."""

import struct

import pytest
from support.speech_service import mp3, tone

from mimo_magics.core.audio import AudioInfo, build_wav, identify_audio, measure_samples

WAV = build_wav(tone(0.5))
ID3 = b"ID3\x03\x00\x00\x00\x00\x01\x00" + bytes(128)
"""A tag of 128 bytes, with its head."""


def wav_with_size(size: int, samples: bytes = bytes(4_800)) -> bytes:
    return WAV[:40] + struct.pack("<I", size) + samples


@pytest.mark.parametrize(
    ("data", "info"),
    [
        (WAV, AudioInfo("wav", 0.5)),
        (WAV + b"LIST\x04\x00\x00\x00abcd", AudioInfo("wav", 0.5)),
        (WAV[:12] + b"LIST\x03\x00\x00\x00abc\x00" + WAV[12:], AudioInfo("wav", 0.5)),
        (wav_with_size(0xFFFFFFFF), AudioInfo("wav", 0.1)),
        (wav_with_size(0xFFFFFFFF - 36), AudioInfo("wav", 0.1)),
        (wav_with_size(0), AudioInfo("wav", 0.1)),
        (mp3(20), AudioInfo("mp3", pytest.approx(0.48))),
        (ID3 + mp3(20), AudioInfo("mp3", pytest.approx(0.48))),
        (mp3(20) + b"TAG" + bytes(125), AudioInfo("mp3", pytest.approx(0.48))),
    ],
)
def test_wav_and_mp3_are_recognized_with_their_duration(data: bytes, info: AudioInfo) -> None:
    assert identify_audio(data) == info
    assert info.mime_type in ("audio/wav", "audio/mpeg")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        WAV[:20],
        WAV[:44],
        WAV[:-2],
        wav_with_size(200_000_000),
        WAV[:22] + b"\x00\x00" + WAV[24:],
        b"RIFF\x00\x00\x00\x00WAVE" + b"LIST\x00\x00\x00\x00" * 100_000,
        b"RIFF\x24\x00\x00\x00WEBPVP8 ",
        b"OggS" + bytes(100),
        b"fLaC" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"\xff\xf3\x84\xc4<script>alert(1)</script>" + b" " * 500,
        ID3 + b"<script>alert(1)</script>",
        b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f" + mp3(20),
        mp3(3) + b"<script>alert(1)</script>" * 100,
        bytes(1_000),
        b"\xff" * 1_000,
    ],
)
def test_other_and_damaged_data_is_refused(data: bytes) -> None:
    assert identify_audio(data) is None


def test_streamed_samples_become_a_wav_file_without_half_a_sample() -> None:
    samples = tone(0.1)
    assert identify_audio(build_wav(samples + b"\x01")) == AudioInfo("wav", 0.1)
    assert build_wav(samples + b"\x01") == build_wav(samples)
    assert measure_samples(len(samples)) == 0.1
    assert identify_audio(build_wav(b"")) is None
