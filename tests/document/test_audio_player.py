"""The player of audio in a document."""

import base64
import re

import pytest
from support.hostile import HOSTILE
from support.speech_service import mp3, tone

from mimo_magics.core.audio import build_wav
from mimo_magics.document.audio_player import MAX_EMBEDDED_BYTES, player_bundle

WAV = build_wav(tone(0.1))
LARGE = build_wav(bytes(MAX_EMBEDDED_BYTES))


@pytest.mark.parametrize(("data", "mime_type"), [(WAV, "audio/wav"), (mp3(), "audio/mpeg")])
def test_audio_is_inside_the_document_with_the_type_of_its_content(data: bytes, mime_type: str) -> None:
    encoded = base64.b64encode(data).decode()
    assert player_bundle(data, "Speech of 0.1 s") == {
        "text/html": '<div class="mimo-reply jp-RenderedHTMLCommon mathjax_ignore tex2jax_ignore">'
        f'<audio controls preload="metadata" src="data:{mime_type};base64,{encoded}"></audio>'
        '<p dir="auto"><small style="opacity:0.7">Speech of 0.1 s</small></p></div>',
        "text/plain": "Speech of 0.1 s",
    }


def test_large_audio_is_played_from_its_file() -> None:
    bundle = player_bundle(LARGE, "Speech of 42 s", file_name="speech 1.wav")
    assert '<audio controls preload="metadata" src="speech%201.wav"></audio>' in bundle["text/html"]
    assert bundle["text/plain"] == "Speech of 42 s · file speech 1.wav"
    assert len(bundle["text/html"]) < 500


def test_large_audio_without_a_file_says_how_to_save_it() -> None:
    page = player_bundle(LARGE, "Speech of 42 s")["text/html"]
    assert "<p>The audio of 2.0 MB is too large for a notebook. Save it with .save(PATH).</p>" in page
    assert "<audio" not in page


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload='alert(1)'/>", b"<!DOCTYPE html><script>alert(1)</script>", WAV[:-2]]
)
def test_other_data_has_no_player(data: bytes) -> None:
    page = player_bundle(data, "Speech", file_name="speech.wav")["text/html"]
    assert "<p>This is not a complete WAV or MP3 file, so there is no player.</p>" in page
    assert "<audio" not in page


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_caption_or_file_name_is_only_text(text: str) -> None:
    bundle = player_bundle(WAV, text, file_name=text)
    tags = re.findall(r"<(\w+)", bundle["text/html"])
    assert tags == ["div", "audio", "p", "small"]
    assert re.fullmatch(
        r'<div[^>]*><audio controls preload="metadata" src="[\w.~/%-]*"></audio>.*',
        bundle["text/html"],
        re.DOTALL,
    )
