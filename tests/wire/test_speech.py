"""The requests of the speech models, as JSON."""

from mimo_magics.wire import openai
from mimo_magics.wire.speech import build_speech_request, build_transcription_request


def test_the_style_is_the_message_of_the_user_and_the_text_that_of_the_assistant() -> None:
    request = build_speech_request(
        "mimo-v2.5-tts", "Hello.", voice="Mia", instruction="calm", audio_format="mp3", stream=False
    )
    assert openai.encode(request) == {
        "model": "mimo-v2.5-tts",
        "messages": [{"role": "user", "content": "calm"}, {"role": "assistant", "content": "Hello."}],
        "stream": False,
        "audio": {"format": "mp3", "voice": "Mia"},
    }


def test_the_first_model_reads_the_style_from_the_head_of_the_text() -> None:
    request = build_speech_request(
        "mimo-v2-tts", "Hello.", voice="default_en", instruction="calm", audio_format="wav", stream=False
    )
    assert openai.encode(request)["messages"] == [
        {"role": "assistant", "content": "<style>calm</style>Hello."}
    ]


def test_a_stream_has_its_own_format_and_no_style_means_no_message_of_the_user() -> None:
    request = build_speech_request("mimo-v2.5-tts", "Hello.", audio_format="wav", stream=True)
    assert openai.encode(request) == {
        "model": "mimo-v2.5-tts",
        "messages": [{"role": "assistant", "content": "Hello."}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "audio": {"format": "pcm16"},
    }


def test_a_transcription_has_one_audio_part_and_no_text() -> None:
    request = build_transcription_request("mimo-v2.5-asr", "data:audio/wav;base64,UklG", "en")
    part = {"type": "input_audio", "input_audio": {"data": "data:audio/wav;base64,UklG"}}
    assert openai.encode(request) == {
        "model": "mimo-v2.5-asr",
        "messages": [{"role": "user", "content": [part]}],
        "stream": False,
        "asr_options": {"language": "en"},
    }
