"""Values after a prompt: `session.ask("Describe the columns", df, fig)`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure
from support.peer import KEY, Peer

from mimo_magics import Session
from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import ContextPart, ImagePart, TextPart
from mimo_magics.core.settings import Settings
from mimo_magics.session.prompt_values import add_values

FRAME = pd.DataFrame({"city": ["canary", "Oslo"]})
FRAME_SCHEMA = "pandas DataFrame, 2 rows, 1 column\nColumns:\n- city (string)\nValues are not shared."


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    with Peer() as peer:
        yield peer


def session(peer: Peer, **options: Any) -> Session:
    return Session(base_url=f"{peer.url}/v1", system="none", model="mimo-v2-omni", **options)


def contents(peer: Peer) -> list[Any]:
    return [seen.body["messages"][-1]["content"] for seen in peer.requests]


def test_a_prompt_without_values_stays_as_it_is() -> None:
    assert add_values("Hello", (), Settings()) == "Hello"
    assert add_values(None, (), Settings()) is None


def test_values_follow_the_prompt_as_parts() -> None:
    figure = Figure(figsize=(1, 1), dpi=50)
    text = TextPart("as it is")
    first, gap, frame, _, number, _, image, _, last = add_values(
        "Describe", (FRAME, 5, figure, text), Settings()
    )  # type: ignore[misc]
    assert (first, gap, last) == ("Describe", "\n\n", text)
    assert isinstance(frame, ContextPart)
    assert (frame.name, frame.kind) == ("DataFrame 1", "pandas DataFrame")
    assert isinstance(number, ContextPart)
    assert (number.name, number.text) == ("int 2", "5")
    assert isinstance(image, ImagePart)


def test_every_call_of_a_session_takes_values(peer: Peer) -> None:
    chat = session(peer, share="schema")
    draft = chat.draft("Describe", FRAME)
    chat.ask("Describe", FRAME)
    chat.compare("Describe", FRAME, temperature=[0.0, 1.0], keep=False)
    assert contents(peer) == [f"Describe\n\n{FRAME_SCHEMA}"] * 3
    assert json.dumps(draft.body).count("canary") == 0
    assert [item.part.name for item in draft.context] == ["DataFrame 1"]


def test_the_budget_and_the_share_of_the_turn_hold(peer: Peer) -> None:
    chat = session(peer, value_budget=1_000)
    chat.ask("Describe", list(range(9_999)))
    chat.ask("Describe", FRAME, share="schema")
    long, schema = contents(peer)
    assert len(long) < 1_100
    assert schema == f"Describe\n\n{FRAME_SCHEMA}"


def test_a_figure_is_an_image_on_the_wire(peer: Peer) -> None:
    session(peer).ask("Describe", Figure(figsize=(1, 1), dpi=50))
    (content,) = contents(peer)
    assert [part["type"] for part in content] == ["text", "image_url"]


def test_a_reply_is_continued_without_values(peer: Peer) -> None:
    with pytest.raises(BadOption, match=r"A reply is continued without values\."):
        session(peer).ask(None, FRAME)
    assert peer.requests == []


def test_the_record_holds_the_text_and_not_the_object(peer: Peer) -> None:
    chat = session(peer)
    chat.ask("Describe", FRAME)
    parts = chat.record["prompt"]["parts"]
    assert [part["type"] for part in parts] == ["text", "text", "context"]
    assert "canary" in parts[-1]["text"]
