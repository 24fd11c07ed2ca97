"""Speech in: a model transcribes audio, and the text is a value that displays itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Unpack, get_args

from mimo_magics.client import endpoint
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.media_tokens import AUDIO_TOKENS_PER_SECOND
from mimo_magics.core.messages import Usage
from mimo_magics.core.models import find_model
from mimo_magics.core.text import escape_html, quote, replace_control_characters
from mimo_magics.document import styles
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.reply import price_text, wrap_html
from mimo_magics.session.audio_source import AudioSource, read_audio
from mimo_magics.session.dry_run import DryRun
from mimo_magics.session.session import Session
from mimo_magics.session.speech_call import (
    EventCallback,
    SpeechCall,
    SpeechOptions,
    find_speech_model,
    resolve_settings,
)
from mimo_magics.wire.speech import build_transcription_request

SpokenLanguage = Literal["auto", "zh", "en"]
MAX_SHOWN_CHARS = 100_000
"""Limit of the displayed text. It comes from a server."""
MAX_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class Transcription:
    """The text of audio, which displays itself."""

    text: str
    seconds: float
    """Duration of the audio."""
    language: SpokenLanguage
    """The requested language. The service does not report the one that it recognized."""
    model: str
    usage: Usage | None = None
    """`None` where the server reported none."""
    cost: float | None = None
    """Estimated cost in US dollars; `None` without a known price."""

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        text = self.text[:MAX_SHOWN_CHARS] + ("…" if len(self.text) > MAX_SHOWN_CHARS else "")
        html = f'<div dir="auto" style="{styles.PROSE}">{escape_html(text)}</div>'
        return {
            "text/html": wrap_html(html + small_html(self._caption())),
            "text/plain": f"{replace_control_characters(text)}\n{self._caption()}",
        }

    def _ai_repr_(self, **_: object) -> dict[str, str]:
        """Return the text for a prompt."""
        return {"text/plain": self.text}

    def _caption(self) -> str:
        duration = translate("Transcription of {seconds:.1f} s", seconds=self.seconds)
        price = price_text(self.cost) if self.cost else ""
        return " · ".join(filter(None, (duration, quote(self.model, MAX_NAME_CHARS), price)))


@dataclass(frozen=True, slots=True)
class TranscriptionInput:
    """What to transcribe."""

    audio: Any
    """A path, bytes, or a value with audio."""
    language: SpokenLanguage = "auto"
    model: str = ""

    def check(self) -> None:
        """Check what needs no settings.

        Raises:
            BadOption: the language or the model cannot be used.
        """
        if self.language not in get_args(SpokenLanguage):
            raise BadOption(
                Translatable(
                    "The language must be auto, zh or en, not {language!r}.", language=self.language
                ),
                Translatable("Use auto for mixed languages."),
            )
        if self.model and find_model(self.model):
            raise BadOption(
                Translatable("{model} does not transcribe.", model=quote(self.model, MAX_NAME_CHARS)),
                Translatable("Leave out the model, or use mimo-v2.5-asr."),
            )


def transcribe(
    audio: Any,
    *,
    language: SpokenLanguage = "auto",
    model: str = "",
    session: Session | None = None,
    **options: Unpack[SpeechOptions],
) -> Transcription:
    """Transcribe audio, and return the text. Works also while an event loop is running.

        print(transcribe("meeting.mp3", language="en", preset="xiaomi"))

    Args:
        audio: path of a WAV or MP3 file, bytes, the value of `speak`, or an `Audio` of IPython.
        language: the spoken language: `auto`, `zh` or `en`.
        model: id of the model.
        session: the session whose settings, usage and budget hold.
        options: fields of `Settings` to override: service, budget, timeout, tape.

    Raises:
        BadOption: an argument is not valid; nothing was sent.
        MimoError: the call failed.
    """
    return run_transcription(TranscriptionInput(audio, language, model), session, options)


def run_transcription(
    audio_input: TranscriptionInput,
    session: Session | None,
    options: SpeechOptions,
    on_event: EventCallback = lambda _: None,
) -> Transcription:
    """Transcribe audio. Errors are those of `transcribe`; `on_event` receives the events of the call."""
    call, source = _build_call(audio_input, session, options)
    call.run(on_event)
    reply = call.reply
    seconds = (reply.usage and reply.usage.audio_seconds) or source.info.seconds
    return Transcription(reply.text, seconds, audio_input.language, call.model, reply.usage, call.cost)


def draft_transcription(
    audio_input: TranscriptionInput, session: Session | None, options: SpeechOptions
) -> DryRun:
    """Return the request without sending it."""
    call, _ = _build_call(audio_input, session, options)
    return call.build_dry_run()


def _build_call(
    audio_input: TranscriptionInput, session: Session | None, options: SpeechOptions
) -> tuple[SpeechCall, AudioSource]:
    audio_input.check()
    settings = resolve_settings(session, options)
    model = audio_input.model or find_speech_model(endpoint.resolve_service(settings), "-asr")
    if model is None:
        raise BadOption(
            Translatable("{service} has no model that transcribes.", service=settings.preset),
            Translatable("Use another service: --preset xiaomi"),
        )
    source = read_audio(audio_input.audio, settings.share)
    request = build_transcription_request(model, source.url, audio_input.language)
    seconds = source.info.seconds
    usage = Usage(round(seconds * AUDIO_TOKENS_PER_SECOND), audio_seconds=seconds)
    return SpeechCall(settings, request, usage, session), source
