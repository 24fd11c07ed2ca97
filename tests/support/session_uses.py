"""All operations on a session, for tests with untrusted session files."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from mimo_magics.core.errors import MimoError
from mimo_magics.core.text import INVISIBLE_CHARACTERS
from mimo_magics.session.continuation import can_continue, join_turns
from mimo_magics.session.session import Session
from mimo_magics.session.storage.session_file import to_text
from mimo_magics.session.storage.transcript import describe_origins
from mimo_magics.session.turn import creation_day

DRAFTS: list[dict[str, Any]] = [
    {"overflow": "error"},
    {"overflow": "drop-oldest", "window": 1_000},
    {"overflow": "summarize", "window": 100},
    {"api": "anthropic", "model": "mimo-test"},
]


def use_session(session: Session) -> None:
    """Run all operations that need no server. Only a `MimoError` is allowed."""
    assert INVISIBLE_CHARACTERS.findall(repr(session)) == []
    session.show().bundle()
    session.usage_report()._repr_mimebundle_()
    assert session.spending.tokens >= 0
    assert session.branches() is not None
    describe_origins(session.history)
    for file_format in ("md", "html", "py", "curl"):
        with suppress(MimoError):
            _export(session, file_format)
    for options in DRAFTS:
        with suppress(MimoError):
            session.draft("next", **options)
    for turn in session.history.all_turns:
        creation_day(turn)
        can_continue(turn)
        joined = Session()
        joined.history = joined.history.append_turn(join_turns(turn, turn))
        assert to_text(joined.saved_session)
        assert joined.record
    older = Session()
    older.resume(session)
    assert to_text(replace(older.saved_session, history=session.history.merge_older(older.history)))


def _export(session: Session, file_format: str) -> str:
    from mimo_magics.session.storage.export import export_history

    return export_history(session.history, session.name, file_format, session.settings)
