"""A turn beside the session: it follows no turns, adds none, and may run while other turns run.

Its usage counts in the session, and the budget of the session limits it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from mimo_magics.core.settings import Settings
from mimo_magics.session.request import Prompt
from mimo_magics.session.session import Session
from mimo_magics.session.turn import Turn
from mimo_magics.session.turn_preparation import create_running_turn, reuse_by_setting
from mimo_magics.session.turn_runner import RunningTurn

MAX_CACHED_TURNS = 10_000
"""Replies that a session keeps for `run_all=keep`. After that, replies are no longer kept."""


@asynccontextmanager
async def open_one_off_turn(
    session: Session, prompt: Prompt, settings: Settings, schema: Any = None
) -> AsyncIterator[RunningTurn]:
    """Send a prompt without history and tools, and yield the running turn.

    Args:
        session: counts the usage.
        prompt: a text or parts.
        settings: all settings of the turn. With `run_all=keep`, the reply to an equal request is reused.
        schema: a type or a JSON Schema that the reply must fit.
    """
    running = create_running_turn(
        session, prompt, (), settings, (), schema=schema, reuse=reuse_by_setting(settings)
    )
    try:
        async with aclosing(running):
            yield running
    finally:
        turn = running.finish()
        session.count_unrecorded(turn.usage, running.cost)
        # A turn with an invalid result has no digest.
        if settings.run_all == "keep" and turn.is_complete and turn.digest and not running.cached:
            _keep_reply(session, turn)


def _keep_reply(session: Session, turn: Turn) -> None:
    if len(session.cached_turns) < MAX_CACHED_TURNS:
        session.cached_turns[turn.digest] = turn
