"""The speech models of MiMo for `Peer`: they refuse what the API refuses, and send a tone or a fixed transcript.

The shapes and the errors are those of sections 1.5, 4.2 and 4.3 of the API notes.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from collections.abc import Iterator
from typing import Any

from mimo_magics.core.audio import build_wav
from support.peer import Answer, Seen, error, sse

MAX_ENCODED_BYTES = 10_000_000
VOICES = {
    "mimo-v2-tts": {"mimo_default", "default_zh", "default_en"},
    "mimo-v2.5-tts": {"mimo_default", "冰糖", "茉莉", "苏打", "白桦", "Mia", "Chloe", "Milo", "Dean"},
}
TRANSCRIPT = "Good morning, everyone."
USAGE = {"prompt_tokens": 12, "completion_tokens": 40, "total_tokens": 52}
AUDIO_URL = re.compile(r"data:audio/(?:wav|mpeg);base64,([A-Za-z0-9+/]+={0,2})")
HTML_404 = Answer(
    [b"<html><head><title>404 Not Found</title></head><body><center>openresty</center></body></html>"],
    404,
    {"Content-Type": "text/html"},
)
"""The response of the proxy for a route that does not exist."""


def tone(seconds: float = 0.5) -> bytes:
    """Return the samples of a tone: 24 kHz, 16 bits, one channel."""
    count = round(24_000 * seconds)
    return struct.pack(f"<{count}h", *(round(9_000 * math.sin(0.115 * number)) for number in range(count)))


def mp3(frames: int = 20) -> bytes:
    """Return a silent MP3 file: frames of MPEG 2, 24 kHz and 64 kbit/s, each of 24 ms."""
    return (b"\xff\xf3\x84\xc4" + bytes(188)) * frames


def serve_speech(seen: Seen) -> Answer:
    """Respond like MiMo."""
    if fault := next(find_faults(seen.body), ""):
        return error(400, "Param Incorrect", fault)
    if seen.body["model"].endswith("-asr"):
        seconds = len(sent_audio(seen)) / 48_000
        usage = {**USAGE, "prompt_tokens_details": {"audio_tokens": 4}, "seconds": seconds}
        return full_response({"content": TRANSCRIPT}, seen, usage)
    if seen.body["stream"]:
        return audio_stream(seen, tone())
    data = mp3() if seen.body["audio"]["format"] == "mp3" else build_wav(tone())
    return audio_answer(seen, base64.b64encode(data).decode())


def sent_audio(seen: Seen) -> bytes:
    """Return the audio of a request to a model that transcribes."""
    (part,) = seen.body["messages"][0]["content"]
    return base64.b64decode(part["input_audio"]["data"].partition(",")[2])


def audio_answer(seen: Seen, data: object) -> Answer:
    """Return a response with audio that is not streamed."""
    audio = {"id": "audio-1", "data": data, "expires_at": None, "transcript": None}
    return full_response({"content": "", "audio": audio}, seen, USAGE)


def full_response(message: dict[str, Any], seen: Seen, usage: dict[str, Any]) -> Answer:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
    body = {"id": "1", "model": seen.body["model"], "choices": [choice], "usage": usage}
    return Answer([json.dumps(body).encode()], headers={"Content-Type": "application/json"})


def audio_stream(seen: Seen, samples: bytes, cut: int = 1_001, *, end: bool = True) -> Answer:
    """Return a stream whose base64 is cut after each `cut` characters."""
    text = base64.b64encode(samples).decode()
    pieces = [text[start : start + cut] for start in range(0, len(text), cut)]
    frames = [audio_frame(seen, piece) for piece in pieces]
    if end:
        last = {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        frames += [sse(last), sse({"id": "1", "choices": [], "usage": USAGE}), b"data: [DONE]\n\n"]
    return Answer(frames)


def audio_frame(seen: Seen, data: str) -> bytes:
    """Return one event of a stream, with the keys that MiMo sends."""
    delta = {"role": None, "content": None, "tool_calls": None, "audio": {"id": "audio-1", "data": data}}
    return sse({"id": "1", "model": seen.body["model"], "choices": [{"index": 0, "delta": delta}]})


def find_faults(body: dict[str, Any]) -> Iterator[str]:
    """Yield why the API refuses a request."""
    messages, model = body["messages"], body["model"]
    for number, message in enumerate(messages):
        if message["role"] in ("system", "developer"):
            yield f"messages[{number}] {message['role']} role is not allowed for TTS model"
    if model.endswith("-asr"):
        yield from _find_asr_faults(body)
    elif "-tts" in model:
        yield from _find_tts_faults(body, messages, model)
    else:
        yield f"Not supported model {model}"


def _find_asr_faults(body: dict[str, Any]) -> Iterator[str]:
    parts = [part for message in body["messages"] for part in message["content"]]
    if [part["type"] for part in parts] != ["input_audio"]:
        yield "ASR request requires a user message with input_audio content"
    match = AUDIO_URL.fullmatch(parts[0]["input_audio"]["data"])
    if not match or len(match[1]) > MAX_ENCODED_BYTES:
        yield "invalid audio format"
    if body["asr_options"]["language"] not in ("auto", "zh", "en"):
        yield "asr_options.language"


def _find_tts_faults(body: dict[str, Any], messages: list[dict[str, Any]], model: str) -> Iterator[str]:
    roles, audio = [message["role"] for message in messages], body["audio"]
    voice = audio.get("voice")
    if roles not in (["assistant"], ["user", "assistant"]):
        yield "messages must contain an assistant role for TTS model"
    if audio["format"] not in (("pcm16",) if body["stream"] else ("wav", "mp3")):
        yield "audio.format"
    if model in VOICES and voice not in VOICES[model]:
        yield "audio.voice"
    if model.endswith("-voicedesign") and (voice or roles[0] != "user"):
        yield "voice design requires a description"
    if model.endswith("-voiceclone") and not AUDIO_URL.fullmatch(voice or ""):
        yield "audio.voice must be a DataURL"
