"""The open sessions of a kernel, by name. Prompts go to the current session unless a cell names another."""

from __future__ import annotations

from collections.abc import Iterator

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import quote
from mimo_magics.session.defaults import SettingsProvider, get_default_settings
from mimo_magics.session.session import Session
from mimo_magics.session.session_names import DEFAULT_SESSION_NAME, MAX_NAME_CHARS, SESSION_NAME_PATTERN


class Sessions:
    """The sessions of one kernel.

    Args:
        default_settings: returns the settings of the kernel, which its sessions may override.
    """

    def __init__(self, default_settings: SettingsProvider = get_default_settings) -> None:
        self._default_settings = default_settings
        self._sessions = {DEFAULT_SESSION_NAME: self._create(DEFAULT_SESSION_NAME)}
        self.current = self._sessions[DEFAULT_SESSION_NAME]

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions.values())

    def list(self) -> tuple[str, ...]:
        """Return the names of the sessions."""
        return tuple(self._sessions)

    def get(self, name: str) -> Session:
        """Return the session of this name.

        Raises:
            BadOption: the session does not exist.
        """
        if name not in self._sessions:
            advice = did_you_mean(
                name, self._sessions, Translatable("Available: {names}.", names=", ".join(self._sessions))
            )
            raise BadOption(Translatable("Session {name!r} does not exist.", name=name), advice)
        return self._sessions[name]

    def get_or_create(self, name: str) -> Session:
        """Return the session of this name, or a new one if it does not exist.

        Raises:
            BadOption: the name is not valid.
        """
        if name not in self._sessions:
            self._sessions[self._check_name(name)] = self._create(name)
        return self._sessions[name]

    def new(self, name: str) -> Session:
        """Create a session and switch to it. If it exists, switch to it and open a branch from its root.

        Raises:
            BadOption: the name is not valid.
        """
        exists = name in self._sessions
        self.current = self.get_or_create(name)
        if exists:
            self.current.start_branch()
        return self.current

    def add(self, session: Session) -> Session:
        """Add a session and switch to it. It replaces an empty session of the same name.

        Raises:
            BadOption: a session of this name has turns, or the name is not valid.
        """
        name = self._check_name(session.name)
        if name in self._sessions and self._sessions[name].history.all_turns:
            raise BadOption(
                Translatable("Session {name!r} already exists.", name=name),
                Translatable("Rename it first: %mimo_session rename {name} NAME", name=name),
            )
        session.default_settings = self._default_settings
        self._sessions[name] = self.current = session
        return session

    def switch(self, name: str) -> Session:
        """Switch to another session.

        Raises:
            BadOption: the session does not exist.
        """
        self.current = self.get(name)
        return self.current

    def rename(self, name: str, new_name: str) -> None:
        """Rename a session. Its file keeps the old name.

        Raises:
            BadOption: the session does not exist, or the new name exists or is not valid.
        """
        session = self.get(name)
        if new_name in self._sessions:
            raise BadOption(
                Translatable("Session {name!r} already exists.", name=new_name),
                Translatable("Choose another name."),
            )
        self._sessions = {
            self._check_name(new_name) if each == name else each: it for each, it in self._sessions.items()
        }
        session.name = new_name
        session.file = None

    def delete(self, name: str) -> None:
        """Close a session; its file stays. An empty session replaces the last one.

        Raises:
            BadOption: the session does not exist.
        """
        session = self.get(name)
        del self._sessions[name]
        if not self._sessions:
            self._sessions[DEFAULT_SESSION_NAME] = self._create(DEFAULT_SESSION_NAME)
        if session is self.current:
            self.current = next(iter(self))

    def _create(self, name: str) -> Session:
        session = Session(name=name)
        session.default_settings = self._default_settings
        return session

    def _check_name(self, name: str) -> str:
        if not SESSION_NAME_PATTERN.fullmatch(name):
            raise BadOption(
                Translatable("{name!r} is not a valid session name.", name=quote(name, MAX_NAME_CHARS)),
                Translatable("Use letters, digits, dots and dashes, and not only digits."),
            )
        return name
