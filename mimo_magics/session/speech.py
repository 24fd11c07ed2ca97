"""Speech out: a text is spoken by a model, and the audio is a value that displays itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack

from mimo_magics.client import endpoint
from mimo_magics.core.audio import MIME_TYPES, AudioFormat, build_wav, identify_audio
from mimo_magics.core.errors import BadOption, ContextWindowExceeded, WireError
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Usage
from mimo_magics.core.models import (
    DEFAULT_VOICE,
    SPEECH_MODELS,
    VOICES,
    estimate_tokens,
    find_model,
)
from mimo_magics.core.settings import Settings
from mimo_magics.core.text import quote
from mimo_magics.document.audio_player import player_bundle
from mimo_magics.document.reply import price_text
from mimo_magics.session.audio_source import read_audio
from mimo_magics.session.dry_run import DryRun
from mimo_magics.session.session import Session
from mimo_magics.session.speech_call import (
    EventCallback,
    SpeechCall,
    SpeechOptions,
    find_speech_model,
    resolve_settings,
)
from mimo_magics.session.voice_approval import confirm_voice_clone
from mimo_magics.tools.approval import ApprovalCallback, ask_at_terminal
from mimo_magics.wire.speech import build_speech_request

AudioBytes = bytes
MAX_TOKENS = 8_192
"""Context window of the speech models, in tokens."""
MAX_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class Speech:
    """Spoken text, which displays itself as a player."""

    bytes: AudioBytes = field(repr=False)
    """The audio file."""
    format: AudioFormat
    seconds: float
    text: str
    model: str
    voice: str = ""
    """Name of the voice; empty for a designed or a cloned voice."""
    usage: Usage | None = None
    """`None` where the server reported none."""
    cost: float | None = None
    """Estimated cost in US dollars; `None` without a known price."""
    file_name: str = ""
    """The file beside the notebook that the player uses, for audio that is too large for the notebook."""

    @property
    def duration(self) -> float:
        """The same as `seconds`."""
        return self.seconds

    def save(self, path: str | Path) -> Path:
        """Write the audio to a file, and return its path.

        Raises:
            BadOption: the name ends in the other format, or the file cannot be written.
        """
        path = Path(path).expanduser()
        suffix = path.suffix.lower().removeprefix(".")
        if suffix in MIME_TYPES and suffix != self.format:
            raise BadOption(
                Translatable("The audio is {format}, not {suffix}.", format=self.format, suffix=suffix),
                Translatable(
                    "Use the ending .{format}, or --format {suffix}.", format=self.format, suffix=suffix
                ),
            )
        try:
            path.write_bytes(self.bytes)
        except OSError as error:
            reason = error.strerror or str(error)
            raise BadOption(
                Translatable("{path} could not be written: {reason}.", path=path, reason=reason)
            ) from None
        return path

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return player_bundle(self.bytes, self._caption(), file_name=self.file_name)

    def _ai_repr_(self, **_: object) -> dict[str, str]:
        """Return the spoken text for a prompt, and not the bytes."""
        return {"text/plain": self.text}

    def _caption(self) -> str:
        parts = (
            translate("Speech of {seconds:.1f} s", seconds=self.seconds),
            f"{self.format}, {len(self.bytes) / 1_000:,.0f} kB",
            quote(self.model, MAX_NAME_CHARS),
            quote(self.voice, MAX_NAME_CHARS),
            price_text(self.cost) if self.cost else "",
        )
        return " · ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class SpeechPrompt:
    """What to speak, and with which voice."""

    text: str
    voice: str = ""
    style: str = ""
    design: str = ""
    """Description of a voice to design."""
    clone: Any = None
    """A recording of the voice to clone: a path, bytes, or a value with audio."""
    format: AudioFormat = "wav"
    stream: bool = False
    model: str = ""

    def check(self) -> None:
        """Check what needs no settings.

        Raises:
            BadOption: the text is empty, or two arguments exclude each other.
            ContextWindowExceeded: the text is too long.
        """
        if not self.text.strip():
            raise BadOption(
                Translatable("There is no text to speak."),
                Translatable("Write it after the options: %mimo_speak Good morning."),
            )
        if sum(map(bool, (self.voice, self.design, self.clone is not None))) > 1:
            raise BadOption(
                Translatable("The options --voice, --design and --clone exclude each other."),
                Translatable("Use one of them."),
            )
        if self.design and self.style:
            raise BadOption(
                Translatable("A designed voice takes no style."),
                Translatable("Write the style into the description of the voice."),
            )
        if self.format not in MIME_TYPES:
            raise BadOption(
                Translatable("The audio format must be wav or mp3, not {format!r}.", format=self.format),
                Translatable("Use --format wav or --format mp3."),
            )
        if self.stream and self.format != "wav":
            raise BadOption(
                Translatable("Only WAV can be streamed."),
                Translatable("Remove --stream, or use --format wav."),
            )
        self._check_length()

    @property
    def tokens(self) -> int:
        """Estimated tokens of the texts."""
        return round(sum(map(estimate_tokens, (self.text, self.style, self.design))))

    def _check_length(self) -> None:
        if self.tokens > MAX_TOKENS:
            raise ContextWindowExceeded(
                Translatable(
                    "The text has about {tokens:,} tokens; a speech model accepts {most:,}.",
                    tokens=self.tokens,
                    most=MAX_TOKENS,
                ),
                Translatable("Split it into several calls."),
            )

    def choose_model(self, settings: Settings) -> str:
        """Return the model: the requested one, or the one of the service for this kind of voice.

        Raises:
            BadOption: the service has no such model, or the requested model does not speak.
        """
        if self.model and find_model(self.model):
            raise BadOption(
                Translatable("{model} does not speak.", model=quote(self.model, MAX_NAME_CHARS)),
                Translatable(
                    "Leave out the model, or use one of: {names}.", names=", ".join(_speaking_models())
                ),
            )
        ending = "-voicedesign" if self.design else "-tts" if self.clone is None else "-voiceclone"
        model = self.model or find_speech_model(endpoint.resolve_service(settings), ending)
        if model is None:
            raise BadOption(
                Translatable("{service} neither designs nor clones voices.", service=settings.preset),
                Translatable("Use another service: --preset xiaomi"),
            )
        return model


def speak(
    text: object,
    *,
    voice: str = "",
    style: str = "",
    design: str = "",
    clone: Any = None,
    format: AudioFormat = "wav",  # noqa: A002  the name of the option
    stream: bool = False,
    model: str = "",
    session: Session | None = None,
    approve: ApprovalCallback = ask_at_terminal,
    **options: Unpack[SpeechOptions],
) -> Speech:
    """Speak a text, and return the audio. Works also while an event loop is running.

        speak("Good morning.", voice="Mia", preset="xiaomi").save("morning.wav")

    Args:
        text: the text, or a reply.
        voice: name of a voice.
        style: how to speak, such as «calm, like a story for children».
        design: description of a voice, instead of a name.
        clone: a recording of a voice, instead of a name: a path of a WAV or MP3 file, bytes, or a value with audio. It
            is sent to the service after an approval.
        format: `wav` or `mp3`.
        stream: receive the audio in pieces, as WAV.
        model: id of the model.
        session: the session whose settings, usage and budget hold.
        approve: decides whether the recording may be sent. By default a question at the terminal; where there is none,
            it is refused.
        options: fields of `Settings` to override: service, budget, timeout, tape.

    Raises:
        BadOption: an argument is not valid; nothing was sent.
        MimoError: the call failed.
    """
    prompt = SpeechPrompt(str(text), voice, style, design, clone, format, stream, model)
    return run_speech(prompt, session, approve, options)


def run_speech(
    prompt: SpeechPrompt,
    session: Session | None,
    approve: ApprovalCallback,
    options: SpeechOptions,
    on_event: EventCallback = lambda _: None,
) -> Speech:
    """Speak a text. Arguments and errors are those of `speak`; `on_event` receives the events of the call."""
    call = _build_call(prompt, session, options, approve)
    call.run(on_event)
    return _build_speech(prompt, call)


def draft_speech(prompt: SpeechPrompt, session: Session | None, options: SpeechOptions) -> DryRun:
    """Return the request without sending it. Nothing needs an approval."""
    call = _build_call(prompt, session, options, lambda _: True)
    return call.build_dry_run()


def _build_call(
    prompt: SpeechPrompt, session: Session | None, options: SpeechOptions, approve: ApprovalCallback
) -> SpeechCall:
    prompt.check()
    settings = resolve_settings(session, options)
    model = prompt.choose_model(settings)
    voice = _choose_voice(prompt, model)
    if prompt.clone is not None:
        recording = read_audio(prompt.clone, settings.share)
        voice = recording.url
        confirm_voice_clone(recording, endpoint.resolve_address(settings).host, approve, session)
    request = build_speech_request(
        model,
        prompt.text,
        voice=voice,
        instruction=prompt.design or prompt.style,
        audio_format=prompt.format,
        stream=prompt.stream,
    )
    return SpeechCall(settings, request, Usage(prompt.tokens), session)


def _choose_voice(prompt: SpeechPrompt, model: str) -> str:
    """Return the name of the voice; empty for a model without names.

    Raises:
        BadOption: the model has no voice of this name.
    """
    voices = VOICES.get(model, ())
    if prompt.voice and voices and prompt.voice not in voices:
        name = quote(prompt.voice, MAX_NAME_CHARS)
        raise BadOption(
            Translatable("{model} has no voice {name!r}.", model=model, name=name),
            Translatable("Available: {names}.", names=", ".join(voices)),
        )
    return prompt.voice or (DEFAULT_VOICE if voices else "")


def _build_speech(prompt: SpeechPrompt, call: SpeechCall) -> Speech:
    """Return the speech of a call that is over.

    Raises:
        WireError: the server sent no audio, or something else than WAV or MP3.
    """
    data = build_wav(bytes(call.audio)) if prompt.stream else bytes(call.audio)
    info = identify_audio(data)
    if info is None:
        fact = (
            Translatable("The server sent no audio.")
            if not call.audio
            else Translatable(
                "The server sent {size:,} bytes that are not a complete WAV or MP3 file.", size=len(data)
            )
        )
        raise WireError(
            fact, Translatable("Check the base URL and the model: %mimo_models lists the models.")
        )
    reply = call.reply
    voice = "" if prompt.clone is not None or prompt.design else _choose_voice(prompt, call.model)
    return Speech(data, info.format, info.seconds, prompt.text, call.model, voice, reply.usage, call.cost)


def _speaking_models() -> list[str]:
    return [model.id for models in SPEECH_MODELS.values() for model in models if "-tts" in model.id]
