"""The approval of a voice clone: no recording of a voice is sent without it."""

import json
from typing import Any

import pytest
from support.speech_service import mp3, tone

from mimo_magics import Approval, Session
from mimo_magics.core.audio import build_wav
from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import ToolCall
from mimo_magics.session.audio_source import AudioSource, read_audio
from mimo_magics.session.voice_approval import confirm_voice_clone
from mimo_magics.tools.approval import ask_at_terminal, refuse_unattended


@pytest.fixture
def recording() -> AudioSource:
    return read_audio(build_wav(tone()), "sample")


def confirm(recording: AudioSource, answer: Any, session: Session | None = None) -> list[ToolCall]:
    """Confirm a clone with this answer, and return the questions."""
    calls: list[ToolCall] = []

    def approve(call: ToolCall) -> Any:
        calls.append(call)
        return answer

    confirm_voice_clone(recording, "api.example.org", approve, session)
    return calls


def test_the_question_names_the_recording_and_the_host(recording: AudioSource) -> None:
    (call,) = confirm(recording, True)
    assert call.name == "clone_voice"
    assert json.loads(call.arguments) == {"recording": "bytes", "seconds": 0.5, "sent_to": "api.example.org"}


@pytest.mark.parametrize("answer", [False, Approval(allowed=False, reason="not me")])
def test_a_refusal_is_an_error(recording: AudioSource, answer: Any) -> None:
    with pytest.raises(BadOption, match=r"^The voice clone was not approved; nothing was sent"):
        confirm(recording, answer)


@pytest.mark.parametrize("approve", [refuse_unattended, ask_at_terminal])
def test_an_unattended_run_refuses(recording: AudioSource, approve: Any) -> None:
    with pytest.raises(BadOption) as failure:
        confirm_voice_clone(recording, "api.example.org", approve, None)
    assert "unattended" in failure.value.hint


def test_an_approval_for_the_session_holds_for_this_recording(recording: AudioSource) -> None:
    session, always = Session(), Approval(allowed=True, for_session=True)
    other = read_audio(mp3(), "sample")
    assert len(confirm(recording, always, session)) == 1
    assert confirm(recording, False, session) == []
    assert len(confirm(other, True, session)) == 1
    assert len(confirm(other, True, session)) == 1
    session.start_branch()
    assert len(confirm(recording, True, session)) == 1


def test_an_async_callback_is_an_error(recording: AudioSource) -> None:
    async def approve(_: ToolCall) -> bool:
        return True

    with pytest.raises(BadOption, match=r"^approve returned a coroutine"):
        confirm_voice_clone(recording, "api.example.org", approve, None)  # type: ignore[arg-type]
