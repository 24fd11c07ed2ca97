"""`%mimo_session`: its subcommands, and what each of them shows."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from mimo_magics.core.errors import BadOption, BadSessionFile
from mimo_magics.core.i18n import Translatable, translatables
from mimo_magics.document import paragraphs, table
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.notebook.kernel.notebook_path import require_notebook_path
from mimo_magics.session.history import Branch
from mimo_magics.session.open_sessions import Sessions
from mimo_magics.session.session import Session
from mimo_magics.session.session_names import sanitize_session_name
from mimo_magics.session.storage import notebook_reader, resume
from mimo_magics.session.storage.session_paths import get_session_path
from mimo_magics.session.storage.transcript import describe_origins
from mimo_magics.session.turn import Turn

Bundle = dict[str, str]
RENAMED_HINT = Translatable("If you renamed the notebook, set its path: %mimo_config notebook=PATH")
SESSION_HEADERS = translatables("", "session", "turns", "branches", "input tokens", "output tokens", "file")
BRANCH_HEADERS = translatables("", "branch", "turns", "branches off at", "last prompt")
NUMERIC_COLUMNS = ("branch", "turns", "branches", "input tokens", "output tokens")
MAX_PROMPT_CHARS = 60
"""The length in characters at which a table truncates a prompt."""


@dataclass(frozen=True, slots=True)
class SessionContext:
    """The sessions that the subcommands work on."""

    sessions: Sessions
    notebook_path: Path | None
    """The path of the notebook; `None` if it is unknown."""

    @property
    def session(self) -> Session:
        """The current session."""
        return self.sessions.current


def run_session_command(line: str, context: SessionContext) -> Bundle:
    """Run a line of `%mimo_session`, and return what it shows as a MIME bundle.

    Raises:
        BadOption: The line is invalid, or the command cannot be carried out.
        SessionNotSaved: A file could not be written.
        BadSessionFile: A file is not a valid session.
    """
    name, arguments = parse_command("%mimo_session", line)
    return HANDLERS[name](context, arguments)


def _list(context: SessionContext, _: Namespace | None = None) -> Bundle:
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
    return table.table_bundle(SESSION_HEADERS, rows, numeric_columns=NUMERIC_COLUMNS)


def _new(context: SessionContext, arguments: Namespace) -> Bundle:
    session = context.sessions.new(arguments.name)
    if arguments.system:
        session.overrides["system"] = arguments.system
    return _list(context)


def _switch(context: SessionContext, arguments: Namespace) -> Bundle:
    if arguments.session.isdecimal():
        raise BadOption(
            Translatable("Session {name!r} does not exist.", name=arguments.session),
            Translatable("To switch to a branch: %mimo_session branch {number}", number=arguments.session),
        )
    context.sessions.switch(arguments.session)
    return _list(context)


def _branch(context: SessionContext, arguments: Namespace) -> Bundle:
    context.session.switch(arguments.number)
    return _branches(context)


def _show(context: SessionContext, _: Namespace) -> Bundle:
    return context.session.show().bundle()


def _undo(context: SessionContext, arguments: Namespace) -> Bundle:
    removed_turns = context.session.undo(1 if arguments.n is None else arguments.n)
    return paragraphs.paragraphs_bundle(
        Translatable(
            "{removed} {state} %mimo_session branches lists the other branches.",
            removed=Translatable(
                "Removed {count} turn." if len(removed_turns) == 1 else "Removed {count} turns.",
                count=len(removed_turns),
            ),
            state=_describe_session(context.session),
        )
    )


def _fork(context: SessionContext, arguments: Namespace) -> Bundle:
    context.sessions.add(context.session.fork(arguments.name, arguments.at))
    return _list(context)


def _branches(context: SessionContext, _: Namespace | None = None) -> Bundle:
    current_turns = context.session.turns
    rows = (_branch_row(branch, current_turns) for branch in context.session.branches())
    return table.table_bundle(BRANCH_HEADERS, rows, numeric_columns=NUMERIC_COLUMNS)


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


def _rename(context: SessionContext, arguments: Namespace) -> Bundle:
    context.sessions.rename(arguments.session or context.session.name, arguments.name)
    return _list(context)


def _delete(context: SessionContext, arguments: Namespace) -> Bundle:
    context.sessions.delete(arguments.session)
    return _list(context)


def _clear(context: SessionContext, _: Namespace) -> Bundle:
    context.session.clear()
    return _list(context)


def _save(context: SessionContext, arguments: Namespace) -> Bundle:
    path = (
        Path(arguments.path)
        if arguments.path
        else get_session_path(require_notebook_path(context.notebook_path), context.session.name)
    )
    context.session.save(path)
    return paragraphs.paragraphs_bundle(
        Translatable(
            "{state} Saved to {path}.",
            state=_describe_session(context.session),
            path=arguments.path or path.name,
        )
    )


def _load(context: SessionContext, arguments: Namespace) -> Bundle:
    session = context.sessions.add(Session.load(arguments.path))
    return _describe_loaded_session(session, Translatable("Loaded from {path}.", path=arguments.path))


def _export(context: SessionContext, arguments: Namespace) -> Bundle:
    path = arguments.path
    export_format = arguments.to or Path(path).suffix.removeprefix(".")
    if not export_format:
        raise BadOption(
            Translatable("The file name {path!r} has no suffix that names a format.", path=path),
            "%mimo_session export PATH --to html",
        )
    context.session.export(path, export_format)
    return paragraphs.paragraphs_bundle(
        Translatable("{state} Exported to {path}.", state=_describe_session(context.session), path=path)
    )


def _from_notebook(context: SessionContext, arguments: Namespace) -> Bundle:
    path = arguments.path
    saved_notebook = notebook_reader.read_notebook(Path(path))
    session_name, history = notebook_reader.select_session(saved_notebook, arguments.name or "")
    session = Session(name=sanitize_session_name(Path(path).stem))
    session.history = history
    others = [each for each in saved_notebook.sessions if each != session_name]
    notices = (
        [Translatable("The notebook also contains these sessions: {names}.", names=", ".join(others))]
        if others
        else []
    )
    return _describe_loaded_session(
        context.sessions.add(session),
        Translatable("Read from {path}.", path=path),
        *notices,
        *saved_notebook.skipped,
    )


def _resume(context: SessionContext, arguments: Namespace) -> Bundle:
    if context.session.turns:
        return paragraphs.paragraphs_bundle(
            Translatable("The session already has turns; nothing was resumed.")
        )
    path = Path(arguments.path) if arguments.path else require_notebook_path(context.notebook_path)
    try:
        sessions, notices = resume.load_sessions(path)
    except BadSessionFile as error:
        if arguments.path or not isinstance(error.__cause__, FileNotFoundError):
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
    """Show what the next prompt will send to the model, and where it comes from."""
    origin_lines = describe_origins(session.history)
    not_loaded_lines = (
        [Translatable("System prompt, tools and approvals are not loaded; your own settings apply.")]
        if origin_lines
        else []
    )
    return paragraphs.paragraphs_bundle(
        Translatable(
            "{source} {state} The next prompt continues it.",
            source=source_text,
            state=_describe_session(session),
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


HANDLERS: dict[str, Callable[[SessionContext, Namespace], Bundle]] = {
    "list": _list,
    "new": _new,
    "switch": _switch,
    "show": _show,
    "undo": _undo,
    "branches": _branches,
    "branch": _branch,
    "fork": _fork,
    "rename": _rename,
    "delete": _delete,
    "clear": _clear,
    "save": _save,
    "load": _load,
    "export": _export,
    "from-notebook": _from_notebook,
    "resume": _resume,
}
"""The functions that run the subcommands."""
