"""Turns with a usage, for tests of reports."""

from __future__ import annotations

from functools import reduce

from mimo_magics.core.messages import Message, Params, Reply, TextPart, Usage, user_message
from mimo_magics.session.history import History
from mimo_magics.session.turn import Turn

PRO, FLASH = ("mimo-v2", "mimo-v2-pro"), ("mimo-v2", "mimo-v2-flash")
MINE, LOCAL = ("other", "mine"), ("local", "mimo-local")


def turn(
    id_: str, usage: Usage, service: tuple[str, str] = PRO, *, prompt: str = "Well?", saved: bool = False
) -> Turn:
    """Return a turn of a cell; `saved` makes its reply a cached one."""
    preset, model = service
    reply = Reply(Message("assistant", (TextPart("Yes."),)), usage, "end")
    used = Usage() if saved else usage
    return Turn(
        user_message(prompt), reply, Params(model), preset, "openai", 1.0, id=id_, usage=used, cell=id_
    )


def history(*turns: Turn) -> History:
    return reduce(History.append_turn, turns, History())
