"""Audio that a user wants to send: where it comes from, and what is refused before it is sent."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.speech_service import mp3, tone

from mimo_magics.core.audio import AudioInfo, build_wav
from mimo_magics.core.errors import BadOption
from mimo_magics.session.audio_source import MAX_AUDIO_BYTES, read_audio

WAV = build_wav(tone(0.1))


def test_a_file_is_read_with_the_type_of_its_content(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(mp3(10))
    source = read_audio(path, "sample")
    assert source.name == str(path)[:80] or source.name.endswith("…")
    assert source.info == AudioInfo("mp3", pytest.approx(0.24))
    assert source.url.startswith("data:audio/mpeg;base64,")
    assert source == read_audio(str(path), "full")


@pytest.mark.parametrize(
    "value",
    [
        WAV,
        bytearray(WAV),
        memoryview(WAV),
        SimpleNamespace(bytes=WAV),
        SimpleNamespace(data=WAV),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_with_audio_is_accepted(value: object) -> None:
    assert read_audio(value, "sample").data == WAV


def test_audio_of_ipython_is_accepted() -> None:
    display = pytest.importorskip("IPython.display")
    assert read_audio(display.Audio(data=WAV), "sample").data == WAV


@pytest.mark.parametrize(
    ("source", "fact"),
    [
        (b"OggS" + bytes(100), "bytes is not a complete WAV or MP3 file."),
        (WAV[:-2], "bytes is not a complete WAV or MP3 file."),
        (WAV + bytes(MAX_AUDIO_BYTES), "bytes is larger than 7.5 MB, the limit of the API."),
        (7, "A value of the type int has no audio."),
        (
            SimpleNamespace(data="https://example.org/a.mp3"),
            "A value of the type SimpleNamespace has no audio.",
        ),
        ("missing.wav", "missing.wav cannot be read: No such file or directory."),
        (".", ". cannot be read: Is a directory."),
        ("/dev/zero", "/dev/zero cannot be read: not a regular file."),
        ("a\0b.wav", "a⟨U+0000⟩b.wav cannot be read: "),
        ("x" * 5_000, f"{'x' * 80}… cannot be read: "),
        ("~no.such.user/voice.wav", "~no.such.user/voice.wav cannot be read: "),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_what_cannot_be_sent_is_an_error_with_an_advice(
    source: object, fact: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadOption) as failure:
        read_audio(source, "sample")
    assert failure.value.message.startswith(fact)
    assert failure.value.hint


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("the system has no named pipes")
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(BadOption, match="cannot be read"):
        read_audio(tmp_path / "pipe.wav", "sample")


@pytest.mark.parametrize("source", ["voice.wav", WAV])
def test_share_schema_sends_no_audio(source: object) -> None:
    with pytest.raises(BadOption, match=r"^share=schema sends no content"):
        read_audio(source, "schema")
