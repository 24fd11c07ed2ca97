"""The call of a speech model: interrupts, and calls while an event loop runs."""

import asyncio
import contextlib
import threading

from support.peer import SILENCE, Answer, Peer
from support.speech_service import audio_stream, serve_speech, tone

from mimo_magics import Session, speak
from mimo_magics.core.events import AudioDelta, Event
from mimo_magics.core.messages import Usage
from mimo_magics.session.speech import SpeechPrompt, run_speech


def test_a_call_runs_while_an_event_loop_runs(peer: Peer) -> None:
    peer.script = serve_speech

    async def cell() -> float:
        return speak("Hello.", base_url=f"{peer.url}/v1").seconds

    assert asyncio.run(cell()) == 0.5


def test_events_arrive_in_the_thread_of_the_caller(peer: Peer) -> None:
    peer.answers(lambda seen: audio_stream(seen, tone(), 1_000))
    threads: list[threading.Thread] = []
    sizes: list[int] = []

    def note(event: Event) -> None:
        threads.append(threading.current_thread())
        sizes.extend([len(event.data)] if isinstance(event, AudioDelta) else [])

    prompt = SpeechPrompt("Hello.", stream=True)
    run_speech(prompt, None, lambda _: False, {"base_url": f"{peer.url}/v1"}, note)
    assert set(threads) == {threading.current_thread()}
    assert (len(sizes), sum(sizes)) == (32, 32_000)


def test_an_interrupt_closes_the_connection_and_counts_the_input(peer: Peer) -> None:
    peer.answers(lambda seen: Answer([*audio_stream(seen, tone(), end=False).pieces, SILENCE]))
    session = Session(base_url=f"{peer.url}/v1")

    def interrupt(event: Event) -> None:
        if isinstance(event, AudioDelta):
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        run_speech(SpeechPrompt("Hello.", stream=True), session, lambda _: False, {}, interrupt)
    assert len(peer.left()) == 1
    assert session.unrecorded.usage == Usage(2)
