"""`%mimo_session`: what its line says, done to the sessions, and what it shows."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from mimo_magics.core.errors import BadOption, BadSessionFile
from mimo_magics.core.i18n import Translatable, translatables
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.document import paragraphs, table
from mimo_magics.notebook.kernel.notebook_path import require_notebook_path
from mimo_magics.session.conversation import Branch
from mimo_magics.session.open_sessions import Sessions
from mimo_magics.session.session import Session
from mimo_magics.session.session_names import sanitize_session_name
from mimo_magics.session.storage import notebook_reader, resume
from mimo_magics.session.storage.session_paths import get_session_path
from mimo_magics.session.storage.transcript import describe_origins
from mimo_magics.session.turn import Turn

Bundle = dict[str, str]
RENAMED_HINT = Translatable("If it was renamed, %mimo_config notebook=PATH says where it is now.")
USAGE_HINT = Translatable("See %mimo_session? for what it can do.")
SESSION_HEADERS = translatables("", "session", "turns", "branches", "tokens in", "tokens out", "saved in")
BRANCH_HEADERS = translatables("", "branch", "turns", "its own way begins with", "and ends with")
MAX_PROMPT_CHARS = 60
"""Characters of a prompt in a table."""


@dataclass(frozen=True, slots=True)
class SessionContext:
    """Where the commands work."""

    sessions: Sessions
    notebook_path: Path | None
    """Of the notebook."""

    @property
    def session(self) -> Session:
        """The current one."""
        return self.sessions.current


def run_session_command(line: str, context: SessionContext) -> Bundle:
    """Do what a line of `%mimo_session` says and return what it shows as a MIME bundle.

    Raises:
        BadOption: there is no such command, or it cannot be done.
        SessionNotSaved: a file could not be written.
        BadSessionFile: a file holds no session.
    """
    name, *words = _split_line(line) or ["list"]
    if name not in COMMANDS:
        raise BadOption(
            Translatable("There is no %mimo_session {name}.", name=name),
            did_you_mean(name, COMMANDS, USAGE_HINT),
        )
    min_words, max_words, handler = COMMANDS[name]
    if not min_words <= len(words) <= max_words:
        raise BadOption(
            Translatable(
                "%mimo_session {names} is not complete, or too much.", names=" ".join((name, *words))
            ),
            USAGE_HINT,
        )
    return handler(context, words)


def _split_line(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        raise BadOption(Translatable("A quotation on the line does not end."), USAGE_HINT) from None


def _list(context: SessionContext, _: Sequence[str] = ()) -> Bundle:
    rows = (
        (
            "→" if session is context.session else "",
            session.name,
            str(len(session.turns)),
            str(len(session.branches())),
            f"{session.usage.input:,}",
            f"{session.usage.output:,}",
            session.file.path.name if session.file else "–",
        )
        for session in context.sessions
    )
    return table.table_bundle(SESSION_HEADERS, rows)


def _new(context: SessionContext, words: Sequence[str]) -> Bundle:
    name, system = _parse_option(words, "--system", "%mimo_session new NAME --system 'Be strict.'")
    session = context.sessions.new(name)
    if system:
        session.overrides["system"] = system
    return _list(context)


def _switch(context: SessionContext, words: Sequence[str]) -> Bundle:
    if not words[0].isdecimal():
        context.sessions.switch(words[0])
        return _list(context)
    context.session.switch(int(words[0]))
    return _branches(context)


def _show(context: SessionContext, _: Sequence[str]) -> Bundle:
    return context.session.show().bundle()


def _undo(context: SessionContext, words: Sequence[str]) -> Bundle:
    removed_turns = context.session.undo(_parse_count(words[0]) if words else 1)
    return paragraphs.paragraphs_bundle(
        Translatable(
            "{turns} taken back. {state} %mimo_session branches shows the others.",
            turns=Translatable(
                "1 turn was" if len(removed_turns) == 1 else "{count} turns were", count=len(removed_turns)
            ),
            state=_describe_session(context.session),
        )
    )


def _fork(context: SessionContext, words: Sequence[str]) -> Bundle:
    name, at = _parse_option(words, "--at", "%mimo_session fork NAME --at 3")
    context.sessions.add(context.session.fork(name, _parse_count(at) if at else None))
    return _list(context)


def _branches(context: SessionContext, _: Sequence[str] = ()) -> Bundle:
    current_turns = context.session.turns
    return table.table_bundle(
        BRANCH_HEADERS, (_branch_row(branch, current_turns) for branch in context.session.branches())
    )


def _branch_row(branch: Branch, current_turns: Sequence[Turn]) -> Sequence[str]:
    turns = branch.turns
    shared_turn_count = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(turns, current_turns, strict=False))
    )
    own_columns = (
        [
            f"{shared_turn_count + 1}. {_truncate(turns[shared_turn_count])}",
            f"{len(turns)}. {_truncate(turns[-1])}",
        ]
        if turns[shared_turn_count:]
        else ["–", "–"]
    )
    return ("→" if branch.is_current else "", str(branch.number), str(len(turns)), *own_columns)


def _truncate(turn: Turn) -> str:
    text = " ".join(turn.prompt.text.split())
    return text if len(text) <= MAX_PROMPT_CHARS else f"{text[:MAX_PROMPT_CHARS]}…"


def _rename(context: SessionContext, words: Sequence[str]) -> Bundle:
    context.sessions.rename(*([context.session.name, *words] if len(words) == 1 else words))
    return _list(context)


def _delete(context: SessionContext, words: Sequence[str]) -> Bundle:
    context.sessions.delete(words[0])
    return _list(context)


def _clear(context: SessionContext, _: Sequence[str]) -> Bundle:
    context.session.clear()
    return _list(context)


def _save(context: SessionContext, words: Sequence[str]) -> Bundle:
    path = (
        Path(words[0])
        if words
        else get_session_path(require_notebook_path(context.notebook_path), context.session.name)
    )
    context.session.save(path)
    return paragraphs.paragraphs_bundle(
        Translatable(
            "{state} Saved in {path}.",
            state=_describe_session(context.session),
            path=words[0] if words else path.name,
        )
    )


def _load(context: SessionContext, words: Sequence[str]) -> Bundle:
    session = context.sessions.add(Session.load(words[0]))
    return _describe_loaded_session(session, Translatable("Loaded from {path}.", path=words[0]))


def _export(context: SessionContext, words: Sequence[str]) -> Bundle:
    path, export_format = _parse_option(words, "--to", "%mimo_session export PATH --to html")
    export_format = export_format or Path(path).suffix.removeprefix(".")
    if not export_format:
        raise BadOption(
            Translatable("{path} does not say in which form.", path=path),
            "%mimo_session export PATH --to html",
        )
    context.session.export(path, export_format)
    return paragraphs.paragraphs_bundle(
        Translatable("{state} Written to {path}.", state=_describe_session(context.session), path=path)
    )


def _from_notebook(context: SessionContext, words: Sequence[str]) -> Bundle:
    path, *name = words
    saved_notebook = notebook_reader.read_notebook(Path(path))
    session_name, history = notebook_reader.select_session(saved_notebook, *name)
    session = Session(name=sanitize_session_name(Path(path).stem))
    session.history = history
    others = [each for each in saved_notebook.sessions if each != session_name]
    notices = (
        [Translatable("It tells of other sessions, too: {names}.", names=", ".join(others))] if others else []
    )
    return _describe_loaded_session(
        context.sessions.add(session),
        Translatable("Read from {path}.", path=path),
        *notices,
        *saved_notebook.skipped,
    )


def _resume(context: SessionContext, words: Sequence[str]) -> Bundle:
    if context.session.turns:
        return paragraphs.paragraphs_bundle(Translatable("Something was said already: nothing was resumed."))
    path = Path(words[0]) if words else require_notebook_path(context.notebook_path)
    try:
        sessions, notices = resume.load_sessions(path)
    except BadSessionFile as error:
        if words or not isinstance(error.__cause__, FileNotFoundError):
            raise
        raise BadSessionFile(error.message, RENAMED_HINT) from None
    for name, session in sessions.items():
        context.sessions.get_or_create(name).resume(session)
    context.sessions.switch(max(sessions, key=lambda name: sessions[name].history.latest_created_at))
    others = [
        _describe_session(context.sessions.get(name)) for name in sessions if name != context.session.name
    ]
    return _describe_loaded_session(
        context.session, Translatable("Resumed from {path}.", path=path.name), *others, *notices
    )


def _describe_loaded_session(session: Session, source_text: str, *notices: str) -> Bundle:
    """Say what will be sent to the model, and from where it is, before it is."""
    origin_lines = describe_origins(session.history)
    not_loaded_lines = (
        [Translatable("The system prompt, tools, and what they were allowed are not taken over: yours hold.")]
        if origin_lines
        else []
    )
    return paragraphs.paragraphs_bundle(
        Translatable(
            "{how} {state} The next prompt goes on there.", how=source_text, state=_describe_session(session)
        ),
        *origin_lines,
        *not_loaded_lines,
        *notices,
    )


def _describe_session(session: Session) -> str:
    count = len(session.turns)
    return Translatable(
        "Session {name} has {count} turn." if count == 1 else "Session {name} has {count} turns.",
        name=session.name,
        count=count or Translatable("no"),
    )


def _parse_option(words: Sequence[str], flag: str, example: str) -> tuple[str, str]:
    """Return the first word, and the value of the only option that may follow it; empty where it does not."""
    match words:
        case [word]:
            return word, ""
        case [word, option, value] if option == flag:
            return word, value
    raise BadOption(Translatable("{names} cannot stand there.", names=" ".join(words[1:])), example)


def _parse_count(word: str) -> int:
    if not word.isdecimal():
        raise BadOption(Translatable("{word} is no number of turns.", word=word), USAGE_HINT)
    return int(word)


COMMANDS: dict[str, tuple[int, int, Callable[[SessionContext, Sequence[str]], Bundle]]] = {
    "list": (0, 0, _list),
    "new": (1, 3, _new),
    "switch": (1, 1, _switch),
    "show": (0, 0, _show),
    "undo": (0, 1, _undo),
    "fork": (1, 3, _fork),
    "branches": (0, 0, _branches),
    "rename": (1, 2, _rename),
    "delete": (1, 1, _delete),
    "clear": (0, 0, _clear),
    "save": (0, 1, _save),
    "load": (1, 1, _load),
    "export": (1, 3, _export),
    "from-notebook": (1, 2, _from_notebook),
    "resume": (0, 1, _resume),
}
"""By name: how many words follow at least and at most, and what it does."""
