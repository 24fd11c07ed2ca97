"""Speech out: what is sent, what comes back, and what is refused before something is sent."""

import base64
from pathlib import Path
from typing import Any

import pytest
from support.peer import CUT, Answer, Peer, error, sse
from support.speech_service import (
    HTML_404,
    USAGE,
    audio_answer,
    audio_frame,
    audio_stream,
    full_response,
    mp3,
    serve_speech,
    tone,
)

from mimo_magics import Session, Speech, speak
from mimo_magics.core.audio import build_wav
from mimo_magics.core.errors import (
    ApiError,
    BadOption,
    BudgetExceeded,
    ContextWindowExceeded,
    IncompleteStream,
    MimoError,
    WireError,
)
from mimo_magics.core.messages import Usage
from mimo_magics.session.speech import SpeechPrompt, draft_speech

WAV = build_wav(tone())


@pytest.fixture
def service(peer: Peer) -> Peer:
    peer.script = serve_speech
    return peer


@pytest.fixture
def mimo_v2(mimo: Peer) -> Peer:
    """The service as the preset mimo-v2, with a key."""
    mimo.script = serve_speech
    return mimo


def speak_text(service: Peer, text: object = "Good morning.", **options: Any) -> Speech:
    return speak(text, base_url=f"{service.url}/v1", **options)


def test_a_text_is_text_message(service: Peer) -> None:
    speech = speak_text(service)
    assert speech == Speech(
        WAV, "wav", 0.5, "Good morning.", "mimo-v2.5-tts", "mimo_default", Usage(12, 40), None
    )
    assert (speech.duration, repr(speech)[:14]) == (0.5, "Speech(format=")
    assert service.requests[0].path == "/v1/chat/completions"
    assert service.requests[0].body == {
        "model": "mimo-v2.5-tts",
        "messages": [{"role": "assistant", "content": "Good morning."}],
        "stream": False,
        "audio": {"format": "wav", "voice": "mimo_default"},
    }


@pytest.mark.parametrize("cut", [1, 3, 4, 1_000, 10**6])
def test_a_streamed_speech_is_the_same_wav_file(service: Peer, cut: int) -> None:
    samples = tone(0.01 if cut < 4 else 0.5)
    service.answers(lambda seen: audio_stream(seen, samples, cut))
    speech = speak_text(service, stream=True)
    assert (speech.bytes, speech.format, speech.usage) == (build_wav(samples), "wav", Usage(12, 40))
    assert service.requests[0].body["audio"]["format"] == "pcm16"


def test_the_format_is_that_of_the_bytes(service: Peer) -> None:
    assert speak_text(service, format="mp3").format == "mp3"
    # A service that ignores the field.
    service.answers(lambda seen: audio_answer(seen, base64.b64encode(WAV).decode()))
    assert speak_text(service, format="mp3").format == "wav"


def test_voice_style_design_and_clone_choose_the_model_and_the_fields(service: Peer, tmp_path: Path) -> None:
    (tmp_path / "me.mp3").write_bytes(mp3())
    url = f"data:audio/mpeg;base64,{base64.b64encode(mp3()).decode()}"
    speak_text(service, voice="Mia", style="calm")
    speak_text(service, design="an old sailor")
    speak_text(service, clone=tmp_path / "me.mp3", style="calm", approve=lambda _: True)
    text_message = {"role": "assistant", "content": "Good morning."}
    calm, sailor = {"role": "user", "content": "calm"}, {"role": "user", "content": "an old sailor"}
    assert [(each.body["model"], each.body["messages"], each.body["audio"]) for each in service.requests] == [
        ("mimo-v2.5-tts", [calm, text_message], {"format": "wav", "voice": "Mia"}),
        ("mimo-v2.5-tts-voicedesign", [sailor, text_message], {"format": "wav"}),
        ("mimo-v2.5-tts-voiceclone", [calm, text_message], {"format": "wav", "voice": url}),
    ]


def test_the_first_service_has_its_own_model_and_voices(mimo_v2: Peer) -> None:
    speech = speak("Good morning.", voice="default_en", style="calm")
    assert (speech.model, speech.cost) == ("mimo-v2-tts", 0.0)
    assert mimo_v2.requests[0].body["messages"][0]["content"] == "<style>calm</style>Good morning."
    with pytest.raises(BadOption) as failure:
        speak("Good morning.", voice="Mia")
    assert failure.value.lines == (
        "mimo-v2-tts has no voice 'Mia'.",
        "Available: mimo_default, default_zh, default_en.",
    )
    with pytest.raises(BadOption, match=r"^mimo-v2 neither designs nor clones voices"):
        speak("Good morning.", design="an old sailor")


def test_the_anthropic_format_uses_the_other_address_of_the_preset(mimo_v2: Peer) -> None:
    speak("Good morning.", api="anthropic")
    assert mimo_v2.requests[0].path == "/v1/chat/completions"
    assert mimo_v2.requests[0].headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"text": " \n"}, "There is no text to speak."),
        (
            {"voice": "Mia", "design": "a sailor"},
            "The options --voice, --design and --clone exclude each other.",
        ),
        ({"design": "a sailor", "style": "calm"}, "A designed voice takes no style."),
        ({"format": "ogg"}, "The audio format must be wav or mp3, not 'ogg'."),
        ({"format": "mp3", "stream": True}, "Only WAV can be streamed."),
        ({"model": "mimo-v2.6-pro"}, "mimo-v2.6-pro does not speak."),
        ({"voice": "Bob"}, "mimo-v2.5-tts has no voice 'Bob'."),
        ({"voice": "<b>\u202e"}, "mimo-v2.5-tts has no voice '<b>⟨U+202E⟩'."),
        ({"api": "anthropic"}, "The Anthropic format has no speech models."),
        ({"clone": b"<svg/>", "approve": lambda _: True}, "bytes is not a complete WAV or MP3 file."),
        (
            {"clone": WAV, "share": "schema"},
            "share=schema sends no content of files and values, so this audio was not sent.",
        ),
        ({"clone": WAV}, "The voice clone was not approved; nothing was sent."),
        ({"budget": "much"}, "A budget must be an amount, not 'much'."),
        (
            {"turn_budget": "1 USD"},
            "No price is known for mimo-v2.5-tts, so a budget in USD cannot be checked.",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value),
)
def test_an_invalid_call_is_refused_before_it_is_sent(
    service: Peer, options: dict[str, Any], fact: str
) -> None:
    with pytest.raises(BadOption) as failure:
        speak_text(service, **options)
    assert failure.value.message == fact
    assert failure.value.hint
    assert service.requests == []


def test_the_embedded_model_does_not_speak() -> None:
    with pytest.raises(BadOption, match=r"^The embedded model neither speaks nor transcribes"):
        speak("Good morning.", preset="local")


def test_a_text_beyond_the_window_is_refused_before_it_is_sent(service: Peer) -> None:
    with pytest.raises(ContextWindowExceeded) as failure:
        speak_text(service, "word " * 8_000)
    assert failure.value.lines == (
        "The text has about 10,000 tokens; a speech model accepts 8,192.",
        "Split it into several calls.",
    )
    assert service.requests == []


def only(data: object) -> Any:
    return lambda seen: audio_answer(seen, data)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("script", "kind", "fact"),
    [
        (only(encoded(b"<svg onload='alert(1)'/>")), WireError, "The server sent 24 bytes that are not"),
        (only(encoded(b"<!DOCTYPE html>")), WireError, "The server sent 15 bytes that are not"),
        (only(encoded(WAV[:-2])), WireError, "The server sent 24,042 bytes that are not"),
        (only("UklGR!!"), WireError, "The server sent audio that is not valid base64."),
        (only(None), WireError, "The server sent no audio."),
        (
            lambda seen: full_response({"content": "Hello"}, seen, USAGE),
            WireError,
            "The server sent no audio.",
        ),
        (HTML_404, ApiError, "404"),
        (error(400, "Param Incorrect", "audio.voice"), ApiError, ""),
        (Answer([b"{" * 9], headers={"Content-Type": "application/json"}), WireError, ""),
        (
            Answer([b'{"choices": "', *[b"A" * 2**20] * 129], headers={"Content-Type": "application/json"}),
            WireError,
            "The response is larger than 134 MB.",
        ),
    ],
)
def test_a_response_without_audio_is_an_error(
    service: Peer, script: Any, kind: type[MimoError], fact: str
) -> None:
    service.answers(script)
    with pytest.raises(kind) as failure:
        speak_text(service)
    assert fact in failure.value.message
    assert failure.value.hint


@pytest.mark.parametrize("end", [CUT, b""])
def test_a_broken_stream_is_an_error(service: Peer, end: object) -> None:
    service.answers(lambda seen: Answer([*audio_stream(seen, tone(), end=False).pieces, end]))
    with pytest.raises(IncompleteStream):
        speak_text(service, stream=True)


def test_an_error_within_the_stream_is_raised(service: Peer) -> None:
    broken = sse({"error": {"code": "500", "message": "out of voice"}})
    service.answers(lambda seen: Answer([audio_frame(seen, encoded(tone())), broken]))
    with pytest.raises(ApiError, match="out of voice"):
        speak_text(service, stream=True)


def test_the_call_counts_in_the_session(service: Peer) -> None:
    session = Session(base_url=f"{service.url}/v1", prices={"mimo-v2.5-tts": [1, 0.1, 2]})
    speech = speak("Good morning.", session=session)
    assert speech.cost == pytest.approx((12 * 1 + 40 * 2) / 1e6)
    assert session.unrecorded.usage == Usage(12, 40)
    assert session.spending.usd == speech.cost
    assert session.turns == ()
    with pytest.raises(BudgetExceeded, match=r"^Used 52 of the budget of 40 tokens\.$"):
        speak("Good morning.", session=session, budget="40 tokens")
    with pytest.raises(
        BudgetExceeded, match=r"^This call of about 3 tokens exceeds the rest of the budget\."
    ):
        speak("Good morning.", session=session, budget="53 tokens")
    assert len(service.requests) == 1


def test_a_failed_call_counts_its_input_and_an_unsent_one_nothing(service: Peer) -> None:
    session = Session(base_url=f"{service.url}/v1")
    service.answers(only("!!!!"))
    with pytest.raises(WireError):
        speak("Good morning.", session=session)
    assert session.unrecorded.usage == Usage(3)
    with pytest.raises(BadOption):
        speak("Good morning.", session=session, tape="play:x")
    assert session.unrecorded.usage == Usage(3)


def test_a_recorded_call_is_replayed_without_a_server(service: Peer, tmp_path: Path) -> None:
    path = tmp_path / "speech.jsonl"
    recorded = speak_text(service, stream=True, tape=f"record:{path}")
    full_speech = speak_text(service, tape=f"auto:{path}")
    service.script = lambda _: error(500)
    assert speak_text(service, stream=True, tape=f"replay:{path}") == recorded
    assert speak_text(service, tape=f"replay:{path}") == full_speech


def test_a_dry_run_shows_the_request_and_asks_nothing(service: Peer) -> None:
    prompt = SpeechPrompt("Good morning.", clone=WAV)
    dry_run = draft_speech(prompt, None, {"base_url": f"{service.url}/v1"})
    assert dry_run.body["model"] == "mimo-v2.5-tts-voiceclone"
    assert "… 32,036 characters more" in repr(dry_run)
    assert len(repr(dry_run)) < 1_500
    assert service.requests == []


def test_a_speech_displays_itself_and_saves_its_bytes(service: Peer, tmp_path: Path) -> None:
    speech = speak_text(service)
    bundle = speech._repr_mimebundle_()
    assert bundle["text/plain"] == "Speech of 0.5 s · wav, 24 kB · mimo-v2.5-tts · mimo_default"
    assert 'src="data:audio/wav;base64,' in bundle["text/html"]
    assert speech._ai_repr_() == {"text/plain": "Good morning."}
    assert speech.save(tmp_path / "a.wav").read_bytes() == WAV
    with pytest.raises(BadOption) as failure:
        speech.save(tmp_path / "a.mp3")
    assert failure.value.lines == ("The audio is wav, not mp3.", "Use the ending .wav, or --format mp3.")
    with pytest.raises(BadOption, match="could not be written"):
        speech.save(tmp_path / "missing" / "a.wav")
