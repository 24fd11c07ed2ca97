"""The embedded model on a tape: recorded from the server of llama.cpp, and replayed event by event."""

import asyncio
from importlib.util import find_spec
from pathlib import Path

import pytest

from mimo_magics import Session
from mimo_magics.client.local import weights
from mimo_magics.core.events import Event, ModelPreparation, ResponseStarted, Retrying, Stopped, TextDelta
from mimo_magics.core.settings import Api
from mimo_magics.tape import reader

NOT_COMPARED = (ModelPreparation, Retrying)
"""Events of the server start, and of a retry on a reused connection that had just been closed."""


@pytest.fixture(autouse=True)
def _model() -> None:
    if not find_spec("xllamacpp") or not weights.get_weights_path("smollm2-135m").exists():
        pytest.skip("the embedded model is not there: pip install 'mimo-magics[local]', make weights")


def events(setting: str, api: Api, *, stream: bool) -> list[Event]:
    """Send two prompts, and return all events."""
    session = Session(preset="local", api=api, tape=setting, temperature=1.0, max_tokens=30, stream=stream)

    async def collect() -> list[Event]:
        found: list[Event] = []
        for prompt in ("What is the capital of Japan?", "How many people live there?"):
            async with session.stream(prompt) as running:
                found += [event async for event in running if not isinstance(event, NOT_COMPARED)]
        return found

    return asyncio.run(collect())


def join_texts(found: list[Event]) -> list[Event]:
    """Join adjacent text deltas: a possible beginning of the random key is held back until the next delta."""
    joined: list[Event] = []
    for event in found:
        last = joined[-1] if joined else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta):
            joined[-1] = TextDelta(last.text + event.text)
        else:
            joined.append(event)
    return joined


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_replay_yields_the_recorded_events(tmp_path: Path, api: Api, stream: bool) -> None:
    path = tmp_path / "talk.jsonl"
    recorded = events(f"record:{path}", api, stream=stream)
    replayed = events(f"replay:{path}", api, stream=stream)
    assert join_texts(replayed) == join_texts(recorded)
    assert {ResponseStarted, Stopped} <= {*map(type, recorded)}
    calls = reader.read_tape(path)
    complete_calls = [call for call in calls if call.end_reason == "whole"]
    assert (len(complete_calls), all(call.chunks for call in complete_calls)) == (2, True)
