"""The requests of the speech models, in the OpenAI format: text to speech, and speech to text.

They use the path of the chat completions and have no system message (sections 4.2 and 4.3 of the second API notes).
"""

from __future__ import annotations

from mimo_magics.core.messages import AudioPart, Message, Params, Request, TextPart, user_message

STREAMED_FORMAT = "pcm16"
"""The format of streamed audio: samples without a header."""
STYLE_TAG_MODEL = "mimo-v2-tts"
"""The model that reads the style from the head of the text."""


def build_speech_request(
    model: str, text: str, *, voice: str = "", instruction: str = "", audio_format: str, stream: bool
) -> Request:
    """Return the request that speaks a text.

    Args:
        model: id of the model.
        text: the text to speak. The API takes it as the message of the assistant.
        voice: name of a voice, or a data URL with a recording of the voice; empty for a designed voice.
        instruction: the style, or the description of the voice.
        audio_format: `wav` or `mp3`; a stream has its own format.
        stream: receive the audio in pieces.
    """
    if instruction and model == STYLE_TAG_MODEL:
        text, instruction = f"<style>{instruction}</style>{text}", ""
    audio = {"format": STREAMED_FORMAT if stream else audio_format, **({"voice": voice} if voice else {})}
    text_message = Message("assistant", (TextPart(text),))
    messages = (user_message(instruction), text_message) if instruction else (text_message,)
    return Request(messages, Params(model, extra={"audio": audio}), stream=stream)


def build_transcription_request(model: str, audio_url: str, language: str) -> Request:
    """Return the request that transcribes audio, a data URL. The API allows one audio part and no text."""
    params = Params(model, extra={"asr_options": {"language": language}})
    return Request((Message("user", (AudioPart(audio_url),)),), params, stream=False)
