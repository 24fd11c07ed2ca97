"""`%mimo_speak` and `%mimo_transcribe`: the audio of a text, and the text of audio."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from mimo_magics.core.errors import BadOption, Interrupted
from mimo_magics.core.events import Event
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import DisplayTarget
from mimo_magics.core.settings import Settings
from mimo_magics.display.output import Output, display_bundle
from mimo_magics.display.speech_progress import SpeechProgress
from mimo_magics.document.audio_player import MAX_EMBEDDED_BYTES
from mimo_magics.document.paragraphs import paragraphs_bundle
from mimo_magics.notebook.argument_parser import parse_command, parse_options
from mimo_magics.notebook.cell_request import build_cell_request, check_variable_name, split_options
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import get_display_target
from mimo_magics.notebook.kernel.user_variables import get_prompt_variables, get_user_variables
from mimo_magics.notebook.reply_display import ReplyDisplay
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.session.dry_run import DryRun
from mimo_magics.session.speech import Speech, SpeechPrompt, draft_speech, run_speech
from mimo_magics.session.speech_call import EventCallback, SpeechOptions
from mimo_magics.session.transcription import (
    Transcription,
    TranscriptionInput,
    draft_transcription,
    run_transcription,
)
from mimo_magics.tools.approval import ApprovalCallback

SPEAK, TRANSCRIBE = "%mimo_speak", "%mimo_transcribe"
Value = TypeVar("Value", Speech, Transcription)
Bound = TypeVar("Bound")


class SpeechCommands:
    """Runs the speech magics of one shell.

    Args:
        shell: the shell.
        config: its settings.
        session_selection: the sessions, whose current one counts the usage.
        reply_display: shows the values.
        callbacks: ask whether a recording may be sent, by where the cell runs.
    """

    def __init__(
        self,
        shell: Any,
        config: MimoConfig,
        session_selection: SessionSelection,
        reply_display: ReplyDisplay,
        callbacks: Mapping[DisplayTarget, ApprovalCallback],
    ) -> None:
        self._shell = shell
        self._config = config
        self._session_selection = session_selection
        self._reply_display = reply_display
        self._callbacks = callbacks

    def speak(self, line: str, body: str | None, local: Mapping[str, Any]) -> Speech | DryRun:
        """Speak the text of a line or of a cell, and show the player.

        Raises:
            BadOption: an option is invalid, or the text is empty.
            MimoError: the call failed.
        """
        words, text = split_options(line, f"%{SPEAK}" if body is not None else SPEAK)
        if body is not None and text:
            raise BadOption(
                Translatable("The first line of %%mimo_speak accepts only options, not {rest!r}.", rest=text),
                Translatable("Write the text below it."),
            )
        arguments = parse_options(SPEAK, words)
        prompt, notices = self._build_prompt(arguments, text if body is None else body, local)
        session, options = self._session_selection.sessions.current, _service_options(arguments)
        if arguments.dry_run:
            return self._bind(arguments, draft_speech(prompt, session, options).add_warnings(notices))
        approve = self._callbacks[get_display_target(self._shell)]

        def run(on_event: EventCallback) -> Speech:
            return self._write_file(run_speech(prompt, session, approve, options, on_event))

        if notices:
            display_bundle(paragraphs_bundle(*notices))
        label = Translatable("Generating speech …")
        return self._bind(arguments, self._show(run, label, is_streamed=prompt.stream))

    def transcribe(self, line: str) -> Transcription | DryRun:
        """Transcribe a file or a variable, and show the text. Errors are those of `speak`."""
        _, arguments = parse_command(TRANSCRIBE, line)
        if arguments.path is None:
            raise BadOption(
                Translatable("There is no audio to transcribe."),
                Translatable("Write the path of a WAV or MP3 file, or the name of a variable."),
            )
        check_variable_name(arguments.out)
        audio = self._find_audio(arguments.path)
        session, options = self._session_selection.sessions.current, _service_options(arguments)
        audio_input = TranscriptionInput(audio, arguments.language or "auto", arguments.speech_model or "")
        if arguments.dry_run:
            return self._bind(arguments, draft_transcription(audio_input, session, options))

        def run(on_event: EventCallback) -> Transcription:
            return run_transcription(audio_input, session, options, on_event)

        return self._bind(arguments, self._show(run, Translatable("Transcribing …")))

    def _build_prompt(
        self, arguments: Namespace, text: str, local: Mapping[str, Any]
    ) -> tuple[SpeechPrompt, tuple[str, ...]]:
        """Return what to speak, and the notices about references without a value."""
        prompt = SpeechPrompt(
            text,
            arguments.voice or "",
            arguments.style or "",
            arguments.design or "",
            self._find_audio(arguments.clone) if arguments.clone else None,
            arguments.format or "wav",
            bool(arguments.stream),
            arguments.speech_model or "",
        )
        prompt.check()
        variables = {
            name: _speakable(value) for name, value in {**get_prompt_variables(self._shell), **local}.items()
        }
        options = Namespace(raw=arguments.raw, out=arguments.out)
        request = build_cell_request(options, text, variables, self._config.snapshot())
        return replace(prompt, text=request.prompt_text), request.notices

    def _find_audio(self, word: str) -> Any:
        """Return the variable that a word names, or else the word as a path."""
        variables = get_user_variables(self._shell)
        return variables[word] if word.isidentifier() and word in variables else word

    def _show(self, run: Callable[[EventCallback], Value], label: str, *, is_streamed: bool = False) -> Value:
        """Run a call, and show its progress and then its value in one output."""
        output = Output()
        with _clear_on_error(output):
            value = run(self._start_progress(output, label, is_streamed=is_streamed))
        self._reply_display.show_value(value, output)
        return value

    def _start_progress(self, output: Output, label: str, *, is_streamed: bool) -> EventCallback:
        if get_display_target(self._shell) != "front end" or self._config.snapshot().quiet:
            return _ignore
        progress = SpeechProgress(output, label, is_streamed=is_streamed)
        progress.start()
        return progress.show

    def _write_file(self, speech: Speech) -> Speech:
        """Write audio that is too large for the notebook to a file beside it, if the notebook is known."""
        settings: Settings = self._config.snapshot()
        notebook = self._session_selection.notebook_path(settings)
        if len(speech.bytes) <= MAX_EMBEDDED_BYTES or notebook is None:
            return speech
        name = f"speech-{sha256(speech.bytes).hexdigest()[:16]}.{speech.format}"
        try:
            Path(notebook).with_name(name).write_bytes(speech.bytes)
        except OSError:
            # The value has the audio, and its display says how to save it.
            return speech
        return replace(speech, file_name=name)

    def _bind(self, arguments: Namespace, value: Bound) -> Bound:
        """Store the value of the cell in the variable of `-o`, and return it."""
        if arguments.out:
            self._shell.user_ns[arguments.out] = value
        return value


@contextmanager
def _clear_on_error(output: Output) -> Iterator[None]:
    """Empty the output if the block fails.

    Raises:
        Interrupted: Ctrl-C, or an interrupt of the kernel.
    """
    try:
        yield
    except KeyboardInterrupt:
        output.clear()
        raise Interrupted(
            Translatable("Interrupted. The call was cancelled, and its partial result was discarded.")
        ) from None
    except BaseException:
        output.clear()
        raise


def _ignore(_: Event) -> None:
    """Show nothing."""


def _speakable(value: object) -> object:
    """Return the text of a reply or a transcription, and any other value as it is."""
    return value.text if isinstance(value, Reply | Transcription) else value


def _service_options(arguments: Namespace) -> SpeechOptions:
    return {"preset": arguments.preset} if arguments.preset else {}
