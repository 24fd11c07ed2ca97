"""Speech in: what is sent, what comes back, and what is refused before something is sent."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.hostile import HOSTILE
from support.peer import Answer, Peer, error
from support.speech_service import (
    HTML_404,
    TRANSCRIPT,
    USAGE,
    full_response,
    mp3,
    sent_audio,
    serve_speech,
    tone,
)

from mimo_magics import Session, Speech, Transcription, transcribe
from mimo_magics.context.value import render_value
from mimo_magics.core.audio import build_wav
from mimo_magics.core.errors import ApiError, BadOption, BudgetExceeded
from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import AUDIO_PRICES
from mimo_magics.core.services import SERVICES
from mimo_magics.session.transcription import TranscriptionInput, draft_transcription

WAV = build_wav(tone())


@pytest.fixture
def service(peer: Peer) -> Peer:
    peer.script = serve_speech
    return peer


@pytest.fixture
def xiaomi(service: Peer, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """The service as the preset xiaomi, whose price is known."""
    base_urls = {"openai": f"{service.url}/v1", "anthropic": f"{service.url}/anthropic"}
    monkeypatch.setitem(SERVICES, "xiaomi", replace(SERVICES["xiaomi"], base_urls=base_urls))
    return service


def write_down(service: Peer, audio: Any = WAV, **options: Any) -> Transcription:
    return transcribe(audio, base_url=f"{service.url}/v1", **options)


def test_audio_is_transcribed(service: Peer, tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(WAV)
    seconds = len(WAV) / 48_000
    text = write_down(service, path, language="en")
    usage = Usage(12, 40, audio_seconds=seconds)
    assert text == Transcription(TRANSCRIPT, seconds, "en", "mimo-v2.5-asr", usage, None)
    assert str(text) == TRANSCRIPT
    (seen,) = service.requests
    assert (seen.path, sent_audio(seen)) == ("/v1/chat/completions", WAV)
    assert {name: seen.body[name] for name in ("model", "stream", "asr_options")} == {
        "model": "mimo-v2.5-asr",
        "stream": False,
        "asr_options": {"language": "en"},
    }


def test_bytes_and_the_value_of_speak_are_accepted(service: Peer) -> None:
    speech = Speech(mp3(), "mp3", 0.48, "Hello.", "mimo-v2.5-tts")
    assert [str(write_down(service, audio)) for audio in (mp3(), speech)] == [TRANSCRIPT] * 2
    assert [sent_audio(seen) for seen in service.requests] == [mp3()] * 2


def test_the_cost_is_that_of_the_seconds_and_counts_in_the_session(xiaomi: Peer) -> None:
    session = Session(preset="xiaomi")
    text = transcribe(WAV, session=session)
    assert text.cost == pytest.approx(text.seconds * AUDIO_PRICES["xiaomi", "mimo-v2.5-asr"])
    assert session.unrecorded.usage == Usage(12, 40, audio_seconds=text.seconds)
    assert session.spending.usd == text.cost
    with pytest.raises(BudgetExceeded):
        transcribe(WAV, session=session, budget="0.00001 USD")
    assert len(xiaomi.requests) == 1


def test_the_seconds_are_in_the_session_file(xiaomi: Peer, tmp_path: Path) -> None:
    session = Session(preset="xiaomi")
    transcribe(WAV, session=session)
    session.save(tmp_path / "talk.json")
    assert Session.load(tmp_path / "talk.json").unrecorded == session.unrecorded


def test_without_seconds_in_the_usage_those_of_the_file_count(xiaomi: Peer) -> None:
    xiaomi.answers(lambda seen: full_response({"content": "Hi"}, seen, {**USAGE, "seconds": "many"}))
    text = transcribe(WAV, preset="xiaomi")
    assert text.seconds == 0.5
    assert text.cost == pytest.approx(0.5 * AUDIO_PRICES["xiaomi", "mimo-v2.5-asr"])


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"language": "fr"}, "The language must be auto, zh or en, not 'fr'."),
        ({"model": "mimo-v2.6-pro"}, "mimo-v2.6-pro does not transcribe."),
        ({"audio": b"OggS"}, "bytes is not a complete WAV or MP3 file."),
        (
            {"share": "schema"},
            "share=schema sends no content of files and values, so this audio was not sent.",
        ),
        ({"api": "anthropic"}, "The Anthropic format has no speech models."),
        ({"base_url": None, "preset": "mimo-v2"}, "mimo-v2 has no model that transcribes."),
        ({"base_url": None, "preset": "local"}, "The embedded model neither speaks nor transcribes."),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value),
)
def test_an_invalid_call_is_refused_before_it_is_sent(
    service: Peer, options: dict[str, Any], fact: str
) -> None:
    with pytest.raises(BadOption) as failure:
        transcribe(**{"audio": WAV, "base_url": f"{service.url}/v1", **options})
    assert failure.value.message == fact
    assert failure.value.hint
    assert service.requests == []


@pytest.mark.parametrize("answer", [HTML_404, error(400, "Param Incorrect", "invalid audio format")])
def test_an_error_of_the_service_is_raised(service: Peer, answer: Answer) -> None:
    service.answers(answer)
    with pytest.raises(ApiError):
        write_down(service)


def test_a_recorded_transcription_is_replayed_without_a_server(service: Peer, tmp_path: Path) -> None:
    path = tmp_path / "transcription.jsonl"
    recorded = write_down(service, tape=f"record:{path}")
    service.script = lambda _: error(500)
    assert write_down(service, tape=f"replay:{path}") == recorded


def test_a_dry_run_shows_the_request_with_the_price_of_the_seconds() -> None:
    dry_run = draft_transcription(TranscriptionInput(build_wav(tone(9))), None, {"preset": "xiaomi"})
    assert dry_run.cost == (pytest.approx(9 * AUDIO_PRICES["xiaomi", "mimo-v2.5-asr"]), None)
    assert len(repr(dry_run)) < 1_500


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_transcript_is_only_text(text: str) -> None:
    shown = Transcription(text, 1.0, "auto", "mimo-v2.5-asr")._repr_mimebundle_()["text/html"]
    inner = shown.partition('pre-wrap">')[2].partition("</div>")[0]
    assert "<" not in inner


def test_a_transcription_displays_a_bounded_text_and_its_duration() -> None:
    shown = Transcription("x" * 10**6, 61.5, "auto", "mimo-v2.5-asr")
    assert len(shown._repr_mimebundle_()["text/html"]) < 101_000
    short = Transcription("Hello.\nYou.", 61.5, "auto", "mimo-v2.5-asr")
    assert short._repr_mimebundle_()["text/plain"] == "Hello.\nYou.\nTranscription of 61.5 s · mimo-v2.5-asr"
    assert short._ai_repr_() == {"text/plain": "Hello.\nYou."}


def test_a_prompt_gets_the_text_and_with_share_schema_none_of_it() -> None:
    text = Transcription("Good morning.", 0.5, "auto", "mimo-v2.5-asr")
    speech = Speech(WAV, "wav", 0.5, "Good morning.", "mimo-v2.5-tts")
    for value in (text, speech):
        assert render_value("x", value, 20_000, "sample").text == "Good morning."
        assert "morning" not in render_value("x", value, 20_000, "schema").text
