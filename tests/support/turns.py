"""Turns for tests that need no server."""

from mimo_magics.core.messages import (
    Message,
    Params,
    Part,
    Reply,
    Usage,
    user_message,
)
from mimo_magics.session.turn import Turn


def turn(prompt: str, *parts: Part, stop: str = "end") -> Turn:
    reply = Reply(Message("assistant", parts), Usage(3, 2), stop, "m", "id")
    return Turn(user_message(prompt), reply, Params("m", temperature=0.0), "mimo-v2", "openai", 1.23456)
