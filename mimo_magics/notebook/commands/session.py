"""`%mimo_session`: what its line says, done to the sessions, and what it shows."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words, words
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.document import paragraphs, table
from mimo_magics.notebook.kernel.notebook_path import needed
from mimo_magics.session.conversation import Branch
from mimo_magics.session.open_sessions import Sessions
from mimo_magics.session.session import Session
from mimo_magics.session.session_names import as_name
from mimo_magics.session.storage import notebook_reader, resume
from mimo_magics.session.storage.session_paths import session_file
from mimo_magics.session.storage.transcript import origins
from mimo_magics.session.turn import Turn

Bundle = dict[str, str]
HELP = Words("See %mimo_session? for what it can do.")
SESSIONS = words("", "session", "turns", "branches", "tokens in", "tokens out", "saved in")
BRANCHES = words("", "branch", "turns", "its own way begins with", "and ends with")
LONGEST = 60
"""Characters of a prompt in a table."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the commands work."""

    sessions: Sessions
    path: Path | None
    """Of the notebook."""

    @property
    def session(self) -> Session:
        """The current one."""
        return self.sessions.current


def command(line: str, desk: Desk) -> Bundle:
    """Do what a line of `%mimo_session` says and return what it shows as a MIME bundle.

    Raises:
        BadOption: there is no such command, or it cannot be done.
        NotSaved: a file could not be written.
        BadSessionFile: a file holds no session.
    """
    name, *words = _words(line) or ["list"]
    if name not in COMMANDS:
        raise BadOption(
            Words("There is no %mimo_session {name}.", name=name), did_you_mean(name, COMMANDS, HELP)
        )
    least, most, do = COMMANDS[name]
    if not least <= len(words) <= most:
        raise BadOption(
            Words("%mimo_session {names} is not complete, or too much.", names=" ".join((name, *words))), HELP
        )
    return do(desk, words)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        raise BadOption(Words("A quotation on the line does not end."), HELP) from None


def _list(desk: Desk, _: Sequence[str] = ()) -> Bundle:
    rows = (
        (
            "→" if session is desk.session else "",
            session.name,
            str(len(session.turns)),
            str(len(session.branches())),
            f"{session.usage.input:,}",
            f"{session.usage.output:,}",
            session.file.path.name if session.file else "–",
        )
        for session in desk.sessions
    )
    return table.bundle(SESSIONS, rows)


def _new(desk: Desk, words: Sequence[str]) -> Bundle:
    name, system = _with_option(words, "--system", "%mimo_session new NAME --system 'Be strict.'")
    session = desk.sessions.new(name)
    session.system = system or session.system
    return _list(desk)


def _switch(desk: Desk, words: Sequence[str]) -> Bundle:
    if not words[0].isdecimal():
        desk.sessions.switch(words[0])
        return _list(desk)
    desk.session.switch(int(words[0]))
    return _branches(desk)


def _show(desk: Desk, _: Sequence[str]) -> Bundle:
    return desk.session.show().bundle()


def _undo(desk: Desk, words: Sequence[str]) -> Bundle:
    gone = desk.session.undo(_number(words[0]) if words else 1)
    return paragraphs.bundle(
        Words(
            "{turns} taken back. {state} %mimo_session branches shows the others.",
            turns=Words("1 turn was" if len(gone) == 1 else "{count} turns were", count=len(gone)),
            state=_state(desk.session),
        )
    )


def _fork(desk: Desk, words: Sequence[str]) -> Bundle:
    name, at = _with_option(words, "--at", "%mimo_session fork NAME --at 3")
    desk.sessions.add(desk.session.fork(name, _number(at) if at else None))
    return _list(desk)


def _branches(desk: Desk, _: Sequence[str] = ()) -> Bundle:
    said = desk.session.turns
    return table.bundle(BRANCHES, (_row(branch, said) for branch in desk.session.branches()))


def _row(branch: Branch, said: Sequence[Turn]) -> Sequence[str]:
    turns = branch.turns
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(turns, said, strict=False)))
    own = (
        [f"{same + 1}. {_short(turns[same])}", f"{len(turns)}. {_short(turns[-1])}"]
        if turns[same:]
        else ["–", "–"]
    )
    return ("→" if branch.is_current else "", str(branch.number), str(len(turns)), *own)


def _short(turn: Turn) -> str:
    text = " ".join(turn.prompt.text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _rename(desk: Desk, words: Sequence[str]) -> Bundle:
    desk.sessions.rename(*([desk.session.name, *words] if len(words) == 1 else words))
    return _list(desk)


def _delete(desk: Desk, words: Sequence[str]) -> Bundle:
    desk.sessions.delete(words[0])
    return _list(desk)


def _clear(desk: Desk, _: Sequence[str]) -> Bundle:
    desk.session.clear()
    return _list(desk)


def _save(desk: Desk, words: Sequence[str]) -> Bundle:
    path = Path(words[0]) if words else session_file(needed(desk.path), desk.session.name)
    desk.session.save(path)
    return paragraphs.bundle(
        Words("{state} Saved in {path}.", state=_state(desk.session), path=words[0] if words else path.name)
    )


def _load(desk: Desk, words: Sequence[str]) -> Bundle:
    session = desk.sessions.add(Session.load(words[0]))
    return _taken_over(session, Words("Loaded from {path}.", path=words[0]))


def _export(desk: Desk, words: Sequence[str]) -> Bundle:
    path, to = _with_option(words, "--to", "%mimo_session export PATH --to html")
    to = to or Path(path).suffix.removeprefix(".")
    if not to:
        raise BadOption(
            Words("{path} does not say in which form.", path=path),
            "%mimo_session export PATH --to html",
        )
    desk.session.export(path, to)
    return paragraphs.bundle(Words("{state} Written to {path}.", state=_state(desk.session), path=path))


def _from_notebook(desk: Desk, words: Sequence[str]) -> Bundle:
    path, *name = words
    found = notebook_reader.read(Path(path))
    asked, history = notebook_reader.one(found, *name)
    session = Session(name=as_name(Path(path).stem))
    session.history = history
    others = [each for each in found.sessions if each != asked]
    more = [Words("It tells of other sessions, too: {names}.", names=", ".join(others))] if others else []
    return _taken_over(desk.sessions.add(session), Words("Read from {path}.", path=path), *more, *found.left)


def _resume(desk: Desk, words: Sequence[str]) -> Bundle:
    if desk.session.turns:
        return paragraphs.bundle(Words("Something was said already: nothing was resumed."))
    path = Path(words[0]) if words else needed(desk.path)
    found, left = resume.sessions(path)
    for name, session in found.items():
        desk.sessions.named(name).resume(session)
    desk.sessions.switch(max(found, key=lambda name: found[name].history.newest))
    others = [_state(desk.sessions.get(name)) for name in found if name != desk.session.name]
    return _taken_over(desk.session, Words("Resumed from {path}.", path=path.name), *others, *left)


def _taken_over(session: Session, how: str, *left: str) -> Bundle:
    """Say what will be sent to the model, and from where it is, before it is."""
    told = origins(session.history)
    never = (
        [Words("The system prompt, tools, and what they were allowed are not taken over: yours hold.")]
        if told
        else []
    )
    return paragraphs.bundle(
        Words("{how} {state} The next prompt goes on there.", how=how, state=_state(session)),
        *told,
        *never,
        *left,
    )


def _state(session: Session) -> str:
    count = len(session.turns)
    return Words(
        "Session {name} has {count} turn." if count == 1 else "Session {name} has {count} turns.",
        name=session.name,
        count=count or Words("no"),
    )


def _with_option(words: Sequence[str], flag: str, example: str) -> tuple[str, str]:
    """Return the first word, and the value of the only option that may follow it; empty where it does not."""
    match words:
        case [word]:
            return word, ""
        case [word, option, value] if option == flag:
            return word, value
    raise BadOption(Words("{names} cannot stand there.", names=" ".join(words[1:])), example)


def _number(word: str) -> int:
    if not word.isdecimal():
        raise BadOption(Words("{word} is no number of turns.", word=word), HELP)
    return int(word)


COMMANDS: dict[str, tuple[int, int, Callable[[Desk, Sequence[str]], Bundle]]] = {
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
