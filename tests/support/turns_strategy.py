"""Turns and histories of all kinds, for property tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import get_args

from hypothesis import strategies as st

from mimo_magics.core.messages import (
    Annotation,
    AudioPart,
    ImagePart,
    Message,
    Params,
    ReasoningPart,
    Reply,
    TextPart,
    Timing,
    ToolCall,
    ToolResult,
    Usage,
    VideoPart,
)
from mimo_magics.core.settings import Api
from mimo_magics.session.history import ROOT, History
from mimo_magics.session.turn import Turn

Step = Callable[[History], History]

texts = st.text(max_size=12) | st.sampled_from(
    ["", "Hello.", "你好 🙂", "line\u2028paragraph\u2029\x85\r\n", '"\\u0041"']
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**53)
words = st.none() | texts
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(texts, json_values, max_size=3)

asking_parts = st.one_of(
    st.builds(TextPart, texts),
    st.builds(ImagePart, texts, texts),
    st.builds(AudioPart, texts, texts),
    st.builds(VideoPart, texts, texts, st.none() | numbers, texts),
)
answering_parts = st.one_of(
    st.builds(TextPart, texts),
    st.builds(ReasoningPart, texts, texts),
    st.builds(ToolCall, texts, texts, texts),
    st.builds(ToolResult, texts, texts, texts, st.booleans(), st.booleans(), st.none() | numbers, texts),
)
usages = st.builds(Usage, counts, counts, counts, counts)
params = st.builds(
    Params,
    model=texts,
    temperature=st.none() | numbers,
    max_completion_tokens=st.none() | counts,
    stop=st.lists(texts, max_size=2).map(tuple),
    thinking=st.none() | st.booleans(),
    response_format=st.none() | objects,
    extra=objects,
)
replies = st.builds(
    Reply,
    message=st.builds(Message, st.just("assistant"), st.lists(answering_parts, max_size=4).map(tuple)),
    usage=st.none() | usages,
    stop=words,
    model=texts,
    id=texts,
    annotations=st.lists(st.builds(Annotation, texts, texts), max_size=2).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
    timing=st.none() | st.builds(Timing, st.none() | numbers, st.none() | numbers, numbers),
    cost=st.none() | numbers,
)
turns = st.builds(
    Turn,
    prompt=st.builds(Message, st.just("user"), st.lists(asking_parts, max_size=2).map(tuple)),
    reply=replies,
    params=params,
    preset=texts,
    api=st.sampled_from(get_args(Api)),
    created_at=numbers,
    id=st.sampled_from(["", "a1", "b2", "c3"]),
    system=st.sampled_from(["", "Be brief.", "Be long."]),
    tools=st.sampled_from([(), ("clock",), ("clock", "tide")]),
    usage=usages,
    context_tokens=counts,
    omitted_turns=counts,
    summary=st.sampled_from(["", "They said hello."]),
    digest=texts,
    cell=st.sampled_from(["", "a", "b", "c"]),
    opens_branch=st.booleans(),
    hides_values=st.booleans(),
)
"""Turns that belong to no history yet."""


def _replaced(turn: Turn) -> Step:
    return lambda history: history if history.head == ROOT else history.replace_last(turn)


def _switched(number: int) -> Step:
    return lambda history: history.move_to(number % len(history.all_turns)) if history.all_turns else history


def _rerun(turn: Turn) -> Step:
    return lambda history: history.rewind_to_cell(turn.cell).append_turn(turn)


def _restored(turn: Turn) -> Step:
    return lambda history: history.append_or_restore(turn)


def _merged(others: list[Turn]) -> Step:
    return lambda history: history.merge_older(reduce(History.append_turn, others, History()))


steps = st.one_of(
    turns.map(lambda turn: lambda history: history.append_turn(turn)),
    turns.map(_replaced),
    turns.map(_rerun),
    turns.map(_restored),
    st.lists(turns, max_size=3).map(_merged),
    st.integers(0, 3).map(lambda count: lambda history: history.drop_last(count)),
    st.integers(0, 9).map(_switched),
    st.just(lambda history: history.move_to(ROOT)),
    st.sets(st.sampled_from("abc"), max_size=2).map(
        lambda cells: lambda history: history.remove_cells(cells)
    ),
)
"""The operations on a history."""


@st.composite
def histories(draw: st.DrawFn, max_steps: int = 8) -> History:
    """Histories that result from a sequence of operations."""
    history = History()
    for step in draw(st.lists(steps, max_size=max_steps)):
        history = step(history)
    return history
