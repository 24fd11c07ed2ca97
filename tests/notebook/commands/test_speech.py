"""`%mimo_speak` and `%mimo_transcribe` in a real kernel."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from support.kernel import Kernel, Ran
from support.kernel_fixtures import kernel, peer, server, started
from support.peer import KEY, SILENCE, Answer, Peer
from support.speech_service import TRANSCRIPT, audio_answer, audio_stream, mp3, sent_audio, serve_speech, tone

from mimo_magics.core.audio import build_wav
from mimo_magics.document.audio_player import MAX_EMBEDDED_BYTES

__all__ = ["kernel", "peer", "server", "started"]  # fixtures that are found here

WAV = build_wav(tone())
PLAYER = f'<audio controls preload="metadata" src="data:audio/wav;base64,{base64.b64encode(WAV).decode()}">'
CAPTION = "Speech of 0.5 s · wav, 24 kB · mimo-v2.5-tts · Mia"


@pytest.fixture(autouse=True)
def service(peer: Peer) -> Peer:
    peer.script = serve_speech
    return peer


def shown(ran: Ran) -> list[str]:
    """Return the text of each output of a cell that ran."""
    assert ran.status == "ok", ran.error
    return ran.documents


def last_text(service: Peer) -> str:
    return str(service.requests[-1].body["messages"][-1]["content"])


def test_a_line_is_spoken_and_shown_once(kernel: Kernel, service: Peer) -> None:
    ran = kernel.run("%mimo_speak --voice Mia -o morning Good morning, don't hurry.")
    assert shown(ran) == [CAPTION]
    assert PLAYER in ran.outputs[0]["data"]["text/html"]
    assert last_text(service) == "Good morning, don't hurry."
    values = "type(morning).__name__, morning.format, morning.seconds, len(morning.bytes), morning is _"
    assert shown(kernel.run(f"({values})")) == [f"('Speech', 'wav', 0.5, {len(WAV)}, True)"]
    assert shown(kernel.run("morning")) == [CAPTION]


def test_a_cell_and_a_reply_are_spoken(kernel: Kernel, service: Peer) -> None:
    kernel.run(
        "from mimo_magics import Message, Reply, TextPart\n"
        "reply = Reply(Message('assistant', (TextPart('It **rains**.'),)))"
    )
    kernel.run("%%mimo_speak --voice Mia\n{reply} Take an umbrella.\n")
    assert last_text(service) == "It **rains**. Take an umbrella."
    kernel.run("%mimo_speak --raw {reply}")
    assert last_text(service) == "{reply}"
    kernel.run("def tell(word):\n    %mimo_speak {word}!\ntell('Hi')")
    assert last_text(service) == "Hi!"
    assert "Not replaced in the prompt: {nothing}." in shown(kernel.run("%mimo_speak Say {nothing}"))[0]


def test_a_transcription_is_shown_once_and_stored(kernel: Kernel, service: Peer, tmp_path: Path) -> None:
    path = tmp_path / "my voice.mp3"
    path.write_bytes(mp3())
    line = f"%mimo_transcribe '{path}' --language en -o text"
    assert shown(kernel.run(line))[0].splitlines()[0] == TRANSCRIPT
    assert (sent_audio(service.requests[-1]), service.requests[-1].body["asr_options"]) == (
        mp3(),
        {"language": "en"},
    )
    assert shown(kernel.run("text.text, text.language, text.usage.audio_seconds > 0")) == [
        f"({TRANSCRIPT!r}, 'en', True)"
    ]
    kernel.run("%mimo_speak -o morning Good morning.")
    kernel.run("%mimo_transcribe morning")
    assert sent_audio(service.requests[-1]) == WAV
    kernel.run("from IPython.display import Audio\nsound = Audio(data=morning.bytes)\n%mimo_transcribe sound")
    assert sent_audio(service.requests[-1]) == WAV


def test_usage_counts_in_the_session(kernel: Kernel) -> None:
    kernel.run("%mimo_speak Good morning.")
    (usage,) = shown(kernel.run("%mimo_usage"))
    assert "12" in usage
    assert "40" in usage


@pytest.mark.parametrize(
    ("cell", "fact", "advice"),
    [
        (
            "%mimo_speak --voice Bob Hi",
            "BadOption: mimo-v2.5-tts has no voice 'Bob'.",
            "Available: mimo_default, 冰糖, 茉莉, 苏打, 白桦, Mia, Chloe, Milo, Dean.",
        ),
        ("%mimo_speak", "BadOption: There is no text to speak.", "Write it after the options: "),
        ("%mimo_speak --qqq Hi", "BadOption: Unknown option --qqq.", "Put -- before a prompt"),
        ("%mimo_speak -o 1x Hi", "BadOption: '1x' is not a valid variable name.", "Use a Python identifier"),
        (
            "%%mimo_speak Hi\nthere",
            "BadOption: The first line of %%mimo_speak accepts only options",
            "Write the text",
        ),
        ("%mimo_speak --format ogg Hi", "BadOption: Invalid value 'ogg' for --format.", "--format wav|mp3: "),
        ("%mimo_transcribe", "BadOption: There is no audio to transcribe.", "Write the path"),
        (
            "%mimo_transcribe no.wav",
            "BadOption: no.wav cannot be read: No such file or directory.",
            "Write the path",
        ),
        ("%mimo_transcribe -o 1x no.wav", "BadOption: '1x' is not a valid variable name.", "Use a Python"),
        (
            "%mimo_transcribe a.wav --language fr",
            "BadOption: Invalid value 'fr' for --language.",
            "--language ",
        ),
    ],
)
def test_a_wrong_line_is_an_error_in_two_lines(
    kernel: Kernel, service: Peer, cell: str, fact: str, advice: str
) -> None:
    ran = kernel.run(cell)
    assert (ran.status, len(ran.error)) == ("error", 2)
    assert ran.error[0].startswith(fact)
    assert ran.error[1].startswith(advice)
    assert service.requests == []
    assert ran.documents in ([], [""])


def test_a_clone_asks_at_the_cell_and_an_unattended_run_refuses(
    kernel: Kernel, service: Peer, tmp_path: Path
) -> None:
    (tmp_path / "me.wav").write_bytes(WAV)
    cell = f"%mimo_speak --clone {tmp_path / 'me.wav'} Hello."
    ran, question = kernel.answer(cell, "n")
    assert ran.error[0] == "BadOption: The voice clone was not approved; nothing was sent."
    assert "clone_voice" in question["prompt"]
    assert service.host in question["prompt"]
    assert kernel.run(cell, watched=False).status == "error"
    assert service.requests == []
    ran, _ = kernel.answer(cell, "y")
    assert ran.status == "ok"
    assert service.requests[0].body["model"] == "mimo-v2.5-tts-voiceclone"


def test_a_dry_run_sends_nothing(kernel: Kernel, service: Peer) -> None:
    assert "Request (not sent)" in shown(kernel.run("%mimo_speak --dry-run --voice Mia Hello."))[0]
    kernel.run(f"sound = {WAV!r}")
    assert "Request (not sent)" in shown(kernel.run("%mimo_transcribe --dry-run sound"))[0]
    assert service.requests == []


def test_the_progress_of_a_stream_is_replaced_by_the_player(kernel: Kernel, service: Peer) -> None:
    service.answers(lambda seen: audio_stream(seen, tone()))
    ran = kernel.run("%mimo_speak --stream --voice Mia Hello.")
    assert shown(ran) == [CAPTION]
    assert PLAYER in ran.outputs[0]["data"]["text/html"]
    assert "Generating speech …" in json.dumps(ran.messages, ensure_ascii=False)


def test_an_interrupt_leaves_no_output(kernel: Kernel, service: Peer) -> None:
    service.answers(lambda seen: Answer([*audio_stream(seen, tone(), end=False).pieces, SILENCE]))
    ran = kernel.run("%mimo_speak --stream Hello.", when=lambda: kernel.shows("of speech"))
    assert ran.error[0].startswith("Interrupted: Interrupted.")
    assert ran.documents == [""]
    assert len(service.left()) == 1


def test_large_audio_is_a_file_beside_the_notebook(service: Peer, tmp_path: Path) -> None:
    large = build_wav(bytes(MAX_EMBEDDED_BYTES))
    service.answers(lambda seen: audio_answer(seen, base64.b64encode(large).decode()))
    settings = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{service.url}/v1"}
    with Kernel(tmp_path, JPY_SESSION_NAME=str(tmp_path / "lesson.ipynb"), **settings) as kernel:
        kernel.run("%load_ext mimo_magics")
        ran = kernel.run("%mimo_speak Hello.")
        (file,) = tmp_path.glob("speech-*.wav")
        assert file.read_bytes() == large
        assert f'src="{file.name}"' in ran.outputs[0]["data"]["text/html"]
        kernel.run("%mimo_config notebook=missing/lesson.ipynb")
        ran = kernel.run("%mimo_speak Hello.")
        assert "is too large for a notebook" in ran.outputs[0]["data"]["text/html"]


def test_the_help_pages_list_the_options(kernel: Kernel) -> None:
    for magic in ("%mimo_speak", "%%mimo_speak", "%mimo_transcribe"):
        page = json.dumps(kernel.run(f"{magic}?").payload)
        assert re.search(r"--(voice|language)", page)
